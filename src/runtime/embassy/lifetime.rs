//! Trials of a second flow beside the probes, which measure how long a flow may be idle.

use core::time::Duration;

use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_time::Timer;

use super::{Heart, Trial, now, when};
use crate::pacing::{Lifetime, Pacing};

impl<R: RawMutex, const N: usize, P: Pacing> Heart<R, N, Lifetime<P>> {
    /// Calls `idle` whenever the search for the lifetime needs a second flow to stay idle, for one
    /// trial at a time, and passes the result to the machine. It continues until
    /// [`stop`](Self::stop) is called, which it notices when `idle` returns or an interval has
    /// passed.
    ///
    /// `idle` receives how long the flow has to be idle. It opens a flow, or takes one that has
    /// survived, keeps it silent for that long, and then sends more than one request over it; see
    /// [`Monitor::trial`](crate::Monitor::trial). After [`Trial::Inconclusive`], and while there is
    /// nothing to try, the next attempt follows an interval later.
    ///
    /// # Cancel safety
    /// The current trial is dropped and changes nothing.
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
