//! Judges verdicts by the truth.

mod beats;
mod crash;
mod names;
mod verdicts;

pub use beats::Unseen;

use std::time::Duration;

use systole::{Instant, Verdict, listener};

use super::machine::Machine;
use super::oracle::{Judged, Oracle};
use super::plan::Style;
use super::truth::{Sent, micros};
use crate::world::{Kind, Law};

/// After a lasting step, mistakes cease "after 1,024 heard beats at the latest, if they come later".
const SETTLING_BEATS: u32 = 1_024;
/// "Sooner, if they come so late that each following one comes after the verdict: when four of them
/// at least have come at the pace of their numbers for four bounds, or sixteen that are stated."
const LATE_BOUNDS: u64 = 16;
const LATE_BEATS: u32 = 4;
/// "Its real interval is known from its fourth beat on."
const KNOWN_BEATS: u32 = 4;
/// The line rests on so many beats at least, once they were heard.
const MEMORY_BEATS: u32 = 384;
/// A sender that is slower than it announces is not suspect after so many beats.
const LEARNING_BEATS: u32 = 16;
/// What `resumed` at every wake may put off a verdict by, in bounds that pass on the clock: one that
/// it grants, and as much again for each part of the next that a wake cuts off.
const RESUMED_BOUNDS: u64 = 4;
/// Lost beats in a row that are tolerated, unless set.
const TOLERATED: u32 = 3;

/// A moment of true time, and what our clock shows then.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub us: u64,
    pub shown: Instant,
}

/// What a listener said before a beat.
pub struct Before {
    pub verdict: Verdict,
    pub bound_us: u64,
    pub snapshot: Option<listener::Snapshot>,
}

impl Before {
    pub fn of(machine: &dyn Machine, now: Instant, whole: bool) -> Self {
        Self {
            verdict: machine.verdict(),
            bound_us: micros(machine.bound()),
            snapshot: whole.then(|| machine.snapshot(now)),
        }
    }
}

impl Oracle<'_> {
    /// Whether the schedule, the path and our clock have been the same for so long that a lasting
    /// step is understood, and deadlines lie before the end of time.
    fn is_settled(&self, at: Moment) -> bool {
        let settled = self.truth.is_settled(at.us, SETTLING_BEATS);
        settled && self.truth.is_awake(at.us, LEARNING_BEATS) && !self.is_the_end(at)
    }

    /// The same where announced suspends do not count, as `newest` was sent after the last: the
    /// schedule is "found anew"; and where mistakes have lasted for longer than they may.
    fn is_settled_since(&self, newest: &Sent, at: Moment) -> bool {
        let settled = self.truth.is_settled(at.us, SETTLING_BEATS) || self.is_mistaken_for_long(at);
        // "a second one has to follow it in pace"
        let followed = self.truth.known > 2 || !self.truth.is_disturbed(at.us);
        let awake = self.truth.is_sent_awake(newest, at.us);
        settled && followed && awake && !self.is_the_end(at)
    }

    /// Whether it is so long since the first mistake about a sender all of whose beats came with the same
    /// delay that the line has started again: "when four of them at least have come at the pace of their
    /// numbers for four bounds, or sixteen that are stated".
    fn is_mistaken_for_long(&self, at: Moment) -> bool {
        let Some(since_us) = self.mistaken_us else {
            return false;
        };
        let interval_us = self.longest_interval_us() / 4 * 5;
        let beats = u64::from(LATE_BEATS) + u64::from(self.plan.settings.rise);
        let bounds_us = micros(self.machine.bound()).saturating_mul(LATE_BOUNDS);
        let most_us = bounds_us.saturating_add(interval_us * beats);
        at.us.saturating_sub(since_us) > most_us
    }

    pub fn longest_interval_us(&self) -> u64 {
        let paces = self.plan.sender.paces.iter().map(|it| it.1).max();
        self.plan.sender.interval_us.max(paces.unwrap_or(0))
    }

    fn shortest_interval_us(&self) -> u64 {
        let paces = self.plan.sender.paces.iter().map(|it| it.1).min();
        self.plan.sender.interval_us.min(paces.unwrap_or(u64::MAX))
    }

    /// How far the line below all arrivals may lie from the truth at the newest beat: each of the
    /// two arrivals that it touches may be late by the whole noise; what 1,000 ppm of drift are
    /// worth in sixteen beats; and before the real interval is known, what it differs by.
    fn slack_us(&self, at: Moment) -> u64 {
        let interval_us = self.longest_interval_us();
        let slope_ppm = u64::from(self.plan.slope_ppm_at(at.us).unsigned_abs());
        let learnt = self.truth.usual_beats;
        let unknown = self.plan.sender.style == Style::Foreign && learnt < KNOWN_BEATS;
        let slope_ppm = if unknown { slope_ppm } else { 0 };
        let unknown_us = interval_us / 1_000_000 * slope_ppm + slope_ppm;
        let unheard = self.unheard_slots();
        let noise_us = 2 * self.plan.noise_us();
        // the slope between two arrivals in the two halves, each of them late by the noise
        let leaning_us = u128::from(noise_us) * u128::from(unheard);
        let leaning_us = leaning_us / (u128::from(learnt.min(MEMORY_BEATS)) / 4 + 1);
        // "the slope is held within 3/4 and 5/4"
        let most_us = u128::from(interval_us / 2 + 1) * u128::from(unheard);
        let leaning_us = u64::try_from(leaning_us.min(most_us)).unwrap_or(u64::MAX);
        let slots = self.truth.slots_since(Some(self.truth.first));
        let unknown_us = unknown_us.saturating_mul(slots + u64::from(KNOWN_BEATS));
        (noise_us + interval_us / 64 + 2)
            .saturating_add(unknown_us)
            .saturating_add(leaning_us)
    }

    /// For how many slots up to the newest beat nothing was heard as usual, which the line is
    /// extended over.
    fn unheard_slots(&self) -> u64 {
        self.truth.slots_since(self.truth.usual)
    }

    /// The longest that `sent` is under way where nothing holds it.
    pub fn usual_us(&self, sent: &Sent) -> u64 {
        let least_us = self.plan.path.least_us(sent.at_us, &self.plan.incidents);
        least_us + self.plan.noise_us()
    }

    /// The newest beat of the life that the listener believes in.
    fn believed(&self, at: Moment) -> Option<&Sent> {
        self.truth
            .newest_of(self.machine.snapshot(at.shown).incarnation)
    }

    /// Whether the sender has kept its pace since `newest`.
    fn is_steady(&self, newest: &Sent, at: Moment) -> bool {
        let disturbs = |kind| matches!(kind, Kind::Crash | Kind::Restart | Kind::Slow { .. });
        let mut incidents = self.plan.incidents.0.iter().filter(|it| disturbs(it.kind));
        !incidents.any(|it| it.from_us <= at.us && it.until_us > newest.at_us)
    }

    /// What has passed on our clock since the slot of `sent`.
    fn elapsed_us(&self, sent: &Sent, at: Moment) -> u64 {
        let slot = self.clock.read(sent.slot_us);
        at.shown.as_micros().saturating_sub(slot.as_micros())
    }

    /// Counters never fall, but for lost beats: "a reordered beat takes one back".
    pub fn judge_snapshot(&mut self, at: Moment) -> Judged {
        let snapshot = self.machine.snapshot(at.shown);
        self.predicted = snapshot.dead_at;
        let agrees = snapshot.verdict == self.machine.verdict();
        let agrees = agrees && snapshot.bound == self.machine.bound();
        self.check(agrees, Law::Accounts, "a snapshot says something else", at)?;
        let counters = snapshot.counters;
        let was = std::mem::replace(&mut self.counters, counters);
        let of = |it: &listener::Counters| {
            let beats = [it.beats, it.reordered, it.repeated, it.stale, it.ignored];
            let verdicts = [
                it.restarts,
                it.refuted,
                it.recovered,
                it.undecided,
                it.pauses,
            ];
            (beats, verdicts, it.lateness_us)
        };
        let (was, is) = (of(&was), of(&counters));
        let rise = |was: [u32; 5], is: [u32; 5]| was.iter().zip(is).all(|(was, is)| *was <= is);
        let rise = rise(was.0, is.0) && rise(was.1, is.1) && was.2 <= is.2;
        self.check(rise, Law::Accounts, "a counter falls", at)
    }

    /// "We looked `lateness` too late": no more than we did, and no less than is reported.
    pub fn judge_pause(&self, lateness: Duration, at: Moment) -> Judged {
        let lateness_us = micros(lateness);
        let least_us = self.plan.settings.report_us.unwrap_or(1_000_000);
        let worth = lateness_us >= least_us;
        self.check(
            worth,
            Law::Accounts,
            "a pause is told that is too short",
            at,
        )?;
        let real = lateness_us <= self.late_now_us;
        self.check(real, Law::Accounts, "a pause is told that was none", at)
    }
}
