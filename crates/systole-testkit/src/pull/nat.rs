//! The world of a `Lifetime`: a NAT on the way that forgets idle flows.

use systole::pacing::{Fixed, Lifetime, LifetimeRange, LifetimeSearch};
use systole::{Config, Instant, Monitor, Output};

use crate::world::{Journal, Law, Random, Violation, World};

use super::{micros, us};

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// What holds the interval under a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// A search for what the NAT remembers.
    Search {
        /// Where it begins.
        least_us: u64,
        /// Where it ends.
        most_us: u64,
    },
    /// A lifetime of this length, which is known.
    Known {
        /// How long the server keeps it.
        ttl_us: u64,
        /// The fixed interval beneath.
        interval_us: u64,
    },
}

/// A NAT, a server behind it, and a monitor that keeps a flow open through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatPlan {
    /// What losses are drawn from.
    pub seed: u64,
    /// The ceiling.
    pub ceiling: Ceiling,
    /// How long an idle flow is remembered.
    pub lifetime_us: u64,
    /// A round trip.
    pub rtt_us: u64,
    /// When the server asks for fewer probes.
    pub pushbacks_us: Vec<u64>,
    /// How often the server restarts, if it does, which closes the flow.
    pub restarts_us: Option<u64>,
    /// How far into an idle that is noticed, in percent; 100: by the next probe.
    pub noticed: u64,
    /// Whether trials on a second flow are made.
    pub second_flow: bool,
    /// Whether the search is used alone, without a monitor.
    pub alone: bool,
    /// How long it lasts.
    pub life_us: u64,
}

/// A monitor under a ceiling, or the search alone.
#[derive(Debug)]
pub struct LifetimeWorld;

impl World for LifetimeWorld {
    const NAME: &'static str = "lifetime";

    type Plan = NatPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "the NAT forgot the flow",
        "the server restarted",
        "the server asked for fewer probes",
        "a known lifetime was kept",
        "a trial was survived",
        "a trial was lost",
    ];

    fn plan(random: &mut Random) -> NatPlan {
        let lifetime_us = random.magnitude(30 * SECOND, 7_200 * SECOND);
        let least_us = random.magnitude(15 * SECOND, (lifetime_us / 2).max(15 * SECOND));
        let ttl_us = random.magnitude(SECOND, 600 * SECOND);
        let known = random.one_in(4);
        let restarts = !known && random.one_in(3);
        let weeks = random.between(4, 20);
        let life_us = match known {
            true => ttl_us * random.between(50, 500),
            false if restarts => weeks * 7 * DAY,
            false => random.between(3, 14) * DAY,
        };
        let most_us = random.magnitude(lifetime_us, 14_400 * SECOND);
        let pushed = if random.one_in(2) {
            random.between(1, 3)
        } else {
            0
        };
        let pushed = if restarts { 0 } else { pushed };
        let mut pushbacks_us = Vec::new();
        for _ in 0..pushed {
            pushbacks_us.push(random.between(0, life_us / 2));
        }
        pushbacks_us.sort_unstable();
        NatPlan {
            seed: random.draw(),
            ceiling: if known {
                let interval_us = random.between(ttl_us / 8 + 1, ttl_us);
                Ceiling::Known {
                    ttl_us,
                    interval_us,
                }
            } else {
                Ceiling::Search { least_us, most_us }
            },
            lifetime_us,
            rtt_us: random.magnitude(100, SECOND / 4),
            pushbacks_us,
            restarts_us: restarts.then(|| random.between(5 * DAY, 10 * DAY)),
            noticed: random.pick(&[100, 60, 20]),
            second_flow: !restarts && random.one_in(2),
            alone: restarts && random.one_in(2),
            life_us,
        }
    }

    fn simpler(plan: &NatPlan) -> Vec<NatPlan> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut NatPlan)| {
            let mut simpler = plan.clone();
            change(&mut simpler);
            if simpler != *plan {
                all.push(simpler);
            }
        };
        with(&|it| it.pushbacks_us.clear());
        with(&|it| {
            it.pushbacks_us.pop();
        });
        with(&|it| it.restarts_us = None);
        with(&|it| it.second_flow = false);
        with(&|it| it.noticed = 100);
        with(&|it| it.life_us /= 2);
        with(&|it| it.rtt_us = 1_000);
        all
    }

    fn run(plan: &NatPlan, journal: &mut Journal) -> Result<(), Violation> {
        match plan.ceiling {
            Ceiling::Known {
                ttl_us,
                interval_us,
            } => known(plan, ttl_us, interval_us, journal),
            Ceiling::Search { .. } if plan.alone => alone(plan, journal),
            Ceiling::Search { .. } => super::flow::Flow::new(plan, journal).go(),
        }
    }
}

pub(super) fn reach(plan: &NatPlan) -> LifetimeRange {
    let Ceiling::Search { least_us, most_us } = plan.ceiling else {
        unreachable!("only called for a search")
    };
    let reach = LifetimeRange::between(us(least_us), us(most_us)).expect("in range");
    if plan.second_flow {
        return reach.with_second_flow();
    }
    reach
}

pub(super) const fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

/// Which flows were lost, and what was sent.
#[derive(Debug, Default)]
pub(super) struct Bill {
    pub(super) forgotten: u64,
    pub(super) restarts: u64,
    pub(super) packets: u64,
}

impl Bill {
    /// "At most three times the packets, and about a flow a restart", where it restarts weekly;
    /// else what `Lifetime` says of its search: "one connection", and 1.3 times the packets at worst
    /// over a month.
    pub(super) fn check(&self, plan: &NatPlan) -> Result<(), Violation> {
        let Ceiling::Search { least_us, most_us } = plan.ceiling else {
            return Ok(());
        };
        let broken = |kind| {
            let detail = format!(
                "{self:?} in {} days, lifetime {} s",
                plan.life_us / DAY,
                plan.lifetime_us / SECOND
            );
            Err(Violation::new(Law::NoLockOut, kind, plan.life_us, detail))
        };
        // the search itself: the climb by 1/16 from the least interval, twice for each restart
        let ratio = (plan.lifetime_us / least_us).max(2);
        let climb = 12 * (u64::from(ratio.ilog2()) + 1) * 2;
        let oracle = plan.life_us / plan.lifetime_us.min(most_us);
        let most = oracle * 3 + climb * (1 + self.restarts) + self.forgotten;
        if self.packets > most {
            return broken("far more packets than the lifetime asks for");
        }
        // one to learn it, a second where doubt is cleared; each restart may cost one more
        let flows = if plan.second_flow { 2 } else { 3 };
        if self.forgotten > flows + 2 * self.restarts + plan.pushbacks_us.len() as u64 {
            return broken("far more flows are lost than it takes to learn the lifetime");
        }
        Ok(())
    }
}

/// The search alone, told each idle and what came of it.
fn alone(plan: &NatPlan, journal: &mut Journal) -> Result<(), Violation> {
    let mut search = LifetimeSearch::new(reach(plan));
    let (mut now_us, mut bill) = (0, Bill::default());
    let every_us = plan.restarts_us.unwrap_or(u64::MAX);
    while now_us < plan.life_us {
        let idle_us = micros(search.interval());
        journal.polls += 1;
        bill.packets += 1;
        if now_us > every_us.saturating_mul(bill.restarts + 1) {
            bill.restarts += 1;
            journal.coverage.saw("the server restarted");
            let noticed_us = idle_us * plan.noticed / 100;
            now_us += noticed_us;
            journal.call(|| format!("search.lost(us({noticed_us})); // a restart, after {now_us}"));
            search.lost(us(noticed_us));
        } else if idle_us < plan.lifetime_us {
            now_us += idle_us;
            journal.call(|| format!("search.survived(us({idle_us}));"));
            search.survived(us(idle_us));
        } else {
            now_us += idle_us;
            bill.forgotten += 1;
            journal.coverage.saw("the NAT forgot the flow");
            journal.call(|| format!("search.lost(us({idle_us})); // forgotten"));
            search.lost(us(idle_us));
        }
    }
    bill.check(plan)
}

/// What lapses after a known time is refreshed at a third of it, so that a probe may be missed and
/// asked again twice before it lapses.
fn known(
    plan: &NatPlan,
    ttl_us: u64,
    interval_us: u64,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let inner = Config::fixed(us(interval_us)).build().expect("in range");
    let policy = Lifetime::at_most(*inner.policy(), us(ttl_us / 3));
    let config = Config::with_policy(policy, us(ttl_us / 64 + 1), us(ttl_us * 4))
        .build()
        .expect("in range");
    let config = config
        .into_builder()
        .seed(plan.seed | 1)
        .without_initial_delay()
        .build()
        .expect("odd");
    let mut monitor =
        Monitor::<8, Lifetime<Fixed>>::with_window(config, at(0)).expect("it has a seed");
    let rtt_us = plan.rtt_us.min(ttl_us / 16);
    let (mut now_us, mut renewed_us, mut pushed) = (0, 0, 0);
    while now_us < plan.life_us {
        if plan
            .pushbacks_us
            .get(pushed)
            .is_some_and(|&at_us| at_us <= now_us)
        {
            pushed += 1;
            journal.coverage.saw("the server asked for fewer probes");
            journal.call(|| format!("monitor.handle_pushback(at({now_us}));"));
            monitor.handle_pushback(at(now_us));
        }
        journal.polls += 1;
        let output = monitor.poll(at(now_us));
        journal.call(|| format!("monitor.poll(at({now_us})); // {output:?}"));
        match output {
            Output::Send(id) => {
                journal.coverage.saw("a known lifetime was kept");
                let idle_us = now_us - renewed_us;
                if idle_us > ttl_us {
                    let detail = format!("{idle_us} us after the last, of {ttl_us} us");
                    return Err(Violation::new(
                        Law::Lease,
                        "a known lifetime is exceeded",
                        now_us,
                        detail,
                    ));
                }
                renewed_us = now_us;
                now_us += rtt_us;
                monitor.handle_reply(id, at(now_us));
            }
            Output::Wait(until) => now_us = until.as_micros(),
            Output::Event(_) => {}
            Output::Idle => break,
        }
    }
    Ok(())
}
