//! What the caller knows: an occasion, a pushback, a restart, a suspend, a clock put right.

use core::time::Duration;

use crate::math::saturating;
use crate::monitor::Monitor;
use crate::monitor::claim::Claim;
use crate::monitor::wakes::Wakes;
use crate::pacing::Pacing;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::probe::{Outstanding, Probe};
use crate::peer::send_failures::SendFailures;
use crate::time::{Instant, micros};

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Probe as soon as the timeout since the last probe allows: something happened that makes an answer worth having.
    pub fn probe_now(&mut self, now: Instant) {
        self.look(now);
        self.pull_forward();
        self.settle();
    }

    /// Brings the next probe forward, though not closer to the last one than a retry would be. One
    /// that a budget refused stays where that put it: brought forward and refused by turns, it
    /// would be due at every look.
    pub(super) fn pull_forward(&mut self) {
        if self.claim != Claim::Retry {
            self.next = self.next.min(self.soonest());
        }
    }

    /// When a probe may follow the last one out of turn.
    pub(super) fn soonest(&self) -> Instant {
        let plan = self.peer.plan();
        let least = saturating::min(plan.interval_us(), u64::from(plan.timeout_us()));
        let soonest = if self.peer.is_started() {
            self.sent.plus(least)
        } else {
            self.clock.now()
        };
        soonest.max(self.clock.now())
    }

    /// Brings the next probe forward, though not closer to the last one than a steady one may be. Where the last one could not be sent,
    /// and while retries are out, it comes when it would: both have their own schedule.
    pub(super) fn hasten(&mut self) {
        if self.outstanding.failed_send().is_some() || self.peer.in_doubt() {
            return;
        }
        let least_us = self.peer.settings().limits.interval_min_us;
        let soonest = self.sent.plus(least_us).max(self.clock.now());
        self.next = self.next.min(soonest);
    }

    /// The peer asks for fewer probes: the interval doubles, up to the longest, until
    /// [`restarted`](Self::restarted), and overdue probes are not asked again.
    ///
    /// Comes before the bound. One that cannot be kept any more, or was not stated, becomes two
    /// intervals and a timeout, so that one lost reply makes the peer `Suspect` and not `Dead`; an
    /// [`EventKind::BoundRelaxed`](crate::EventKind::BoundRelaxed) tells it of a stated one. One that can be
    /// kept is kept, also where it leaves no time for a second probe.
    pub fn handle_pushback(&mut self, now: Instant) {
        self.handle_pushback_with(now, Duration::ZERO);
    }

    /// The same, where the peer says at `now` how long it wants to be left alone, such as by `Retry-After`: the interval doubles once, and on until the
    /// next steady probe comes no sooner than after `wait`. The longest interval is the limit here, too.
    pub fn handle_pushback_with(&mut self, now: Instant, wait: Duration) {
        self.look(now);
        let before = self.peer.plan().bound_us();
        let since_us = self.clock.now().since(self.place());
        self.lengthen(micros(wait).saturating_add(since_us));
        let after = self.peer.plan().bound_us();
        if after > before && self.peer.settings().limits.bound_us > 0 {
            self.pending.relaxed(before);
        }
        self.reschedule();
        self.settle();
    }

    /// Doubles the interval once, and on until it is `least_us` long at the least, jitter included, or does not grow any more.
    fn lengthen(&mut self, least_us: u64) {
        loop {
            let before_us = self.peer.plan().interval_us();
            self.peer.push_back();
            let grows = self.peer.plan().interval_us() > before_us;
            if !grows || self.peer.interval_drawn_us(u16::MAX) >= least_us {
                return;
            }
        }
    }

    /// The peer is a new incarnation: what is under way is void, replies to it count for nothing, and the verdict starts over. The
    /// statistics of the path stay.
    pub fn restarted(&mut self, now: Instant) {
        self.look(now);
        let level = self.level_now();
        self.abandon_all();
        self.failures = SendFailures::NONE;
        self.wakes = Wakes::NONE;
        self.incarnation = self.incarnation.wrapping_add(1);
        self.proof = self.clock.seen();
        self.forgotten = SuspicionLevel::ZERO;
        let before = self.peer.verdict();
        self.peer.restart();
        self.announce(before, level);
        self.ask_at_once();
        self.settle();
    }

    /// Nothing that is under way will be known of.
    pub(crate) fn abandon_all(&mut self) {
        self.end_thinned(0);
        self.abandon(self.outstanding.count());
        self.outstanding = Outstanding::NONE;
    }

    /// Counts probes that are given up.
    #[inline(never)]
    pub(super) fn abandon(&mut self, count: u8) {
        let abandoned = &mut self.counters.abandoned;
        *abandoned = abandoned.saturating_add(count.into());
    }

    /// The next probe goes out now, whatever the schedule and a budget of retries say.
    pub(super) const fn ask_at_once(&mut self) {
        self.next = self.clock.now();
        self.claim = Claim::Exempt;
    }

    /// Asks anew, at once, with time for an answer: what is under way will not get one.
    pub(super) fn start_over(&mut self) {
        self.peer.void();
        self.void(|_| true);
        self.allow_one_probe();
    }

    /// The peer is asked at once, and gets time for an answer: no plan tightens the bound before there is one.
    pub(super) fn allow_one_probe(&mut self) {
        self.peer.allow_one_probe(self.clock.seen());
        self.keep_bound();
        self.ask_at_once();
    }

    /// Nothing more is to be learnt from the silence of those probes that `are` so. What it says so far is remembered.
    pub(super) fn void(&mut self, are: impl Fn(&Probe) -> bool) {
        self.end_thinned(0);
        let seen = self.clock.seen();
        for probe in self.outstanding.iter() {
            if are(probe) && self.is_evidence(probe) {
                self.forgotten = self.forgotten.plus(self.evidence(probe, seen));
            }
        }
        self.outstanding.void_those(are);
    }

    /// The clock had leapt forward by mistake and is right again at `now`. Everything goes on from there; nothing is forgotten.
    pub fn resync(&mut self, now: Instant) {
        let back = self.clock.resync(now);
        for moment in [&mut self.sent, &mut self.next, &mut self.failed_at] {
            *moment = moment.minus(back);
        }
        self.settle();
    }
}
