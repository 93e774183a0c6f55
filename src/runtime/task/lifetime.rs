//! Trials of a second flow beside the probes, which measure how long a flow may be idle.

use core::time::Duration;

use ::tokio::select;
use ::tokio::time::sleep;

use super::{DEFAULT_WINDOW, Handle, Trial};
use crate::Monitor;
use crate::pacing::{Lifetime, Pacing};

impl<P: Pacing> Handle<Monitor<DEFAULT_WINDOW, Lifetime<P>>> {
    /// Calls `idle` whenever the search for the lifetime needs a second flow to stay idle, for one
    /// trial at a time, and passes the result to the machine. It continues until the task ends.
    ///
    /// `idle` receives how long the flow has to be idle. It opens a flow, or takes one that has
    /// survived, keeps it silent for that long, and then sends more than one request over it; see
    /// [`Monitor::trial`]. After [`Trial::Inconclusive`], and while there is nothing to try, the
    /// next attempt follows an interval later.
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::pacing::{Fixed, Lifetime};
    /// use systole::{machine::Trial, task::Heart};
    ///
    /// # struct Flow;
    /// # impl Flow { async fn open() -> Option<Self> { None } async fn is_there(&self) -> bool { true } }
    /// async fn explore(heart: &Heart<Lifetime<Fixed>>) {
    ///     heart.run_trials(async |idle| {
    ///         let Some(flow) = Flow::open().await else { return Trial::Inconclusive };
    ///         let silent = tokio::time::Instant::now();
    ///         tokio::time::sleep(idle).await;
    ///         let idled = silent.elapsed(); // never shorter than `idle`
    ///         if flow.is_there().await { Trial::Survived(idled) } else { Trial::Lost(idled) }
    ///     }).await;
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// The current trial is dropped and changes nothing.
    pub async fn run_trials(&self, idle: impl AsyncFnMut(Duration) -> Trial) {
        let mut conclusion = self.watch();
        select! {
            biased;
            // The task has ended.
            _ = conclusion.wait_for(|_| false) => {}
            () = self.trials(idle) => {}
        }
    }

    async fn trials(&self, mut idle: impl AsyncFnMut(Duration) -> Trial) {
        loop {
            let told = match self.shared.with(|monitor| monitor.trial()) {
                Some(span) => {
                    let became = idle(span).await;
                    self.with(|monitor, now| became.tell(monitor, now))
                }
                None => false,
            };
            if !told {
                sleep(self.snapshot().path.plan.interval()).await;
            }
        }
    }
}
