//! A blocking client on a thread of its own: the closure is the probe, and the handle reports the
//! verdict and stops the thread.
//!
//! `cargo run --features std --example thread`

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use systole::thread::Builder;
use systole::{Config, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(echo(5)?)?; // a peer that crashes after five replies
    let goodbye = socket.try_clone()?;

    let config = Config::every(Duration::from_millis(200))
        .detect_within(Duration::from_secs(1))
        .without_initial_delay()
        .build()?;
    let heart = Builder::new(config)
        .on_stop(Duration::from_millis(100), move |_| {
            drop(goodbye.send(b"bye"));
        })
        .spawn(move |allowed| {
            socket.set_read_timeout(Some(allowed))?;
            socket.send(b"beat")?;
            socket.recv(&mut [0; 4])
        })?;

    if heart.until_dead() == Verdict::Dead {
        println!("dead: {:?}", heart.snapshot().counters);
    }
    heart
        .events()
        .try_iter()
        .for_each(|event| println!("{event}"));
    println!("goodbye: {:?}", heart.stop());
    Ok(())
}

/// Starts a peer that replies to the first `answers` datagrams; returns its address.
fn echo(answers: usize) -> Result<SocketAddr, std::io::Error> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr();
    std::thread::spawn(move || {
        let mut datagram = [0; 4];
        for _ in 0..answers {
            if let Ok((length, from)) = socket.recv_from(&mut datagram) {
                let _ = socket.send_to(datagram.get(..length).unwrap_or_default(), from);
            }
        }
    });
    address
}
