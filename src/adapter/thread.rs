//! A heart on a thread of its own: your blocking closure is the probe.

use alloc::sync::Arc;
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::panic::catch_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle, Thread, park_timeout};

use super::machine::{Machine, Step};
use super::{Epoch, Fault, Shared, WINDOW};
use crate::pacing::{Fluctuation, Pacing};
use crate::{Config, Event, Failure, Instant, Monitor, MonitorSnapshot, ProbeId, Verdict};

/// Events that wait for a reader; more are dropped, and their numbers show a gap.
const EVENTS: usize = 64;

/// Starts a thread that calls `probe` whenever a probe is due.
///
/// The closure is handed the time it may take: it returns `Ok` when the peer answered, [`Fault::Missed`] when that time is up, and other
/// faults at once. An [`io::Error`] will do. While it blocks nobody looks, so a closure that overstays does no harm to the peer: the time is
/// taken for lateness of ours, and `Dead` comes later by as much. A panic in it is a failed probe
/// ([`Failure::Prober`]), and the thread goes on.
///
/// One probe is under way at a time. Where round trips may be longer than intervals, use the [tokio](crate::tokio) adapter or a
/// [`Monitor`].
///
/// A missing seed is drawn from the randomness of the operating system.
///
/// # Errors
/// Where the system has no thread to give.
///
/// ```
/// use std::net::UdpSocket;
/// use std::time::Duration;
/// use systole::{Config, Verdict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let peer = UdpSocket::bind("127.0.0.1:0")?;
/// # let address = peer.local_addr()?;
/// # std::thread::spawn(move || { let mut byte = [0]; while let Ok((_, from)) = peer.recv_from(&mut byte) { peer.send_to(&byte, from).ok(); } });
/// let socket = UdpSocket::bind("127.0.0.1:0")?;
/// socket.connect(address)?;
///
/// let config = Config::every(Duration::from_millis(100))?.start_at_once();
/// let heart = systole::thread::spawn(config, move |timeout| {
///     socket.set_read_timeout(Some(timeout))?;
///     socket.send(&[42])?;
///     socket.recv(&mut [0])
/// })?;
///
/// println!("{:?}", heart.events().recv()?);
/// assert_eq!(heart.verdict(), Verdict::Alive);
/// heart.stop();
/// # Ok(()) }
/// ```
pub fn spawn<P, F, T, E>(config: Config<P>, probe: F) -> io::Result<Heart<P>>
where
    P: Pacing<State: Send> + Send + 'static,
    F: FnMut(Duration) -> Result<T, E> + Send + 'static,
    E: Into<Fault>,
{
    let epoch = Epoch::start();
    let shared = Arc::new(Shared::new(
        Monitor::start(config.seeded(), epoch.now()),
        None,
    ));
    let stopping = Arc::new(AtomicBool::new(false));
    let (sender, events) = sync_channel(EVENTS);
    let beat = Beat {
        epoch,
        shared: Arc::clone(&shared),
        stopping: Arc::clone(&stopping),
        events: sender,
        probe,
    };
    let thread = Builder::new()
        .name("systole".into())
        .spawn(move || beat.run())?;
    Ok(Heart {
        epoch,
        shared,
        stopping,
        events,
        thread: Some(thread),
    })
}

/// The handle of a probing thread. Dropping it stops the thread.
pub struct Heart<P: Pacing = Fluctuation> {
    epoch: Epoch,
    shared: Arc<Shared<Monitor<WINDOW, P>>>,
    stopping: Arc<AtomicBool>,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

impl<P: Pacing> Heart<P> {
    /// Whether the peer is alive.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.shared.with(|monitor| monitor.verdict())
    }

    /// All that is known now.
    #[must_use]
    pub fn snapshot(&self) -> MonitorSnapshot {
        let now = self.epoch.now();
        self.shared.with(|monitor| monitor.snapshot(now))
    }

    /// The events, the earliest first. It ends when the thread does; where 64 are waiting, further ones are dropped, and their numbers show
    /// a gap.
    #[must_use]
    pub const fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Tells the machine what the probes cannot: traffic, pushback, a restart, a suspend. The thread looks again at once.
    ///
    /// ```
    /// # fn connected_again(heart: &systole::thread::Heart) {
    /// heart.with(|monitor, now| monitor.probe_now(now));
    /// # }
    /// ```
    pub fn with<R>(&self, call: impl FnOnce(&mut Monitor<WINDOW, P>, Instant) -> R) -> R {
        let now = self.epoch.now();
        let result = self.shared.with(|monitor| call(monitor, now));
        self.wake();
        result
    }

    /// Wakes the thread, which stops at once, and waits for it: no longer than a probe that is under way takes.
    pub fn stop(self) {
        drop(self);
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.as_ref().map(JoinHandle::thread) {
            Thread::unpark(thread);
        }
    }
}

impl<P: Pacing> Drop for Heart<P> {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it does not panic: the closure's panics are caught
        }
    }
}

impl<P: Pacing> fmt::Debug for Heart<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

/// What the thread owns.
struct Beat<P: Pacing, F> {
    epoch: Epoch,
    shared: Arc<Shared<Monitor<WINDOW, P>>>,
    stopping: Arc<AtomicBool>,
    events: SyncSender<Event>,
    probe: F,
}

impl<P, F, T, E> Beat<P, F>
where
    P: Pacing,
    F: FnMut(Duration) -> Result<T, E>,
    E: Into<Fault>,
{
    fn run(mut self) {
        while !self.stopping.load(Ordering::Acquire) {
            let (asked, until) = self.drain();
            match asked {
                Some(id) => self.ask(id, until),
                None => park_timeout(self.until(until)), // waking early is harmless
            }
        }
    }

    /// The probe to send, if any, and when the machine is to be asked again.
    fn drain(&self) -> (Option<ProbeId>, Instant) {
        let now = self.epoch.now();
        let mut asked = None;
        loop {
            match self.shared.poll(now) {
                Step::Probe((), id) => asked = Some(id),
                Step::Event(event) => drop(self.events.try_send(event)),
                Step::Wait(until) => return (asked, until),
            }
        }
    }

    fn ask(&mut self, id: ProbeId, until: Instant) {
        let allowed = self.allowance(until);
        let result = catch_unwind(AssertUnwindSafe(|| (self.probe)(allowed)));
        let result = match result {
            Ok(answer) => answer.map(drop).map_err(Into::into),
            Err(_) => Err(Fault::Failed(Failure::Prober)),
        };
        let at = self.epoch.now();
        self.shared
            .with(|monitor| monitor.hand_in((), id, result, at));
    }

    /// How long a probe may block: until the machine wants to look; a whole timeout where only the next probe would be
    /// late, or round trips longer than the interval were never heard; and never past the verdict.
    fn allowance(&self, until: Instant) -> Duration {
        let now = self.epoch.now();
        let known = self.shared.with(|monitor| monitor.snapshot(now));
        let whole = self.until(until).max(known.heart.plan.timeout());
        match known.dead_at {
            Some(dead_at) => whole.min(self.until(dead_at)),
            None => whole,
        }
        .max(Duration::from_micros(1))
    }

    fn until(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.epoch.now())
    }
}
