//! A closure that `with` calls may read from the same handle: it sees how things were before the call, and waits for nothing.

use core::time::Duration;
use std::io;

use systole::{
    Config, Verdict,
    failover::{self, Endpoint},
};

fn config() -> Config {
    Config::every(Duration::from_secs(1)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_tokio_handle_can_be_read_within_with() {
    let heart = systole::task::spawn(config(), || async { Ok::<_, io::Error>(()) });
    assert_eq!(heart.until(Verdict::Alive).await, Verdict::Alive);
    let (before, samples) = heart.with(|monitor, now| {
        monitor.restarted(now);
        (heart.verdict(), heart.snapshot().path.samples)
    });
    assert_eq!((before, samples), (Verdict::Alive, 1));
    assert_eq!(heart.verdict(), Verdict::Unknown);
}

#[tokio::test(start_paused = true)]
async fn the_active_endpoint_of_a_group_can_be_read_within_with() {
    let builder = systole::task::Builder::group(
        failover::Config::builder().build().unwrap(),
        &[Endpoint::new(); 2],
    );
    let builder: systole::task::Builder<systole::Failover<2, 32>> = builder.unwrap();
    let group = builder.spawn(|_| async { Ok::<_, io::Error>(()) });
    let before = group.with(|machine, now| {
        assert!(machine.switch_to(1, now));
        group.active()
    });
    assert_eq!((before, group.active()), (0, 1));
}

#[test]
fn a_thread_handle_can_be_read_within_with() {
    let heart = systole::thread::spawn(config(), |_| Ok::<_, io::Error>(())).unwrap();
    assert_eq!(heart.with(|_, _| heart.verdict()), heart.verdict());
    assert_eq!(heart.with(|_, _| heart.snapshot().path.samples), 0);
}
