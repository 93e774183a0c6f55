//! Sends probes every 20 ms over loopback in four ways, each replied to after 0 to 15 ms, and
//! measures how far from the schedule they were sent.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use systole::pacing::Fixed;
use systole::{Config, ConfigError, Retries};

pub(crate) const INTERVAL: Duration = Duration::from_millis(20);
const SECOND: Duration = Duration::from_secs(1);

/// Returns a configuration whose interval is constant: no jitter, no retries, timeouts of a second.
pub(crate) const fn config() -> Result<Config<Fixed>, ConfigError> {
    Config::fixed(INTERVAL)
        .jitter_percent(0)
        .timeouts(SECOND, SECOND, SECOND)
        .retries(Retries::NONE)
        .without_initial_delay()
        .build()
}

/// How long the peer waits before it replies to probe `number`: 0 to 15 ms, evenly distributed.
pub(crate) const fn delay(number: u64) -> Duration {
    Duration::from_micros(number.wrapping_mul(7_919) % 15_001)
}

#[allow(clippy::disallowed_methods)] // the example measures real time
fn now() -> Instant {
    Instant::now()
}

/// The moments at which probes were sent.
#[derive(Clone, Default)]
struct Sends(Arc<Mutex<Vec<Instant>>>);

impl Sends {
    fn note(&self) {
        self.with(|sends| sends.push(now()));
    }

    fn with<R>(&self, call: impl FnOnce(&mut Vec<Instant>) -> R) -> R {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how far from its scheduled time each probe was. A time at which no probe was sent
    /// counts as an error of a whole interval.
    fn off_schedule(&self) -> Vec<Duration> {
        let mut off = Vec::new();
        for since in self.since_the_first() {
            // The first send may have been recorded a little later than it was due.
            let place = (since + INTERVAL / 20).as_micros() / INTERVAL.as_micros();
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            while off.len() < place as usize {
                off.push(INTERVAL);
            }
            off.push(since.abs_diff(INTERVAL * place));
        }
        off
    }

    /// Returns how far each probe was from `number` intervals after the first one.
    fn drift(&self) -> Vec<Duration> {
        let sends = self.since_the_first().into_iter();
        let off = |(number, since): (u32, Duration)| since.abs_diff(INTERVAL * number);
        (0..).zip(sends).map(off).collect()
    }

    fn since_the_first(&self) -> Vec<Duration> {
        self.with(|sends| {
            let first = sends.first().copied();
            let since = |at: &Instant| at.saturating_duration_since(first.unwrap_or(*at));
            sends.iter().map(since).collect()
        })
    }
}

/// Returns the smallest value that at least `percent` percent of all values do not exceed.
pub(crate) fn quantile(off: &[Duration], percent: usize) -> Duration {
    let mut sorted = off.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// Starts a peer that replies to every datagram after its delay, until the process ends; returns
/// its address.
fn peer() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    thread::spawn(move || {
        run(async {
            let socket = Arc::new(tokio::net::UdpSocket::from_std(socket)?);
            for number in 0.. {
                let (_, from) = socket.recv_from(&mut [0]).await?;
                let answering = Arc::clone(&socket);
                tokio::spawn(async move {
                    tokio::time::sleep(delay(number)).await;
                    answering.send_to(&[1], from).await
                });
            }
            Ok(())
        })
    });
    Ok(address)
}

/// Probes from a tokio task of systole.
fn tokio_heart(peer: SocketAddr, beats: u32) -> io::Result<Sends> {
    let sends = Sends::default();
    let noted = sends.clone();
    run(async move {
        let config = config().map_err(io::Error::other)?;
        let heart = systole::task::spawn(config, move || {
            let noted = noted.clone();
            async move {
                let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
                noted.note();
                socket.send_to(&[1], peer).await?;
                socket.recv(&mut [0]).await
            }
        });
        tokio::time::sleep(INTERVAL * beats).await;
        heart.stop().await;
        Ok(())
    })?;
    Ok(sends)
}

/// Probes from a thread of systole.
fn thread_heart(peer: SocketAddr, beats: u32) -> io::Result<Sends> {
    let sends = Sends::default();
    let noted = sends.clone();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let config = config().map_err(io::Error::other)?;
    let heart = systole::thread::spawn(config, move |timeout| {
        noted.note();
        socket.set_read_timeout(Some(timeout))?;
        socket.send_to(&[1], peer)?;
        socket.recv(&mut [0])
    })?;
    thread::sleep(INTERVAL * beats);
    heart.stop();
    Ok(sends)
}

/// Probes from the simplest loop: wait for the reply, then sleep for an interval.
fn sleep_after_each_answer(peer: SocketAddr, beats: u32) -> io::Result<Sends> {
    let sends = Sends::default();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    for _ in 0..beats {
        sends.note();
        socket.send_to(&[1], peer)?;
        socket.recv(&mut [0])?;
        thread::sleep(INTERVAL);
    }
    Ok(sends)
}

/// Sleeps from one scheduled time to the next and does nothing else: the best that this machine can
/// do.
fn bare_sleep(beats: u32) -> Sends {
    let sends = Sends::default();
    let first = now();
    for place in 0..beats {
        let due = first + INTERVAL * place;
        thread::sleep(due.saturating_duration_since(now()));
        sends.note();
    }
    sends
}

/// How far each probe was from its scheduled time, for each way of sending.
pub(crate) struct Measured {
    pub(crate) bare: Vec<Duration>,
    pub(crate) thread: Vec<Duration>,
    pub(crate) tokio: Vec<Duration>,
    pub(crate) naive: Vec<Duration>,
}

/// Runs all four ways at the same time, each on a thread of its own, and the three that probe with
/// a peer of their own.
pub(crate) fn measure(beats: u32) -> io::Result<Measured> {
    let [one, two, three] = [peer()?, peer()?, peer()?];
    thread::scope(|scope| {
        let bare = scope.spawn(move || bare_sleep(beats));
        let thread = scope.spawn(move || thread_heart(one, beats));
        let tokio = scope.spawn(move || tokio_heart(two, beats));
        let naive = sleep_after_each_answer(three, beats)?;
        let panicked = |_| io::Error::other("a thread panicked");
        Ok(Measured {
            bare: bare.join().map_err(panicked)?.off_schedule(),
            thread: thread.join().map_err(panicked)??.off_schedule(),
            tokio: tokio.join().map_err(panicked)??.off_schedule(),
            naive: naive.drift(),
        })
    })
}

fn run(future: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}
