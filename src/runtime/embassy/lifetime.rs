//! A second flow beside the probes, to find out how long one may idle.

use core::time::Duration;

use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_time::Timer;

use super::{Heart, Trial, now, when};
use crate::pacing::{Lifetime, Pacing};

impl<R: RawMutex, const N: usize, P: Pacing> Heart<R, N, Lifetime<P>> {
    /// Calls `idle` whenever the search for the lifetime wants a second flow to idle, one at a time, and tells the machine what became of it. It goes on until
    /// [`stop`](Self::stop), which it sees when `idle` returns or an interval has passed.
    ///
    /// `idle` is handed for how long: it opens a flow, or takes one that has survived, lets it be silent for that long, and asks over it more than once; see
    /// [`Monitor::trial`](crate::Monitor::trial). Where that is [`Trial::Inconclusive`], and where nothing is to be tried, an interval passes before the next.
    ///
    /// # Cancel safety
    /// A trial under way is dropped, and counts for nothing.
    pub async fn run_trials(&self, mut idle: impl AsyncFnMut(Duration) -> Trial) {
        while !self.state(|state| state.stopped) {
            let told = match self.state(|state| state.monitor.trial()) {
                Some(span) => {
                    let became = idle(span).await;
                    self.with(|monitor, now| became.tell(monitor, now))
                }
                None => false,
            };
            if !told {
                let interval = self.snapshot().path.plan.interval();
                Timer::at(when(now().saturating_add(interval))).await;
            }
        }
    }
}
