//! Probes that are not sent because earlier ones may still be answered and there is no room for more.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::outcome::ProbeOutcome;
use crate::peer::probe::{Fate, ProbeId};
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Records that probe `id` is not sent, as all the room there is for probes under way is taken by
    /// earlier ones that may still be answered in time. Returns what became of it: `Abandoned`,
    /// `Unsent` or `Ignored`.
    ///
    /// It is due again an interval later, and is neither evidence nor a fault of ours. Where the bound
    /// leaves less time than the next probe and its retries need, the bound in force is longer until
    /// an answer comes, as the [snapshot](Self::snapshot) shows; once a probe is overdue it is not
    /// lengthened. Where no probe is under way, nothing was in the way of this one: then it counts as
    /// one that [could not be sent](Self::handle_unsent).
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::{Config, Instant, Monitor, Output, ProbeId, Verdict};
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// const ROUND_TRIP: Duration = Duration::from_millis(350);
    ///
    /// let config = Config::fixed(Duration::from_millis(100)).seed(0xd1ce).without_initial_delay().build()?;
    /// let mut now = Instant::ZERO;
    /// let mut monitor = Monitor::<8, _>::with_window(config, now)?;
    /// let mut connection: Option<(ProbeId, Instant)> = None; // carries one request at a time
    /// while now < Instant::from_secs(60) {
    ///     if let Some((id, at)) = connection.take_if(|&mut (_, at)| at <= now) {
    ///         monitor.handle_reply(id, at);
    ///     }
    ///     now = loop {
    ///         match monitor.poll(now) {
    ///             Output::Send(id) if connection.is_some() => {
    ///                 monitor.handle_skipped(id, now);
    ///             }
    ///             Output::Send(id) => connection = Some((id, now.saturating_add(ROUND_TRIP))),
    ///             Output::Wait(until) => break connection.map_or(until, |(_, at)| until.min(at)),
    ///             _ => {}
    ///         }
    ///     };
    /// }
    /// assert_eq!(monitor.verdict(), Verdict::Alive);
    /// assert_eq!(monitor.snapshot(now).counters.unsent, 0);
    /// # Ok(()) }
    /// ```
    pub fn handle_skipped(&mut self, id: ProbeId, now: Instant) -> ProbeOutcome {
        self.look(now);
        let level = self.level_now();
        let outcome = match self.take(id, |fate| fate == Fate::Waiting, Fate::Unsent) {
            Some(probe) if !self.is_under_way() => self.unsent(&probe, level),
            Some(_) => self.skip(id),
            None => self.ignore(),
        };
        self.settle();
        outcome
    }

    fn skip(&mut self, id: ProbeId) -> ProbeOutcome {
        self.take(id, |_| true, Fate::Settled);
        self.abandon(1);
        self.peer.void();
        self.reschedule();
        if !self.peer.in_episode() {
            self.peer.tighten(); // what an earlier one allowed is not added to
            self.peer.allow_lead(self.clock.translate(self.next));
        }
        ProbeOutcome::Abandoned
    }
}
