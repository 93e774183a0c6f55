//! Five tasks may wait for one verdict: while nothing happens, the executor sleeps.
#![cfg(feature = "embassy")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use systole::{Config, Verdict, embassy::Heart};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// Lets `tasks` tasks wait for a verdict that does not come; returns the polls until none is woken any more, at most 10,000.
fn polls_until_asleep(tasks: usize) -> usize {
    let config = Config::every(Duration::from_secs(60))
        .seed(1)
        .build()
        .unwrap();
    let heart = Heart::<NoopRawMutex, 16>::new(config).unwrap();
    let mut futures: Vec<(Arc<Flag>, Waiting<'_>)> = Vec::new();
    for _ in 0..tasks {
        futures.push((
            Arc::new(Flag(AtomicBool::new(true))),
            Box::pin(heart.until(Verdict::Dead)),
        ));
    }
    let mut polls = 0;
    loop {
        let before = polls;
        for (flag, future) in &mut futures {
            if flag.0.swap(false, Ordering::SeqCst) {
                polls += 1;
                let waker = Waker::from(flag.clone());
                assert!(
                    future
                        .as_mut()
                        .poll(&mut Context::from_waker(&waker))
                        .is_pending()
                );
            }
        }
        if polls == before || polls > 10_000 {
            return polls;
        }
    }
}

/// Today: they wake each other for ever. A waiter that has no place may be woken at each event, and not in between.
#[test]
fn five_waiting_tasks_let_the_executor_sleep() {
    assert_eq!(polls_until_asleep(4), 4);
    assert!(polls_until_asleep(5) < 100, "more than 10,000 polls");
}

#[test]
fn a_heart_can_be_read_within_with() {
    let config = Config::every(Duration::from_secs(60))
        .seed(1)
        .build()
        .unwrap();
    let heart = Heart::<NoopRawMutex, 16>::new(config).unwrap();
    let read = heart.with(|_, _| (heart.verdict(), heart.snapshot().path.samples));
    assert_eq!(read, (Verdict::Unknown, 0));
}
