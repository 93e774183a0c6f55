//! A heartbeat of whatever policy behind one face.

use core::fmt::Debug;
use core::time::Duration;

use systole::pacing::Pacing;
use systole::{Config, Failure, Heartbeat, Snapshot, Verdict};

use super::{Limits, Policy, Settings, us};

/// What a loop calls.
#[allow(missing_docs)]
pub trait Pinger: Debug {
    fn timeout(&self) -> Duration;
    fn next_interval(&mut self, rtt_us: u64) -> Duration;
    fn missed(&mut self) -> Duration;
    /// The probe failed at once, after `spent_us`: what the README's loop says of it, and for how
    /// long the loop takes itself to have waited.
    fn failed(&mut self, spent_us: u64) -> (Duration, Duration);
    fn late(&mut self, rtt_us: u64);
    fn verdict(&self) -> Verdict;
    fn snapshot(&self) -> Snapshot;
}

#[derive(Debug)]
struct Held<const N: usize, P: Pacing>(Heartbeat<N, P>);

/// A heartbeat as `settings` say.
#[must_use]
pub fn heartbeat(settings: &Settings, window: usize) -> (Box<dyn Pinger>, Limits) {
    match settings.policy {
        Policy::Every { .. } | Policy::Preset(_) if window == 1 => held::<1, _>(settings.every()),
        Policy::Every { .. } | Policy::Preset(_) => held::<32, _>(settings.every()),
        Policy::Fixed { .. } => held::<32, _>(settings.fixed()),
        Policy::Target { .. } => held::<32, _>(settings.target()),
        Policy::AtMost { .. } | Policy::Lifetime { .. } => held::<8, _>(settings.lifetime()),
        Policy::Hostile { .. } => held::<8, _>(settings.hostile()),
    }
}

fn held<const N: usize, P: Pacing + Debug + 'static>(
    (config, limits): (Config<P>, Limits),
) -> (Box<dyn Pinger>, Limits) {
    (
        Box::new(Held(Heartbeat::<N, P>::with_window(config))),
        limits,
    )
}

impl<const N: usize, P: Pacing + Debug> Pinger for Held<N, P> {
    fn timeout(&self) -> Duration {
        self.0.timeout()
    }

    fn next_interval(&mut self, rtt_us: u64) -> Duration {
        self.0.next_interval(us(rtt_us))
    }

    fn missed(&mut self) -> Duration {
        self.0.missed()
    }

    fn failed(&mut self, spent_us: u64) -> (Duration, Duration) {
        let spent = us(spent_us);
        (self.0.failed(Failure::Refused, spent), spent)
    }

    fn late(&mut self, rtt_us: u64) {
        self.0.late(us(rtt_us));
    }

    fn verdict(&self) -> Verdict {
        self.0.verdict()
    }

    fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }
}
