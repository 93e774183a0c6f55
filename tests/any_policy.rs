//! A policy that is chosen at run time plans as the policy itself.

use core::time::Duration;

use proptest::prelude::*;
use systole::pacing::{AnyPolicy, LifetimeRange, Pacing};
use systole::{Config, Failure, Instant, Monitor, Output};

const SECOND: Duration = Duration::from_secs(1);

/// What becomes of a probe.
#[derive(Clone, Debug)]
enum Fate {
    Answered(u32),
    Lost,
    Refused,
    FlowLost,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => (100_u32..400_000).prop_map(Fate::Answered),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Refused),
        1 => Just(Fate::FlowLost),
    ]
}

/// Everything that a monitor returns, as text, while its probes end as `fates` say.
fn told<P: Pacing>(config: Config<P>, fates: &[Fate]) -> Vec<String> {
    let mut monitor = Monitor::<8, P>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut told, mut fates) = (Instant::ZERO, Vec::new(), fates.iter());
    loop {
        let output = monitor.poll(now);
        told.push(format!("{now} {output:?}"));
        match output {
            Output::Send(id) => match fates.next() {
                Some(Fate::Answered(us)) => {
                    now = now.saturating_add(Duration::from_micros(u64::from(*us)));
                    monitor.handle_reply(id, now);
                }
                Some(Fate::Refused) => {
                    monitor.handle_failure(id, Failure::Refused, now);
                }
                Some(Fate::FlowLost) => monitor.handle_flow_lost(now),
                Some(Fate::Lost) => {}
                None => return told,
            },
            Output::Wait(until) => {
                let snapshot = monitor.snapshot(now);
                told.push(format!("{:?} {:?}", snapshot.path, snapshot.counters));
                now = until;
            }
            Output::Event(_) => {}
            Output::Idle => return told,
        }
    }
}

fn alike<P: Pacing + Into<AnyPolicy>>(config: Config<P>, fates: &[Fate]) {
    assert_eq!(told(config, fates), told(config.into_any(), fates));
}

proptest! {
    #[test]
    fn it_plans_as_the_policy_itself(fates in proptest::collection::vec(fate(), 1..120), seed in 1_u64..) {
        let minute = SECOND * 60;
        let range = LifetimeRange::between(minute, 9 * minute).unwrap();
        alike(Config::every(SECOND).seed(seed).build().unwrap(), &fates);
        alike(Config::fixed(SECOND).seed(seed).build().unwrap(), &fates);
        alike(Config::target(10 * SECOND).seed(seed).build().unwrap(), &fates);
        alike(Config::lifetime(range).seed(seed).build().unwrap(), &fates);
    }
}

#[cfg(feature = "serde")]
mod serde {
    use super::*;

    fn read(policy: &str) -> Result<Config<AnyPolicy>, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{ "policy": {policy} }}"#))
    }

    #[test]
    fn a_file_chooses_the_policy() {
        let fluctuation = read(r#"{ "every": "5s", "gain_percent": 50 }"#).unwrap();
        assert!(matches!(fluctuation.policy(), AnyPolicy::Fluctuation(_)));
        let fixed = read(r#"{ "fixed": "5s" }"#).unwrap();
        assert!(matches!(fixed.policy(), AnyPolicy::Fixed(_)));
        let target = read(r#"{ "target": "10s" }"#).unwrap();
        assert!(matches!(target.policy(), AnyPolicy::Target(_)));
        let lifetime = r#"{ "at_most": "10m", "at_least": "1m", "of": { "fixed": "10m" } }"#;
        let lifetime = read(lifetime).unwrap();
        assert!(matches!(lifetime.policy(), AnyPolicy::Lifetime(_)));
        for config in [fluctuation, fixed, target, lifetime] {
            let text = serde_json::to_string(&config).unwrap();
            let back: Config<AnyPolicy> = serde_json::from_str(&text).unwrap();
            assert_eq!(back, config, "{text}");
        }
    }

    #[test]
    fn a_file_that_chooses_none_or_two_is_refused() {
        for policy in [
            "{}",
            r#"{ "every": "5s", "fixed": "5s" }"#,
            r#"{ "gain_percent": 50 }"#,
            r#"{ "target": "10s", "of": { "fixed": "1s" } }"#,
            r#"{ "at_most": "10s" }"#,
        ] {
            let error = read(policy).unwrap_err().to_string();
            assert!(
                error.contains("a policy has the fields of one of"),
                "{error}"
            );
        }
        let error = read(r#"{ "evry": "5s" }"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `evry`"), "{error}");
        let error = read(r#"{ "every": "0s" }"#).unwrap_err().to_string();
        assert!(
            error.contains("the interval of 0 s is out of range"),
            "{error}"
        );
    }
}
