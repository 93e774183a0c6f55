//! Jobs that were not heard for too long.

use super::coordinator::Coordinator;
use super::news::{News, Tale};
use systole::Instant;

impl Coordinator {
    /// Queues the news of jobs that have become overdue at `now`.
    pub(super) fn look_at_jobs(&mut self, now: Instant) {
        let senders = &self.settings.senders;
        let jobs = senders
            .iter()
            .filter_map(|sender| Some((sender.name.id(), sender.overdue?)));
        let overdue = self.listener.with(|_, gate, _| {
            let is_overdue = |(id, after)| {
                let sender = gate.roster.senders.get_mut(&id)?;
                let silent = sender.silent(now);
                if sender.is_overdue || silent < after {
                    return None;
                }
                sender.is_overdue = true;
                Some((id, silent))
            };
            jobs.filter_map(is_overdue).collect::<Vec<_>>()
        });
        self.waiting
            .extend(overdue.into_iter().map(|(id, silent)| News {
                at: now,
                sender: Some(id),
                tale: Tale::Overdue(silent),
            }));
    }
}
