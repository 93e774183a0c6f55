//! Polls, and checks what every poll has to keep.

use systole::{Event, EventKind, Instant, Listener, Output, Transition, Verdict};

use super::judge::Moment;
use super::oracle::{Judged, Oracle};
use crate::world::{Journal, Law, Random};

/// So many times it may want to be polled with nothing to tell and nothing heard: "nothing to do
/// before this moment".
const MOST_IDLE: u32 = 16;

/// Every so many drains the counters and the scale of phi are looked at.
const SAMPLED: u32 = 8;

impl Oracle<'_> {
    /// Polls until there is nothing left to do.
    pub fn drain(&mut self, now_us: u64, journal: &mut Journal) -> Judged {
        let at = self.moment(now_us);
        let back = at.shown < self.latest;
        journal
            .coverage
            .saw_if(back, "polled with a time that runs backwards");
        self.latest = self.latest.max(at.shown);
        self.count_lateness(at.shown, journal);
        for _ in 0..Listener::<32>::MAX_DRAIN {
            journal.polls += 1;
            let output = self.machine.poll(at.shown);
            let shown_us = at.shown.as_micros();
            journal.call(|| format!("listener.poll(at({shown_us})); // {output:?}"));
            match output {
                Output::Event(event) => self.event(&event, at, journal)?,
                Output::Wait(until) => return self.wait(Some(until), at, journal),
                Output::Idle => return self.wait(None, at, journal),
            }
        }
        self.broken(Law::Progress, "a drain does not end", at)
    }

    fn event(&mut self, event: &Event, at: Moment, journal: &mut Journal) -> Judged {
        let shown_us = at.shown.as_micros();
        self.digest = Random::of(self.digest, event.number.into(), shown_us).draw();
        let next = self.number.wrapping_add(1);
        self.number = event.number;
        self.idle_drains = 0;
        // "where the caller drains too seldom, the latest event of a kind stays and the numbers
        // show a gap"
        let numbered = event.number == next || self.inputs > 1 && event.number > next;
        // that is told as what it is
        let suspect_hidden =
            matches!(event.kind, EventKind::Transition(it) if it.to == Verdict::Dead);
        let numbered = numbered || suspect_hidden || self.is_the_end(at);
        self.check(
            numbered,
            Law::Accounts,
            "events are not numbered one by one",
            at,
        )?;
        self.check(
            event.at <= self.latest,
            Law::Accounts,
            "an event is told before it happens",
            at,
        )?;
        match &event.kind {
            EventKind::Transition(change) => self.change(change, at, journal),
            EventKind::BoundRelaxed { to, .. } => {
                journal
                    .coverage
                    .saw("the advertised deadline relaxed the bound");
                let right = *to == self.machine.bound() || self.inputs > 1;
                self.check(right, Law::Accounts, "a relaxed bound is not in force", at)
            }
            EventKind::Paused { lateness, .. } => {
                journal.coverage.saw("a pause was told");
                self.judge_pause(*lateness, at)
            }
            _ => Ok(()),
        }
    }

    /// Whether no deadline can be said any more, as it lies beyond the end of time: everything is
    /// due there at once.
    pub fn is_the_end(&self, at: Moment) -> bool {
        let remaining_us = u64::MAX - at.shown.as_micros();
        let bound_us = super::truth::micros(self.machine.bound());
        remaining_us / 4 < bound_us || remaining_us / 64 < self.longest_interval_us()
    }

    fn change(&mut self, change: &Transition, at: Moment, journal: &mut Journal) -> Judged {
        let told = std::mem::replace(&mut self.told, change.to);
        if self.is_the_end(at) {
            return Ok(());
        }
        let several = self.inputs > 1;
        let skipped = change.to == Verdict::Dead && change.from == Verdict::Suspect;
        let skipped = skipped && told == Verdict::Alive && !several;
        self.check(
            !skipped,
            Law::Suspicion,
            "dead is told, and suspect is not",
            at,
        )?;
        // "when the verdict will be `Dead` if nothing is heard, on the caller's clock"
        let foretold = change.to != Verdict::Dead || self.predicted.is_none_or(|it| it == at.shown);
        self.check(
            foretold,
            Law::Accounts,
            "dead at another moment than foretold",
            at,
        )?;
        let follows = change.from == told || several;
        self.check(
            follows,
            Law::Accounts,
            "a change does not begin where the last ended",
            at,
        )?;
        self.judge_change(change, at, journal)?;
        self.note_mistake(change, at);
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, at: Moment, journal: &mut Journal) -> Judged {
        let until_us = until.map_or(u64::MAX, Instant::as_micros);
        self.digest = Random::of(self.digest, at.shown.as_micros(), until_us).draw();
        let future = until.is_none_or(|until| until > at.shown);
        self.check(future, Law::Progress, "`Wait` is not in the future", at)?;
        let ended = until.is_some() || self.is_the_end(at);
        self.check(ended, Law::Progress, "idle before the end of time", at)?;
        let early = self.inputs == 0 && self.asked.is_some_and(|asked| asked > at.shown);
        let same = !early || until == self.asked;
        self.check(
            same,
            Law::Progress,
            "an early poll changes the deadline",
            at,
        )?;
        let told = self.machine.verdict() == self.told;
        self.check(told, Law::Accounts, "a change of verdict was not told", at)?;
        let valid = self.machine.is_valid();
        self.check(
            valid,
            Law::Accounts,
            "the listener says that it is not valid",
            at,
        )?;
        let asked = self.asked.is_some_and(|asked| asked <= at.shown);
        self.idle_drains += u32::from(asked);
        let busy = self.idle_drains > MOST_IDLE;
        self.check(
            !busy,
            Law::Progress,
            "it wakes us again and again for nothing",
            at,
        )?;
        (self.asked, self.inputs, self.late_now_us) = (until, 0, 0);
        self.silence(at)?;
        self.judge_detection(at, journal)
    }

    /// Suspicion never falls while nothing arrives, and is finite.
    fn silence(&mut self, at: Moment) -> Judged {
        let level_milli = self.machine.level_milli(at.shown);
        let rises = level_milli >= self.level_milli;
        self.level_milli = level_milli;
        self.check(rises, Law::Suspicion, "the level falls in silence", at)?;
        self.drains += 1;
        if !self.drains.is_multiple_of(SAMPLED) {
            return Ok(());
        }
        let phi = self.machine.phi(at.shown);
        self.check(phi.is_finite(), Law::Suspicion, "phi is not finite", at)?;
        self.check(phi >= self.phi, Law::Suspicion, "phi falls in silence", at)?;
        self.phi = phi;
        self.judge_snapshot(at)
    }
}
