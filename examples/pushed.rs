//! Both sides of pushed heartbeats on one machine, authenticated with SipHash-2-4: the sender's
//! thread and the listener's loop.
//!
//! `cargo run --features std --example pushed`: the sender sends five heartbeats a second, pauses
//! for two seconds, and says goodbye.

use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::UdpSocket;

use systole::{Beat, Epoch, Instant, Listener, Output, Sender, Verdict, listener, wire};

const INTERVAL: Duration = Duration::from_millis(200);

/// The key that sender and listener share. In production it comes from a random source.
struct Key([u8; 16]);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let siphash = siphasher::sip128::SipHasher24::new_with_key(&self.0);
        siphash.hash(message).as_bytes()
    }
}

const KEY: Key = Key(*b"of this pair and");

fn main() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let listener = socket.local_addr()?;
    let sending = std::thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(listener)?;
        beat(&socket)
    });
    listen(&socket)?;
    sending.join().unwrap_or(Ok(()))
}

/// Sends heartbeats for two seconds, is silent for two, sends for two more and says goodbye.
fn beat(socket: &UdpSocket) -> io::Result<()> {
    let (epoch, mut load) = (Epoch::start(), 0);
    let mut sender = Sender::new(INTERVAL, 1, epoch.now()).map_err(io::Error::other)?;
    let send = |beat: &Beat| socket.send(&wire::seal(beat, 0, &KEY));
    while epoch.now() < Instant::from_secs(6) {
        match sender.poll(epoch.now()) {
            Output::Send(beat) => {
                let stopped = (2..4).contains(&(epoch.now().as_micros() / 1_000_000));
                if !stopped {
                    send(&beat)?;
                }
                load += 5;
                sender.set_load(Some(load));
            }
            Output::Wait(until) => {
                std::thread::sleep(until.saturating_duration_since(epoch.now()));
            }
            Output::Idle => break,
        }
    }
    send(&sender.goodbye()).map(drop)
}

/// Prints the events of the listener until the peer has left.
fn listen(socket: &UdpSocket) -> io::Result<()> {
    let epoch = Epoch::start();
    let config = listener::Config::builder()
        .authenticated()
        .build()
        .map_err(io::Error::other)?;
    let mut listener = Listener::new(config, epoch.now());
    while listener.verdict() != Verdict::Left {
        let until = loop {
            match listener.poll(epoch.now()) {
                Output::Event(event) => println!("{event}"),
                Output::Wait(until) => break until,
                Output::Idle => return Ok(()),
            }
        };
        if let Some(beat) = receive(socket, epoch, until)? {
            listener.handle_beat(&beat, epoch.now());
        }
    }
    println!("{:?}", listener.snapshot(epoch.now()));
    Ok(())
}

/// Waits for a datagram until `until`, for an hour at most. A datagram that is not a heartbeat with
/// a valid tag is ignored.
fn receive(socket: &UdpSocket, epoch: Epoch, until: Instant) -> io::Result<Option<Beat>> {
    let left = until.saturating_duration_since(epoch.now());
    let wait = left.clamp(Duration::from_micros(1), Duration::from_secs(3_600));
    socket.set_read_timeout(Some(wait))?;
    let mut datagram = [0; wire::TAGGED + 1]; // one byte more, to recognise datagrams that are too long
    match socket.recv(&mut datagram) {
        Ok(length) => {
            let bytes = datagram.get(..length).unwrap_or_default();
            Ok(wire::open(bytes, 0, &KEY).ok())
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
