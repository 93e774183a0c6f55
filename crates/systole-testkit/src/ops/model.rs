//! A monitor as its design has it: slow, obvious, and with no code in common with the crate.
//!
//! It reads a transcript of what was said to a monitor, keeps every probe there ever was, and says what the verdict, the
//! events and the deadline have to be. What it takes on faith is when the next probe is due, which is the schedule's business.
//! The plan is a constant one: the same interval, timeout and bound for ever.

use core::time::Duration;

use systole::{Event, EventKind, Failure, Instant, Output, ProbeId, Reason, Verdict};

use crate::ops::monitor::{Call, Record};

/// A plan that never changes, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    pub interval: u64,
    pub timeout: u64,
    /// At doubling waits.
    pub retries: u32,
    pub stated: Option<u64>,
    pub rise: u32,
    pub pause: u64,
}

impl Fate {
    const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Overdue)
    }
}

impl Constant {
    /// "Every plan has a bound: the stated one, else interval + timeout + retries."
    pub fn bound(&self) -> u64 {
        let waits: u64 = (0..=self.retries).map(|retry| self.timeout << retry).sum();
        self.stated.unwrap_or(self.interval + waits)
    }

    /// How long the `retry`-th retry (from 1) of an episode may go unanswered, where `left` remains until the bound.
    fn retry_timeout(&self, retry: u32, left: u64) -> u64 {
        let doubled = self.timeout << retry.min(31);
        let last = retry >= self.retries && left < 2 * doubled;
        let wanted = if last { left } else { doubled };
        wanted.min(self.interval).max(self.timeout)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Waiting,
    Overdue,
    Failed,
    Void,
    Unsent,
    Answered,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    id: ProbeId,
    sent: u64,
    overdue_at: u64,
    fate: Fate,
    /// Sent to the peer before it was restarted.
    old: bool,
    /// Known by its id alone.
    forgotten: bool,
    /// Forgotten while it was waited for, and waited for still.
    thinned: bool,
    /// Settled by a reply without id that was taken for one to an earlier probe.
    guessed: bool,
    /// When it was sent on the caller's clock.
    at: u64,
    /// How late we had looked until then, in whole units.
    late: u64,
}

/// The unit in which lateness is known that lies between a probe and its reply.
const LATENESS_UNIT: u64 = 4_096;

/// "The last eight probes are remembered", of those that were not answered.
const REMEMBERED: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Transition(Verdict, Verdict, Reason),
    Paused(u64),
    Blind(u64),
}

/// Sends that failed since the last one that is known to have succeeded.
#[derive(Clone, Copy)]
struct Failing {
    since: u64,
    at: u64,
    told: bool,
}

pub struct Model {
    plan: Constant,
    /// The caller's clock; and the peer's, which stands still while nobody looks. "Our own lateness is ours."
    now: u64,
    seen: u64,
    /// What the bound is longer by, and the end of the last span in which the peer could not be asked.
    credit: u64,
    credited_at: u64,
    failing: Option<Failing>,
    /// When lateness was last credited, on the caller's clock.
    credited: u64,
    /// "The smoothed round trip, times 8, and its variation, times 4."
    rtt: Option<(u64, u64)>,
    /// Wakes in vain, and how long they were.
    wakes: (u32, u64),
    /// When the one under way began.
    woken: u64,
    /// The bound in force, and whether a reply was just handed in that may be to another probe.
    bound: u64,
    guessed: bool,
    /// Whether a probe was just answered.
    answered: bool,
    /// How many replies the machine has ignored.
    ignored: u32,
    /// The bound that is kept, and since when.
    looser: Option<(u64, u64)>,
    probes: Vec<Probe>,
    next: u64,
    verdict: Verdict,
    asked: bool,
    /// What the bound counts from.
    mark: u64,
    /// The latest send time that an answer proved life at.
    proof: u64,
    /// Retries sent in this episode, where there is one.
    episode: Option<u32>,
    risen: u32,
    revival: Reason,
    number: u32,
    /// By kind: a later one takes the place of an earlier one.
    events: Vec<(u32, Told)>,
    /// How late we were since the last drain, or the last pause that was told.
    late: u64,
}

impl Model {
    pub fn new(plan: Constant, now: Instant) -> Self {
        let now = now.as_micros();
        Self {
            plan,
            now,
            seen: now,
            credit: 0,
            credited_at: 0,
            failing: None,
            credited: now,
            rtt: None,
            wakes: (0, 0),
            woken: 0,
            bound: plan.bound(),
            guessed: false,
            answered: false,
            ignored: 0,
            looser: None,
            probes: Vec::new(),
            next: now,
            verdict: Verdict::Unknown,
            asked: false,
            mark: 0,
            proof: 0,
            episode: None,
            risen: 0,
            revival: Reason::Recovered,
            number: 0,
            events: Vec::new(),
            late: 0,
        }
    }

    /// Follows one call, and compares.
    pub fn follow(&mut self, record: &Record) {
        match record.call {
            Call::Resync => self.resync(record.at.as_micros()),
            _ => self.look(record.at.as_micros()),
        }
        match record.call {
            Call::Poll => self.expire(),
            Call::Reply(id, _) => {
                let counted = record.after.counters.ignored == self.ignored;
                self.reply(id, record.at.as_micros(), counted);
            }
            Call::ReplyAny => self.reply_any(record.at.as_micros()),
            Call::Traffic => {
                let arrived = self.seen_at(record.at.as_micros());
                let alive_at = arrived.saturating_sub(self.plan.timeout);
                self.continue_row(alive_at);
                if self.is_fresh(alive_at) {
                    self.prove(alive_at, false);
                }
            }
            Call::Failure(id, failure) => self.fail(id, failure),
            Call::Unsent(id) => self.unsent(id),
            Call::Restarted => self.restart(),
            Call::Resumed => self.resume(),
            Call::ProbeNow | Call::Pushback | Call::Resync => {}
        }
        self.ignored = record.after.counters.ignored;
        self.next = record.after.next_probe_at.as_micros();
        let smoothed = self.rtt.map_or(0, |(smoothed, _)| smoothed / 8);
        assert_eq!(micros(record.after.path.smoothed), smoothed);
        let waits = |p: &Probe| p.fate == Fate::Waiting && !p.forgotten && !p.old;
        let waits = self.probes.iter().any(waits);
        if core::mem::take(&mut self.guessed) && self.verdict == Verdict::Alive && !waits {
            self.allow_lead(self.next_seen());
        }
        self.settle();
        if core::mem::take(&mut self.answered) {
            self.allow_sent();
        }
        if let Some(output) = record.output {
            self.expect(output);
        }
        assert_eq!(record.after.path.verdict, self.verdict);
        let dead_at = self.dead_at().map(|at| self.on_the_clock(at));
        assert_eq!(record.after.dead_at, dead_at.map(Instant::from_micros));
        assert_eq!(record.after.events, self.number);
        assert_eq!(micros(record.after.path.plan.bound()), self.bound);
    }

    // ---- time ----

    fn look(&mut self, at: u64) {
        let due = self.deadline().max(self.now);
        let now = at.max(self.now);
        let late = now.saturating_sub(due);
        self.seen += now - self.now - late;
        self.now = now;
        if late > 0 {
            self.credited = now;
        }
        self.pause(late);
    }

    /// What we are late in pieces between two drains makes one pause.
    fn pause(&mut self, late: u64) {
        self.late += late;
        let all = self.late;
        let mut pending = self.events.iter_mut().map(|(_, told)| told);
        match pending.find(|told| matches!(told, Told::Paused(_))) {
            Some(paused) => *paused = Told::Paused(all),
            None if late > 0 && all >= self.plan.pause => self.tell(Told::Paused(all)),
            None => {}
        }
    }

    /// The peer's time at a moment of the caller's past, as far as that is known.
    const fn seen_at(&self, at: u64) -> u64 {
        if at >= self.credited {
            self.seen.saturating_sub(self.now.saturating_sub(at))
        } else {
            self.seen
        }
    }

    const fn on_the_clock(&self, seen: u64) -> u64 {
        self.now + seen.saturating_sub(self.seen)
    }

    fn resync(&mut self, at: u64) {
        let back = self.now.saturating_sub(at);
        self.now -= back;
        self.credited = self.now;
        if let Some(failing) = &mut self.failing {
            failing.at = failing.at.saturating_sub(back);
        }
        for probe in &mut self.probes {
            probe.at = probe.at.saturating_sub(back);
        }
    }

    /// "What cannot be sent is our fault": the last try, if it failed.
    fn failed_send(&self) -> Option<u64> {
        let last = self.probes.last()?;
        (last.fate == Fate::Unsent && !last.old).then_some(last.sent)
    }

    fn dead_at(&self) -> Option<u64> {
        let falls_at = self.falls_at().filter(|_| self.failed_send().is_none())?;
        let (wakes, waited) = self.wakes;
        if wakes < 8 || waited < self.plan.timeout.min(32 * self.longest()) {
            return Some(falls_at);
        }
        let asked = |p: &&Probe| {
            let asked = matches!(p.fate, Fate::Waiting | Fate::Overdue);
            asked && !p.forgotten && !p.old && p.sent >= self.woken
        };
        let asked = self.probes.iter().rfind(asked);
        let in_vain = |p: &Probe| p.sent + self.plan.timeout.min(8 * self.longest());
        Some(asked.map_or(falls_at, |p| falls_at.min(in_vain(p))))
    }

    fn falls_at(&self) -> Option<u64> {
        let pending = self.asked && self.verdict != Verdict::Dead;
        pending.then(|| self.mark + self.credit + self.bound)
    }

    /// "For one bound none succeeded and nothing proved life."
    fn blind_at(&self) -> Option<u64> {
        self.failed_send()?;
        let failing = self.failing.filter(|failing| !failing.told)?;
        Some(failing.since.max(self.mark) + self.bound)
    }

    fn add_credit(&mut self, span: u64) {
        if !self.asked || self.verdict == Verdict::Dead {
            return;
        }
        let silent = self.seen.saturating_sub(self.mark);
        self.credit = (self.credit + span).min(silent);
        self.credited_at = self.seen;
    }

    /// The first moment at which anything can change.
    fn deadline(&self) -> u64 {
        let waiting = self.probes.iter().filter(|p| p.fate == Fate::Waiting);
        let overdue = waiting.map(|probe| probe.overdue_at);
        let changes = overdue.chain(self.dead_at()).chain(self.blind_at());
        let first = changes.map(|at| self.on_the_clock(at)).min();
        self.next.min(first.unwrap_or(u64::MAX))
    }

    /// One transition is told after the other.
    fn is_turning(&self) -> bool {
        let transition = |told: &Told| matches!(told, Told::Transition(..));
        self.events.iter().any(|(_, told)| transition(told))
    }

    fn expire(&mut self) {
        if self.is_turning() && self.verdict == Verdict::Alive {
            return;
        }
        let overdue = |p: &Probe| p.fate == Fate::Waiting && p.overdue_at <= self.seen;
        let mut overdue: Vec<_> = (0..self.probes.len())
            .filter(|&at| overdue(&self.probes[at]))
            .collect();
        for at in overdue.drain(..) {
            self.probes[at].fate = Fate::Overdue;
            let sent = self.probes[at].sent;
            let open = |p: &Probe| p.fate.is_open() && !p.old && !p.forgotten && p.sent > sent;
            self.end_thinned(self.index(open).unwrap_or(usize::MAX));
            self.doubt(sent, Reason::Overdue);
        }
        if self.is_turning() {
            return;
        }
        let dead_at = self.dead_at().filter(|&at| at <= self.seen);
        if dead_at.is_some() && self.verdict == Verdict::Alive {
            self.episode = Some(0);
            self.turn(Verdict::Suspect, Reason::Overdue);
        } else if dead_at.is_some() {
            self.bound = self.plan.bound();
            let never = self.verdict == Verdict::Unknown;
            self.mark = self.seen;
            (self.credit, self.credited_at) = (0, 0);
            self.risen = 0;
            self.turn(
                Verdict::Dead,
                if never {
                    Reason::NeverHeard
                } else {
                    Reason::BoundElapsed
                },
            );
        }
        if self.blind_at().is_some_and(|at| at <= self.seen) {
            self.go_blind();
        }
    }

    /// The longest round trip that is expected, whatever timeout is configured.
    fn longest(&self) -> u64 {
        self.rtt.map_or(self.plan.timeout, |(smoothed, variation)| {
            smoothed / 8 + variation
        })
    }

    fn go_blind(&mut self) {
        self.end_thinned(usize::MAX);
        self.wakes = (0, 0);
        for probe in &mut self.probes {
            if !matches!(probe.fate, Fate::Answered | Fate::Unsent) {
                probe.fate = Fate::Void;
            }
        }
        (self.asked, self.episode, self.risen) = (false, None, 0);
        (self.credit, self.credited_at) = (0, 0);
        self.turn(Verdict::Unknown, Reason::Blind);
        if let Some(failing) = &mut self.failing {
            failing.told = true;
            let at = failing.at;
            self.tell(Told::Blind(at));
        }
    }

    // ---- probes and what becomes of them ----

    /// The oldest probe that is so.
    fn index(&self, is: impl Fn(&Probe) -> bool) -> Option<usize> {
        let mut found = (0..self.probes.len()).filter(|&at| is(&self.probes[at]));
        found.next()
    }

    fn send(&mut self, id: ProbeId) {
        if let Some(failed) = self.failed_send() {
            self.add_credit(self.seen - failed);
        }
        if !self.asked {
            self.asked = true;
            self.mark = self.seen;
            (self.credit, self.credited_at) = (0, 0);
            self.bound = self.plan.bound();
        }
        let mut timeout = self.plan.timeout;
        if let Some(retries) = &mut self.episode
            && self.verdict != Verdict::Dead
        {
            *retries = (*retries + 1).min(self.plan.retries);
            let left = (self.mark + self.credit + self.bound).saturating_sub(self.seen);
            if self.plan.retries > 0 {
                timeout = self.plan.retry_timeout(*retries, left);
            }
        }
        self.probes.push(Probe {
            id,
            sent: self.seen,
            overdue_at: self.seen + timeout,
            fate: Fate::Waiting,
            old: false,
            forgotten: false,
            thinned: false,
            guessed: false,
            at: self.now,
            late: self.now.wrapping_sub(self.seen) / LATENESS_UNIT,
        });
        self.forget();
    }

    fn forget(&mut self) {
        let remembered =
            |p: &Probe| !p.forgotten && !matches!(p.fate, Fate::Answered | Fate::Unsent);
        let all: Vec<_> = (0..self.probes.len())
            .filter(|&at| remembered(&self.probes[at]))
            .collect();
        if let [others @ .., new] = &all[..]
            && let [oldest, ..] = others
            && all.len() > REMEMBERED
        {
            let goes = self.crowded(others, *new).unwrap_or(*oldest);
            self.probes[goes].forgotten = true;
            if self.probes[goes].fate == Fate::Waiting {
                self.probes[goes].fate = Fate::Void;
                self.probes[goes].thinned = true;
            }
        }
    }

    /// "Where all are waited for, the latest gives way that was sent less than a quarter of a timeout after the one before it."
    fn crowded(&self, others: &[usize], new: usize) -> Option<usize> {
        let timeout = self.probes[new].overdue_at - self.probes[new].sent;
        let apart = timeout / 4 + 1;
        let wait = |&at: &usize| self.probes[at].fate == Fate::Waiting;
        let close = |pair: &&[usize]| {
            let [before, after] = [pair[0], pair[1]].map(|at| self.probes[at].sent);
            after - before < apart
        };
        let older = others.len().saturating_sub(2); // the latest three stay
        let pair = others[..older].windows(2).rfind(close)?;
        others.iter().all(wait).then_some(pair[1])
    }

    /// When the next probe is due, on observed time.
    const fn next_seen(&self) -> u64 {
        let ahead = self.seen + self.next.saturating_sub(self.now);
        ahead.saturating_sub(self.now.saturating_sub(self.next))
    }

    /// "A bound that was not stated is wide enough for the first probe after the last proof of life."
    fn allow_sent(&mut self) {
        let open = |p: &&Probe| p.fate.is_open() && !p.old && !p.forgotten && p.sent > self.mark;
        let first = self.probes.iter().find(open).map(|p| p.sent);
        let is_pending = self.asked && self.verdict != Verdict::Dead;
        if self.plan.stated.is_none() && is_pending {
            self.allow_lead(first.unwrap_or(self.next_seen()));
        }
    }

    /// "Where that leaves less time than the next probe needs, the bound in force is longer."
    fn allow_lead(&mut self, next: u64) {
        let lead = next.saturating_sub(self.mark + self.credit);
        if lead > self.plan.interval {
            let tail = match self.plan.stated {
                Some(_) => self.plan.timeout,
                None => self.bound - self.plan.interval,
            };
            self.bound = self.bound.max(lead + tail);
        }
    }

    /// A plan is drawn up with every answer, but not while an episode lasts.
    fn replan(&mut self) {
        if self.episode.is_none() || self.verdict == Verdict::Dead {
            self.bound = self.plan.bound();
        }
        self.settle();
    }

    /// The bound is kept until a probe sent since is answered.
    fn settle(&mut self) {
        match self.looser {
            Some((_, since)) if self.mark >= since => {
                self.looser = None;
                self.bound = self.plan.bound();
            }
            Some((bound, _)) => self.bound = self.bound.max(bound),
            None => {}
        }
    }

    /// A probe sent at `sent` is known to have been.
    fn sent_since(&mut self, sent: u64) {
        self.failing = self.failing.filter(|failing| sent < failing.since);
    }

    /// A probe sent at `sent` is overdue or failed.
    fn doubt(&mut self, sent: u64, reason: Reason) {
        if sent < self.proof && self.verdict == Verdict::Dead {
            return; // a later one was answered
        }
        if self.verdict == Verdict::Alive && sent <= self.mark {
            return; // something sent after it was answered
        }
        self.episode = self.episode.or(Some(0));
        if self.verdict == Verdict::Alive {
            self.turn(Verdict::Suspect, reason);
        }
    }

    /// "So many replies in a row": none since the last answer is lost. One that is overdue may still be answered.
    fn continue_row(&mut self, sent: u64) {
        let lost = |p: &Probe| {
            let lost = matches!(p.fate, Fate::Overdue | Fate::Failed);
            lost && !p.old && !p.forgotten && self.proof < p.sent && p.sent < sent
        };
        if self.probes.iter().any(lost) {
            self.risen = 0;
        }
    }

    /// "A probe that a reply without id has settled may be answered once more by its id", if the
    /// machine does not remember it: whether it has `counted` the reply is taken from the machine.
    fn reply(&mut self, id: ProbeId, received_at: u64, counted: bool) {
        let proof = self.proof;
        let known = |p: &Probe| p.id == id && !p.old && !(p.forgotten && p.sent <= proof);
        let guessed = |p: &Probe| p.guessed && counted && p.sent > proof;
        let counts = |p: &Probe| known(p) && (p.fate != Fate::Answered || guessed(p));
        let Some(at) = self.index(counts) else {
            return;
        };
        if self.probes[at].fate == Fate::Answered {
            self.probes[at].forgotten = true;
        }
        let Probe {
            sent,
            fate,
            forgotten,
            thinned,
            ..
        } = self.probes[at];
        let is_sample = !thinned && (forgotten || matches!(fate, Fate::Waiting | Fate::Overdue));
        self.end_thinned(at);
        if is_sample {
            let age = self.seen_at(received_at).saturating_sub(sent);
            let age = self.likely(age, at);
            self.sample(age); // what the peer held it for is waited for, too
        }
        self.probes[at].fate = Fate::Answered;
        self.sent_since(sent);
        self.continue_row(sent);
        let fresh = self.is_fresh(sent);
        self.replan();
        self.proof = self.proof.max(sent);
        if fresh || self.is_fresh(sent) {
            self.prove(sent, true);
            self.answered = true;
        }
    }

    /// The moment of `sent` on the clock, where we were not late since.
    const fn was_at(&self, sent: u64) -> u64 {
        self.now.saturating_sub(self.seen.saturating_sub(sent))
    }

    /// Those that gave way between a probe that ended without a reply and the next one are waited
    /// for no more.
    fn end_thinned(&mut self, until: usize) {
        for probe in self.probes.iter_mut().take(until) {
            probe.thinned = false;
        }
    }

    /// "The one between the limits that changes the estimate least": a variation above and below the mean by turns.
    fn likely(&self, age: u64, at: usize) -> u64 {
        let probe = &self.probes[at];
        let units =
            (self.now.wrapping_sub(self.seen) / LATENESS_UNIT).wrapping_sub(probe.late) & 0xffff;
        let units = if probe.forgotten { 0xffff } else { units };
        let was_at = self.was_at(probe.sent);
        if self.credited < was_at || (self.credited == was_at && units == 0) {
            return age;
        }
        let most = age + (units + 1) * LATENESS_UNIT;
        let longer = at % 2 == 1; // the first probe is counted as one
        let likely = self.rtt.map_or(u64::MAX, |(smoothed, variation)| {
            let (smoothed, variation) = (smoothed / 8, variation / 4);
            if longer {
                smoothed + variation
            } else {
                smoothed.saturating_sub(variation)
            }
        });
        likely.min(most).max(age)
    }

    /// RFC 6298, in Jacobson's integer form.
    fn sample(&mut self, rtt: u64) {
        let rtt = rtt.min(u32::MAX.into());
        self.rtt = Some(match self.rtt {
            None => (8 * rtt, (2 * rtt).min(u32::MAX.into())),
            Some((smoothed, variation)) => {
                let deviation = rtt.abs_diff(smoothed / 8);
                let variation = variation - variation / 4 + deviation;
                (
                    smoothed - smoothed / 8 + rtt,
                    variation.min(u32::MAX.into()),
                )
            }
        });
    }

    /// "The oldest that may still be answered"; where it comes as soon after the latest as usual, what was given up before was lost.
    fn reply_any(&mut self, received_at: u64) {
        let at = self.seen_at(received_at);
        let since = at.saturating_sub(self.bound);
        let smoothed = self.rtt.map_or(0, |(smoothed, _)| smoothed / 8);
        let known = |p: &&Probe| !p.forgotten && !p.old;
        let open = |p: &&Probe| p.fate.is_open();
        let latest = self.probes.iter().filter(known).rfind(open);
        let usual = latest.is_some_and(|p| {
            let age = at.saturating_sub(p.sent);
            p.sent >= since && smoothed > 0 && age.abs_diff(smoothed) <= smoothed / 2
        });
        if let (true, Some(sent)) = (usual, latest.map(|p| p.sent)) {
            self.continue_row(sent);
        }
        let may_be = |p: &Probe| {
            let answerable = p.fate.is_open() || (p.fate == Fate::Void && !usual);
            answerable && p.sent >= since && !p.forgotten && !p.old
        };
        let only = self.probes.iter().filter(|p| may_be(p)).count() == 1;
        let Some(index) = self.index(may_be) else {
            return;
        };
        let Probe { sent, fate, .. } = self.probes[index];
        let open = fate.is_open();
        self.end_thinned(usize::MAX);
        self.probes[index].fate = Fate::Answered;
        for other in &mut self.probes {
            let is_passed = usual || other.sent < sent;
            if is_passed && !other.forgotten && !other.old && other.fate != Fate::Unsent {
                other.guessed |= other.sent > sent && other.fate != Fate::Answered;
                other.fate = Fate::Answered; // in order
            }
        }
        if open {
            self.void();
        }
        self.sent_since(sent);
        let fresh = self.is_fresh(sent);
        self.replan();
        self.guessed = true;
        if only {
            let age = self.likely(at.saturating_sub(sent), index);
            self.sample(age);
        }
        self.proof = self.proof.max(sent);
        if fresh || self.is_fresh(sent) {
            self.prove(sent, only);
        }
    }

    fn fail(&mut self, id: ProbeId, failure: Failure) {
        if let Some(at) = self.index(|p| p.id == id && !p.old && p.fate == Fate::Waiting) {
            self.probes[at].fate = Fate::Failed;
            self.end_thinned(at);
            self.doubt(self.probes[at].sent, Reason::Failed(failure));
        }
    }

    fn unsent(&mut self, id: ProbeId) {
        let open = |p: &Probe| p.fate.is_open() && !p.old && !p.forgotten;
        let Some(at) = self.index(|p| p.id == id && open(p)) else {
            return;
        };
        self.probes[at].fate = Fate::Unsent;
        let Probe { sent, at, .. } = self.probes[at];
        let told = false;
        let since = sent;
        // "over if a probe since was sent, as every one is taken to be that nobody has denied"
        let over = |failing: &Failing| {
            self.probes.iter().any(|p| {
                let known = p.fate != Fate::Unsent && !p.old && !p.forgotten;
                known && failing.since < p.sent && p.sent < sent
            })
        };
        self.failing = self.failing.filter(|failing| !over(failing));
        self.failing = self.failing.or(Some(Failing { since, at, told }));
    }

    fn void(&mut self) {
        self.end_thinned(usize::MAX);
        for probe in &mut self.probes {
            if !matches!(probe.fate, Fate::Answered | Fate::Unsent) {
                probe.fate = Fate::Void;
            }
        }
    }

    fn restart(&mut self) {
        self.void();
        for probe in &mut self.probes {
            probe.old = true;
        }
        self.proof = self.seen;
        (self.asked, self.episode, self.risen) = (false, None, 0);
        (self.credit, self.credited_at) = (0, 0);
        (self.failing, self.wakes) = (None, (0, 0));
        self.turn(Verdict::Unknown, Reason::Restarted);
    }

    /// "Waited for as long as an answer takes" is overdue, later ones are void.
    fn resume(&mut self) {
        let (longest, seen, proof) = (self.longest(), self.seen, self.proof);
        self.end_thinned(usize::MAX);
        let mut waited = 0;
        for probe in self.probes.iter_mut().filter(|p| !p.forgotten && !p.old) {
            let age = seen - probe.sent;
            match probe.fate {
                Fate::Waiting if age < longest.max(1) => {
                    if probe.overdue_at > seen {
                        probe.fate = Fate::Void;
                    }
                    continue;
                }
                Fate::Waiting => probe.overdue_at = seen.min(probe.overdue_at),
                Fate::Overdue => {}
                _ => continue,
            }
            if probe.sent >= proof.max(self.woken) {
                waited = waited.max(age);
            }
        }
        if waited > 0 {
            self.wakes.0 += 1;
            self.wakes.1 += waited;
        }
        self.allow_one_probe(self.seen);
        self.looser = Some((self.bound, self.seen));
        self.woken = self.seen;
    }

    /// "A peer called dead gets it once it is heard again."
    fn allow_one_probe(&mut self, now: u64) {
        let needed = now + self.plan.timeout;
        let credited = self.falls_at().map_or(0, |at| needed.saturating_sub(at));
        self.credit += credited;
        self.credited_at = self.credited_at.max(now);
    }

    // ---- verdicts ----

    fn is_fresh(&self, alive_at: u64) -> bool {
        self.probes.is_empty() || self.seen - alive_at <= self.bound
    }

    /// "A reply to a probe sent within the last bound ends `Suspect` at once and `Dead` after `rise` of them."
    fn prove(&mut self, alive_at: u64, certain: bool) {
        self.proof = self.proof.max(alive_at);
        if let Some(failing) = &mut self.failing {
            failing.told = false;
        }
        self.wakes = (0, 0);
        self.revive_or_rise(alive_at, certain);
    }

    fn revive_or_rise(&mut self, alive_at: u64, certain: bool) {
        match self.verdict {
            Verdict::Dead => self.rise(alive_at, certain),
            Verdict::Unknown => self.revive(alive_at, Reason::Answered),
            _ if alive_at >= self.mark => self.revive(alive_at, Reason::Answered),
            _ => {}
        }
    }

    fn rise(&mut self, alive_at: u64, certain: bool) {
        if self.risen == 0 {
            self.revival = match (certain, alive_at < self.mark) {
                (true, true) => Reason::Refuted,
                (true, false) => Reason::Recovered,
                (false, _) => Reason::Undecided,
            };
        }
        self.risen += 1;
        if self.risen == self.plan.rise {
            self.revive(alive_at, self.revival);
        }
    }

    fn revive(&mut self, alive_at: u64, reason: Reason) {
        let was_dead = self.verdict == Verdict::Dead;
        self.mark = match self.verdict {
            Verdict::Unknown if self.asked => self.mark.max(alive_at),
            _ => alive_at,
        };
        let after = self.credited_at.saturating_sub(alive_at);
        self.credit = if was_dead {
            after
        } else {
            self.credit.min(after)
        };
        if self.episode.is_some() || self.verdict == Verdict::Dead {
            self.bound = self.plan.bound();
        }
        (self.asked, self.episode, self.risen) = (true, None, 0);
        self.turn(Verdict::Alive, reason);
        if was_dead {
            self.mark = self.proof.max(alive_at); // "the latest probe answered"
            let after = self.credited_at.saturating_sub(self.mark);
            self.credit = self.credit.min(after);
        }
    }

    fn turn(&mut self, to: Verdict, reason: Reason) {
        let from = core::mem::replace(&mut self.verdict, to);
        if from != to {
            self.tell(Told::Transition(from, to, reason));
        }
    }

    // ---- what is told ----

    /// "Each kind of event has one pending slot and its number shows a gap."
    fn tell(&mut self, told: Told) {
        let same = |other: &Told| core::mem::discriminant(other) == core::mem::discriminant(&told);
        self.events.retain(|(_, other)| !same(other));
        self.number += 1;
        self.events.push((self.number, told));
    }

    fn expect(&mut self, output: Output<ProbeId>) {
        match output {
            Output::Send(id) => self.send(id),
            Output::Event(event) => {
                assert!(!self.events.is_empty(), "nothing to tell: {event:?}");
                assert_eq!(told(event), self.events.remove(0));
                if matches!(event.kind, EventKind::Paused { .. }) {
                    self.late = 0;
                }
            }
            Output::Wait(until) => {
                self.late = 0;
                assert_eq!(self.events, []);
                assert_eq!(until.as_micros(), self.deadline());
            }
            Output::Idle => assert_eq!(self.now, u64::MAX),
        }
    }
}

fn told(event: Event) -> (u32, Told) {
    let told = match event.kind {
        EventKind::Transition(change) => Told::Transition(change.from, change.to, change.reason),
        EventKind::Paused { lateness, .. } => Told::Paused(micros(lateness)),
        EventKind::Blind { since, .. } => Told::Blind(since.as_micros()),
        _ => panic!("a constant plan has no {event:?}"),
    };
    (event.number, told)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
