//! A monitor of whatever policy behind one face, so that a world is compiled once.

use core::fmt::Debug;

use systole::pacing::Pacing;
use systole::{
    Config, Failure, Instant, Monitor, Output, ProbeId, RetryBudget, Verdict, monitor,
    path::SuspicionLevel,
};

use super::{Limits, Policy, Settings, us};

/// What a world calls.
#[allow(missing_docs)]
pub trait Machine: Debug {
    fn poll(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Output<ProbeId>;
    fn reply(&mut self, id: ProbeId, at: Instant);
    fn reply_with(&mut self, id: ProbeId, at: Instant, held_us: u64);
    fn reply_any(&mut self, at: Instant);
    fn traffic(&mut self, at: Instant);
    fn failure(&mut self, id: ProbeId, failure: Failure, now: Instant);
    fn unsent(&mut self, id: ProbeId, now: Instant);
    fn probe_now(&mut self, now: Instant);
    fn pushback(&mut self, now: Instant);
    fn pushback_with(&mut self, now: Instant, wait_us: u64);
    fn restarted(&mut self, now: Instant);
    fn resumed(&mut self, now: Instant);
    fn resync(&mut self, now: Instant);
    fn flow_lost(&mut self, now: Instant);
    /// Settings of the same policy; nothing where the policy is another one.
    fn reconfigure(&mut self, settings: &Settings, now: Instant) -> Option<Limits>;
    fn verdict(&self) -> Verdict;
    fn level(&self, now: Instant) -> SuspicionLevel;
    fn snapshot(&self, now: Instant) -> monitor::Snapshot;
    fn next_probe_earliest(&self) -> Option<Instant>;
    fn is_valid(&self) -> bool;
}

struct Held<const N: usize, P: Pacing> {
    monitor: Monitor<N, P>,
    configure: fn(&Settings) -> (Config<P>, Limits),
}

impl<const N: usize, P: Pacing + Debug> Debug for Held<N, P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.monitor.fmt(f)
    }
}

/// A monitor as `settings` say, of `window` round-trip times (1, or else 32 or so).
#[must_use]
pub fn monitor(settings: &Settings, window: usize, now: Instant) -> (Box<dyn Machine>, Limits) {
    match settings.policy {
        Policy::Every { .. } | Policy::Preset(_) if window == 1 => {
            held::<1, _>(settings, Settings::every, now)
        }
        Policy::Every { .. } | Policy::Preset(_) => held::<32, _>(settings, Settings::every, now),
        Policy::Fixed { .. } => held::<32, _>(settings, Settings::fixed, now),
        Policy::Target { .. } => held::<32, _>(settings, Settings::target, now),
        Policy::AtMost { .. } | Policy::Lifetime { .. } => {
            held::<8, _>(settings, Settings::lifetime, now)
        }
        Policy::Hostile { .. } => held::<8, _>(settings, Settings::hostile, now),
    }
}

/// Of how many round-trip times the window of such a monitor is.
#[must_use]
pub const fn window(settings: &Settings, window: usize) -> u64 {
    match settings.policy {
        Policy::Every { .. } | Policy::Preset(_) if window == 1 => 1,
        Policy::AtMost { .. } | Policy::Lifetime { .. } | Policy::Hostile { .. } => 8,
        _ => 32,
    }
}

fn held<const N: usize, P: Pacing + Debug + Clone + 'static>(
    settings: &Settings,
    configure: fn(&Settings) -> (Config<P>, Limits),
    now: Instant,
) -> (Box<dyn Machine>, Limits) {
    let (config, limits) = configure(settings);
    let monitor = Monitor::<N, P>::with_window(config, now).expect("it has a seed");
    (Box::new(Held { monitor, configure }), limits)
}

impl<const N: usize, P: Pacing + Debug + Clone + 'static> Machine for Held<N, P> {
    fn poll(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Output<ProbeId> {
        match budget {
            Some(budget) => self.monitor.poll_with_budget(now, budget),
            None => self.monitor.poll(now),
        }
    }

    fn reply(&mut self, id: ProbeId, at: Instant) {
        self.monitor.handle_reply(id, at);
    }

    fn reply_with(&mut self, id: ProbeId, at: Instant, held_us: u64) {
        self.monitor.handle_reply_with(id, at, us(held_us));
    }

    fn reply_any(&mut self, at: Instant) {
        self.monitor.handle_reply_any(at);
    }

    fn traffic(&mut self, at: Instant) {
        self.monitor.handle_traffic(at);
    }

    fn failure(&mut self, id: ProbeId, failure: Failure, now: Instant) {
        self.monitor.handle_failure(id, failure, now);
    }

    fn unsent(&mut self, id: ProbeId, now: Instant) {
        self.monitor.handle_unsent(id, now);
    }

    fn probe_now(&mut self, now: Instant) {
        self.monitor.probe_now(now);
    }

    fn pushback(&mut self, now: Instant) {
        self.monitor.handle_pushback(now);
    }

    fn pushback_with(&mut self, now: Instant, wait_us: u64) {
        self.monitor.handle_pushback_with(now, us(wait_us));
    }

    fn restarted(&mut self, now: Instant) {
        self.monitor.restarted(now);
    }

    fn resumed(&mut self, now: Instant) {
        self.monitor.resumed(now);
    }

    fn resync(&mut self, now: Instant) {
        self.monitor.resync(now);
    }

    fn flow_lost(&mut self, now: Instant) {
        self.monitor.handle_flow_lost(now);
    }

    fn reconfigure(&mut self, settings: &Settings, now: Instant) -> Option<Limits> {
        let (config, limits) = (self.configure)(settings);
        self.monitor.reconfigure(&config, now);
        Some(limits)
    }

    fn verdict(&self) -> Verdict {
        self.monitor.verdict()
    }

    fn level(&self, now: Instant) -> SuspicionLevel {
        self.monitor.level(now)
    }

    fn snapshot(&self, now: Instant) -> monitor::Snapshot {
        self.monitor.snapshot(now)
    }

    fn next_probe_earliest(&self) -> Option<Instant> {
        self.monitor.next_probe_earliest()
    }

    fn is_valid(&self) -> bool {
        self.monitor.is_valid()
    }
}
