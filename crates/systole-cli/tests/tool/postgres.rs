//! Against a real Postgres server: alive, stopped, continued; and what it says when it will not serve us.

use std::time::{Duration, Instant};

use crate::tool::Watch;
use systole_testkit::servers::postgres::{postgres, signal_all};

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the tool.
const SLACK: Duration = Duration::from_millis(500);

#[test]
fn a_stopped_server_is_dead_within_the_bound_and_recovers() {
    let Some((server, _folder)) = postgres() else {
        return;
    };
    let stranger = format!("postgres://nobody@127.0.0.1:{}/postgres", server.port);
    let mut watch = Watch::start([&*stranger, "--every", "200ms", "--detect-within", "1s"]);
    let refused = watch.until("refusal", 5 * SECOND, |line| {
        line["note"] == "PostgreSQL: role \"nobody\" does not exist" // once it has started up
    });
    assert_eq!(
        (&refused["event"], &refused["reason"]),
        (&"failed".into(), &"unhealthy".into())
    );
    assert_eq!(watch.stop("TERM").1, 1);

    let target = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let mut watch = Watch::start([&*target, "--every", "200ms", "--detect-within", "1s"]);
    watch.verdict("alive", 5 * SECOND);
    watch.listen(SECOND);
    signal_all(&server, "STOP");
    let crash = Instant::now();
    watch.verdict("dead", 5 * SECOND);
    let took = crash.elapsed();
    signal_all(&server, "CONT");
    assert!(took <= SECOND + SLACK, "{took:?}");
    watch.verdict("alive", 5 * SECOND);
    assert_eq!(watch.stop("TERM").1, 0);
}
