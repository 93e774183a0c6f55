//! Calls the listener, and checks what every call has to keep.

use systole::{Beat, Event, Instant, Listener, ListenerOutput, Transition, Verdict};

use super::judge;
use super::machine::{Machine, listener};
use super::plan::Plan;
use super::truth::{Truth, micros};
use crate::world::{Clock, Journal, Law, Random, Violation};

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
    number: u32,
    /// Calls since the last drain that may have changed something.
    inputs: u32,
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
    /// Fresh beats in a row that were handed in and did not make the peer alive, and the verdict
    /// before the first.
    pub unseen: (u32, Verdict),
    level_milli: u32,
    phi: f64,
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
            unseen: (0, Verdict::Unknown),
            level_milli: 0,
            phi: 0.0,
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
        (self.level_milli, self.phi) = (0, 0.0);
        self.most_bound_us = self.most_bound_us.max(micros(self.machine.bound()));
    }

    /// Beat `index`, read at `read_us` as the network stack says, is handed in at `now_us`.
    pub fn hand(
        &mut self,
        index: usize,
        beat: &Beat,
        read_us: u64,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let repeated = self.truth.sent[index].handed_us.is_some();
        let received_at = self.clock.read(read_us);
        let before = judge::Before::of(&*self.machine, received_at, repeated);
        self.handle(beat, received_at, journal);
        let least_us = self
            .plan
            .path
            .least_us(self.truth.sent[index].at_us, &self.plan.incidents);
        let newer = self
            .truth
            .hand(index, read_us, least_us, self.plan.noise_us());
        journal
            .coverage
            .saw_if(repeated, "a beat was handed in twice");
        journal
            .coverage
            .saw_if(!repeated && !newer, "a beat came after a later one");
        if newer {
            self.resumed_us = self.resumed_us.filter(|&us| read_us <= us);
            self.goodbye = beat.is_goodbye();
        }
        self.judge_beat(index, newer, &before, read_us, now_us, journal)
    }

    /// A stranger's beat, or an old one that somebody repeats.
    pub fn hand_strange(
        &mut self,
        beat: &Beat,
        read_us: u64,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let received_at = self.clock.read(read_us);
        let before = judge::Before::of(&*self.machine, received_at, true);
        self.handle(beat, received_at, journal);
        self.judge_strange(&before, received_at, now_us)
    }

    fn handle(&mut self, beat: &Beat, received_at: Instant, journal: &mut Journal) {
        journal.call(|| call_of(beat, received_at));
        self.machine.handle_beat(beat, received_at);
        self.input();
    }

    pub fn resumed(&mut self, now_us: u64, journal: &mut Journal) {
        let now = self.clock.read(now_us);
        journal.call(|| format!("listener.resumed(at({}));", now.as_micros()));
        self.count_lateness(now, journal);
        self.machine.resumed(now);
        self.resumed_us = Some(now_us);
        self.asked = None;
        self.input();
    }

    pub fn resync(&mut self, now_us: u64, journal: &mut Journal) {
        let now = self.clock.read(now_us);
        journal.call(|| format!("listener.resync(at({}));", now.as_micros()));
        self.machine.resync(now);
        self.asked = None;
        self.input();
    }

    /// Polls until there is nothing left to do.
    pub fn drain(&mut self, now_us: u64, journal: &mut Journal) -> Judged {
        let now = self.clock.read(now_us);
        self.count_lateness(now, journal);
        for _ in 0..Listener::<32>::MAX_DRAIN {
            journal.polls += 1;
            let output = self.machine.poll(now);
            journal.call(|| format!("listener.poll(at({})); // {output:?}", now.as_micros()));
            match output {
                ListenerOutput::Event(event) => self.event(&event, now, now_us, journal)?,
                ListenerOutput::Wait(until) => return self.wait(Some(until), now, now_us, journal),
                ListenerOutput::Idle => return self.wait(None, now, now_us, journal),
            }
        }
        self.broken(Law::Progress, "a drain does not end", now_us, now)
    }

    fn count_lateness(&mut self, now: Instant, journal: &mut Journal) {
        if self.live {
            self.lateness_us = 0;
        }
        if let Some(asked) = self.asked.filter(|&asked| now > asked) {
            self.lateness_us += now.as_micros() - asked.as_micros();
            journal.coverage.saw("polled late");
        }
    }

    fn event(&mut self, event: &Event, now: Instant, now_us: u64, journal: &mut Journal) -> Judged {
        self.digest = Random::of(self.digest, event.number().into(), now.as_micros()).draw();
        let next = self.number.wrapping_add(1);
        // "where the caller drains too seldom, the latest event of a kind stays and the numbers
        // show a gap"
        let numbered = if self.inputs > 1 {
            event.number() >= next
        } else {
            event.number() == next
        };
        let two_at_once = matches!(event, Event::Transition(it) if it.to == Verdict::Dead);
        if !numbered && !two_at_once {
            return self.broken(
                Law::Accounts,
                "events are not numbered one by one",
                now_us,
                now,
            );
        }
        self.number = event.number();
        match event {
            Event::Transition(change) => self.change(change, now, now_us, journal),
            Event::BoundRelaxed { to, .. } => {
                journal
                    .coverage
                    .saw("the advertised deadline relaxed the bound");
                let right = *to == self.machine.bound() || self.inputs > 1;
                self.check(
                    right,
                    Law::Accounts,
                    "a relaxed bound is not in force",
                    now_us,
                    now,
                )
            }
            _ => Ok(()),
        }
    }

    fn change(
        &mut self,
        change: &Transition,
        now: Instant,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let told = std::mem::replace(&mut self.told, change.to);
        let remaining_us = u64::MAX - now.as_micros();
        if remaining_us / 4 < micros(self.machine.bound()) {
            // no deadline can be said that lies beyond the end of time: everything is due there
            return Ok(());
        }
        let skipped = change.to == Verdict::Dead && change.from == Verdict::Suspect;
        let skipped = skipped && told == Verdict::Alive && self.inputs <= 1;
        self.check(
            !skipped,
            Law::Suspicion,
            "dead is told, and suspect is not",
            now_us,
            now,
        )?;
        let follows = change.from == told || self.inputs > 1;
        self.check(
            follows,
            Law::Accounts,
            "a change does not begin where the last ended",
            now_us,
            now,
        )?;
        let past = change.at <= now;
        self.check(
            past,
            Law::Accounts,
            "an event is told before it happens",
            now_us,
            now,
        )?;
        self.judge_change(change, now, now_us, journal)
    }

    fn wait(
        &mut self,
        until: Option<Instant>,
        now: Instant,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let until_us = until.map_or(u64::MAX, Instant::as_micros);
        self.digest = Random::of(self.digest, now.as_micros(), until_us).draw();
        let future = until.is_none_or(|until| until > now);
        self.check(
            future,
            Law::Progress,
            "`Wait` is not in the future",
            now_us,
            now,
        )?;
        let early = self.inputs == 0 && self.asked.is_some_and(|asked| asked > now);
        let same = !early || until == self.asked;
        self.check(
            same,
            Law::Progress,
            "an early poll changes the deadline",
            now_us,
            now,
        )?;
        let told = self.machine.verdict() == self.told;
        self.check(
            told,
            Law::Accounts,
            "a change of verdict was not told",
            now_us,
            now,
        )?;
        let valid = self.machine.is_valid();
        self.check(
            valid,
            Law::Accounts,
            "the listener says that it is not valid",
            now_us,
            now,
        )?;
        (self.asked, self.inputs) = (until, 0);
        self.silence(now, now_us)?;
        self.judge_detection(now, now_us, journal)
    }

    /// Suspicion never falls while nothing arrives.
    fn silence(&mut self, now: Instant, now_us: u64) -> Judged {
        let (level_milli, phi) = (self.machine.level_milli(now), self.machine.phi(now));
        let rises = level_milli >= self.level_milli;
        self.check(
            rises,
            Law::Suspicion,
            "the level falls in silence",
            now_us,
            now,
        )?;
        self.check(
            phi.is_finite(),
            Law::Suspicion,
            "phi is not finite",
            now_us,
            now,
        )?;
        self.check(
            phi >= self.phi,
            Law::Suspicion,
            "phi falls in silence",
            now_us,
            now,
        )?;
        (self.level_milli, self.phi) = (level_milli, phi);
        Ok(())
    }

    pub fn check(
        &self,
        holds: bool,
        law: Law,
        kind: &'static str,
        now_us: u64,
        now: Instant,
    ) -> Judged {
        if holds {
            Ok(())
        } else {
            self.broken(law, kind, now_us, now)
        }
    }

    pub fn broken(&self, law: Law, kind: &'static str, now_us: u64, now: Instant) -> Judged {
        let snapshot = self.machine.snapshot(now);
        let newest = self.truth.newest.map(|index| self.truth.sent[index]);
        let detail = format!("shown {now:?}, newest {newest:?}, {snapshot:?}");
        Err(Violation::new(law, kind, now_us, detail))
    }
}

fn call_of(beat: &Beat, received_at: Instant) -> String {
    let (sequence, interval_us) = (beat.sequence(), micros(beat.interval()));
    let (deadline_us, incarnation) = (micros(beat.deadline()), beat.incarnation());
    let goodbye = if beat.is_goodbye() { ".goodbye()" } else { "" };
    let authentic = if beat.is_authentic() {
        ".authentic()"
    } else {
        ""
    };
    format!(
        "listener.handle_beat(&Beat::new({sequence}, us({interval_us})).with_deadline(us({deadline_us}))\
         .with_incarnation({incarnation}){goodbye}{authentic}, at({}));",
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
