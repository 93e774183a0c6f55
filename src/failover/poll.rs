//! What a group does next.

use super::endpoint_state::EndpointState;
use super::event::EventKind;
use super::{Failover, Probe};
use crate::config::RetryBudget;
use crate::output::Output;
use crate::pacing::Pacing;
use crate::peer::event::Event;
use crate::peer::probe::ProbeId;
use crate::time::Instant;

/// The largest number of decision rounds in one poll. Decisions beyond that are left to the next
/// poll.
const ROUNDS: usize = 8;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Returns what to do at `now`. Call it until it returns [`Output::Wait`] or
    /// [`Output::Idle`], and again at that moment and after every `handle_*`.
    ///
    /// Early calls are harmless and return the same deadline. Each late call adds its lateness to
    /// the detection time.
    pub fn poll(&mut self, now: Instant) -> Output<Probe, Event<EventKind>> {
        self.poll_with(now, None)
    }

    /// Returns what to do at `now`, as [`poll`](Self::poll) does, and takes the retries of all
    /// endpoints out of `budget`, which any number of groups and monitors may share.
    pub fn poll_with_budget(
        &mut self,
        now: Instant,
        budget: &RetryBudget,
    ) -> Output<Probe, Event<EventKind>> {
        self.poll_with(now, Some(budget))
    }

    pub(crate) fn poll_with(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> Output<Probe, Event<EventKind>> {
        self.now = self.now.max(now);
        if self.members.is_empty() {
            return Output::Idle;
        }
        let mut left_over = true;
        for _ in 0..ROUNDS {
            if !self.pending.is_empty() {
                // Report queued events before making further decisions.
                break;
            }
            if let Some((endpoint, id)) = self.next_probe(budget) {
                return Output::Send(Probe { endpoint, id });
            }
            left_over = self.decide();
            if !left_over {
                break;
            }
        }
        self.settle();
        match self.pending.take() {
            Some(event) => Output::Event(event),
            None if self.now == Instant::MAX => Output::Idle,
            None if left_over => Output::Wait(self.now.plus(1)),
            None => Output::Wait(self.deadline()),
        }
    }

    /// Polls the monitors in service and returns the first probe that is to be sent.
    fn next_probe(&mut self, budget: Option<&RetryBudget>) -> Option<(usize, ProbeId)> {
        let now = self.now;
        let in_service = |member: &&mut EndpointState<N, P>| member.in_service();
        let mut members = self.members.iter_mut().enumerate();
        members.find_map(|(index, member)| {
            let member = Some(member).filter(in_service)?;
            member.poll(now, budget).map(|id| (index, id))
        })
    }

    /// Returns when the group has to be polled again.
    fn deadline(&self) -> Instant {
        let in_service = self.members.iter().filter(|member| member.in_service());
        let due = in_service.map(|member| member.due);
        let due = due.fold(self.timer(), Instant::min);
        due.max(self.now.plus(1))
    }
}
