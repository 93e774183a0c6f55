//! The sans-IO monitor on a plain UDP socket: clock, socket and loop are written here. The id of a
//! probe travels in its datagram.
//!
//! `cargo run --features std --example udp_echo -- 127.0.0.1:7`; without an address it starts a
//! peer of its own. It ends after ten seconds.

use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::UdpSocket;

use systole::{Config, Epoch, Instant, Monitor, Output, ProbeId};

fn main() -> io::Result<()> {
    let peer = match std::env::args().nth(1) {
        Some(address) => address,
        None => echo()?,
    };
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(peer)?;
    let config = Config::every(Duration::from_secs(1))
        .without_initial_delay()
        .build()
        .map_err(io::Error::other)?;
    watch(&socket, config.seeded())
}

fn watch(socket: &UdpSocket, config: Config) -> io::Result<()> {
    let epoch = Epoch::start();
    let mut monitor = Monitor::new(config, epoch.now()).map_err(io::Error::other)?;
    while epoch.now() < Instant::from_secs(10) {
        let until = loop {
            match monitor.poll(epoch.now()) {
                Output::Send(id) => send(socket, &mut monitor, id, epoch.now()),
                Output::Event(event) => println!("{event}"),
                Output::Wait(until) => break until,
                Output::Idle => return Ok(()),
            }
        };
        if let Some(id) = receive(socket, epoch, until)? {
            monitor.handle_reply(id, epoch.now());
        }
    }
    println!("{:?}", monitor.snapshot(epoch.now()));
    Ok(())
}

fn send(socket: &UdpSocket, monitor: &mut Monitor<32>, id: ProbeId, now: Instant) {
    if socket.send(&id.to_be_bytes()).is_err() {
        monitor.handle_unsent(id, now);
    }
}

/// Waits for a reply until `until`, rounded up to a microsecond.
fn receive(socket: &UdpSocket, epoch: Epoch, until: Instant) -> io::Result<Option<ProbeId>> {
    let left = until
        .saturating_duration_since(epoch.now())
        .max(Duration::from_micros(1));
    socket.set_read_timeout(Some(left))?;
    let mut id = [0; 8];
    match socket.recv(&mut id) {
        Ok(8) => Ok(Some(ProbeId::from_be_bytes(id))),
        Ok(_) => Ok(None),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(None),
        Err(error) => Err(error),
    }
}

/// Starts a peer on the loopback interface that sends back what it receives; returns its address.
/// It sends no more bytes than it received.
fn echo() -> io::Result<String> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let own = socket.local_addr()?;
    std::thread::spawn(move || -> io::Result<()> {
        let mut datagram = [0; 64];
        loop {
            let (length, from) = socket.recv_from(&mut datagram)?;
            if !systole::wire::may_answer(from, own) {
                continue;
            }
            socket.send_to(datagram.get(..length).unwrap_or_default(), from)?;
        }
    });
    Ok(own.to_string())
}
