//! The listener of this crate. The heartbeats of its peer take the place of probes, and their
//! arrivals that of replies.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, INTERVALS, shares};
use crate::time::{MicrosExt as _, micros};
use crate::{Action, Answer, Detector, brief};
use systole::{Beat, ConfigError, Instant, Listener, Output, Verdict, listener};

/// [`Listener`] with a stated bound, to a peer that sends a heartbeat every `interval`: the
/// detector under test.
///
/// The delay of a heartbeat is the whole round trip of the network. The bound is relative to the
/// shortest delay, as that of [`NfdE`](super::NfdE) is to the expected one, but it does not grow
/// with the queues of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    interval: Duration,
    config: listener::Config,
}

impl Pushed {
    /// Returns a listener with this bound.
    ///
    /// # Errors
    /// If the bound is out of range.
    pub fn new(interval: Duration, bound: Duration) -> Result<Self, ConfigError> {
        let config = listener::Config::builder().detect_within(bound).build()?;
        Ok(Self { interval, config })
    }

    /// Returns the peer's interval.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }
}

impl Baseline for Pushed {
    const NAME: &'static str = "listener";
    const KEEPS_BOUND: bool = false;
    type Detector = PushedDetector;

    fn detector(&self, start: Instant) -> Self::Detector {
        PushedDetector {
            interval_us: micros(self.interval).max(1),
            next: start,
            slot: 0,
            listener: Listener::new(self.config, start),
        }
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        shares(bound, &INTERVALS)
            .filter_map(|interval| Self::new(interval, bound).ok())
            .collect()
    }
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", brief(self.interval))
    }
}

/// The machine of [`Pushed`]: peer and listener in one.
#[derive(Clone, Debug)]
pub struct PushedDetector {
    interval_us: u64,
    next: Instant,
    slot: u64,
    listener: Listener<32>,
}

impl PushedDetector {
    fn beat(&mut self) -> Action {
        let slot = self.slot;
        self.slot += 1;
        self.next = self.next.plus(self.interval_us);
        Action::Probe(slot)
    }
}

impl Detector for PushedDetector {
    fn poll(&mut self, now: Instant) -> Action {
        match self.listener.poll(now) {
            Output::Event(_) if self.listener.verdict() == Verdict::Dead => Action::Dead,
            Output::Event(_) => Action::Alive,
            _ if now >= self.next => self.beat(),
            Output::Wait(until) => Action::Wait(until.min(self.next)),
            Output::Idle => Action::Idle,
        }
    }

    fn on_answer(&mut self, answer: &Answer) {
        let interval = Duration::from_micros(self.interval_us);
        let beat = Beat::new(answer.id as u32, interval);
        self.listener.handle_beat(&beat, answer.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Constant, Queue, Synthetic};
    use crate::{CrashTest, Options, replay};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_bound_is_kept_beside_the_shortest_delay_through_queues() {
        let queue = Queue::once(Instant::from_secs(50), 4 * SECOND, 8 * SECOND).every(60 * SECOND);
        let network = Synthetic::new(1_000 * SECOND)
            .with(Constant(SECOND / 10))
            .with(queue);
        let pushed = Pushed::new(SECOND / 2, 5 * SECOND).unwrap();
        let times = CrashTest::new(2_000).run(&network, |start| pushed.detector(start));
        // while a queue stands, the listener forgets that much of the shortest delay
        let forgotten = SECOND / 256;
        assert_eq!(times.violations(5 * SECOND + SECOND / 10 + forgotten), 0);
    }

    #[test]
    fn a_steady_peer_is_never_called_dead() {
        let network = Synthetic::new(10_000 * SECOND).with(Constant(SECOND / 10));
        let pushed = Pushed::new(SECOND, 3 * SECOND).unwrap();
        let run = replay(&network, &Options::default(), |start| {
            pushed.detector(start)
        });
        assert_eq!((run.probes, run.mistakes.len()), (10_000, 0));
    }
}
