//! A peer that echoes datagrams, and can be silenced.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Echo {
    /// As the tool wants it.
    pub(crate) target: String,
    silent: Arc<AtomicBool>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = format!("udp://{}", socket.local_addr().unwrap());
        let silent = Arc::new(AtomicBool::new(false));
        let is_silent = Arc::clone(&silent);
        std::thread::spawn(move || {
            let mut datagram = [0; 64];
            while let Ok((length, from)) = socket.recv_from(&mut datagram) {
                if !is_silent.load(Ordering::Relaxed) {
                    socket.send_to(&datagram[..length], from).unwrap();
                }
            }
        });
        Self { target, silent }
    }

    pub(crate) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }
}
