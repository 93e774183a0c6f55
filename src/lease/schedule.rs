//! When requests are sent. The planner decides at which interval, from what it learns of the path.

use crate::lease::config::Config;
use crate::lease::pace::Pace;
use crate::math::fixed_point::{divided, scaled_q16};
use crate::math::random::Random;
use crate::math::saturating;
use crate::pacing::{Answer, EpisodeEnd, Outcome, Pacing, Target, TargetState};
use crate::plan::{Plan, Promise};
use crate::time::{Instant, saturate};

/// Plans the requests of a lease.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pace: Pace,
    state: TargetState,
    random: Random,
    jitter_percent: u8,
    /// When the next request is due.
    due: Instant,
    /// When anything was sent last.
    sent: Instant,
    /// When the newest steady renewal or the newest acknowledged request was sent.
    base: Instant,
    /// When the first renewal without an answer was sent, and when it was due.
    awaited: Option<(Instant, Instant)>,
    /// The retries since then.
    retries: u8,
    /// When the fence passed, if it has.
    fenced: Option<Instant>,
    late_told: bool,
    broken: bool,
}

impl Schedule {
    pub(super) const fn new(config: &Config, now: Instant) -> Self {
        Self {
            pace: Pace::new(config, config.ttl_us, config.ttl_us),
            state: Target::INITIAL,
            random: Random::new(config.seed.0),
            jitter_percent: config.jitter_percent,
            due: now,
            sent: now,
            base: now,
            awaited: None,
            retries: 0,
            fenced: None,
            late_told: false,
            broken: false,
        }
    }

    /// Returns when the next request is due, where no longer than `send_within_us` may pass without
    /// anything sent; 0: no limit.
    pub(super) const fn due(&self, send_within_us: u64) -> Instant {
        match send_within_us {
            0 => self.due,
            us => self.due.min(self.sent.plus(us)),
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let mut plan = self.pace.planner.plan_of(&self.state);
        plan.loosen(self.pace.planned_us());
        plan
    }

    /// Returns what the planner promises.
    pub(super) fn promised(&self) -> Promise {
        self.pace.planner.promise_of(&self.state)
    }

    /// Returns the usual round trip.
    pub(super) fn rtt_us(&self) -> u64 {
        u64::from(Target::usual_us(&self.state))
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Returns when the next request may be sent at the earliest.
    const fn soonest(&self) -> Instant {
        self.sent.plus(self.pace.least_us())
    }

    // ---- what is sent ----

    /// Records that a request for a lease that is not held, or a release, was sent.
    pub(super) fn sought(&mut self, now: Instant) {
        self.sent = now;
        let wait_us = self.jittered(self.pace.seek_us());
        self.wait(now, wait_us);
    }

    /// Records that a renewal was sent, where the holder has to stop at `stop_at`.
    pub(super) fn renewed(&mut self, now: Instant, stop_at: Instant) {
        self.sent = now;
        let overlaps = self.plan().overlaps();
        if self.awaited.is_some() && !overlaps {
            self.retries = self.retries.saturating_add(1);
            self.pace.planner.on_probe(&mut self.state, now, true);
        } else {
            self.begin(now);
        }
        let wait_us = self.renewal_wait_us(stop_at.since(now), overlaps);
        self.wait(now, wait_us);
    }

    /// Begins a steady renewal. Its silence counts from the moment at which it was due: for a lease
    /// it is all one whether the path is late or this process is.
    fn begin(&mut self, now: Instant) {
        let due = self.due.min(now);
        self.pace.planner.on_probe(&mut self.state, due, false);
        if self.awaited.is_none() {
            self.awaited = Some((now, due));
            self.retries = 0;
        }
        self.base = self.base.max(now);
    }

    fn renewal_wait_us(&mut self, left_us: u64, overlaps: bool) -> u64 {
        let plan = self.plan();
        if self.fenced.is_some() {
            self.jittered(self.pace.seek_us())
        } else if overlaps {
            self.jittered(plan.interval_us())
        } else {
            let wait_us = plan.retry_wait_us(self.retries, left_us);
            wait_us.min(self.pace.retry_most_us(plan.timeout_us()))
        }
    }

    const fn wait(&mut self, now: Instant, wait_us: u64) {
        self.due = now.plus(saturating::max(wait_us, 1));
    }

    /// Records that the application sent something. Returns whether its answer is of use: not so
    /// soon after the last one.
    pub(super) const fn other_sent(&mut self, now: Instant) -> bool {
        let useful = now.since(self.sent) >= self.pace.least_us();
        if useful {
            self.sent = now;
        }
        useful
    }

    /// Returns `span_us` shortened at random.
    fn jittered(&mut self, span_us: u64) -> u64 {
        let most_us = divided(span_us.saturating_mul(self.jitter_percent.into()), 100);
        span_us - scaled_q16(most_us, self.random.next_q16().into())
    }

    // ---- what is answered ----

    /// Records that a request sent at `sent` was granted at `now`, and whether the lease is held
    /// thereby.
    pub(super) fn granted(&mut self, sent: Instant, now: Instant, is_held: bool) {
        self.learn(sent, now);
        let ended = self.awaited.is_none_or(|(awaited, _)| sent >= awaited);
        if ended {
            self.end_episode(sent, now);
        }
        if is_held {
            self.fenced = None;
        }
        self.base = self.base.max(sent);
        if ended && is_held {
            let interval_us = self.jittered(self.plan().interval_us());
            let due = self.base.plus(interval_us).max(self.soonest());
            self.due = due.max(now); // nothing was late because the plan is another one now
        }
    }

    /// Records that the lease was lost at `now`, and whether it is worth asking for it at once.
    pub(super) fn lost(&mut self, now: Instant, at_once: bool) {
        self.fenced = None;
        let wait_us = self.jittered(self.pace.seek_us());
        self.due = if at_once {
            self.soonest()
        } else {
            now.plus(wait_us)
        };
    }

    /// Records that a request sent at `sent` was refused at `now`.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant) {
        self.learn(sent, now);
        self.end_episode(sent, now);
    }

    /// Teaches the planner a round trip.
    fn learn(&mut self, sent: Instant, now: Instant) {
        let rtt_us = saturate(now.since(sent));
        self.random.stir(rtt_us);
        let asked = match self.awaited {
            Some((awaited, due)) if awaited == sent => due,
            _ => sent,
        };
        let answer = Answer {
            sent: asked,
            now,
            rtt_us: Some(rtt_us),
            held_us: 0,
        };
        self.pace.planner.on_answer(&mut self.state, &answer);
    }

    /// Ends the wait for a renewal by the answer to the request sent at `sent`. If that was sent
    /// before the fence passed, the server could have been reached in time.
    fn end_episode(&mut self, sent: Instant, now: Instant) {
        let outcome = match self.fenced {
            Some(fenced) if sent < fenced => Outcome::Refuted,
            Some(_) => Outcome::Recovered,
            None => Outcome::Survived,
        };
        if self.retries > 0 || self.fenced.is_some() {
            let end = EpisodeEnd { now, outcome };
            self.pace.planner.on_episode_end(&mut self.state, &end);
            self.broken |= self.pace.planner.is_broken(&self.state);
        }
        (self.awaited, self.retries, self.late_told) = (None, 0, false);
    }

    /// Records that the fence passed at `at`.
    pub(super) const fn fence(&mut self, at: Instant) {
        self.fenced = Some(at);
    }

    /// Begins anew at `now`: what is under way says nothing.
    pub(super) fn restart(&mut self, now: Instant) {
        self.pace.planner.on_void(&mut self.state);
        (self.awaited, self.retries, self.late_told) = (None, 0, false);
        (self.due, self.sent, self.base) = (now, now, now);
        self.fenced = None;
    }

    /// Plans for the `ttl_us` that applies from now on, where `asked_us` was asked for.
    pub(super) const fn plan_for(&mut self, config: &Config, ttl_us: u64, asked_us: u64) {
        let pace = Pace::new(config, ttl_us, asked_us);
        if pace.is_unlike(&self.pace) {
            self.state = Target::INITIAL;
        }
        self.pace = pace;
        self.jitter_percent = config.jitter_percent;
    }

    /// Brings the next request forward at `now`, where it is due later than `latest`.
    pub(super) fn hasten(&mut self, latest: Instant, now: Instant) {
        if self.due > latest {
            self.due = self.soonest().max(now); // nothing was late before
        }
    }

    /// Retries a failed request soon.
    pub(super) const fn failed(&mut self, now: Instant) {
        self.due = self.due.min(now.plus(self.pace.least_us()));
    }

    /// Postpones the next request.
    pub(super) const fn postpone(&mut self, to: Instant) {
        self.due = self.due.max(to);
    }

    /// Returns whether a renewal is overdue, once.
    pub(super) fn take_late(&mut self, now: Instant) -> bool {
        let timeout_us = u64::from(self.plan().timeout_us());
        let overdue = self
            .awaited
            .is_some_and(|(awaited, _)| now.since(awaited) >= timeout_us);
        let late = overdue && !self.late_told;
        self.late_told |= late;
        late
    }

    /// Returns whether the promise was broken, once.
    pub(super) const fn take_broken(&mut self) -> bool {
        core::mem::replace(&mut self.broken, false)
    }
}
