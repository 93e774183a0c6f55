//! The state of a lifetime policy: the search and the current idle time.

use super::range::LifetimeRange;
use super::record::LifetimeRecord;
use super::search::Found;
use crate::pacing::{Answer, Outcome};
use crate::time::Instant;

/// The state of [`Lifetime`](super::Lifetime) for a path: 80 bytes, plus the state of the policy
/// that it limits.
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeState<S> {
    pub(super) inner: S,
    pub(super) found: Found,
    /// When the flow was certainly refreshed last: the send time of the last probe that got a
    /// reply.
    refreshed: Instant,
    /// When the flow may have been refreshed last: the later of `refreshed` and the last arrival.
    touched: Instant,
    /// When the last steady probe was sent.
    probed: Instant,
    /// The longest time for which the flow can have been idle before that probe.
    idle_us: u64,
    /// The part of the current idle time in which the machine was not polled. Moments are on
    /// observed time, which leaves that part out, but the flow was idle in it.
    unseen_us: u64,
    stage: Stage,
    /// The number of times in a row that the peer was called dead after an idle time that had been
    /// survived before.
    deaths: u8,
}

/// The size that the documentation states.
const _: () = assert!(size_of::<LifetimeState<()>>() <= 80);

/// How far the current idle time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is known about the flow.
    New,
    /// The flow is idle.
    Idle,
    /// The flow was idle and is being probed.
    Probed,
    /// The probe after the idle time got no reply, but a later one did.
    Missed,
}

impl<S> LifetimeState<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self {
            inner,
            found: Found::NOTHING,
            refreshed: Instant::ZERO,
            touched: Instant::ZERO,
            probed: Instant::ZERO,
            idle_us: 0,
            unseen_us: 0,
            stage: Stage::New,
            deaths: 0,
        }
    }

    /// Restarts the search from a record that is `age_us` old.
    pub(super) const fn recall(&mut self, memory: LifetimeRecord, age_us: u64) {
        self.found = Found::recalled(memory, age_us);
        self.forget_flow();
    }

    /// Discards the current idle time, so that nothing is concluded from it.
    pub(super) const fn forget_flow(&mut self) {
        self.stage = Stage::New;
        self.unseen_us = 0;
    }

    /// Records that a steady probe is sent.
    pub(super) const fn record_probe(&mut self, now: Instant) {
        match self.stage {
            Stage::Idle | Stage::Missed => {
                self.probed = now;
                self.idle_us = self.idle_us_at(now);
                self.stage = Stage::Probed;
            }
            Stage::New => self.probed = now,
            // Only the first probe after the idle time counts.
            Stage::Probed => {}
        }
    }

    /// Returns how long the flow has been idle at `now`.
    const fn idle_us_at(&self, now: Instant) -> u64 {
        now.since(self.refreshed).saturating_add(self.unseen_us)
    }

    /// Records a reply.
    pub(super) fn record_reply(&mut self, reach: &LifetimeRange, answer: &Answer) {
        match self.stage {
            Stage::Probed if answer.sent == self.probed => self.survive(reach),
            Stage::Probed if answer.sent > self.probed => self.stage = Stage::Missed,
            Stage::New if answer.sent >= self.probed => self.stage = Stage::Idle,
            // The reply to a further retry refreshes the flow, but it is no evidence about the idle
            // time.
            Stage::Idle | Stage::Missed if answer.sent > self.refreshed => {}
            _ => return,
        }
        self.refreshed = answer.sent;
        self.touched = self.touched.max(answer.sent);
        self.unseen_us = 0;
    }

    /// Records that the flow survived. Traffic during the idle time may have refreshed the flow, so
    /// only the time after the last arrival counts. At most the planned idle time counts.
    fn survive(&mut self, reach: &LifetimeRange) {
        let touched = self.touched > self.refreshed;
        let rest_us = if touched {
            self.probed.since(self.touched)
        } else {
            self.idle_us
        };
        let survived_us = rest_us.min(self.found.interval_us(reach));
        self.found.survived(reach, survived_us);
        self.deaths = 0;
        self.stage = Stage::Idle;
    }

    /// Records that something other than a reply arrived.
    pub(super) fn traffic(&mut self, reach: &LifetimeRange, now: Instant) {
        self.touched = now;
        if reach.is_refreshed_by_traffic() && self.stage != Stage::Probed {
            self.refreshed = now;
            self.unseen_us = 0;
        }
    }

    /// Records that the machine was not polled for `span_us`.
    pub(super) const fn lapse(&mut self, span_us: u64) {
        if matches!(self.stage, Stage::Idle | Stage::Missed) {
            self.unseen_us = self.unseen_us.saturating_add(span_us);
        }
    }

    /// Records that the flow was lost while the peer was alive, as the caller reports.
    pub(super) fn lose_flow(&mut self, reach: &LifetimeRange, now: Instant) {
        match self.stage {
            Stage::Probed | Stage::Missed => self.found.lost(reach, self.idle_us),
            Stage::Idle => self.found.lost(reach, self.idle_us_at(now)),
            Stage::New => {}
        }
        self.forget_flow();
    }

    /// Infers a lost flow from the end of an episode, if the caller reported none. The flow counts
    /// as lost if the peer was called dead once after an idle time longer than every survived one,
    /// or twice in a row after a shorter one.
    pub(super) fn end_episode(&mut self, reach: &LifetimeRange, outcome: Outcome) {
        if self.stage != Stage::Missed || outcome == Outcome::Survived {
            return;
        }
        self.deaths = self.deaths.saturating_add(1);
        let untried = self.found.is_untried(reach, self.idle_us);
        if self.deaths > 1 || untried {
            if untried {
                self.found.lost(reach, self.idle_us);
            } else {
                self.found.lost_again(reach, self.idle_us);
            }
            self.deaths = 0;
            self.stage = Stage::Idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn reach() -> LifetimeRange {
        let (least, most) = (Duration::from_secs(15), Duration::from_secs(3_600));
        LifetimeRange::between(least, most).unwrap()
    }

    const fn at(s: u64) -> Instant {
        Instant::from_secs(s)
    }

    fn answer(state: &mut LifetimeState<()>, sent: u64, now: u64) {
        let answer = Answer {
            sent: at(sent),
            now: at(now),
            rtt_us: None,
            held_us: 0,
        };
        state.record_reply(&reach(), &answer);
    }

    /// Returns the state of a flow that got a reply at 10 s and is probed again at 110 s.
    fn probed() -> LifetimeState<()> {
        let mut state = LifetimeState::new(());
        state.record_probe(at(10));
        answer(&mut state, 10, 11);
        state.record_probe(at(110));
        state
    }

    #[test]
    fn the_idle_time_counts_from_the_last_probe_with_a_reply_to_the_next_probe() {
        let mut state = probed();
        assert_eq!((state.stage, state.idle_us), (Stage::Probed, 100 * SECOND));
        answer(&mut state, 110, 111);
        assert_eq!((state.stage, state.refreshed), (Stage::Idle, at(110)));
        let planned = Duration::from_micros(15_937_500); // the shortest idle time and 1/16
        assert_eq!(state.found.lifetime_record().survived(), planned);
    }

    #[test]
    fn a_new_flow_is_idle_from_its_first_reply_on() {
        let mut state = LifetimeState::new(());
        state.record_probe(at(10));
        answer(&mut state, 9, 11); // sent before
        assert_eq!(state.stage, Stage::New);
        answer(&mut state, 10, 12);
        assert_eq!((state.stage, state.refreshed), (Stage::Idle, at(10)));
    }

    #[test]
    fn a_reply_to_a_retry_shows_that_the_probe_was_missed() {
        let mut state = probed();
        answer(&mut state, 112, 113);
        assert_eq!((state.stage, state.refreshed), (Stage::Missed, at(112)));
        answer(&mut state, 111, 114); // an older one, late
        assert_eq!(state.refreshed, at(112));
        answer(&mut state, 115, 116);
        assert_eq!((state.stage, state.refreshed), (Stage::Missed, at(115)));
    }

    /// The earlier probe was sent before the idle time in question ended.
    #[test]
    fn a_reply_to_an_earlier_probe_is_no_evidence_about_the_idle_time() {
        let mut state = probed();
        answer(&mut state, 50, 111);
        assert_eq!((state.stage, state.refreshed), (Stage::Probed, at(10)));
        answer(&mut state, 110, 112);
        assert_eq!(state.stage, Stage::Idle);
    }

    #[test]
    fn only_the_first_probe_after_the_idle_time_counts() {
        let mut state = probed();
        state.record_probe(at(210));
        assert_eq!((state.probed, state.idle_us), (at(110), 100 * SECOND));
    }

    #[test]
    fn time_without_polls_counts_as_idle_time() {
        let mut state = LifetimeState::new(());
        state.lapse(SECOND);
        state.record_probe(at(10));
        answer(&mut state, 10, 11);
        state.lapse(5 * SECOND);
        state.record_probe(at(110));
        state.lapse(7 * SECOND); // while it is probed, the flow is not idle
        assert_eq!(state.idle_us, 105 * SECOND);
        answer(&mut state, 112, 113);
        state.lapse(3 * SECOND);
        assert_eq!(state.unseen_us, 3 * SECOND);
        answer(&mut state, 112, 114); // another one sent at that moment
        assert_eq!(state.unseen_us, 3 * SECOND);
        state.forget_flow();
        assert_eq!((state.stage, state.unseen_us), (Stage::New, 0));
    }

    #[test]
    fn time_without_polls_is_survived_too() {
        let mut state = LifetimeState::new(());
        state.record_probe(at(10));
        answer(&mut state, 10, 11);
        state.lapse(5 * SECOND);
        state.record_probe(at(20));
        answer(&mut state, 20, 21);
        assert_eq!(
            state.found.lifetime_record().survived(),
            Duration::from_secs(15)
        );
    }

    #[test]
    fn traffic_refreshes_a_flow_if_stated_and_no_probe_is_outstanding() {
        let refreshed = |reach: LifetimeRange, mut state: LifetimeState<()>| {
            state.traffic(&reach, at(200));
            assert_eq!(state.touched, at(200));
            state.refreshed
        };
        let mut idle = probed();
        answer(&mut idle, 110, 111);
        assert_eq!(refreshed(reach(), idle.clone()), at(110));
        assert_eq!(refreshed(reach().refreshed_by_traffic(), idle), at(200));
        assert_eq!(refreshed(reach().refreshed_by_traffic(), probed()), at(10));
    }

    #[test]
    fn after_traffic_only_the_rest_of_the_idle_time_is_survived() {
        let mut state = probed();
        state.touched = at(102);
        answer(&mut state, 110, 111);
        assert_eq!(
            state.found.lifetime_record().survived(),
            Duration::from_secs(8)
        );
    }

    /// A loss is inferred after the first verdict `Dead` if the idle time is longer than every
    /// survived one, and otherwise after the second in a row.
    #[test]
    fn verdicts_after_missed_probes_lower_the_lifetime() {
        let missed = |idle_us: u64, stage: Stage| {
            let mut state = probed();
            state.found.survived(&reach(), 60 * SECOND);
            (state.idle_us, state.stage) = (idle_us, stage);
            state
        };
        let lost = |state: &LifetimeState<()>| state.found.lifetime_record().lost().is_some();
        for (idle_us, stage, outcome, lowers) in [
            (100 * SECOND, Stage::Missed, Outcome::Recovered, true),
            (100 * SECOND, Stage::Missed, Outcome::Refuted, true),
            (100 * SECOND, Stage::Missed, Outcome::Survived, false),
            (100 * SECOND, Stage::Probed, Outcome::Recovered, false),
            (50 * SECOND, Stage::Missed, Outcome::Recovered, false),
        ] {
            let mut state = missed(idle_us, stage);
            state.end_episode(&reach(), outcome);
            assert_eq!(lost(&state), lowers, "{idle_us} {stage:?} {outcome:?}");
            assert_eq!(state.stage, if lowers { Stage::Idle } else { stage });
        }
        let mut state = missed(50 * SECOND, Stage::Missed);
        state.end_episode(&reach(), Outcome::Recovered);
        state.end_episode(&reach(), Outcome::Recovered);
        assert!(lost(&state), "twice in a row");
        assert_eq!(state.deaths, 0);
    }

    #[test]
    fn a_lost_flow_was_idle_until_it_was_probed_or_closed() {
        let lost_after = |mut state: LifetimeState<()>| {
            state.lose_flow(&reach(), at(190));
            assert_eq!(state.stage, Stage::New);
            state.found.lifetime_record().lost()
        };
        assert_eq!(lost_after(probed()), Some(Duration::from_secs(100)));
        let mut idle = probed();
        answer(&mut idle, 110, 111);
        assert_eq!(lost_after(idle), Some(Duration::from_secs(80)));
        assert_eq!(lost_after(LifetimeState::new(())), None);
    }
}
