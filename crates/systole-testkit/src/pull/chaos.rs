//! Law 8: any call at any moment, at the ends of the ranges too.

use systole::{Event, Failure, Instant, Output, ProbeId, RetryBudget, Verdict};

use crate::world::{Journal, Law, Random, Violation, World};

use super::machine::{self, Machine};
use super::{Hostile, Policy, Settings};

/// A monitor that is called without sense.
#[derive(Debug)]
pub struct ChaosWorld;

/// What is drawn of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChaosPlan {
    /// What calls are drawn from.
    pub seed: u64,
    /// The configuration.
    pub settings: Settings,
    /// What `reconfigure` sets.
    pub other: Settings,
    /// The window.
    pub window: usize,
    /// How many calls.
    pub calls: u64,
    /// Where the clock starts.
    pub start_us: u64,
    /// Whether moments are drawn anywhere, back and forth.
    pub leaps: bool,
}

impl World for ChaosWorld {
    const NAME: &'static str = "chaos";

    type Plan = ChaosPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "called at the end of time",
        "called back in time",
        "nothing to wait for",
        "dead",
        "a reply from the future",
    ];

    fn plan(random: &mut Random) -> ChaosPlan {
        let settings = Settings::draw(random);
        let mut other = Settings::draw(random);
        other.policy = settings.policy;
        if let Policy::Hostile { min_us, max_us, .. } = settings.policy {
            let Hostile(seed) = Hostile(random.draw());
            other.policy = Policy::Hostile {
                seed,
                min_us,
                max_us,
            };
        }
        ChaosPlan {
            seed: random.draw(),
            settings,
            other,
            window: if random.one_in(4) { 1 } else { 32 },
            calls: random.between(20, 400),
            start_us: match random.below(4) {
                0 => u64::MAX - random.magnitude(1, 1 << 45),
                1 => u64::MAX,
                2 => random.draw(),
                _ => 0,
            },
            leaps: random.one_in(2),
        }
    }

    fn simpler(plan: &ChaosPlan) -> Vec<ChaosPlan> {
        let fewer = |calls| ChaosPlan {
            calls,
            ..plan.clone()
        };
        let mut all = vec![fewer(plan.calls / 2), fewer(plan.calls.saturating_sub(1))];
        all.push(ChaosPlan {
            start_us: 0,
            ..plan.clone()
        });
        all.push(ChaosPlan {
            leaps: false,
            ..plan.clone()
        });
        for settings in plan.settings.simpler() {
            all.push(ChaosPlan {
                settings,
                ..plan.clone()
            });
        }
        all.retain(|simpler| simpler != plan);
        all
    }

    fn run(plan: &ChaosPlan, journal: &mut Journal) -> Result<(), Violation> {
        Chaos::new(plan, journal).go()
    }
}

struct Chaos<'a> {
    plan: &'a ChaosPlan,
    journal: &'a mut Journal,
    machine: Box<dyn Machine>,
    random: Random,
    now_us: u64,
    ids: Vec<ProbeId>,
    number: u32,
    budget: RetryBudget,
}

/// So that this compiles where the constructor refuses, too.
trait Granted {
    fn granted(self) -> RetryBudget;
}

impl Granted for RetryBudget {
    fn granted(self) -> RetryBudget {
        self
    }
}

impl<E: core::fmt::Debug> Granted for Result<RetryBudget, E> {
    fn granted(self) -> RetryBudget {
        self.expect("in range")
    }
}

impl<'a> Chaos<'a> {
    fn new(plan: &'a ChaosPlan, journal: &'a mut Journal) -> Self {
        let now = Instant::from_micros(plan.start_us);
        let (machine, _) = machine::monitor(&plan.settings, plan.window, now);
        journal.call(|| format!("// {:?}", plan.settings));
        Self {
            plan,
            journal,
            machine,
            random: Random::new(plan.seed),
            now_us: plan.start_us,
            ids: Vec::new(),
            number: 0,
            budget: RetryBudget::new(10, 10).granted(),
        }
    }

    fn go(mut self) -> Result<(), Violation> {
        for _ in 0..self.plan.calls {
            self.pass();
            self.call();
            self.valid()?;
            self.drain()?;
        }
        Ok(())
    }

    /// Another moment: later by as much as anything takes, or anywhere.
    fn pass(&mut self) {
        let before_us = self.now_us;
        if self.plan.leaps && self.random.one_in(8) {
            self.now_us = self.anywhere();
        } else {
            let pace_us = self.plan.settings.policy.pace_us().max(1);
            let by_us = self.random.magnitude(1, pace_us.saturating_mul(4));
            self.now_us = self.now_us.saturating_add(by_us);
        }
        self.journal
            .coverage
            .saw_if(self.now_us < before_us, "called back in time");
        self.journal
            .coverage
            .saw_if(self.now_us == u64::MAX, "called at the end of time");
    }

    fn anywhere(&mut self) -> u64 {
        match self.random.below(4) {
            0 => 0,
            1 => u64::MAX,
            2 => self.random.draw(),
            _ => {
                let by_us = self.random.magnitude(1, 1 << 44);
                self.plan.start_us.wrapping_add(by_us)
            }
        }
    }

    /// Now, or about as often any other moment.
    fn moment(&mut self) -> Instant {
        let us = if self.random.one_in(4) {
            self.anywhere()
        } else {
            self.now_us
        };
        self.journal
            .coverage
            .saw_if(us > self.now_us, "a reply from the future");
        Instant::from_micros(us)
    }

    fn id(&mut self) -> ProbeId {
        if self.ids.is_empty() || self.random.one_in(8) {
            return ProbeId::from(self.random.draw());
        }
        let back = self.random.magnitude(1, self.ids.len() as u64);
        self.ids[self.ids.len() - usize::try_from(back).unwrap_or(1)]
    }

    fn call(&mut self) {
        let (what, at, id) = (self.random.below(20), self.moment(), self.id());
        let now = Instant::from_micros(self.now_us);
        let span_us = self.random.draw() >> self.random.below(64);
        let failure = self.random.pick(&[
            Failure::Refused,
            Failure::InvalidReply,
            Failure::Unreachable,
        ]);
        self.journal.call(|| {
            format!(
                "// call {what} at {}, stamp {}, span {span_us} us",
                self.now_us,
                at.as_micros()
            )
        });
        match what {
            0..=4 => self.machine.reply(id, at),
            5 => self.machine.reply_with(id, at, span_us),
            6 => self.machine.reply_any(at),
            7 => self.machine.traffic(at),
            8 => self.machine.failure(id, failure, now),
            9 => self.machine.unsent(id, now),
            10 => self.machine.probe_now(now),
            11 => self.machine.pushback(now),
            12 => self.machine.pushback_with(now, span_us),
            13 => self.machine.restarted(now),
            14 => self.machine.resumed(now),
            15 => self.machine.resync(now),
            16 => self.machine.flow_lost(now),
            17 => {
                let _ = self.machine.reconfigure(&self.plan.other, now);
            }
            18 => {
                let _ = (
                    self.machine.next_probe_earliest(),
                    self.machine.level(at),
                    self.machine.snapshot(at),
                );
            }
            _ => {}
        }
    }

    fn valid(&self) -> Result<(), Violation> {
        if self.machine.is_valid() {
            return Ok(());
        }
        let kind = "a state that is not valid";
        Err(Violation::new(
            Law::Refusal,
            kind,
            self.now_us,
            format!("{:?}", self.machine),
        ))
    }

    fn drain(&mut self) -> Result<(), Violation> {
        let now = Instant::from_micros(self.now_us);
        let broken = |kind, detail: String| {
            Err(Violation::new(Law::Progress, kind, now.as_micros(), detail))
        };
        for _ in 0..systole::Monitor::<1>::MAX_DRAIN {
            self.journal.polls += 1;
            let output = self.machine.poll(now, Some(&self.budget));
            self.journal
                .call(|| format!("monitor.poll(at({})); // {output:?}", now.as_micros()));
            match output {
                Output::Send(id) => self.ids.push(id),
                Output::Event(event) => self.event(event)?,
                Output::Wait(until) if until <= now => {
                    return broken("a wait that is over", format!("{until:?}"));
                }
                Output::Wait(_) => return self.valid(),
                Output::Idle => {
                    self.journal.coverage.saw("nothing to wait for");
                    return self.valid();
                }
            }
        }
        broken("a drain has no end", String::new())
    }

    fn event(&mut self, event: Event) -> Result<(), Violation> {
        let number = event.number;
        let told = core::mem::replace(&mut self.number, number);
        self.journal
            .coverage
            .saw_if(self.machine.verdict() == Verdict::Dead, "dead");
        if number <= told {
            let kind = "numbers of events do not rise";
            return Err(Violation::new(
                Law::Accounts,
                kind,
                self.now_us,
                format!("{event:?}"),
            ));
        }
        Ok(())
    }
}
