//! Keeps a NAT binding alive over UDP at as few packets as it takes, for a device or a telephone that waits for what its server sends.
//!
//! `cargo run --features std --example nat_binding`: a server that tells each datagram the port that it came from, a NAT that forgets an idle flow after
//! 700 ms, and the device, which finds that out. Everything a hundred times quicker than out there.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::thread;

use systole::pacing::{Fixed, Lifetime, Reach};
use systole::{Config, ConfigError, Epoch, Instant, Monitor, Output, ProbeId};

const FORGETS_AFTER: Duration = Duration::from_millis(700);
const LONGEST: Duration = Duration::from_secs(3);
const SHOW_FOR: Duration = Duration::from_secs(15);

fn main() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let nat = UdpSocket::bind("127.0.0.1:0")?;
    let (service, gateway) = (server.local_addr()?, nat.local_addr()?);
    thread::spawn(move || serve(&server));
    thread::spawn(move || translate(&nat, service));
    Device::new(gateway)?.run()
}

/// Answers each probe with its id and the port that it came from, as STUN does.
fn serve(socket: &UdpSocket) -> io::Result<()> {
    let mut probe = [0; 10];
    loop {
        let (length, from) = socket.recv_from(&mut probe)?;
        if length == 8 {
            let [.., high, low] = &mut probe;
            [*high, *low] = from.port().to_be_bytes();
            socket.send_to(&probe, from)?;
        }
    }
}

/// A NAT for a few inner ports: each has a binding of its own, until nothing was sent over it for a while.
fn translate(inside: &UdpSocket, service: SocketAddr) -> io::Result<()> {
    let clock = Epoch::start();
    let mut bindings: Vec<(SocketAddr, UdpSocket, Instant)> = Vec::new();
    let mut packet = [0; 64];
    inside.set_read_timeout(Some(Duration::from_millis(1)))?;
    loop {
        let now = clock.now();
        bindings
            .retain(|(.., refreshed)| now.saturating_duration_since(*refreshed) < FORGETS_AFTER);
        if let Some((length, from)) = received(inside.recv_from(&mut packet))? {
            if bindings.iter().all(|(client, ..)| *client != from) {
                let outside = UdpSocket::bind("127.0.0.1:0")?;
                outside.connect(service)?;
                outside.set_nonblocking(true)?;
                bindings.push((from, outside, now));
            }
            for (_, outside, refreshed) in bindings.iter_mut().filter(|binding| binding.0 == from) {
                outside.send(packet.get(..length).unwrap_or_default())?;
                *refreshed = clock.now();
            }
        }
        for (client, outside, _) in &bindings {
            while let Some(length) = received(outside.recv(&mut packet))? {
                inside.send_to(packet.get(..length).unwrap_or_default(), client)?;
            }
        }
    }
}

/// Nothing, where there is nothing yet.
fn received<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// One flow to the server, and the port that the server saw it come from last.
struct Flow {
    socket: UdpSocket,
    seen_at: Option<u16>,
}

impl Flow {
    fn open(gateway: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(gateway)?;
        Ok(Self {
            socket,
            seen_at: None,
        })
    }

    /// The next answer, if one comes within `wait`, and whether it tells that the binding is another one than before.
    fn receive(&mut self, wait: Duration) -> io::Result<Option<(ProbeId, bool)>> {
        let mut answer = [0; 10];
        let wait = wait.max(Duration::from_micros(1));
        self.socket.set_read_timeout(Some(wait))?;
        if received(self.socket.recv(&mut answer))? != Some(10) {
            return Ok(None);
        }
        let [id @ .., high, low] = answer;
        let port = u16::from_be_bytes([high, low]);
        let before = self.seen_at.replace(port);
        Ok(Some((
            ProbeId::from_be_bytes(id),
            before.is_some_and(|before| before != port),
        )))
    }

    /// Asks over an idle flow whether it is still the one that it was.
    fn is_there(&mut self) -> io::Result<bool> {
        for _ in 0..4 {
            self.socket.send(&[0; 8])?;
            if let Some((_, another)) = self.receive(Duration::from_millis(100))? {
                return Ok(!another);
            }
        }
        Ok(false)
    }
}

struct Device {
    epoch: Epoch,
    gateway: SocketAddr,
    monitor: Monitor<8, Lifetime<Fixed>>,
    flow: Flow,
    /// The second flow, how long it is to idle, and since when it does.
    trial: Option<(Flow, Duration, Instant)>,
    probes: u32,
    lost: u32,
}

/// The interval begins at 50 ms, and a hitch of the machine is no loss.
fn config() -> Result<Config<Lifetime<Fixed>>, ConfigError> {
    let least = Duration::from_millis(50);
    let reach = Reach::below_the_floor(least, LONGEST)?.with_second_flow();
    let timeout = Duration::from_millis(40);
    Config::lifetime(reach)?
        .timeouts(timeout, timeout, timeout * 4)?
        .seed(u64::from(std::process::id()))
}

impl Device {
    fn new(gateway: SocketAddr) -> io::Result<Self> {
        let epoch = Epoch::start();
        let config = config().map_err(io::Error::other)?;
        Ok(Self {
            monitor: Monitor::new(config, epoch.now()).map_err(io::Error::other)?,
            epoch,
            gateway,
            flow: Flow::open(gateway)?,
            trial: None,
            probes: 0,
            lost: 0,
        })
    }

    fn run(mut self) -> io::Result<()> {
        let end = self.now().saturating_add(SHOW_FOR);
        while self.now() < end {
            let until = self.drain()?.min(end);
            let until = self.try_longer(until)?;
            let wait = until.saturating_duration_since(self.now());
            if let Some((id, another)) = self.flow.receive(wait)? {
                let now = self.now();
                if another {
                    self.lost += 1;
                    println!("flow lost: the server sees another port");
                    self.monitor.handle_flow_lost(now);
                }
                self.monitor.handle_reply(id, now);
            }
        }
        let interval = self.monitor.snapshot(end).heart.plan.interval();
        println!(
            "keeps to {interval:?} where {FORGETS_AFTER:?} is forgotten: {} probes, {} flows lost",
            self.probes, self.lost
        );
        println!("to be stored for this network: {:?}", self.monitor.memory());
        Ok(())
    }

    fn now(&self) -> Instant {
        self.epoch.now()
    }

    fn drain(&mut self) -> io::Result<Instant> {
        loop {
            match self.monitor.poll(self.now()) {
                Output::Probe(id) => {
                    self.probes += 1;
                    self.flow.socket.send(&id.to_be_bytes())?;
                }
                Output::Event(_) => {}
                Output::Wait(until) => return Ok(until),
                Output::Idle => return Ok(Instant::MAX),
            }
        }
    }

    /// Lets a second flow idle for as long as the search wants, and asks over it. Returns when to look again.
    fn try_longer(&mut self, until: Instant) -> io::Result<Instant> {
        let now = self.now();
        match self.trial.take() {
            Some((mut flow, idle, since)) if now >= since.saturating_add(idle) => {
                let idled = now.saturating_duration_since(since);
                let there = flow.is_there()?;
                let now = self.now();
                println!(
                    "second flow {} {idled:.0?}",
                    if there { "survived" } else { "lost after" }
                );
                if there {
                    self.monitor.handle_trial_survived(idled, now);
                } else {
                    self.monitor.handle_trial_lost(idled, now);
                }
                self.trial = self.monitor.trial().map(|idle| (flow, idle, now)); // asking has refreshed it
            }
            None => {
                if let Some(idle) = self.monitor.trial() {
                    let mut flow = Flow::open(self.gateway)?;
                    flow.is_there()?;
                    self.trial = Some((flow, idle, self.now()));
                }
            }
            waiting => self.trial = waiting,
        }
        let due = self
            .trial
            .as_ref()
            .map(|(_, idle, since)| since.saturating_add(*idle));
        Ok(due.map_or(until, |due| due.min(until)))
    }
}
