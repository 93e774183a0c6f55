//! What machines do not need of themselves: how things read, and settings that can be asked for.

extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use core::time::Duration;

use systole::pacing::{Fixed, Fluctuation, Lifetime, Pacing};
use systole::{
    Config, Failover, Failure, Heartbeat, Instant, Reason, Verdict,
    failover::{self, Endpoint, Outage, SwitchReason},
    pacing::Statistics,
    path::RttWindow,
    peer::RelaxedBy,
    plan::Plan,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn verdicts_read_as_words() {
    let verdicts = [
        Verdict::Unknown,
        Verdict::Alive,
        Verdict::Suspect,
        Verdict::Dead,
    ];
    let words = verdicts.map(|verdict| verdict.to_string());
    assert_eq!(words, ["unknown", "alive", "suspect", "dead"]);
    assert_eq!(std::format!("{:>6}", Verdict::Dead), "  dead");
}

#[test]
fn no_two_reasons_read_alike() {
    let failures = [
        Failure::Refused,
        Failure::Reset,
        Failure::Unreachable,
        Failure::InvalidReply,
        Failure::ProbePanicked,
    ];
    let reasons = [
        Reason::Answered,
        Reason::Overdue,
        Reason::BoundElapsed,
        Reason::NeverHeard,
        Reason::Refuted,
        Reason::Recovered,
        Reason::Undecided,
        Reason::Restarted,
    ];
    let reasons = reasons.into_iter().chain(failures.map(Reason::Failed));
    let words: BTreeSet<_> = reasons.map(|reason| reason.to_string()).collect();
    assert_eq!(words.len(), 13);
}

#[test]
fn settings_can_be_asked_for() {
    let every = Config::every(SECOND).gain_percent(250).build().unwrap();
    assert_eq!(every.policy().base(), SECOND);
    assert_eq!(every.policy().gain_percent(), 250);
    assert_eq!(
        Config::fixed(SECOND).build().unwrap().policy().interval(),
        SECOND
    );
    let target = Config::target(SECOND).build().unwrap();
    assert_eq!(target.policy().probes_at_most(), None);
    let target = target
        .into_builder()
        .mistakes_at_most_one_per(3_600 * SECOND)
        .probes_at_most(5_000)
        .build()
        .unwrap();
    assert_eq!(target.policy().probes_at_most(), Some(5_000));
    assert_eq!(target.policy().mistakes_at_most_one_per(), 3_600 * SECOND);
    assert_eq!(RttWindow::<4>::default(), RttWindow::new());
}

#[test]
fn the_limits_of_a_target_are_shares_of_its_bound() {
    let config = Config::target(100 * SECOND).build().unwrap();
    let intervals = (config.interval_min(), config.interval_max());
    assert_eq!(intervals, (4 * SECOND, 95 * SECOND));
    let timeouts = (config.timeout_min(), config.timeout_max());
    assert_eq!(timeouts, (2 * SECOND, 96 * SECOND));
}

/// What a policy sees of a path that has answered once, after 80 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Looks;

impl Pacing for Looks {
    type State = ();
    const INITIAL: () = ();

    fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
        assert_eq!(path.bound(), Some(30 * SECOND));
        if path.moments().count() == 1 {
            assert_eq!(path.smoothed(), Duration::from_millis(80));
            assert_eq!(path.timeout(), SECOND); // the shortest
        }
        Plan::new(SECOND, path.timeout())
    }
}

#[test]
fn a_policy_sees_what_was_measured() {
    let config = Config::with_policy(Looks, SECOND, 10 * SECOND)
        .detect_within(30 * SECOND)
        .build()
        .unwrap();
    let mut heart = Heartbeat::<4, _>::with_window(config);
    heart.next_interval(Duration::from_millis(80));
    assert_eq!(heart.snapshot().samples, 1);
}

/// A ceiling holds whatever the policy under it wishes, and that policy learns as if it were alone.
#[test]
fn a_lifetime_is_a_ceiling_on_another_policy() {
    let every = *Config::<Fluctuation>::every(5 * SECOND)
        .build()
        .unwrap()
        .policy();
    let under = Lifetime::at_most(every, 3 * SECOND);
    assert_eq!((*under.inner(), under.ceiling()), (every, 3 * SECOND));
    let config = Config::with_policy(under, SECOND, 10 * SECOND)
        .jitter_percent(0)
        .build()
        .unwrap();
    let mut heart = Heartbeat::<4, _>::with_window(config);
    let interval = heart.next_interval(Duration::from_millis(40));
    assert_eq!(interval, 3 * SECOND);
    for _ in 0..8 {
        heart.missed();
    }
    assert_eq!(heart.verdict(), Verdict::Dead);
    assert_eq!(
        heart.next_interval(Duration::from_millis(40)),
        3 * SECOND,
        "a ceiling after an outage, too"
    );
}

#[test]
fn a_group_answers_for_each_endpoint() {
    let probe = |interval| Config::<Fixed>::fixed(interval).seed(1).build().unwrap();
    let config = failover::Config::probing(probe(SECOND), probe(5 * SECOND))
        .request_timeout(SECOND / 2)
        .retries(2)
        .build()
        .unwrap();
    let endpoints = [Endpoint::new(), Endpoint::default().weight(7)];
    let group = Failover::<2, 4, Fixed>::with_window(config, &endpoints, Instant::ZERO).unwrap();
    assert_eq!(group.endpoints(), 2);
    assert_eq!((group.switches(), group.quarantines()), (0, 0));
    let status = group.status(1, Instant::ZERO).unwrap();
    assert_eq!(status.weight, 7);
    assert_eq!(status.monitor.path.verdict, Verdict::Unknown);
    assert!(group.status(2, Instant::ZERO).is_none());
}

#[test]
fn what_a_group_tells_reads_as_a_line() {
    let switched = |reason| failover::EventKind::Switched {
        from: 0,
        to: 1,
        reason,
    };
    let down = |outage| failover::EventKind::Down { outage };
    let events = [
        switched(SwitchReason::Dead),
        switched(SwitchReason::Slow),
        switched(SwitchReason::Suspected),
        switched(SwitchReason::Degraded),
        switched(SwitchReason::Preferred),
        switched(SwitchReason::Disabled),
        switched(SwitchReason::Requested),
        failover::EventKind::Quarantined {
            endpoint: 2,
            span: 30 * SECOND,
        },
        failover::EventKind::Released { endpoint: 2 },
        down(Outage::Isolated),
        down(Outage::AllDead),
        failover::EventKind::Restored,
    ];
    let lines = [
        "switched from 0 to 1: dead",
        "switched from 0 to 1: slow",
        "switched from 0 to 1: suspected",
        "switched from 0 to 1: degraded",
        "switched from 0 to 1: preferred",
        "switched from 0 to 1: disabled",
        "switched from 0 to 1: requested",
        "2 quarantined for 30s",
        "2 released",
        "down: half or more at once, the fault is ours",
        "down: all dead",
        "restored",
    ];
    assert_eq!(events.map(|event| event.to_string()), lines);
    let precedence = [RelaxedBy::Pushback, RelaxedBy::Advertised];
    assert_eq!(
        precedence.map(|first| first.to_string()),
        ["asked for fewer probes", "told to expect less"]
    );
}
