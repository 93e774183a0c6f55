//! Keeps a NAT binding alive over UDP with as few packets as possible, for a device or a telephone
//! that waits for messages of its server.
//!
//! `cargo run --features tokio --example nat_binding` runs three parts: a server that replies to
//! each datagram with the port that it came from, a NAT that forgets an idle flow after 700 ms, and
//! the device, which measures that time. Everything runs a hundred times faster than on a real
//! network.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use systole::pacing::{Fixed, Lifetime, LifetimeRange};
use systole::task::{Builder, Heart};
use systole::{Config, ConfigError, Epoch, Instant, ProbeError, Reply, machine::Trial};
use tokio::net;
use tokio::time::{self, sleep, timeout};

const FORGETS_AFTER: Duration = Duration::from_millis(700);
const LONGEST: Duration = Duration::from_secs(3);
const SHOW_FOR: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let nat = UdpSocket::bind("127.0.0.1:0")?;
    let (service, gateway) = (server.local_addr()?, nat.local_addr()?);
    thread::spawn(move || serve(&server));
    thread::spawn(move || translate(&nat, service));
    let flow = Arc::new(Flow::open(gateway).await?);
    let heart = watch(&flow).map_err(io::Error::other)?;
    tokio::select! {
        () = explore(&heart, gateway) => {}
        () = sleep(SHOW_FOR) => {}
    }
    let interval = heart.snapshot().path.plan.interval();
    let probes = heart.snapshot().counters.probes;
    println!("keeps to {interval:?} where {FORGETS_AFTER:?} is forgotten: {probes} probes");
    let memory = heart.with(|monitor, _| monitor.lifetime_record());
    println!("to be stored for this network: {memory:?}");
    Ok(())
}

/// Replies to each probe with its id and the port that it came from, as STUN does.
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

/// Acts as a NAT for a few inner ports. Each has a binding of its own, which is forgotten after an
/// idle time.
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

/// Returns `None` if nothing has arrived yet.
fn received<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// One flow to the server, and the port from which the server saw the latest probe come; 0 before
/// the first reply.
struct Flow {
    socket: net::UdpSocket,
    asked: AtomicU64,
    seen_at: AtomicU16,
}

impl Flow {
    async fn open(gateway: SocketAddr) -> io::Result<Self> {
        let socket = net::UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(gateway).await?;
        Ok(Self {
            socket,
            asked: AtomicU64::new(0),
            seen_at: AtomicU16::new(0),
        })
    }

    /// Sends a probe and waits for its reply; returns whether the binding is still the same.
    async fn ask(&self) -> io::Result<bool> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.socket.send(&number.to_be_bytes()).await?;
        loop {
            let mut answer = [0; 10];
            self.socket.recv(&mut answer).await?;
            let [id @ .., high, low] = answer;
            if u64::from_be_bytes(id) == number {
                let port = u16::from_be_bytes([high, low]);
                let before = self.seen_at.swap(port, Ordering::Relaxed);
                return Ok(before == 0 || before == port);
            }
        }
    }

    /// Returns whether the binding is still the same, or `None` if no reply comes. It probes up to
    /// four times, since a reply may be lost.
    async fn is_there(&self) -> Option<bool> {
        for _ in 0..4 {
            if let Ok(Ok(there)) = timeout(Duration::from_millis(100), self.ask()).await {
                return Some(there);
            }
        }
        None
    }
}

/// Returns settings with an interval of 50 ms at first, and timeouts long enough that a short local
/// stall does not count as a loss.
fn config() -> Result<Config<Lifetime<Fixed>>, ConfigError> {
    let least = Duration::from_millis(50);
    let reach = LifetimeRange::below_the_floor(least, LONGEST)?.with_second_flow();
    let (timeout, longest) = (Duration::from_millis(40), Duration::from_millis(160));
    Config::lifetime(reach)
        .timeouts(timeout, timeout, longest)
        .build()
}

/// Probes over the flow in use. Its replies show when that flow was lost.
fn watch(flow: &Arc<Flow>) -> Result<Heart<Lifetime<Fixed>>, ConfigError> {
    let flow = Arc::clone(flow);
    let probe = move || {
        let flow = Arc::clone(&flow);
        async move {
            if flow.ask().await? {
                return Ok(Reply::Ok);
            }
            println!("flow lost: the server sees another port");
            Ok::<_, ProbeError>(Reply::FlowLost)
        }
    };
    Ok(Builder::new(config()?).max_in_flight(1).spawn(probe)) // all probes share one socket
}

/// Leaves second flows idle for as long as the search asks for. A flow that survives is used again.
async fn explore(heart: &Heart<Lifetime<Fixed>>, gateway: SocketAddr) {
    let mut survived = None;
    let idle = async |idle: Duration| {
        let Some(flow) = known(survived.take(), gateway).await else {
            return Trial::Inconclusive;
        };
        let silent = time::Instant::now();
        sleep(idle).await;
        let idled = silent.elapsed(); // never shorter than `idle`
        let Some(there) = flow.is_there().await else {
            return Trial::Inconclusive;
        };
        println!(
            "second flow {} {idled:.0?}",
            if there { "survived" } else { "lost after" }
        );
        if !there {
            return Trial::Lost(idled);
        }
        survived = Some(flow);
        Trial::Survived(idled)
    };
    heart.run_trials(idle).await;
}

/// Returns `flow` if there is one, or else a new flow over which a reply came.
async fn known(flow: Option<Flow>, gateway: SocketAddr) -> Option<Flow> {
    if flow.is_some() {
        return flow;
    }
    let flow = Flow::open(gateway).await.ok()?;
    flow.is_there().await?;
    Some(flow)
}
