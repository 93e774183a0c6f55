//! A group that probes its active endpoint every second, as `failover::Config::new` makes it from two plain configurations.

use core::time::Duration;

use systole::{Config, failover};

/// Today: 421 s, of which seven minutes are three waits of the longest timeout, a minute unless set, doubled twice. A request
/// timeout that follows from the interval would do, as would a refusal to go without one.
#[test]
fn a_group_that_probes_every_second_has_a_bound_of_seconds() {
    let every = |seconds| Config::fixed(Duration::from_secs(seconds)).build().unwrap();
    let bound = failover::Config::probing(every(1), every(5))
        .build()
        .unwrap()
        .bound();
    assert!(bound <= Duration::from_secs(30), "{bound:?}");
}
