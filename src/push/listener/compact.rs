//! A listener at rest, as a fleet keeps very many: the configuration, the pending events and the
//! counters are stored once, by the fleet.

use crate::math::narrow::Narrow;
use crate::path::loss::LossRate;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::observed_clock::CompactClock;
use crate::peer::pending::Pending;
use crate::peer::verdict::{Reason, Verdict};
use crate::time::{Instant, saturate};

use super::arrivals::CompactArrivals;
use super::config::Config;
use super::counters::Counters;
use super::flow::{Candidate, CompactCandidate, CompactFlow, Flow};
use super::machine::{Listener, Outlook};

/// The state that is a [`Listener`]'s own. The fields are those of the listener.
#[derive(Clone, Debug)]
pub(crate) struct CompactListener<const N: usize> {
    arrivals: CompactArrivals<N>,
    flow: Option<CompactFlow>,
    candidate: Option<CompactCandidate>,
    behind: Narrow<6>,
    credited: Narrow<8>,
    mark: Narrow<8>,
    /// How long before the mark the newest heartbeat was sent.
    sent_before: Narrow<6>,
    /// How long after the mark the next heartbeat is overdue.
    overdue_after: Narrow<6>,
    bound: Narrow<6>,
    heard: Narrow<8>,
    late: Narrow<4>,
    excused: Narrow<5>,
    loss: LossRate,
    load: Option<u8>,
    verdict: Verdict,
    risen: u8,
    revival: Reason,
    slept: bool,
}

impl<const N: usize> CompactListener<N> {
    /// Returns the listener again. It counts from zero, and its events are numbered from one.
    /// `resumed_at` is when this process last returned from a suspend.
    pub(crate) fn wake(&self, config: &Config, resumed_at: Instant) -> Listener<N> {
        let arrivals = self.arrivals.wake();
        let credited = Instant::from_micros(self.credited.get());
        let clock = CompactClock::new(self.behind.get(), credited).wake();
        let mark = Instant::from_micros(self.mark.get());
        let outlook = Outlook {
            mark,
            sent: mark.minus(self.sent_before.get()),
            expected: clock.translate(arrivals.expected()),
            overdue: mark.plus(self.overdue_after.get()),
            bound_us: self.bound.get(),
        };
        Listener {
            config: *config,
            flow: self.flow.map(CompactFlow::wake),
            candidate: self.candidate.map(CompactCandidate::wake),
            waited_until: resumed_at.plus(arrivals.interval_us()),
            arrivals,
            clock,
            outlook,
            pending: Pending::NONE,
            counters: Counters::default(),
            heard: Instant::from_micros(self.heard.get()),
            woken: credited, // lateness is credited when it ends
            late_us: self.late.get(),
            excused_us: self.excused.get(),
            loss: self.loss.clone(),
            silence: SuspicionLevel::ZERO, // computed for each heartbeat
            load: self.load,
            slept: self.slept,
            verdict: self.verdict,
            risen: self.risen,
            revival: self.revival,
        }
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns when lateness was last credited. Whatever is later has not been looked at yet, or
    /// was seen without any lateness.
    pub(crate) const fn credited(&self) -> Instant {
        Instant::from_micros(self.credited.get())
    }

    /// Returns the time since the last sign of life, on observed time.
    pub(crate) const fn silent_us(&self, now: Instant) -> u64 {
        let seen = now.minus(self.behind.get());
        seen.since(Instant::from_micros(self.mark.get()))
    }
}

impl<const N: usize> Listener<N> {
    /// Returns what has to be kept until something is due or arrives.
    pub(crate) fn rest(&mut self) -> CompactListener<N> {
        let clock = CompactClock::of(&self.clock, self.deadline());
        let Outlook {
            mark,
            sent,
            overdue,
            bound_us,
            ..
        } = self.outlook;
        CompactListener {
            arrivals: self.arrivals.rest(),
            flow: self.flow.as_ref().map(Flow::rest),
            candidate: self.candidate.as_ref().map(Candidate::rest),
            behind: Narrow::of(clock.behind_us()),
            credited: Narrow::of(clock.credited().as_micros()),
            mark: Narrow::of(mark.as_micros()),
            sent_before: Narrow::of(mark.since(sent)),
            overdue_after: Narrow::of(overdue.since(mark)),
            bound: Narrow::of(bound_us),
            heard: Narrow::of(self.heard.as_micros()),
            late: Narrow::of(saturate(self.late_us).into()),
            excused: Narrow::of(self.excused_us),
            loss: self.loss.clone(),
            load: self.load,
            verdict: self.verdict,
            risen: self.risen,
            revival: self.revival,
            slept: self.slept,
        }
    }
}
