//! A second flow beside the probes, to find out how long one may idle.

use core::time::Duration;

use ::tokio::select;
use ::tokio::time::sleep;

use super::{DEFAULT_WINDOW, Handle, Trial};
use crate::Monitor;
use crate::pacing::{Lifetime, Pacing};

impl<P: Pacing> Handle<Monitor<DEFAULT_WINDOW, Lifetime<P>>> {
    /// Calls `idle` whenever the search for the lifetime wants a second flow to idle, one at a time, and tells the machine what became of it. It goes on until the
    /// task ends.
    ///
    /// `idle` is handed for how long: it opens a flow, or takes one that has survived, lets it be silent for that long, and asks over it more than once; see
    /// [`Monitor::trial`]. Where that is [`Trial::Inconclusive`], and where nothing is to be tried, an interval passes before the next.
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::pacing::{Fixed, Lifetime};
    /// use systole::{Trial, tokio::Heart};
    ///
    /// # struct Flow;
    /// # impl Flow { async fn open() -> Option<Self> { None } async fn is_there(&self) -> bool { true } }
    /// async fn explore(heart: &Heart<Lifetime<Fixed>>) {
    ///     heart.run_trials(async |idle| {
    ///         let Some(flow) = Flow::open().await else { return Trial::Inconclusive };
    ///         let silent = tokio::time::Instant::now();
    ///         tokio::time::sleep(idle).await;
    ///         let idled = silent.elapsed(); // never shorter
    ///         if flow.is_there().await { Trial::Survived(idled) } else { Trial::Lost(idled) }
    ///     }).await;
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// A trial under way is dropped, and counts for nothing.
    pub async fn run_trials(&self, idle: impl AsyncFnMut(Duration) -> Trial) {
        let mut conclusion = self.watch();
        select! {
            biased;
            _ = conclusion.wait_for(|_| false) => {} // the task has ended
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
