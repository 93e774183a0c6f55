//! A monitor as its design has it: slow, obvious, and with no code in common with the crate.
//!
//! It reads a transcript of what was said to a monitor, keeps every probe there ever was, and says what the verdict, the
//! events and the deadline have to be. What it takes on faith is when the next probe is due, which is the schedule's business, and the
//! smoothed round-trip time. The plan is a constant one: the same interval, timeout and bound for ever.

use core::time::Duration;

use systole::{Event, Failure, Instant, Output, ProbeId, Reason, Verdict};

use crate::ops::{Call, Record};

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
}

/// "The last eight probes are remembered", of those that were not answered.
const REMEMBERED: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Transition(Verdict, Verdict, Reason),
    Paused(u64),
}

pub struct Model {
    plan: Constant,
    /// The caller's clock; and the peer's, which stands still while nobody looks. "Our own lateness is ours."
    now: u64,
    seen: u64,
    /// No probe is out through our own fault, so the peer's clock stands still.
    stopped: bool,
    probes: Vec<Probe>,
    next: u64,
    smoothed: u64,
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
}

impl Model {
    pub const fn new(plan: Constant, now: Instant) -> Self {
        let now = now.as_micros();
        Self {
            plan,
            now,
            seen: now,
            stopped: false,
            probes: Vec::new(),
            next: now,
            smoothed: 0,
            verdict: Verdict::Unknown,
            asked: false,
            mark: 0,
            proof: 0,
            episode: None,
            risen: 0,
            revival: Reason::Recovered,
            number: 0,
            events: Vec::new(),
        }
    }

    /// Follows one call, and compares.
    pub fn follow(&mut self, record: &Record) {
        match record.call {
            Call::Resync => self.now = self.now.min(record.at.as_micros()),
            _ => self.look(record.at.as_micros()),
        }
        match record.call {
            Call::Poll => self.expire(),
            Call::Reply(id, _) => self.reply(id),
            Call::ReplyAny => self.reply_any(),
            Call::Traffic => self.prove(self.seen.saturating_sub(self.smoothed), false),
            Call::Failure(id, failure) => self.fail(id, failure),
            Call::Unsent(id) => self.unsent(id),
            Call::Restarted => self.restart(),
            Call::Resumed => self.resume(),
            Call::ProbeNow | Call::Pushback | Call::Resync => {}
        }
        self.next = record.after.next_probe_at.as_micros();
        self.smoothed = micros(record.after.heart.smoothed);
        if let Some(output) = record.output {
            self.expect(output);
        }
        assert_eq!(record.after.heart.verdict, self.verdict);
        let dead_at = self.dead_at().map(|at| self.on_the_clock(at));
        assert_eq!(record.after.dead_at, dead_at.map(Instant::from_micros));
        assert_eq!(record.after.events, self.number);
        assert_eq!(micros(record.after.heart.plan.bound()), self.plan.bound());
    }

    // ---- time ----

    fn look(&mut self, at: u64) {
        let due = self.deadline().max(self.now);
        let now = at.max(self.now);
        let late = now.saturating_sub(due);
        if !self.stopped {
            self.seen += now - self.now - late;
        }
        self.now = now;
        if late > 0 && late >= self.plan.pause {
            self.tell(Told::Paused(late));
        }
    }

    const fn on_the_clock(&self, seen: u64) -> u64 {
        if self.stopped {
            u64::MAX
        } else {
            self.now + seen.saturating_sub(self.seen)
        }
    }

    fn dead_at(&self) -> Option<u64> {
        (self.asked && self.verdict != Verdict::Dead).then(|| self.mark + self.plan.bound())
    }

    /// The first moment at which anything can change.
    fn deadline(&self) -> u64 {
        let waiting = self.probes.iter().filter(|p| p.fate == Fate::Waiting);
        let overdue = waiting.map(|probe| probe.overdue_at);
        let changes = overdue.chain(self.dead_at());
        let first = changes.map(|at| self.on_the_clock(at)).min();
        self.next.min(first.unwrap_or(u64::MAX))
    }

    fn expire(&mut self) {
        while let Some(at) = self.index(|p| p.fate == Fate::Waiting && p.overdue_at <= self.seen) {
            self.probes[at].fate = Fate::Overdue;
            self.doubt(self.probes[at].sent, Reason::Overdue);
        }
        if let Some(dead_at) = self.dead_at().filter(|&at| at <= self.seen) {
            let never = self.verdict == Verdict::Unknown;
            self.mark = dead_at;
            self.risen = 0;
            self.turn(
                Verdict::Dead,
                if never {
                    Reason::NeverHeard
                } else {
                    Reason::Silent
                },
            );
        }
    }

    // ---- probes and what becomes of them ----

    /// The oldest probe that is so.
    fn index(&self, is: impl Fn(&Probe) -> bool) -> Option<usize> {
        let mut found = (0..self.probes.len()).filter(|&at| is(&self.probes[at]));
        found.next()
    }

    fn send(&mut self, id: ProbeId) {
        self.stopped = false;
        if !self.asked {
            self.asked = true;
            self.mark = self.seen;
        }
        let mut timeout = self.plan.timeout;
        if let Some(retries) = &mut self.episode
            && self.verdict != Verdict::Dead
        {
            *retries += 1;
            let left = (self.mark + self.plan.bound()).saturating_sub(self.seen);
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
        });
        self.forget();
    }

    fn forget(&mut self) {
        let remembered = |p: &Probe| !p.forgotten && p.fate != Fate::Answered;
        if self.probes.iter().filter(|p| remembered(p)).count() > REMEMBERED
            && let Some(oldest) = self.index(remembered)
        {
            self.probes[oldest].forgotten = true;
            if self.probes[oldest].fate == Fate::Waiting {
                self.probes[oldest].fate = Fate::Overdue; // nobody waits for it any more
            }
        }
    }

    /// A probe sent at `sent` is overdue or failed.
    fn doubt(&mut self, sent: u64, reason: Reason) {
        if self.verdict == Verdict::Alive && sent <= self.mark {
            return; // something sent after it was answered
        }
        self.episode = self.episode.or(Some(0));
        self.risen = 0;
        if self.verdict == Verdict::Alive {
            self.turn(Verdict::Suspect, reason);
        }
    }

    fn reply(&mut self, id: ProbeId) {
        let proof = self.proof;
        let known = |p: &Probe| p.id == id && !p.old && !(p.forgotten && p.sent <= proof);
        let Some(at) = self.index(|p| known(p) && p.fate != Fate::Answered) else {
            return;
        };
        self.probes[at].fate = Fate::Answered;
        let sent = self.probes[at].sent;
        self.proof = self.proof.max(sent);
        self.prove(sent, true);
    }

    fn reply_any(&mut self) {
        let proof = self.proof;
        let open = |p: &Probe| {
            let open = matches!(p.fate, Fate::Waiting | Fate::Overdue);
            open && p.sent >= proof && !p.forgotten
        };
        let only = self.probes.iter().filter(|p| open(p)).count() == 1;
        let Some(at) = self.index(open) else { return };
        self.probes[at].fate = Fate::Answered;
        if !only {
            self.void();
        }
        let sent = self.probes[at].sent;
        self.proof = self.proof.max(sent);
        self.prove(sent, only);
    }

    fn fail(&mut self, id: ProbeId, failure: Failure) {
        if let Some(at) = self.index(|p| p.id == id && !p.old && p.fate == Fate::Waiting) {
            self.probes[at].fate = Fate::Failed;
            self.doubt(self.probes[at].sent, Reason::Failed(failure));
        }
    }

    fn unsent(&mut self, id: ProbeId) {
        if let Some(at) = self.index(|p| p.id == id && !p.old && p.fate == Fate::Waiting) {
            self.probes[at].fate = Fate::Void;
            self.stopped = true;
        }
    }

    fn void(&mut self) {
        for probe in &mut self.probes {
            if probe.fate != Fate::Answered {
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
        self.turn(Verdict::Unknown, Reason::Restarted);
    }

    fn resume(&mut self) {
        self.void();
        if let Some(dead_at) = self.dead_at() {
            self.mark += (self.seen + self.plan.timeout).saturating_sub(dead_at);
            self.episode = self.episode.and(Some(0));
        }
        self.stopped = true;
    }

    // ---- verdicts ----

    /// "A reply to a probe sent within the last bound ends `Suspect` at once and `Dead` after `rise` of them."
    fn prove(&mut self, alive_at: u64, certain: bool) {
        let ever_asked = !self.probes.is_empty();
        if ever_asked && self.seen - alive_at > self.plan.bound() {
            return;
        }
        self.proof = self.proof.max(alive_at);
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
        self.mark = alive_at;
        (self.asked, self.episode, self.risen) = (true, None, 0);
        self.turn(Verdict::Alive, reason);
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

    fn expect(&mut self, output: Output) {
        match output {
            Output::Probe(id) => self.send(id),
            Output::Event(event) => {
                assert!(!self.events.is_empty(), "nothing to tell: {event:?}");
                assert_eq!(told(event), self.events.remove(0));
            }
            Output::Wait(until) => {
                assert_eq!(self.events, []);
                assert_eq!(until.as_micros(), self.deadline());
            }
            Output::Idle => assert_eq!(self.now, u64::MAX),
        }
    }
}

fn told(event: Event) -> (u32, Told) {
    let told = match event {
        Event::Transition(change) => Told::Transition(change.from, change.to, change.reason),
        Event::Paused { lateness, .. } => Told::Paused(micros(lateness)),
        _ => panic!("a constant plan has no {event:?}"),
    };
    (event.number(), told)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
