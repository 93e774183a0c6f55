//! Runs a sender, and checks that its beats cover what it does.

use std::time::Duration;

use systole::{Beat, Instant, Output, Sender};

use super::plan::{Act, Plan};
use crate::push::truth::micros;
use crate::world::{Journal, Law, Random, Violation, World};

/// A `Sender` by itself.
#[derive(Debug)]
pub struct SenderWorld;

/// Lost beats in a row that have to be covered: as many as a listener tolerates unless told
/// otherwise.
pub(super) const TOLERATED: usize = 3;

impl World for SenderWorld {
    const NAME: &'static str = "sender";
    type Plan = Plan;
    const SITUATIONS: &'static [&'static str] = &[
        "slower",
        "faster",
        "slower while it was slowing down",
        "faster while it was slowing down",
        "slots were missed",
        "polled before it asked for that",
        "polled with a time that runs backwards",
        "the load is said",
        "an interval was refused",
        "said goodbye",
        "the end of time",
    ];

    fn plan(random: &mut Random) -> Plan {
        Plan::draw(random)
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        Run::new(plan, journal).live(journal)
    }
}

/// A beat, its slot, and when it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub beat: Beat,
    pub slot_us: u64,
    pub at_us: u64,
}

pub(super) struct Run<'p> {
    pub plan: &'p Plan,
    pub sender: Sender,
    pub random: Random,
    pub now_us: u64,
    /// What it waits for; nothing at the end of time.
    pub due_us: Option<u64>,
    pub sent: Vec<Sent>,
    pub load: Option<u8>,
    pub left: bool,
    /// Beats since the interval changed.
    pub steady: usize,
}

pub(super) type Judged = Result<(), Violation>;

impl<'p> Run<'p> {
    fn new(plan: &'p Plan, journal: &mut Journal) -> Self {
        let Plan {
            interval_us,
            incarnation,
            start_us,
            spread,
            ..
        } = *plan;
        journal.call(|| {
            let spread = spread.map_or(String::new(), |seed| format!(".spread({seed})"));
            format!("let mut sender = Sender::new(us({interval_us}), {incarnation}, at({start_us})).unwrap(){spread};")
        });
        let (interval, start) = (
            Duration::from_micros(interval_us),
            Instant::from_micros(start_us),
        );
        let sender = Sender::new(interval, incarnation, start).expect("in range");
        Self {
            plan,
            sender: match spread {
                Some(seed) => sender.spread(seed),
                None => sender,
            },
            random: Random::of(plan.seed, 30, 0),
            now_us: start_us,
            due_us: Some(start_us),
            sent: Vec::new(),
            load: None,
            left: false,
            steady: 0,
        }
    }

    fn live(mut self, journal: &mut Journal) -> Judged {
        let mut acts = self.plan.acts.iter().peekable();
        self.poll(journal)?;
        let first_us = self.due_us.unwrap_or(u64::MAX) - self.plan.start_us;
        let spread = self.plan.spread.is_none() || first_us <= 2 * self.plan.interval_us;
        self.check(
            spread,
            Law::Intervals,
            "spread puts it off by more than an interval",
        )?;
        while self.sent.len() < usize::try_from(self.plan.beats).unwrap_or(0) && !self.left {
            let Some(due_us) = self.due_us else { break };
            let late_us = self.random.between(0, self.plan.late_us());
            let wake_us = due_us.saturating_add(late_us);
            let act = acts
                .peek()
                .map(|(at_us, _)| self.plan.start_us.saturating_add(*at_us));
            if act.is_some_and(|at_us| at_us <= wake_us) {
                self.now_us = self.now_us.max(act.unwrap_or(0));
                let act = acts.next().map(|it| it.1);
                self.act(act.unwrap_or(Act::Goodbye), journal)?;
                continue;
            }
            if self.random.chance_ppm(self.plan.early_ppm) && due_us.saturating_sub(self.now_us) > 1
            {
                self.now_us = self.random.between(self.now_us, due_us - 1);
                journal.coverage.saw("polled before it asked for that");
            } else {
                self.now_us = wake_us.max(self.now_us);
            }
            self.poll(journal)?;
        }
        journal
            .coverage
            .saw_if(self.due_us.is_none() && !self.left, "the end of time");
        Ok(())
    }

    pub(super) fn check(&self, holds: bool, law: Law, kind: &'static str) -> Judged {
        if holds {
            return Ok(());
        }
        let last = &self.sent[self.sent.len().saturating_sub(6)..];
        let detail = format!("{:?}, due {:?}, last {last:#?}", self.sender, self.due_us);
        Err(Violation::new(law, kind, self.now_us, detail))
    }

    fn act(&mut self, act: Act, journal: &mut Journal) -> Judged {
        let now_us = self.now_us;
        match act {
            Act::SetInterval { us } => self.set_interval(us, journal),
            Act::Refused { us } => {
                journal.coverage.saw("an interval was refused");
                let before = self.sender.clone();
                let interval = Duration::from_micros(us);
                let refused = self
                    .sender
                    .set_interval(interval, Instant::from_micros(now_us));
                let kept = refused.is_err() && self.sender == before;
                self.check(kept, Law::Refusal, "an interval out of range is taken")
            }
            Act::SetLoad(load) => {
                self.sender.set_load(load);
                self.load = load;
                Ok(())
            }
            // a beat that is due by now would be sent, as that is no time passed
            Act::Back { .. } if self.due_us.is_some_and(|us| us <= now_us) => Ok(()),
            Act::Back { us } => {
                journal
                    .coverage
                    .saw("polled with a time that runs backwards");
                // before the deadline: else a beat would be sent here that nobody records
                let before_us = self
                    .due_us
                    .map_or(u64::MAX, |due_us| due_us.saturating_sub(1));
                let now = Instant::from_micros(now_us.saturating_sub(us).min(before_us));
                let output = self.sender.poll(now);
                let due = self.due_us.map_or(Output::Idle, |due_us| {
                    Output::Wait(Instant::from_micros(due_us))
                });
                self.check(
                    output == due,
                    Law::Proof,
                    "a time that runs backwards changes what it waits for",
                )
            }
            Act::Goodbye => {
                journal.coverage.saw("said goodbye");
                let last = self.sender.goodbye();
                self.left = true;
                let said = last.is_goodbye() && last.incarnation() == self.plan.incarnation;
                self.check(said, Law::Accounts, "a goodbye that says none")?;
                let idle = self.sender.poll(Instant::from_micros(now_us)) == Output::Idle;
                self.check(idle, Law::Progress, "something to do after a goodbye")
            }
        }
    }

    fn set_interval(&mut self, us: u64, journal: &mut Journal) -> Judged {
        let now_us = self.now_us;
        journal.call(|| format!("sender.set_interval(us({us}), at({now_us})).unwrap();"));
        let before = micros(self.sender.interval());
        let slowing = self.sent.len() > 1 && self.steady <= TOLERATED;
        journal
            .coverage
            .saw(if us > before { "slower" } else { "faster" });
        journal
            .coverage
            .saw_if(us > before && slowing, "slower while it was slowing down");
        journal
            .coverage
            .saw_if(us <= before && slowing, "faster while it was slowing down");
        let interval = Duration::from_micros(us);
        let set = self
            .sender
            .set_interval(interval, Instant::from_micros(now_us));
        self.check(set.is_ok(), Law::Refusal, "an interval in range is refused")?;
        self.steady = 0;
        // a beat that is due by now is sent first, as the caller is late
        let due_before = self.due_us;
        self.poll(journal)?;
        // "the next beat, which is due no later than that from now"
        let by_us = now_us.saturating_add(us);
        let by_us = by_us.min(due_before.unwrap_or(u64::MAX).max(now_us));
        let soon = self.due_us.is_none_or(|due_us| due_us <= by_us) || self.sent_now();
        self.check(
            soon,
            Law::Intervals,
            "a change of pace puts the next beat off",
        )
    }

    fn sent_now(&self) -> bool {
        self.sent.last().is_some_and(|it| it.at_us == self.now_us)
    }

    fn poll(&mut self, journal: &mut Journal) -> Judged {
        let (now_us, now) = (self.now_us, Instant::from_micros(self.now_us));
        let early = self
            .due_us
            .filter(|&due_us| due_us > now_us && self.steady > 0);
        for _ in 0..3 {
            journal.polls += 1;
            let output = self.sender.poll(now);
            journal.call(|| format!("sender.poll(at({now_us})); // {output:?}"));
            match output {
                Output::Send(beat) => {
                    self.check(early.is_none(), Law::Progress, "an early poll sends a beat")?;
                    self.beat(beat, journal)?;
                }
                Output::Wait(until) => {
                    self.check(until > now, Law::Progress, "`Wait` is not in the future")?;
                    let same = early.is_none_or(|due_us| due_us == until.as_micros());
                    self.due_us = Some(until.as_micros());
                    return self.check(same, Law::Progress, "an early poll changes the deadline");
                }
                Output::Idle => {
                    self.due_us = None;
                    let far = now_us.saturating_add(2 * micros(self.sender.interval()));
                    return self.check(
                        far == u64::MAX,
                        Law::Progress,
                        "idle before the end of time",
                    );
                }
            }
        }
        self.check(false, Law::Progress, "more than a beat at a time")
    }
}
