//! What the fuzz targets do with their bytes. A panic is a finding.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use setup::{Setup, Span, Trial, assert_true, seeded};
use systole::pacing::Pacing;
use systole::wire::{self, Mac};
use systole::{
    Config, ConfigError, Failure, Heartbeat, Verdict,
    failover::{self, Failback, Preference, SwitchOn},
    listener,
};
use systole_testkit::ops::monitor::{Op, World};
use systole_testkit::ops::{
    fleet as fleet_ops, group, group_ops, lease as lease_ops, listener as beats, model, pair,
    reference,
};
use systole_testkit::world::{Journal, Random};

mod count;
mod setup;

#[path = "../../crates/systole-cli/src/fleet/hosts.rs"]
#[allow(dead_code)]
mod hosts;

/// What the bytes say. Where they say nothing, that was one operation: being refused.
fn input<T: for<'a> Arbitrary<'a>>(bytes: &[u8]) -> Option<T> {
    count::done(1);
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}

/// Any settings are refused for a true reason, or make machines that work.
pub fn config(bytes: &[u8]) {
    struct Built;
    impl Trial for Built {
        fn with<P: Pacing>(self, config: Config<P>) {
            assert!(config.interval_min() <= config.interval_max());
            assert!(config.timeout_min() <= config.timeout_max());
            let mut heart = Heartbeat::<4, P>::with_window(config);
            let rtts = [Duration::ZERO, config.timeout_max(), Duration::MAX];
            for rtt in rtts {
                let interval = heart.next_interval(rtt);
                assert!(interval >= config.interval_min() && interval <= config.interval_max());
                assert!(heart.missed() <= config.interval_max().max(config.timeout_max()));
                assert!(heart.is_valid());
            }
            let mut world = World::new(seeded(config));
            for _ in 0..4 {
                world.apply(&Op::Beat(0));
            }
            count::done(2 * rtts.len() + 4);
        }
    }
    if let Some(setup) = input::<Setup>(bytes) {
        setup.run(Built);
    }
}

#[derive(Debug, Arbitrary)]
enum Outcome {
    Answered(Span),
    Missed,
    Failed(u8, Span),
    Unsent(Span),
    Late(Span),
}

struct Rounds(Vec<Outcome>);

impl Trial for Rounds {
    fn with<P: Pacing>(self, config: Config<P>) {
        let mut heart = Heartbeat::<8, P>::with_window(config);
        count::done(self.0.len());
        for outcome in self.0 {
            match outcome {
                Outcome::Answered(rtt) => {
                    check_steady(&config, &heart.next_interval(rtt.into()), &heart)
                }
                Outcome::Missed => check_retry(&config, &heart.missed(), &heart),
                Outcome::Failed(how, after) => {
                    let failures = [
                        Failure::Refused,
                        Failure::Unreachable,
                        Failure::ProbePanicked,
                    ];
                    let failure = failures[usize::from(how) % failures.len()];
                    check_retry(&config, &heart.failed(failure, after.into()), &heart);
                }
                Outcome::Unsent(after) => {
                    check_retry(&config, &heart.unsent(after.into()), &heart);
                }
                Outcome::Late(rtt) => heart.late(rtt.into()),
            }
            assert!(heart.is_valid());
            assert!(heart.timeout() > Duration::ZERO);
            let snapshot = heart.snapshot();
            assert!(snapshot.fluctuation.is_finite() && (0.0..=1.0).contains(&snapshot.loss));
            if let Some(bound) = config.stated_bound() {
                assert!(snapshot.plan.bound() >= bound);
            }
        }
    }
}

/// Law 1, steady intervals: within the limits whatever was fed in.
fn check_steady<P: Pacing>(config: &Config<P>, interval: &Duration, heart: &Heartbeat<8, P>) {
    let suspect = heart.verdict() == Verdict::Suspect; // answered, though too long ago
    assert!(*interval <= config.interval_max().max(config.timeout_max()));
    assert!(suspect || *interval >= config.interval_min() && *interval <= config.interval_max());
}

/// Law 1, retries: at most the interval, except where the timeout is longer.
fn check_retry<P: Pacing>(config: &Config<P>, interval: &Duration, heart: &Heartbeat<8, P>) {
    let plan = heart.snapshot().plan;
    let most = config.interval_max().max(plan.timeout());
    assert!(*interval <= most && *interval > Duration::ZERO);
}

/// Any outcomes, fed to a machine without a clock.
pub fn heartbeat(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        setup: Setup,
        outcomes: Vec<Outcome>,
    }
    if let Some(Input { setup, outcomes }) = input(bytes) {
        setup.run(Rounds(outcomes));
    }
}

struct Life {
    ops: Vec<Op>,
    stamps_late: bool,
}

impl Trial for Life {
    fn with<P: Pacing>(self, config: Config<P>) {
        let mut world = World::new(seeded(config));
        world.stamps_late = self.stamps_late;
        count::done(self.ops.len());
        for op in &self.ops {
            world.apply(op);
        }
    }
}

/// Any operations, done to a machine with a clock.
pub fn monitor(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        setup: Setup,
        stamps_late: bool,
        ops: Vec<Op>,
    }
    if let Some(Input {
        setup,
        stamps_late,
        ops,
    }) = input(bytes)
    {
        setup.run(Life { ops, stamps_late });
    }
}

struct Crowd(u8, Vec<fleet_ops::Op>);

impl Trial for Crowd {
    fn with<P: Pacing>(self, config: Config<P>) {
        let Self(peers, ops) = self;
        let mut world = fleet_ops::World::new(seeded(config), peers % 8);
        count::done(ops.len());
        for op in &ops {
            world.apply(op);
        }
    }
}

/// Any operations, done to a fleet.
pub fn fleet(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        setup: Setup,
        peers: u8,
        ops: Vec<fleet_ops::Op>,
    }
    if let Some(Input { setup, peers, ops }) = input(bytes) {
        setup.run(Crowd(peers, ops));
    }
}

/// A plan that the model has a word for: no more probes wait at a time than a monitor remembers, and no plan gives way to its bound.
fn constant(bytes: &mut Unstructured<'_>) -> arbitrary::Result<model::Constant> {
    let timeout = bytes.int_in_range(10_000..=2_000_000)?;
    let plan = model::Constant {
        interval: timeout * bytes.int_in_range(2..=20)?,
        timeout,
        retries: bytes.int_in_range(0..=3)?,
        stated: None,
        rise: bytes.int_in_range(1..=3)?,
        pause: bytes.int_in_range(0..=3_000_000)?,
    };
    let spare = Option::<u32>::arbitrary(bytes)?.map(|spare| u64::from(spare % 20_000_000));
    let stated = spare.map(|spare| plan.bound() + spare);
    Ok(model::Constant { stated, ..plan })
}

/// The model knows no pushback and no other configuration, and no leap over whole days.
fn is_modelled(op: &Op) -> bool {
    match *op {
        Op::Pushback | Op::Reconfigure(_) => false,
        Op::Leap(us) => us < 100_000_000,
        _ => true,
    }
}

/// Any operations, done to a monitor and to a model of its design.
pub fn model(bytes: &[u8]) {
    #[derive(Debug)]
    struct Life(model::Constant, u64, bool, Vec<Op>);
    impl<'a> Arbitrary<'a> for Life {
        fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
            let (plan, seed) = (constant(bytes)?, bytes.int_in_range(1..=u64::MAX)?);
            Ok(Self(plan, seed, bytes.arbitrary()?, bytes.arbitrary()?))
        }
    }
    if let Some(Life(plan, seed, stamps_late, mut ops)) = input(bytes) {
        ops.retain(is_modelled);
        count::done(ops.len());
        let mut pair = pair::Pair::new(plan, seed);
        pair.world.stamps_late = stamps_late;
        for op in &ops {
            pair.apply(op);
        }
    }
}

/// Any round-trip times: the intervals in integers are those in floating point.
pub fn reference(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Path {
        base: u32,
        gain_percent: u16,
        shifts: [u8; 4],
        rtts: Vec<u32>,
    }
    let Some(path) = input::<Path>(bytes) else {
        return;
    };
    let base = Duration::from_micros(1_000_000 + u64::from(path.base) * 2);
    let gain_percent = path.gain_percent % 1_001;
    let shifts = path.shifts.iter().cycle();
    let rtts = path.rtts.iter().zip(shifts);
    let rtts: Vec<u32> = rtts.map(|(rtt, shift)| rtt >> (shift % 32)).collect();
    count::done(3 * rtts.len());
    reference::follows_the_rule::<2>(&rtts, base, gain_percent);
    reference::follows_the_rule::<16>(&rtts, base, gain_percent);
    reference::follows_the_rule::<64>(&rtts, base, gain_percent);
}

/// What is configured of a listener, and what is done to it.
#[derive(Debug, Arbitrary)]
struct Listening {
    bound: Option<Span>,
    losses: u8,
    rise: u8,
    limits: Option<(Span, Span)>,
    interval: u32,
    tagged: bool,
    ops: Vec<beats::Op>,
}

impl Listening {
    fn config(&self) -> Result<listener::Config, ConfigError> {
        let config = listener::Config::builder()
            .losses(self.losses)
            .rise(self.rise)
            .build()?;
        let config = match self.bound {
            Some(bound) => config.into_builder().detect_within(bound.into()).build()?,
            None => config,
        };
        match self.limits {
            Some((least, most)) => config
                .into_builder()
                .intervals_between(least.into(), most.into())
                .build(),
            None => Ok(config),
        }
    }
}

/// Any operations, done to a machine that listens.
pub fn listener(bytes: &[u8]) {
    let Some(life) = input::<Listening>(bytes) else {
        return;
    };
    match life.config() {
        Ok(config) => {
            let interval = Duration::from_micros(u64::from(life.interval).max(1));
            let mut world = beats::World::new(config, interval, life.tagged);
            count::done(life.ops.len());
            for op in &life.ops {
                world.apply(op);
            }
        }
        Err(error) => assert_true(&error),
    }
}

/// Any bytes are one beat's encoding or are refused, plain and tagged; and no tag but the key's is taken.
pub fn wire(bytes: &[u8]) {
    count::done(1);
    match wire::decode(bytes) {
        Ok(beat) => assert_eq!(wire::encode(&beat).as_slice(), bytes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(beat) = wire::open(bytes, 0, &beats::KEY) {
        assert_eq!(wire::seal(&beat, 0, &beats::KEY).as_slice(), bytes);
    }
    let Some(plain) = bytes.first_chunk::<{ wire::PLAIN }>() else {
        return;
    };
    let mut message = [0; wire::SIGNED];
    message[..wire::PLAIN].copy_from_slice(plain);
    let tagged = [plain.as_slice(), &beats::KEY.tag(&message)].concat();
    if let Ok(beat) = wire::open(&tagged, 0, &beats::KEY) {
        assert!(beat.is_authentic());
        assert_eq!(wire::seal(&beat, 0, &beats::KEY).as_slice(), tagged);
        assert!(wire::open(&tagged, 0, &beats::Key(7)).is_err());
    }
}

/// Any file is a recording with rising times, or refused in one line. The first byte chooses what
/// the bytes after it follow: a line of a format that the readers know, or nothing.
pub fn readers(bytes: &[u8]) {
    const BEGINNINGS: [&str; 10] = [
        "",
        "t_us,rtt_us\n",
        "PING a (192.0.2.7) 56(84) bytes of data.\n64 bytes from 192.0.2.7: icmp_seq=",
        "Reply from 192.0.2.7: bytes=32 time=22ms TTL=57\r\n",
        "[1700000000.25] 192.0.2.7 : [0], 64 bytes, 22.0 ms (22.0 avg, 0% loss)\n",
        "Mtr_Version,Start_Time,Status,Host,Hop,Ip,Loss%,Snt, ,Last,Avg\n",
        "PingPlotter\n\"1/5/2024 12:00:01 PM\",1,2\n",
        "time,rtt_ms\n1,2\n",
        "{\"round_trips\": [",
        "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"values\":[[1,\"2\"],",
    ];
    count::done(bytes.len());
    let Some((&choice, rest)) = bytes.split_first() else {
        return;
    };
    let beginning = BEGINNINGS[usize::from(choice) % BEGINNINGS.len()];
    let file = [beginning.as_bytes(), rest].concat();
    match systole_lab::trace::Recording::read(
        file.as_slice(),
        &systole_lab::trace::ReadOptions::default(),
    ) {
        Ok(recording) => {
            let times: Vec<_> = recording.trace.rows().map(|row| row.sent).collect();
            assert!(times.is_sorted_by(|a, b| a < b));
            let summary = recording.trace.summary();
            assert!(summary.longest_gap <= summary.length && summary.lost <= summary.rows);
        }
        Err(error) => assert_eq!(error.to_string().lines().count(), 1),
    }
}

/// Any file is a list of distinct peers, or refused with one of its lines.
pub fn hosts(bytes: &[u8]) {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    count::done(lines);
    match hosts::parse(bytes) {
        Ok(peers) => {
            assert!(!peers.is_empty());
            assert!(peers.is_sorted_by_key(|&(line, _)| line));
            assert!(
                peers
                    .iter()
                    .all(|(line, host)| *line <= lines && host.port > 0)
            );
        }
        Err(hosts::HostsError::Nobody) => {}
        Err(error) => {
            let said = error.to_string();
            let line = said.split(':').next().and_then(|line| line.parse().ok());
            assert!(
                line.is_some_and(|line: usize| line >= 1 && line <= lines),
                "{said}"
            );
        }
    }
}

/// Any operations, done to a group of any configuration.
pub fn failover(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        settings: GroupSettings,
        endpoints: u8,
        ops: Vec<group_ops::Op>,
    }
    let Some(Input {
        settings,
        endpoints,
        mut ops,
    }) = input(bytes)
    else {
        return;
    };
    ops.truncate(200); // a group at work takes milliseconds for more
    let Ok(config) = settings.config() else {
        return;
    };
    let endpoints = 1 + usize::from(endpoints) % group::M;
    let world = group_ops::played(config, endpoints, &ops);
    count::done(ops.len());
    assert!(world.group.is_valid());
}

/// Any calls in any order, done to a lease.
pub fn lease(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        ttl_ms: u16,
        start_us: u64,
        ops: Vec<lease_ops::Op>,
    }
    let Some(Input {
        ttl_ms,
        start_us,
        mut ops,
    }) = input(bytes)
    else {
        return;
    };
    ops.truncate(1_000);
    count::done(ops.len());
    let start = systole::Instant::from_micros(start_us);
    let mut world = lease_ops::World::new(lease_ops::config(ttl_ms), start);
    for op in &ops {
        world.apply(op);
    }
}

/// What may be set of a group.
#[derive(Debug, Arbitrary)]
struct GroupSettings {
    preference: u8,
    switch_on: u8,
    warn_above: u16,
    returns: bool,
    enabled: bool,
    quarantine: [Span; 2],
    hold_down: Span,
    request_timeout: Option<Span>,
    seed: u64,
}

impl GroupSettings {
    fn config(self) -> Result<failover::Config, ConfigError> {
        let preferences = [Preference::Order, Preference::Rtt, Preference::Weight];
        let reasons = [SwitchOn::Failure, SwitchOn::Suspicion, SwitchOn::Warning];
        let [first, longest] = self.quarantine.map(Duration::from);
        let mut config = failover::Config::builder()
            .preference(preferences[usize::from(self.preference % 3)])
            .switch_on(reasons[usize::from(self.switch_on % 3)])
            .warn_above(self.warn_above)
            .enabled(self.enabled)
            .failback(if self.returns {
                Failback::Prefer
            } else {
                Failback::Stay
            })
            .quarantine(first, longest.max(first))
            .hold_down(self.hold_down.into())
            .seed(self.seed.max(1))
            .build()?;
        if let Some(timeout) = self.request_timeout {
            config = config
                .into_builder()
                .request_timeout(timeout.into())
                .build()?;
        }
        Ok(config)
    }
}

/// A world of every machine: its seed from the first bytes, and a byte for each step towards a simpler one, which keeps what it shares
/// with the world that it came from.
pub fn worlds(bytes: &[u8]) {
    let Some((seed, steps)) = bytes.split_first_chunk::<8>() else {
        return count::done(1);
    };
    let seed = u64::from_be_bytes(*seed);
    match seed % 8 {
        0 => world::<systole_testkit::pull::MonitorWorld>(seed, steps),
        1 => world::<systole_testkit::pull::ChaosWorld>(seed, steps),
        2 => world::<systole_testkit::pull::HeartbeatWorld>(seed, steps),
        3 => world::<systole_testkit::push::ListenerWorld>(seed, steps),
        4 => world::<systole_testkit::push::SenderWorld>(seed, steps),
        5 => world::<systole_testkit::fleet::FleetWorld>(seed, steps),
        6 => world::<systole_testkit::lease::LeaseWorld>(seed, steps),
        _ => world::<systole_testkit::failover::FailoverWorld>(seed, steps),
    }
}

fn world<W: systole_testkit::world::World>(seed: u64, steps: &[u8]) {
    let mut plan = W::plan(&mut Random::new(seed));
    for &step in steps.iter().take(16) {
        let mut simpler = W::simpler(&plan);
        if simpler.is_empty() {
            break;
        }
        plan = simpler.swap_remove(usize::from(step) % simpler.len());
    }
    let mut journal = Journal::default();
    let broken = W::run(&plan, &mut journal).err();
    count::done(usize::try_from(journal.polls).unwrap_or(usize::MAX));
    if let Some(violation) = broken {
        panic!("{}: {violation}\n{plan:#?}", W::NAME);
    }
}

#[cfg(test)]
mod tests {
    /// The targets on random bytes: a smoke test on any toolchain, and no substitute for coverage.
    fn smoke(target: fn(&[u8])) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut bytes = [0_u8; 512];
        for round in 0..20_000 {
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = (state >> 32) as u8;
            }
            target(&bytes[..64 + round % 448]);
        }
    }

    #[test]
    fn any_file_is_a_list_of_peers_or_refused() {
        smoke(super::hosts);
    }

    #[test]
    fn any_file_is_a_recording_or_refused() {
        smoke(super::readers);
    }

    #[test]
    fn any_configuration_is_refused_or_works() {
        smoke(super::config);
    }

    #[test]
    fn any_outcomes_leave_a_heartbeat_valid() {
        smoke(super::heartbeat);
    }

    #[test]
    fn any_operations_leave_a_listener_valid() {
        smoke(super::listener);
    }

    #[test]
    fn any_calls_leave_a_lease_valid_and_its_law_unbroken() {
        smoke(super::lease);
    }

    #[test]
    fn any_operations_leave_a_group_valid() {
        smoke(super::failover);
    }

    #[test]
    fn any_operations_leave_a_fleet_valid_and_its_laws_unbroken() {
        smoke(super::fleet);
    }

    #[test]
    fn any_bytes_are_a_beat_or_refused() {
        smoke(super::wire);
    }

    #[test]
    fn any_operations_do_to_a_monitor_what_they_do_to_its_model() {
        smoke(super::model);
    }

    #[test]
    fn any_round_trip_times_give_the_intervals_of_floating_point() {
        smoke(super::reference);
    }

    #[test]
    fn any_operations_leave_a_monitor_valid() {
        smoke(super::monitor);
    }
}
