//! Every sequence of operations on tiny configurations: the laws after each, and what must still be possible from there.
//!
//! Up to 5 operations here, up to 8 with `SYSTOLE_DEEP=1`.

use core::time::Duration;
use systole_testkit::deep;

use systole::pacing::Pacing;
use systole::{Config, EventKind, Failure, Heartbeat, Retries, Verdict};
use systole_testkit::ops::monitor::{Op, World, micros};

const UNIT: u32 = 1_000_000;

/// What the network and our own punctuality can do.
const NETWORK: [Op; 9] = [
    Op::Beat(0),
    Op::Late(UNIT / 2),
    Op::Late(20 * UNIT),
    Op::Early(u16::MAX),
    Op::Deaf(3 * UNIT),
    Op::Answers(None),
    Op::Answers(Some(UNIT / 100)),
    Op::Answers(Some(3 * UNIT / 2)), // later than the timeout
    Op::Duplicate(0),
];

/// What can go wrong on our side, beside a peer that answers or does not.
const TROUBLE: [Op; 8] = [
    Op::Beat(0),
    Op::Late(UNIT / 2),
    Op::Late(20 * UNIT),
    Op::Answers(None),
    Op::Answers(Some(UNIT / 100)),
    Op::Unsent,
    Op::Traffic,
    Op::Resumed,
];

/// What the caller can say.
const CALLER: [Op; 10] = [
    Op::Beat(0),
    Op::Answers(None),
    Op::Answers(Some(UNIT / 100)),
    Op::Fail(0),
    Op::Unsent,
    Op::ReplyAny,
    Op::Traffic,
    Op::Restarted,
    Op::Resumed,
    Op::Pushback,
];

fn tiny() -> Config {
    let unit = micros(UNIT.into());
    Config::every(micros(u64::from(4 * UNIT)))
        .timeouts(unit, unit, 2 * unit)
        .retries(Retries::exponential(1))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap()
}

/// A stated bound, and two answers to bring a dead peer back.
fn bounded() -> Config {
    tiny()
        .into_builder()
        .detect_within(micros(u64::from(8 * UNIT)))
        .rise(2)
        .build()
        .unwrap()
}

/// No retries: the steady probe alone decides.
fn bare() -> Config {
    tiny()
        .into_builder()
        .retries(Retries::NONE)
        .build()
        .unwrap()
}

/// How many operations a sequence has, and how many of them the questions are asked after that need a future.
#[derive(Clone, Copy)]
struct Depth {
    all: u32,
    futures: u32,
}

impl Depth {
    fn new() -> Self {
        if deep::asked_for("sequences of up to 5 operations instead of 8") {
            Self { all: 8, futures: 5 }
        } else {
            Self { all: 5, futures: 2 }
        }
    }

    const fn less_one(self) -> Self {
        Self {
            all: self.all - 1,
            futures: self.futures.saturating_sub(1),
        }
    }
}

/// Applies every sequence of `alphabet` to `world`; returns how many states there were.
fn explore<P: Pacing>(world: &World<P>, alphabet: &[Op], depth: Depth) -> u64 {
    if depth.futures > 0 {
        a_dead_peer_is_found(world.clone());
        a_live_peer_is_alive(world.clone());
    }
    if depth.all == 0 {
        return 1;
    }
    let mut states = 1;
    for op in alphabet {
        let mut next = world.clone();
        next.apply(op);
        if next != *world {
            states += explore(&next, alphabet, depth.less_one());
        }
    }
    states
}

/// Law 3: the bound, our lateness, and, where the peer was never heard or the caller took the history away, the wait until
/// the next probe and its timeout.
fn a_dead_peer_is_found<P: Pacing>(mut world: World<P>) {
    world.rtt_us = None;
    let crash = world.now;
    let before = world.monitor.snapshot(crash);
    let mut bound = Duration::ZERO;
    while world.verdict() != Verdict::Dead {
        let plan = world.monitor.snapshot(world.now).path.plan;
        bound = bound.max(plan.bound() + plan.interval() + plan.timeout());
        world.beat(0);
    }
    let after = world.monitor.snapshot(world.now);
    let credited = micros(after.counters.lateness_us - before.counters.lateness_us);
    let took = world.now.saturating_duration_since(crash);
    assert!(
        took <= bound + credited,
        "{took:?} is over {bound:?} + {credited:?}"
    );
    for _ in 0..4 {
        world.beat(0); // answers from before the crash may still be under way
    }
    let heard = world.monitor.snapshot(world.now).counters.answered > after.counters.answered;
    assert!(heard || world.verdict() == Verdict::Dead);
}

/// Laws 4 and 5: a peer that answers in time is alive after a few probes, and stays so.
fn a_live_peer_is_alive<P: Pacing>(mut world: World<P>) {
    world.rtt_us = Some(UNIT / 100);
    for _ in 0..24 {
        world.beat(0);
    }
    assert_eq!(world.verdict(), Verdict::Alive);
    world.events.clear();
    for late_us in [0, 0, 20, 0, u64::from(UNIT), 0, u64::from(40 * UNIT), 0, 0] {
        world.beat(late_us);
        assert_eq!(world.verdict(), Verdict::Alive, "for our lateness");
    }
    let mut events = world.events.iter();
    assert!(events.all(|event| matches!(event.kind, EventKind::Paused { .. })));
}

#[test]
fn every_sequence_of_what_the_network_does() {
    for config in [tiny(), bounded(), bare()] {
        let states = explore(&World::new(config), &NETWORK, Depth::new());
        assert!(states > 1_000, "{states}");
        println!("{states} states");
    }
}

#[test]
fn every_sequence_of_what_the_caller_says() {
    for config in [tiny(), bounded(), bare()] {
        let states = explore(&World::new(config), &CALLER, Depth::new());
        assert!(states > 1_000, "{states}");
        println!("{states} states");
    }
}

#[test]
fn every_sequence_of_our_own_trouble() {
    for config in [tiny(), bounded(), bare()] {
        let states = explore(&World::new(config), &TROUBLE, Depth::new());
        assert!(states > 1_000, "{states}");
        println!("{states} states");
    }
}

/// Every sequence of the same for the planner, on a path it knows nothing of.
#[test]
fn every_sequence_that_the_planner_meets() {
    let config = Config::target(micros(u64::from(8 * UNIT)))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let depth = Depth {
        all: Depth::new().all - 1,
        ..Depth::new()
    };
    let states = explore(&World::new(config), &NETWORK, depth);
    println!("{states} states");
    assert!(states > 100);
}

/// What can become of a probe of a `Heartbeat`.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// Answered after so long, or missed where that is too long.
    Answered(u32),
    /// Missed, and answered after so long before the next one is due.
    Late(u32),
    Refused,
    Unsent,
}

const OUTCOMES: [Outcome; 6] = [
    Outcome::Answered(UNIT / 100),
    Outcome::Answered(3 * UNIT / 2),
    Outcome::Answered(u32::MAX),
    Outcome::Late(2 * UNIT),
    Outcome::Refused,
    Outcome::Unsent,
];

/// A loop around a `Heartbeat`, and the time that passed in it.
#[derive(Clone)]
struct Loop {
    heart: Heartbeat<4>,
    now: Duration,
}

impl Loop {
    fn apply(&mut self, outcome: Outcome) {
        let (before, timeout) = (self.heart.level(), self.heart.timeout());
        let (interval, spent) = match outcome {
            Outcome::Answered(us) if micros(us.into()) <= timeout => {
                let rtt = micros(us.into());
                (self.heart.next_interval(rtt), rtt)
            }
            Outcome::Answered(_) | Outcome::Late(_) => (self.heart.missed(), timeout),
            Outcome::Refused => {
                let interval = self.heart.failed(Failure::Refused, Duration::ZERO);
                (interval, Duration::ZERO)
            }
            Outcome::Unsent => (self.heart.unsent(Duration::ZERO), Duration::ZERO),
        };
        let silent = spent == timeout && self.heart.verdict() != Verdict::Alive;
        assert!(
            !silent || self.heart.level() >= before,
            "it falls in silence"
        );
        if let Outcome::Late(us) = outcome {
            let rtt = micros(us.into());
            if (timeout..interval).contains(&rtt) {
                self.heart.late(rtt);
            }
        }
        assert!(self.heart.is_valid() && interval > Duration::ZERO);
        self.now += interval.max(spent);
    }

    /// Law 3: within the largest bound that is stated meanwhile.
    fn a_dead_peer_is_found(mut self) {
        let crash = self.now;
        let mut bound = Duration::ZERO;
        let mut found = crash;
        while self.heart.verdict() != Verdict::Dead {
            bound = bound.max(self.heart.snapshot().plan.bound());
            found = self.now + self.heart.timeout();
            self.apply(Outcome::Answered(u32::MAX));
        }
        assert!(
            found <= crash + bound,
            "{:?}, {bound:?}",
            found.saturating_sub(crash)
        );
    }

    /// Law 5: a peer that answers in time is alive at once, and stays so.
    fn a_live_peer_is_alive(mut self) {
        for answers in 1..12 {
            self.apply(Outcome::Answered(UNIT / 100));
            let verdict = self.heart.verdict();
            assert!(answers < 2 || verdict == Verdict::Alive, "{verdict:?}");
        }
    }
}

fn outcomes(state: &Loop, depth: Depth) -> u64 {
    if depth.futures > 0 {
        state.clone().a_dead_peer_is_found();
        state.clone().a_live_peer_is_alive();
    }
    if depth.all == 0 {
        return 1;
    }
    let next = OUTCOMES.iter().map(|&outcome| {
        let mut next = state.clone();
        next.apply(outcome);
        outcomes(&next, depth.less_one())
    });
    1 + next.sum::<u64>()
}

#[test]
fn every_sequence_of_outcomes_of_a_heartbeat() {
    let depth = Depth {
        futures: Depth::new().all,
        ..Depth::new()
    };
    for config in [tiny(), bounded(), bare()] {
        let heart = Heartbeat::with_window(config);
        let now = Duration::ZERO;
        let states = outcomes(&Loop { heart, now }, depth);
        assert!(states > 1_000, "{states}");
        println!("{states} states");
    }
}
