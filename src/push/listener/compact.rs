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
use super::flow::{CompactCandidate, CompactFlow, Flow};
use super::machine::{Listener, Outlook};

/// The state that is a [`Listener`]'s own. The fields are those of the listener.
#[derive(Clone, Debug)]
pub(crate) struct CompactListener<const N: usize> {
    arrivals: CompactArrivals<N>,
    flow: CompactFlow,
    candidate: CompactCandidate,
    /// Which of these two and the load there are, and whether the clock stood still.
    present: u8,
    behind: Narrow<6>,
    credited: Narrow<8>,
    /// How long before that moment the last lateness ended.
    woken_before: Narrow<6>,
    /// Beside observed time at that moment.
    mark: Narrow<6>,
    /// How long before the mark the newest heartbeat was sent.
    sent_before: Narrow<6>,
    /// How long after the mark the next heartbeat is overdue.
    overdue_after: Narrow<6>,
    bound: Narrow<6>,
    /// Beside the moment when lateness was last credited.
    heard: Narrow<6>,
    late: Narrow<4>,
    excused: Narrow<5>,
    loss: LossRate,
    load: u8,
    verdict: Verdict,
    risen: u8,
    revival: Reason,
}

/// The bits of [`CompactListener::present`].
const FLOW: u8 = 1;
const CANDIDATE: u8 = 2;
const LOAD: u8 = 4;
const SLEPT: u8 = 8;

impl<const N: usize> CompactListener<N> {
    /// Returns the listener again. It counts from zero, and its events are numbered from one.
    /// `resumed_at` is when this process last returned from a suspend.
    pub(crate) fn wake(&self, config: &Config, resumed_at: Instant) -> Listener<N> {
        let credited = Instant::from_micros(self.credited.get());
        let clock = CompactClock::new(self.behind.get(), credited).wake();
        let mark = self.mark();
        let heard = Instant::from_micros(self.heard.after(credited.as_micros()));
        let arrivals = self.arrivals.wake(heard);
        let outlook = Outlook {
            mark,
            sent: mark.minus(self.sent_before.get()),
            expected: clock.translate(arrivals.expected()),
            overdue: mark.plus(self.overdue_after.get()),
            bound_us: self.bound.get(),
        };
        Listener {
            config: *config,
            flow: self.has(FLOW).then(|| self.flow.wake()),
            candidate: self.has(CANDIDATE).then(|| self.candidate.wake(heard)),
            resumed_at,
            arrivals,
            clock,
            outlook,
            pending: Pending::NONE,
            counters: Counters::default(),
            heard,
            woken: credited.minus(self.woken_before.get()),
            late_us: self.late.get(),
            excused_us: self.excused.get(),
            loss: self.loss.clone(),
            silence: SuspicionLevel::ZERO, // computed for each heartbeat
            load: self.has(LOAD).then_some(self.load),
            slept: self.has(SLEPT),
            verdict: self.verdict,
            risen: self.risen,
            revival: self.revival,
        }
    }

    const fn has(&self, bit: u8) -> bool {
        self.present & bit != 0
    }

    const fn mark(&self) -> Instant {
        let seen = self.credited().minus(self.behind.get());
        Instant::from_micros(self.mark.after(seen.as_micros()))
    }

    /// Replaces the verdict, and returns the one before.
    pub(crate) const fn turn(&mut self, verdict: Verdict) -> Verdict {
        core::mem::replace(&mut self.verdict, verdict)
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
        seen.since(self.mark())
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
            arrivals: self.arrivals.rest(self.heard),
            flow: self.flow.as_ref().map_or(CompactFlow::NONE, Flow::rest),
            candidate: self
                .candidate
                .as_ref()
                .map_or(CompactCandidate::NONE, |it| it.rest(self.heard)),
            present: self.present(),
            behind: Narrow::of(clock.behind_us()),
            credited: Narrow::of(clock.credited().as_micros()),
            woken_before: Narrow::of(clock.credited().since(self.woken)),
            mark: Narrow::offset(clock.seen().as_micros(), mark.as_micros()),
            sent_before: Narrow::of(mark.since(sent)),
            overdue_after: Narrow::of(overdue.since(mark)),
            bound: Narrow::of(bound_us),
            heard: Narrow::offset(clock.credited().as_micros(), self.heard.as_micros()),
            late: Narrow::of(saturate(self.late_us).into()),
            excused: Narrow::of(self.excused_us),
            loss: self.loss.clone(),
            load: self.load.unwrap_or(0),
            verdict: self.verdict,
            risen: self.risen,
            revival: self.revival,
        }
    }

    fn present(&self) -> u8 {
        let bits = [
            (self.flow.is_some(), FLOW),
            (self.candidate.is_some(), CANDIDATE),
            (self.load.is_some(), LOAD),
            (self.slept, SLEPT),
        ];
        bits.iter()
            .map(|&(is_set, bit)| u8::from(is_set) * bit)
            .sum()
    }
}
