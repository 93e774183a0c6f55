//! The closure that runs when a probing task stops.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use ::tokio::task;
use ::tokio::time::timeout;

use super::StopOutcome;

type Saying = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A closure that runs once, at the stop, and the time that its future may take.
pub(super) struct StopAction {
    within: Duration,
    say: Box<dyn FnOnce() -> Saying + Send>,
}

impl StopAction {
    pub(super) fn new<Fut>(within: Duration, say: impl FnOnce() -> Fut + Send + 'static) -> Self
    where
        Fut: Future + Send + 'static,
    {
        let say = move || -> Saying {
            let saying = say();
            Box::pin(async move { drop(saying.await) })
        };
        Self {
            within,
            say: Box::new(say),
        }
    }

    /// Runs the closure in a task of its own, so that a panic ends nothing else.
    pub(super) async fn say(self) -> StopOutcome {
        let Self { within, say } = self;
        let said = task::spawn(async move { timeout(within, say()).await.is_ok() });
        match said.await {
            Ok(true) => StopOutcome::Completed,
            Err(error) if error.is_panic() => StopOutcome::Panicked,
            Ok(false) | Err(_) => StopOutcome::TimedOut,
        }
    }
}
