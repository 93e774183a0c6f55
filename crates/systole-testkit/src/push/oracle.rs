//! Calls the listener, and checks what every call has to keep.

use systole::{Beat, Instant, Verdict, listener};

use super::judge::{Before, Moment, Unseen};
use super::machine::{Machine, listener};
use super::plan::Plan;
use super::truth::{Truth, micros};
use crate::world::{Clock, Journal, Law, Violation};

/// The listener, the truth about its peer, and what was seen of it.
pub struct Oracle<'p> {
    pub plan: &'p Plan,
    pub clock: Clock,
    pub machine: Box<dyn Machine>,
    pub truth: Truth,
    /// The deadline that the listener asked for.
    pub asked: Option<Instant>,
    /// Of all outputs.
    pub digest: u64,
    /// The verdict that was told last, and the number of that event.
    pub told: Verdict,
    pub number: u32,
    /// Calls since the last drain that may have changed something.
    pub inputs: u32,
    /// How late we polled, in all, since the sender was last known to send.
    pub lateness_us: u64,
    /// The largest bound in force since the sender went down.
    pub most_bound_us: u64,
    /// Whether we said that we were suspended, since a beat was handed in.
    pub resumed_us: Option<u64>,
    pub live: bool,
    pub left: bool,
    /// Whether a goodbye was handed in, and nothing of a later life.
    pub goodbye: bool,
    pub unseen: Unseen,
    /// The first false death since a beat was missing, late, or of another schedule or path.
    pub mistaken_us: Option<u64>,
    pub level_milli: u32,
    pub phi: f64,
    pub counters: listener::Counters,
    /// When a snapshot said that it would be dead, where nothing has happened since.
    pub predicted: Option<Instant>,
    /// When the first of what was handed in since the last drain arrived.
    waits_since: Option<Instant>,
    /// How late this drain is.
    pub late_now_us: u64,
    /// The latest moment that was shown to the listener.
    pub latest: Instant,
    pub drains: u32,
    /// True time.
    pub now_us: u64,
    /// Drains in a row to which nothing came, and which told nothing.
    pub idle_drains: u32,
}

/// What went wrong, if anything.
pub type Judged = Result<(), Violation>;

impl<'p> Oracle<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        let clock = plan.clock();
        let machine = listener(plan.settings.window, plan.settings.config(), clock.read(0));
        Self {
            plan,
            clock,
            machine,
            truth: Truth::new(plan),
            asked: None,
            digest: plan.seed,
            told: Verdict::Unknown,
            number: 0,
            inputs: 1,
            lateness_us: 0,
            most_bound_us: 0,
            resumed_us: None,
            live: true,
            left: false,
            goodbye: false,
            unseen: Unseen::default(),
            mistaken_us: None,
            level_milli: 0,
            phi: 0.0,
            counters: listener::Counters::default(),
            predicted: None,
            waits_since: None,
            late_now_us: 0,
            latest: Instant::ZERO,
            drains: 0,
            now_us: 0,
            idle_drains: 0,
        }
    }

    /// Whether the sender sends, and whether it left.
    pub fn sender_is(&mut self, live: bool, left: bool, now_us: u64) {
        if self.live && !live {
            self.truth.down_since_us = Some(now_us);
            self.most_bound_us = micros(self.machine.bound());
        } else if live {
            self.truth.down_since_us = None;
        }
        (self.live, self.left) = (live, left);
    }

    fn input(&mut self) {
        self.inputs += 1;
        self.predicted = None;
        self.idle_drains = 0;
        (self.level_milli, self.phi) = (0, 0.0);
        self.most_bound_us = self.most_bound_us.max(micros(self.machine.bound()));
    }

    /// True time and ours.
    pub fn moment(&self, us: u64) -> Moment {
        Moment {
            us,
            shown: self.clock.read(us),
        }
    }

    /// Beat `index`, which was read at `read_us`, is handed in.
    pub fn hand(
        &mut self,
        index: usize,
        beat: &Beat,
        read_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let repeated = self.truth.sent[index].handed_us.is_some();
        let received_at = self.clock.read(read_us);
        let before = Before::of(&*self.machine, received_at, repeated);
        self.latest = self.latest.max(received_at);
        self.handle(beat, received_at, journal);
        let usual_us = self.usual_us(&self.truth.sent[index]);
        let first = self.truth.sent[index].life == 0;
        let known = || self.machine.snapshot(received_at).incarnation;
        let believed = first || known() == Some(beat.incarnation());
        let newer = self.truth.hand(index, read_us, usual_us, believed);
        let calm = self.truth.run > 1 && self.truth.known > 1;
        self.mistaken_us = self.mistaken_us.filter(|_| calm);
        let overtaken = !repeated && !newer;
        journal
            .coverage
            .saw_if(repeated, "a beat was handed in twice");
        journal
            .coverage
            .saw_if(overtaken, "a beat came after a later one");
        if newer {
            self.resumed_us = self.resumed_us.filter(|&us| read_us <= us);
            self.goodbye = beat.is_goodbye();
        }
        let read = Moment {
            us: read_us,
            shown: received_at,
        };
        self.judge_beat(index, newer, &before, read, journal)
    }

    /// A stranger's beat, or an old one that somebody repeats.
    pub fn hand_strange(&mut self, beat: &Beat, read_us: u64, journal: &mut Journal) -> Judged {
        let received_at = self.clock.read(read_us);
        let before = Before::of(&*self.machine, received_at, true);
        let dead = before.verdict == Verdict::Dead;
        journal
            .coverage
            .saw_if(dead, "a stranger's beat came while it was dead");
        self.latest = self.latest.max(received_at);
        self.handle(beat, received_at, journal);
        let read = Moment {
            us: read_us,
            shown: received_at,
        };
        self.judge_strange(&before, read)
    }

    fn handle(&mut self, beat: &Beat, received_at: Instant, journal: &mut Journal) {
        journal.call(|| call_of(beat, received_at));
        self.machine.handle_beat(beat, received_at);
        self.waits_since.get_or_insert(received_at);
        self.input();
    }

    pub fn resumed(&mut self, now_us: u64, journal: &mut Journal) {
        let now = self.clock.read(now_us);
        journal.call(|| format!("listener.resumed(at({}));", now.as_micros()));
        let verdict = self.machine.verdict();
        let coverage = &mut journal.coverage;
        coverage.saw_if(verdict == Verdict::Suspect, "resumed while it was suspect");
        coverage.saw_if(verdict == Verdict::Dead, "resumed while it was dead");
        self.count_lateness(now, journal);
        self.machine.resumed(now);
        self.resumed_us = Some(now_us);
        self.asked = None;
        self.input();
    }

    pub fn resync(&mut self, now_us: u64, journal: &mut Journal) {
        let now = self.clock.read(now_us);
        journal.call(|| format!("listener.resync(at({}));", now.as_micros()));
        self.count_lateness(now, journal);
        self.machine.resync(now);
        self.asked = None;
        self.input();
    }

    /// Counts how late we look.
    pub fn count_lateness(&mut self, now: Instant, journal: &mut Journal) {
        if self.live {
            self.lateness_us = 0;
        }
        // since what is asked for, and since what waits in the socket arrived
        let since = self.asked.into_iter().chain(self.waits_since.take()).min();
        if let Some(since) = since.filter(|&since| now > since) {
            let late_us = now.as_micros() - since.as_micros();
            self.late_now_us = self.late_now_us.max(late_us);
            self.lateness_us += late_us;
            self.predicted = None;
            journal.coverage.saw("polled late");
        }
    }

    pub fn check(&self, holds: bool, law: Law, kind: &'static str, at: Moment) -> Judged {
        if holds {
            Ok(())
        } else {
            self.broken(law, kind, at)
        }
    }

    pub fn broken(&self, law: Law, kind: &'static str, at: Moment) -> Judged {
        let snapshot = self.machine.snapshot(at.shown);
        let newest = self.truth.newest.map(|index| self.truth.sent[index]);
        let detail = format!("shown {:?}, newest {newest:?}, {snapshot:?}", at.shown);
        Err(Violation::new(law, kind, at.us, detail))
    }
}

fn call_of(beat: &Beat, received_at: Instant) -> String {
    let (sequence, interval_us) = (beat.sequence(), micros(beat.interval()));
    let (deadline_us, incarnation) = (micros(beat.deadline()), beat.incarnation());
    let load = beat
        .load()
        .map_or(String::new(), |it| format!(".with_load({it})"));
    let goodbye = if beat.is_goodbye() { ".goodbye()" } else { "" };
    let authentic = if beat.is_authentic() {
        ".authentic()"
    } else {
        ""
    };
    format!(
        "listener.handle_beat(&Beat::new({sequence}, us({interval_us})).with_deadline(us({deadline_us}))\
         .with_incarnation({incarnation}){load}{goodbye}{authentic}, at({}));",
        received_at.as_micros()
    )
}

/// Whether a world gave the same outputs twice.
pub fn same_twice(digest: u64, again: u64, at_us: u64) -> Judged {
    if digest == again {
        return Ok(());
    }
    let kind = "the same inputs give other outputs";
    Err(Violation::new(
        Law::Determinism,
        kind,
        at_us,
        format!("{digest} and {again}"),
    ))
}
