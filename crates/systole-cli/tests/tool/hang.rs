//! A server that hangs for a while, as the tool sees it.

use std::time::{Duration, Instant};

use crate::tool::Watch;
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the tool.
const SLACK: Duration = Duration::from_millis(500);

/// Stops process `pid`, which serves `target`, and lets it go on: it is dead within the bound, and recovers.
pub(crate) fn is_noticed(target: &str, pid: u32) {
    let mut watch = Watch::start([target, "--every", "200ms", "--detect-within", "1s"]);
    watch.verdict("alive", 10 * SECOND);
    watch.listen(SECOND);
    signal(pid, "STOP");
    let crash = Instant::now();
    watch.verdict("dead", 5 * SECOND);
    let took = crash.elapsed();
    assert!(took <= SECOND + SLACK, "{took:?}");
    watch.listen(SECOND + SLACK); // longer than the bound, or it would be a refutation
    signal(pid, "CONT");
    watch.until("recovery", 5 * SECOND, |line| line["event"] == "recovered");
    let (summary, status) = watch.stop("TERM");
    assert_eq!((status, summary["recovered"].as_u64()), (0, Some(1)));
}
