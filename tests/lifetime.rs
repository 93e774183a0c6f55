//! The search for a lifetime: what it finds, what it costs, what it remembers; and the laws under it.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::missing_panics_doc
)] // a test

#[path = "common/ops.rs"]
mod ops;

use core::time::Duration;

use ops::{Op, World, micros};
use proptest::prelude::*;
use systole::pacing::{Fixed, Fluctuation, Lifetime, LifetimeSearch, Memory, Reach};
use systole::{Config, Heartbeat, Instant, Monitor, Output, Verdict};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn reach() -> Reach {
    Reach::between(15 * SECOND, 60 * MINUTE).unwrap()
}

/// One interval of the flow in use, and of the second one if it is wanted, where idles shorter than `lifetime` survive. Returns whether
/// the flow in use was lost.
fn step(search: &mut LifetimeSearch, lifetime: Duration) -> bool {
    if let Some(idle) = search.trial() {
        if idle < lifetime {
            search.trial_survived(idle);
        } else {
            search.trial_lost(idle);
        }
    }
    let idle = search.interval();
    if idle < lifetime {
        search.survived(idle);
        return false;
    }
    search.lost(idle);
    true
}

fn losses(search: &mut LifetimeSearch, lifetime: Duration, steps: u32) -> usize {
    (0..steps).filter(|_| step(search, lifetime)).count()
}

fn lifetimes() -> impl Strategy<Value = Duration> {
    (16_000_u64..3_600_000).prop_map(Duration::from_millis)
}

proptest! {
    /// What the documentation says a fixed lifetime costs: no connection with a second flow, and nearly all of it is used.
    #[test]
    fn a_second_flow_finds_a_lifetime_at_no_loss(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        prop_assert_eq!(losses(&mut search, lifetime, 1_000), 0);
        let kept = search.interval().as_secs_f64() / lifetime.as_secs_f64();
        prop_assert!(kept > 0.95 && kept < 1.0, "{kept}");
    }

    /// One without.
    #[test]
    fn a_lone_flow_finds_a_lifetime_at_one_loss(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach());
        prop_assert_eq!(losses(&mut search, lifetime, 100), 1);
        let kept = search.interval().as_secs_f64() / lifetime.as_secs_f64();
        prop_assert!(kept > 0.92 && kept < 1.0, "{kept}");
    }

    /// A connection for each factor of 4, or part of it, by which a lifetime shrinks.
    #[test]
    fn a_lifetime_that_shrinks_costs_a_loss_a_factor_of_four(lifetime in lifetimes(), by in 1.1_f64..64.0) {
        let shorter = lifetime.div_f64(by).max(16 * SECOND);
        prop_assume!(shorter < lifetime.mul_f64(0.9));
        let by = lifetime.as_secs_f64() / shorter.as_secs_f64();
        let allowed = by.log(4.0).ceil();
        for (reach, beside) in [(reach().with_second_flow(), 0.0), (reach(), 2.0)] {
            let mut search = LifetimeSearch::new(reach);
            losses(&mut search, lifetime, 200);
            let lost = losses(&mut search, shorter, 400);
            let lost = f64::from(u32::try_from(lost).unwrap());
            prop_assert!(lost >= 1.0 && lost <= allowed + beside, "{lost} by {by}");
            let kept = search.interval().as_secs_f64() / shorter.as_secs_f64();
            prop_assert!(kept > 0.7 && kept < 1.0, "{kept}");
        }
    }

    /// A lifetime that has become longer is noticed in the end, at no loss.
    #[test]
    fn a_lifetime_that_grows_is_found_again(lifetime in lifetimes()) {
        let longer = lifetime * 2;
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        losses(&mut search, lifetime, 100);
        prop_assert_eq!(losses(&mut search, longer, 1_000), 0);
        let best = longer.min(60 * MINUTE).as_secs_f64();
        prop_assert!(search.interval().as_secs_f64() > 0.85 * best);
    }

    /// Whatever is claimed, intervals stay within the reach, trials below the longest, and what is remembered can be read again.
    #[test]
    fn no_claim_leads_out_of_the_reach(
        claims in prop::collection::vec((0_u8..6, 0_u64..1 << 44), 1..200), second: bool, least in 1_u64..1 << 38, span in 0_u64..1 << 39,
    ) {
        let (least, most) = (micros(1_000 + least), micros(1_000 + least + span));
        let reach = Reach::below_the_floor(least, most).unwrap();
        let reach = if second { reach.with_second_flow() } else { reach };
        let mut search = LifetimeSearch::new(reach);
        for (what, us) in claims {
            let claimed = micros(us);
            match what {
                0 => search.survived(claimed),
                1 => search.lost(claimed),
                2 => search.trial_survived(claimed),
                3 => search.trial_lost(claimed),
                4 => { step(&mut search, claimed); }
                _ => search.recall(search.memory(), claimed * 64),
            }
            prop_assert!(search.interval() >= least && search.interval() <= most);
            prop_assert!(search.trial().is_none_or(|idle| second && idle >= least && idle <= most));
            let memory = search.memory();
            prop_assert_eq!(Memory::new(memory.survived(), memory.lost(), memory.doubts()), Ok(memory));
        }
    }

    /// Nothing is tried for ever: within the first thousand intervals there are fewer trials than one in ten.
    #[test]
    fn trials_are_rare_once_a_lifetime_is_known(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        let mut trials = 0;
        for _ in 0..1_000 {
            trials += u32::from(search.trial().is_some());
            step(&mut search, lifetime);
        }
        prop_assert!(trials <= 30, "{trials}");
    }
}

#[test]
fn a_closed_flow_tells_the_lifetime_to_the_second() {
    let mut search = LifetimeSearch::new(reach());
    while search.interval() < 7 * MINUTE {
        step(&mut search, 60 * MINUTE);
    }
    search.lost(6 * MINUTE + 50 * SECOND); // closed before its next probe
    assert_eq!(search.memory().lost(), Some(6 * MINUTE + 50 * SECOND));
    assert!(search.is_settled());
    assert!(search.interval() > 6 * MINUTE && search.interval() < 6 * MINUTE + 50 * SECOND);
}

#[test]
fn one_loss_long_before_what_was_survived_has_another_cause() {
    let mut search = LifetimeSearch::new(reach());
    losses(&mut search, 10 * MINUTE, 100);
    let kept = search.interval();
    search.lost(2 * MINUTE);
    assert_eq!(search.interval(), kept);
    step(&mut search, 10 * MINUTE);
    search.lost(2 * MINUTE);
    assert_eq!(search.interval(), kept, "not two in a row");
    search.lost(2 * MINUTE);
    assert!(search.interval() < 2 * MINUTE);
}

#[test]
fn a_trial_that_began_before_a_loss_proves_nothing_after_it() {
    let mut search = LifetimeSearch::new(reach().with_second_flow());
    losses(&mut search, 10 * MINUTE, 100);
    search.lost(search.interval());
    let back = search.interval();
    search.trial_survived(12 * MINUTE);
    assert_eq!(search.interval(), back);
    assert!(search.memory().lost().is_some());
}

/// A lone flow is given up again to look for more: after 30 days, 60 days and so on.
#[test]
fn without_a_second_flow_more_is_tried_rarely() {
    let mut search = LifetimeSearch::new(reach());
    let mut time = Duration::ZERO;
    let mut lost_at = Vec::new();
    while time < 365 * DAY {
        time += search.interval();
        if step(&mut search, 30 * MINUTE) {
            lost_at.push(time.as_secs() / DAY.as_secs());
        }
    }
    assert_eq!(lost_at, [0, 30, 60, 120, 240]);
}

#[test]
fn what_is_remembered_is_forgotten_slowly() {
    let memory = Memory::new(8 * MINUTE, Some(9 * MINUTE), 0).unwrap();
    let after = |age| {
        let mut search = LifetimeSearch::new(reach());
        search.recall(memory, age);
        (search.memory().survived(), search.memory().lost())
    };
    assert_eq!(after(29 * DAY), (8 * MINUTE, Some(9 * MINUTE)));
    assert_eq!(after(30 * DAY), (4 * MINUTE, None));
    assert_eq!(after(60 * DAY), (2 * MINUTE, None));
    assert_eq!(after(Duration::MAX), (Duration::ZERO, None));
    let mut search = LifetimeSearch::new(reach());
    search.recall(
        Memory::new(Duration::ZERO, Some(MINUTE), 1).unwrap(),
        30 * DAY,
    );
    assert_eq!(search.memory().lost(), None);
}

/// What was learnt at home is not asked again there.
#[test]
fn a_memory_spares_the_search() {
    let reach = reach().with_second_flow();
    let mut search = LifetimeSearch::new(reach);
    losses(&mut search, 10 * MINUTE, 100);
    let mut back = LifetimeSearch::new(reach);
    back.recall(search.memory(), DAY);
    assert!(back.is_settled());
    assert!(back.interval() > 8 * MINUTE);
}

// ---- under a monitor ----

type Lifetimed = Monitor<8, Lifetime<Fixed>>;

/// A monitor whose flow is forgotten after `lifetime`, with a peer 40 ms away.
struct Line {
    monitor: Lifetimed,
    now: Instant,
    wait: Instant,
    probes: Vec<Instant>,
    /// Whether anything is answered.
    up: bool,
}

const RTT: Duration = Duration::from_millis(40);

impl Line {
    fn new(reach: Reach) -> Self {
        let config = Config::lifetime(reach).unwrap().jitter_percent(0).unwrap();
        let config = config.seed(7).unwrap().start_at_once();
        let now = Instant::from_secs(1);
        let mut line = Self {
            monitor: Monitor::new(config, now).unwrap(),
            now,
            wait: now,
            probes: Vec::new(),
            up: true,
        };
        line.drain();
        line
    }

    fn drain(&mut self) {
        loop {
            match self.monitor.poll(self.now) {
                Output::Probe(id) => {
                    self.probes.push(self.now);
                    if self.up {
                        self.now = self.now.saturating_add(RTT);
                        self.monitor.handle_reply(id, self.now);
                    }
                }
                Output::Event(_) => {}
                Output::Wait(until) => {
                    self.wait = until;
                    return;
                }
                Output::Idle => unreachable!("not before the end of time"),
            }
        }
    }

    fn run_until(&mut self, end: Instant) {
        while self.wait < end {
            self.now = self.wait;
            self.drain();
        }
        self.now = end;
    }

    fn run(&mut self, span: Duration) {
        self.run_until(self.now.saturating_add(span));
    }

    const fn survived(&self) -> Duration {
        self.monitor.memory().survived()
    }

    fn interval(&self) -> Duration {
        self.monitor.snapshot(self.now).heart.plan.interval()
    }
}

#[test]
fn an_answered_probe_has_survived_the_idle_before_it() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let [.., before, last] = line.probes[..] else {
        panic!("a few probes");
    };
    let idle = last.saturating_duration_since(before);
    assert_eq!(line.survived(), idle);
    assert_eq!(line.interval().as_micros(), idle.as_micros() * 17 / 16);
}

/// Before or after the reply that tells it, a lost flow is blamed on the idle before the probe.
#[test]
fn a_lost_flow_is_told_before_or_after_the_reply() {
    for before in [true, false] {
        let mut line = Line::new(reach());
        line.run(10 * MINUTE);
        let asked = line.interval();
        line.up = false;
        line.run_until(line.wait.saturating_add(SECOND * 4 / 10)); // asked, and nothing yet
        line.run(3 * SECOND / 2); // the first retry
        assert_eq!(line.monitor.verdict(), Verdict::Suspect);
        let Some(id) = retry(&mut line) else {
            panic!("a second retry");
        };
        line.now = line.now.saturating_add(RTT);
        if before {
            line.monitor.handle_flow_lost(line.now);
        }
        line.monitor.handle_reply(id, line.now);
        if !before {
            line.monitor.handle_flow_lost(line.now);
        }
        assert_eq!(line.monitor.verdict(), Verdict::Alive);
        assert_eq!(line.monitor.memory().lost(), Some(asked));
        assert!(line.interval() < asked);
    }
}

fn retry(line: &mut Line) -> Option<systole::ProbeId> {
    for _ in 0..20 {
        match line.monitor.poll(line.now) {
            Output::Probe(id) => return Some(id),
            Output::Wait(until) => line.now = until,
            _ => {}
        }
    }
    None
}

#[test]
fn a_flow_that_is_closed_while_it_idles_is_asked_anew_at_once() {
    let mut line = Line::new(reach());
    line.run(20 * MINUTE);
    let last = *line.probes.last().unwrap();
    let idle = line.now.saturating_duration_since(last);
    assert!(
        idle > line.interval() / 2,
        "{idle:?} of {:?}",
        line.interval()
    );
    line.monitor.handle_flow_lost(line.now);
    assert!(matches!(line.monitor.poll(line.now), Output::Probe(_)));
    assert_eq!(line.monitor.memory().lost(), Some(idle));
}

/// A burst of loss is no lost flow: a retry is answered, and the idle counts for nothing.
#[test]
fn a_retry_that_is_answered_tells_nothing_of_the_idle() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let (known, asked) = (line.monitor.memory(), line.interval());
    line.up = false;
    line.run_until(line.wait.saturating_add(SECOND / 10));
    line.up = true;
    line.run(20 * SECOND);
    assert_eq!(line.monitor.memory(), known);
    assert_eq!(line.interval(), asked);
    line.run(2 * asked);
    assert!(line.survived() >= asked);
}

/// Who never says that flows are lost pays with verdicts, and still climbs no further.
#[test]
fn a_death_after_an_untried_idle_is_taken_for_a_lost_flow() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let asked = line.interval();
    line.up = false;
    line.run(MINUTE * 2);
    assert_eq!(line.monitor.verdict(), Verdict::Dead);
    line.up = true;
    line.run(MINUTE);
    assert_eq!(line.monitor.verdict(), Verdict::Alive);
    assert_eq!(line.monitor.memory().lost(), Some(asked));
}

/// After an idle that had been survived, the peer may as well have been away; not twice in a row.
#[test]
fn a_death_after_a_survived_idle_is_the_peers_at_first() {
    let mut line = Line::new(reach());
    line.monitor.recall(
        Memory::new(MINUTE, Some(MINUTE * 66 / 60), 0).unwrap(),
        DAY,
        line.now,
    );
    line.run(10 * MINUTE);
    let known = line.monitor.memory();
    for death in 1..=2 {
        line.up = false;
        line.run(2 * MINUTE);
        assert_eq!(line.monitor.verdict(), Verdict::Dead);
        line.up = true;
        line.run(20 * SECOND);
        assert_eq!(line.monitor.verdict(), Verdict::Alive);
        assert_eq!(line.monitor.memory() == known, death == 1, "{death}");
    }
}

/// Traffic may have refreshed the flow: what was survived is the rest, and probes go on unless it is said that it has.
#[test]
fn traffic_shortens_what_was_survived() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let (known, due) = (line.survived(), line.wait);
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert_eq!(line.wait, due, "not put off");
    line.run_until(due.saturating_add(SECOND));
    assert_eq!(line.survived(), known, "the rest was shorter");

    let mut line = Line::new(reach().refreshed_by_traffic());
    line.run(10 * MINUTE);
    let due = line.wait;
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert!(line.wait > due, "put off");
    let idle = line.wait.saturating_duration_since(line.now);
    line.run(30 * MINUTE);
    assert!(line.survived() >= idle);
}

/// A suspend that the clock did not see, a restart: the idle under way says nothing.
#[test]
fn an_idle_that_nobody_can_measure_counts_for_nothing() {
    for how in [Lifetimed::resumed, Lifetimed::restarted] {
        let mut line = Line::new(reach());
        line.run(10 * MINUTE);
        let known = line.monitor.memory();
        how(&mut line.monitor, line.now);
        line.monitor.handle_flow_lost(line.now);
        assert_eq!(line.monitor.memory(), known);
    }
}

/// Lateness is the peer's on observed time; a flow idles all the same.
#[test]
fn a_flow_idles_while_nobody_looks() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let late = 5 * MINUTE;
    let due = line.wait;
    let asked = line.interval();
    line.up = false;
    line.now = due.saturating_add(late);
    line.drain();
    line.monitor.handle_flow_lost(line.now);
    assert_eq!(line.monitor.memory().lost(), Some(asked + late));
}

/// What nobody looked at lies before the traffic that was found, not after it.
#[test]
fn traffic_that_is_read_late_shortens_it_too() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let known = line.survived();
    line.now = line.wait.saturating_add(5 * MINUTE);
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert_eq!(line.survived(), known);
}

/// A trial that fails shortens the idle under way too, and calls nobody dead for it.
#[test]
fn a_trial_that_fails_is_acted_on_at_once() {
    let mut line = Line::new(reach().with_second_flow());
    let long = 40 * MINUTE;
    line.monitor.handle_trial_survived(long, line.now);
    line.run(2 * DAY);
    let interval = line.interval();
    assert!(interval > 30 * MINUTE);
    let last = *line.probes.last().unwrap();
    line.run_until(last.saturating_add(25 * MINUTE));
    let quarter = 10 * MINUTE;
    for _ in 0..8 {
        let trial = line.monitor.trial().unwrap_or(quarter);
        line.monitor.handle_trial_lost(trial.min(quarter), line.now);
    }
    assert!(line.interval() < quarter);
    line.drain();
    assert_eq!(
        line.probes.last(),
        Some(&line.now.saturating_sub(RTT)),
        "asked at once"
    );
    assert_eq!(line.monitor.verdict(), Verdict::Alive);
}

#[test]
fn the_slack_of_a_probe_is_its_shortest_interval() {
    let mut line = Line::new(reach());
    line.run(20 * MINUTE);
    let last = *line.probes.last().unwrap();
    assert_eq!(
        line.monitor.earliest(),
        Some(last.saturating_add(15 * SECOND))
    );
    assert!(line.wait > last.saturating_add(MINUTE));
    line.up = false;
    line.run_until(line.wait.saturating_add(SECOND / 10));
    assert_eq!(line.monitor.earliest(), None, "a probe is under way");
    line.run(2 * SECOND);
    assert_eq!(line.monitor.verdict(), Verdict::Suspect);
    assert_eq!(
        line.monitor.earliest(),
        None,
        "an overdue one is not to be waited for"
    );
}

/// What arrives does not renew a lease.
#[test]
fn traffic_puts_off_no_renewal() {
    let every = *Config::<Fluctuation>::every(5 * SECOND).unwrap().policy();
    let config = Config::with_policy(Lifetime::lease(every, 9 * SECOND), SECOND, 10 * SECOND);
    let config = config.unwrap().seed(1).unwrap().start_at_once();
    let mut now = Instant::from_secs(1);
    let mut monitor = Monitor::<8, _>::new(config, now).unwrap();
    let mut last = now;
    while now < Instant::from_secs(600) {
        monitor.handle_traffic(now);
        now = match monitor.poll(now) {
            Output::Probe(id) => {
                assert!(now.saturating_duration_since(last) <= 3 * SECOND);
                last = now;
                monitor.handle_reply(id, now.saturating_add(RTT));
                now.saturating_add(RTT)
            }
            Output::Wait(until) => until.min(now.saturating_add(SECOND / 2)),
            _ => now,
        };
    }
}

/// The clockless machine finds it too.
#[test]
fn a_heart_without_a_clock_finds_a_lifetime() {
    let config = Config::lifetime(reach())
        .unwrap()
        .jitter_percent(0)
        .unwrap();
    let mut heart = Heartbeat::<8, _>::new(config);
    let (mut interval, mut lost) = (Duration::ZERO, 0);
    for _ in 0..200 {
        if interval > 5 * MINUTE {
            heart.flow_lost();
            lost += 1;
        }
        interval = heart.next_interval(RTT);
    }
    assert_eq!(lost, 1);
    assert!(
        interval > 4 * MINUTE && interval < 5 * MINUTE,
        "{interval:?}"
    );

    let memory = heart.memory();
    let reach = reach().with_second_flow();
    let mut heart = Heartbeat::<8, _>::new(Config::lifetime(reach).unwrap());
    heart.recall(memory, DAY);
    let trial = heart.trial().unwrap();
    assert!(trial > memory.survived());
    heart.trial_survived(trial);
    assert_eq!(heart.memory().survived(), trial);
    let trial = heart.trial().unwrap_or(memory.lost().unwrap());
    heart.trial_lost(trial);
    assert_eq!(
        heart.memory().lost().unwrap(),
        trial.min(memory.lost().unwrap())
    );
}

// ---- the laws ----

fn ops() -> impl Strategy<Value = Vec<(Op, u8, u64)>> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..10_000_000, any::<u32>()];
    let op = prop_oneof![
        8 => any::<u8>().prop_map(Op::Beat),
        3 => span().prop_map(Op::Late),
        2 => any::<u16>().prop_map(Op::Early),
        1 => span().prop_map(Op::Deaf),
        2 => prop::option::weighted(0.7, span()).prop_map(Op::Answers),
        1 => Just(Op::ReplyAny),
        1 => span().prop_map(Op::ReplyHeld),
        1 => any::<u64>().prop_map(Op::Forged),
        1 => any::<u8>().prop_map(Op::Duplicate),
        1 => any::<u8>().prop_map(Op::Fail),
        1 => Just(Op::Unsent),
        1 => Just(Op::Traffic),
        1 => Just(Op::ProbeNow),
        1 => Just(Op::Pushback),
        1 => Just(Op::Restarted),
        1 => Just(Op::Resumed),
        1 => span().prop_map(Op::ClockBack),
        1 => (0_u64..1 << 50).prop_map(Op::Leap),
        1 => any::<u8>().prop_map(Op::Reconfigure),
    ];
    prop::collection::vec((op, 0_u8..16, 0_u64..1 << 36), 1..120)
}

fn configs() -> impl Strategy<Value = Config<Lifetime<Fluctuation>>> {
    (
        100_u64..100_000_000,
        1_u64..500,
        any::<[bool; 3]>(),
        1_u64..,
    )
        .prop_map(|(base_us, times, [second, traffic, bounded], seed)| {
            let base = micros(base_us);
            let every = *Config::every(base).unwrap().policy();
            let reach = Reach::below_the_floor(base.max(micros(1_000)), base * 500).unwrap();
            let reach = if second {
                reach.with_second_flow()
            } else {
                reach
            };
            let reach = if traffic {
                reach.refreshed_by_traffic()
            } else {
                reach
            };
            let policy = Lifetime::search(every, reach);
            let most = base * u32::try_from(times).unwrap();
            let config = Config::with_policy(policy, base, most).unwrap();
            let config = config.seed(seed).unwrap();
            let tight = config.detect_within(most * 5 + 8 * SECOND);
            tight.ok().filter(|_| bounded).unwrap_or(config)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    /// Laws 1, 2, 6, 7 and 8, whatever happens, and whatever the caller claims of flows in between.
    #[test]
    fn laws_hold_under_a_lifetime(config in configs(), ops in ops()) {
        let mut world = World::new(config);
        for (op, claim, us) in &ops {
            world.apply(op);
            let (monitor, now, span) = (&mut world.monitor, world.now, micros(*us));
            match claim {
                0 => monitor.handle_flow_lost(now),
                1 => monitor.handle_trial_survived(span, now),
                2 => monitor.handle_trial_lost(span, now),
                3 => monitor.recall(monitor.memory(), span * 1_000, now),
                _ => continue,
            }
            prop_assert!(world.monitor.is_valid());
            prop_assert!(world.monitor.earliest().is_none_or(|earliest| earliest <= world.monitor.snapshot(now).next_probe_at));
            world.drain();
        }
    }

    /// The other half of law 3: a peer that is dead is found, however often flows are said to be lost, and however late we look.
    #[test]
    fn a_dead_peer_is_found_under_a_lifetime(config in configs(), claims in prop::collection::vec((0_u8..4, 0_u64..1 << 32), 0..16)) {
        let mut world = World::new(config);
        world.apply(&Op::Beat(15));
        world.apply(&Op::Answers(None));
        world.land();
        for (claim, us) in claims {
            world.apply(&Op::Late(u32::try_from(us).unwrap_or(0)));
            match claim {
                0 => world.monitor.handle_flow_lost(world.now),
                1 => world.monitor.handle_trial_survived(micros(us), world.now),
                _ => world.monitor.handle_trial_lost(micros(us), world.now),
            }
            world.drain();
        }
        let bound = world.monitor.snapshot(world.now).heart.plan.bound();
        let until = world.now.saturating_add(bound * 2 + 60 * SECOND);
        while world.now < until && world.verdict() != Verdict::Dead {
            world.beat(0);
        }
        prop_assert_eq!(world.verdict(), Verdict::Dead);
    }
}
