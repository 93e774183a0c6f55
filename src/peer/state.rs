//! What both machines are built around: one peer's statistics, plan and verdict, on observed time.
//!
//! Observed time is the caller's while somebody looks and stands still while nobody does: [`Heartbeat`](crate::Heartbeat) adds up its own
//! intervals, [`Monitor`](crate::Monitor) takes the lateness of its polls out.

use core::fmt;

use crate::config::{Config, Settings};
use crate::math::random::Random;
use crate::math::saturating;
use crate::pacing::Statistics;
use crate::pacing::{Answer, Pacing};
use crate::path::loss::LossRate;
use crate::path::rtt::RttEstimator;
use crate::path::suspicion::Model;
use crate::path::window::RttWindow;
use crate::peer::credit::Credit;
use crate::peer::verdict::{Change, Failure, Reason, Verdict};
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::{Instant, saturate};

mod caller;
#[cfg(feature = "alloc")]
mod compact;
mod lifetime;
mod target;
mod verdict;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactPeerState;

#[derive(Clone, PartialEq)]
#[repr(C)] // the small and the often needed first, where the short instructions of small cores reach them
pub(crate) struct PeerState<const N: usize, P: Pacing> {
    verdict: Verdict,
    /// Whether a probe sent after `mark` is overdue; never while `Alive`.
    episode: bool,
    started: bool,
    /// Retries sent in the episode under way.
    retries: u8,
    /// Lost probes whose successors were answered; counted with the next answer, so that the level cannot fall in silence.
    skipped: u8,
    /// Answers heard since `Dead`.
    risen: u8,
    /// Why the verdict is what it is; while answers are counted that bring a dead peer back, how it ends, decided by the first.
    reason: Reason,
    pushbacks: u8,
    /// Probes in a row that the peer refused.
    refusals: u8,
    /// How far the current interval is shortened, in 2^16.
    jitter_q16: u16,
    loss: LossRate,
    rtt: RttEstimator,
    /// In force; drawn up before the first probe, fixed while an episode lasts.
    plan: Plan,
    /// What the verdict counts from: the send time of the last answered probe; of the first probe while `Unknown`;
    /// the moment of the verdict while `Dead`.
    mark: Instant,
    /// How much later than the bound says a verdict falls.
    credit: Credit,
    random: Random,
    settings: Settings<P>,
    window: RttWindow<N>,
    state: P::State,
}

impl<const N: usize, P: Pacing> PeerState<N, P> {
    pub(crate) const fn new(config: Config<P>) -> Self {
        Self {
            settings: config.settings.copied(),
            window: RttWindow::new(),
            state: P::INITIAL,
            rtt: RttEstimator::new(),
            plan: Plan::from_micros(0, 0), // not yet drawn up: no fitted plan has an interval of zero
            random: Random::new(config.seed.0),
            mark: Instant::ZERO,
            credit: Credit::NONE,
            loss: LossRate::new(),
            jitter_q16: 0,
            verdict: Verdict::Unknown,
            retries: 0,
            skipped: 0,
            risen: 0,
            reason: Reason::Failed(Failure::Refused), // all zeros
            pushbacks: 0,
            refusals: 0,
            started: false,
            episode: false,
        }
    }

    // ---- queries ----

    pub(crate) const fn settings(&self) -> &Settings<P> {
        &self.settings
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What became of the verdict, that was `from`.
    pub(crate) const fn change(&self, from: Verdict) -> Change {
        Change {
            from,
            to: self.verdict,
            reason: self.reason,
        }
    }

    pub(crate) const fn is_started(&self) -> bool {
        self.started
    }

    pub(crate) const fn in_episode(&self) -> bool {
        self.episode
    }

    /// Whether retries are out, or would be.
    pub(crate) const fn in_doubt(&self) -> bool {
        self.episode && !matches!(self.verdict, Verdict::Dead)
    }

    #[cfg(feature = "metrics")]
    pub(crate) const fn window(&self) -> &RttWindow<N> {
        &self.window
    }

    pub(crate) const fn model(&self) -> Model {
        Model::new(self.window.moments(), &self.loss)
    }

    pub(crate) const fn statistics(&self) -> Statistics<'_> {
        Statistics {
            moments: self.window.moments(),
            rtt: &self.rtt,
            loss: &self.loss,
            limits: &self.settings.limits,
        }
    }

    /// What the policy promises, where the bound in force is not longer.
    pub(crate) fn promise(&self) -> Option<Promise> {
        let mut promise = self.settings.policy.promise(&self.state)?;
        promise.detect_within = promise.detect_within.max(self.plan.bound());
        Some(promise)
    }

    /// Whether the episode that ended last broke the policy's promise.
    pub(crate) fn is_promise_broken(&self) -> bool {
        self.settings.policy.is_broken(&self.state)
    }

    /// The plan in force, if one is.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan in force, or the first one.
    pub(crate) fn plan_or_first(&self) -> Plan {
        if self.plan.is_drawn() {
            self.plan
        } else {
            self.next_plan()
        }
    }

    /// When the verdict falls if nothing is heard: never where it has fallen, or nothing was asked yet.
    pub(crate) fn dead_at(&self) -> Option<Instant> {
        self.is_pending().then(|| self.falls_at())
    }

    const fn is_pending(&self) -> bool {
        self.started && !matches!(self.verdict, Verdict::Dead)
    }

    /// When a pending verdict falls.
    const fn falls_at(&self) -> Instant {
        self.counts_from().plus(self.plan.bound_us())
    }

    /// What a pending verdict counts from: the last proof of life, and what is credited since.
    pub(crate) const fn counts_from(&self) -> Instant {
        self.mark.plus(self.credit.span_us())
    }

    /// The last proof of life.
    pub(crate) const fn mark(&self) -> Instant {
        self.mark
    }

    /// From `now` until the verdict falls, where it will.
    pub(crate) const fn left_us(&self, now: Instant) -> u64 {
        if self.is_pending() {
            self.falls_at().since(now)
        } else {
            u64::MAX
        }
    }

    /// The steady interval after the last probe: that of the plan, which there has to be, shortened by jitter.
    pub(crate) fn interval_us(&self) -> u64 {
        self.jittered(self.plan.interval_us())
    }

    /// From the probe sent at `now` to the next one.
    #[inline]
    pub(crate) fn wait_us(&self, now: Instant) -> u64 {
        if self.verdict == Verdict::Alive {
            self.interval_us()
        } else {
            self.wait_if_missed_us(now)
        }
    }

    /// The same where this one is not answered, or the peer is not `Alive`.
    #[cold]
    pub(crate) fn wait_if_missed_us(&self, now: Instant) -> u64 {
        if self.verdict == Verdict::Dead {
            self.jittered(self.settings.limits.dead_interval_us(&self.plan))
        } else if self.has_retries() {
            self.plan.retry_wait_us(self.retries, self.left_us(now))
        } else {
            self.interval_us()
        }
    }

    /// Whether an overdue probe would be asked again before the next steady one.
    pub(crate) const fn has_retries(&self) -> bool {
        self.retries < self.plan.retries().count()
    }

    /// How long the probe sent at `now` is listened for where no other can be answered meanwhile:
    /// until it is overdue, though no shorter than answers were measured to take; the last one
    /// before the verdict until then. In an episode until the next probe, and where the path may
    /// have become slower as long as the silence has lasted, so that its end is heard within twice
    /// its length; a quarter of what is left is kept to ask again.
    pub(crate) fn listen_us(&self, now: Instant) -> u64 {
        let (left_us, longest_us) = (self.left_us(now), self.settings.limits.timeout_max_us);
        let answer_us = self.answer_us();
        let (mut listen_us, mut next_us) = (answer_us, answer_us);
        if self.in_doubt() {
            if self.may_be_slow() {
                listen_us = saturating::min(now.since(self.mark), longest_us.into());
            }
            listen_us =
                saturating::min(saturating::max(listen_us, answer_us), left_us - left_us / 4);
            listen_us = saturating::max(listen_us, self.wait_if_missed_us(now));
            next_us = listen_us;
        } else if !self.has_retries() {
            next_us = saturating::max(self.interval_us(), answer_us);
        }
        debug_assert!(listen_us <= next_us);
        if next_us < left_us {
            listen_us
        } else {
            saturating::max(left_us, 1)
        }
    }

    /// As long as answers take by the plan or were measured to take, within the limits.
    fn answer_us(&self) -> u64 {
        let learnt_us = self.learnt_timeout_us();
        let learnt_us = learnt_us.min(self.settings.limits.timeout_max_us);
        learnt_us.max(self.plan.timeout_us()).into()
    }

    /// Whether no retry would be in time for a slow answer: after the last one, and at every other
    /// of those that close in on the bound, which leave no time after them.
    const fn may_be_slow(&self) -> bool {
        let closing = !self.plan.retries().is_plain();
        let every_other = closing && self.retries > 0 && self.retries & 1 == 0;
        every_other || !self.has_retries()
    }

    /// How long a dead peer, asked every `interval_us`, is waited for where the next probe has to wait as long, as a rule and at most: one
    /// interval, no more than a steady one, or the shortest timeout; while it answers, as long as its answers take, where that is longer.
    pub(crate) fn dead_wait(&self, interval_us: u64) -> (u32, u32) {
        let limits = &self.settings.limits;
        let steady_us = saturating::min(interval_us, self.plan.interval_us());
        let mut usual_us = saturate(steady_us).max(limits.timeout_min_us);
        if self.risen > 0 {
            usual_us = usual_us.max(self.learnt_timeout_us());
        }
        (usual_us, limits.timeout_max_us)
    }

    /// From a probe that could not be sent to the next try, where `tries` failed in a row: as long as before a retry until those are
    /// used up, then the steady interval.
    pub(crate) fn resend_wait_us(&self, tries: u8) -> u64 {
        let again = tries.saturating_sub(1);
        if self.verdict == Verdict::Dead {
            self.wait_if_missed_us(self.mark)
        } else if again < self.plan.retries().count() && (self.has_retries() || !self.in_doubt()) {
            self.plan.retry_wait_us(again, u64::MAX)
        } else {
            self.interval_us()
        }
    }

    /// How long the probe sent at `now` may go unanswered, once there is a plan.
    pub(crate) fn timeout_us(&self, now: Instant) -> u64 {
        let retries = self.plan.retries().count() > 0;
        if self.in_doubt() && retries {
            self.plan.retry_wait_us(self.retries, self.left_us(now))
        } else {
            self.plan.timeout_us().into()
        }
    }

    /// Whether a round trip of `rtt_us` is about as long as usual: within a half of the smoothed one.
    pub(crate) const fn is_usual_us(&self, rtt_us: u64) -> bool {
        let usual_us = self.rtt.smoothed_us() as u64;
        usual_us > 0 && rtt_us.abs_diff(usual_us) <= usual_us / 2
    }

    /// The round-trip time to learn from where it is known to be `least_us` or up to `late_us` more;
    /// see [`RttEstimator::likely_us`].
    pub(crate) fn likely_us(&self, least_us: u64, late_us: u32, count: u8) -> u64 {
        if late_us == 0 {
            return least_us;
        }
        let least_us = saturate(least_us);
        let most_us = least_us.saturating_add(late_us);
        self.rtt.likely_us(least_us, most_us, count & 1 == 0).into()
    }

    /// The longest that an answer is expected to take by what was measured, without the shortest timeout that is configured.
    pub(crate) const fn learnt_timeout_us(&self) -> u32 {
        self.rtt.learnt_us(self.settings.limits.timeout_first_us)
    }

    /// Whether a reply now to a probe sent `age_us` ago tells of life: an older one may have waited in a queue.
    pub(crate) const fn is_fresh(&self, age_us: u64) -> bool {
        age_us <= self.plan.bound_us()
    }

    // ---- what happens ----

    /// Draws up the first plan where there is none yet: a policy cannot be asked in a `const fn`.
    #[inline(never)]
    pub(crate) fn begin(&mut self) {
        if !self.plan.is_drawn() {
            self.replan();
        }
    }

    /// A probe goes out at `now`.
    #[inline]
    pub(crate) fn sent(&mut self, now: Instant) {
        let retry = self.verdict != Verdict::Alive && self.is_retry(now);
        self.sent_as(now, retry);
    }

    /// A probe, which is no retry, goes out at `now`.
    #[inline]
    pub(crate) fn sent_steadily(&mut self, now: Instant) {
        self.sent_as(now, false);
    }

    #[inline]
    fn sent_as(&mut self, now: Instant, retry: bool) {
        self.jitter_q16 = self.random.next_q16();
        self.settings.policy.on_probe(&mut self.state, now, retry);
    }

    /// The bound of a peer that was never heard counts from the probe sent at `now`.
    pub(crate) const fn count_from(&mut self, now: Instant) {
        self.started = true;
        self.mark = now;
        self.credit = Credit::NONE;
    }

    /// Whether the probe sent at `now` asks an overdue one again.
    #[cold]
    fn is_retry(&mut self, now: Instant) -> bool {
        if !self.started {
            self.count_from(now);
            self.replan();
        }
        let retry = self.in_doubt() && self.has_retries();
        self.retries += u8::from(retry);
        retry
    }

    /// Takes what a reply tells of the path, and acts on it; `late` where its probe had been counted as lost.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn learn(&mut self, answer: &Answer, late: bool) {
        self.observe(answer, late);
        self.adapt();
    }

    /// Takes what a reply tells of the path. To be followed by [`adapt`](Self::adapt).
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[allow(clippy::inline_always)] // on the way of every sample; the call would take a tenth as long again
    pub(crate) fn observe(&mut self, answer: &Answer, late: bool) {
        if self.skipped > 0 {
            self.catch_up();
        }
        if late {
            self.loss.found();
        } else {
            self.loss.answered();
        }
        if let Some(rtt_us) = answer.rtt_us {
            self.window.push_us(rtt_us);
            self.rtt.sample(rtt_us.saturating_add(answer.held_us));
            self.random.stir(rtt_us);
        }
        self.settings.policy.on_answer(&mut self.state, answer);
    }

    /// Draws up the plan after an answer: at once, but not while an episode lasts.
    #[inline]
    pub(crate) fn adapt(&mut self) {
        if self.verdict == Verdict::Alive || !self.in_doubt() {
            self.plan_anew();
        }
    }

    #[cold]
    fn catch_up(&mut self) {
        for _ in 0..core::mem::take(&mut self.skipped) {
            self.loss.lost();
        }
    }

    /// Draws up the plan on an occasion, which is rare.
    #[cold]
    #[inline(never)]
    fn replan(&mut self) {
        self.plan_anew();
    }

    /// The plan as the policy has it now.
    #[allow(clippy::inline_always)] // a result of this size would be copied by the library's `memcpy`
    #[inline(always)]
    pub(crate) fn next_plan(&self) -> Plan {
        let mut plan = Plan::from_micros(0, 0);
        let path = self.statistics();
        self.settings
            .plan(&self.state, &path, &self.pushbacks, &mut plan);
        plan
    }

    #[inline]
    pub(crate) fn plan_anew(&mut self) {
        let path = Statistics {
            moments: self.window.moments(),
            rtt: &self.rtt,
            loss: &self.loss,
            limits: &self.settings.limits,
        };
        self.settings
            .plan(&self.state, &path, &self.pushbacks, &mut self.plan);
    }

    /// The steady interval as another draw has it.
    pub(crate) fn interval_drawn_us(&self, jitter_q16: u16) -> u64 {
        let interval = self.plan.interval_us();
        self.settings.limits.jittered(interval, jitter_q16.into())
    }

    /// Shortens `interval_us` by the last draw.
    #[inline]
    fn jittered(&self, interval_us: u64) -> u64 {
        let draw_q16 = u32::from(self.jitter_q16);
        self.settings.limits.jittered(interval_us, draw_q16)
    }

    /// The laws that can be seen in one state; see [`Monitor::is_valid`](crate::Monitor::is_valid).
    pub(crate) fn is_valid(&self) -> bool {
        let (plan, limits) = (self.plan_or_first(), &self.settings.limits);
        let interval = self.jittered(plan.interval_us());
        let in_range = interval >= limits.interval_min_us && interval <= limits.interval_max_us;
        let bounded = plan.bound_us()
            >= plan
                .interval_us()
                .saturating_add(u64::from(plan.timeout_us()));
        let timely = plan.timeout_us() >= limits.timeout_min_us
            && plan.timeout_us() <= limits.timeout_max_us;
        let suspected = match self.verdict {
            Verdict::Alive => !self.episode,
            Verdict::Suspect => self.episode,
            Verdict::Unknown | Verdict::Dead | Verdict::Left => true,
        };
        let asked = self.started || self.verdict == Verdict::Unknown;
        let returning = self.risen == 0 || self.verdict == Verdict::Dead;
        let retried = self.retries == 0 || self.episode;
        let counted = asked && returning && retried;
        let rises = self.risen < self.replies_to_rise(true);
        in_range && bounded && timely && suspected && counted && rises
    }
}

/// Without what follows from the seed: the random state, and the jitter drawn from it.
impl<const N: usize, P: Pacing> fmt::Debug for PeerState<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("verdict", &self.verdict)
            .field("plan", &self.plan_or_first())
            .field("rtt", &self.rtt)
            .field("loss", &self.loss)
            .field("samples", &self.window.moments().count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
