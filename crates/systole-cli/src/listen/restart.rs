//! What outlives a restart: the state is restored at the start, and saved before it is told.

use std::net::SocketAddr;
use std::time::Duration;

use systole::{Instant, Reason, Verdict};

use super::coordinator::Coordinator;
use super::keeper::Keeper;
use super::news::{News, Tale};
use super::saved::{Saved, SavedBeat, SavedSender};
use crate::trouble::Trouble;

impl Coordinator {
    /// Adds the senders that are known, and says that the listener has begun.
    pub(super) fn begin(
        &mut self,
        saved: Option<Saved>,
        address: SocketAddr,
    ) -> Result<(), Trouble> {
        if let Some(saved) = saved {
            self.restore(&saved)?;
        }
        self.add_expected()?;
        let known = self.listener.with(|_, gate, _| gate.roster.senders.len());
        self.note(Tale::Start(address, known));
        Ok(())
    }

    pub(super) fn add_expected(&self) -> Result<(), Trouble> {
        for sender in self.settings.senders.iter().filter(|it| it.every.is_some()) {
            self.listener.add(sender.name.id(), sender.every)?;
        }
        Ok(())
    }

    /// Continues where an earlier run ended. What it did not get to tell is told now.
    fn restore(&mut self, saved: &Saved) -> Result<(), Trouble> {
        let age = saved.age();
        for one in &saved.senders {
            let silent = Duration::try_from_secs_f64(one.silent_s.max(0.0)).unwrap_or_default();
            self.listener.with(|_, gate, _| {
                let roster = &mut gate.roster;
                let is_new = !roster.senders.contains_key(&one.id);
                roster.admitted += usize::from(is_new);
                let sender = roster.entry(one.id, || one.name.clone());
                sender.told = one.told;
                sender.exit_status = one.exit_status;
                sender.is_overdue = one.overdue;
                sender.silent_before = silent.saturating_add(age);
                sender.restored.clone_from(&one.beat);
                sender.standing_told = sender.standing(one.told);
            });
            if let Some(beat) = &one.beat {
                self.listener.restore(&beat.restored(one.id), one.verdict)?;
            }
            let reason = match one.verdict {
                Verdict::Dead => Reason::BoundElapsed,
                Verdict::Left => Reason::Left,
                _ => continue, // it has to be heard again
            };
            if one.verdict != one.told {
                let (from, to) = (one.told, one.verdict);
                self.waiting.push(News {
                    at: Instant::ZERO,
                    sender: Some(one.id),
                    tale: Tale::Verdict { from, to, reason },
                });
            }
        }
        let boot = if saved.is_of_this_boot() {
            ""
        } else {
            ", before this machine started"
        };
        let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
        self.note(Tale::Note(format!(
            "continues with a state saved {age} ago{boot}"
        )));
        Ok(())
    }

    pub(super) fn save(&mut self) {
        let (saved, every) = self.saved(true);
        self.keeper.next_at = self.listener.now().saturating_add(every);
        self.keeper.save(saved);
    }

    /// Returns the state of all senders, and when to save it again. The numbers of live senders are
    /// ahead of what was heard by what may be heard until the next save but one.
    pub(super) fn saved(&self, goes_on: bool) -> (Saved, Duration) {
        self.listener.with(|fleet, gate, now| {
            let intervals = gate
                .roster
                .senders
                .values()
                .filter_map(|sender| sender.newest);
            let quickest = intervals.map(|beat| beat.interval()).min();
            let every = Keeper::every(quickest.unwrap_or(Duration::MAX));
            let senders = gate.roster.senders.iter().map(|(&id, sender)| {
                let verdict = fleet.verdict(id).unwrap_or(sender.told);
                let is_heard = matches!(verdict, Verdict::Alive | Verdict::Suspect);
                SavedSender {
                    id,
                    name: sender.name.clone(),
                    verdict,
                    told: sender.told,
                    silent_s: sender.silent(now).as_secs_f64(),
                    exit_status: sender.exit_status,
                    overdue: sender.is_overdue,
                    beat: match sender.newest {
                        Some(beat) => {
                            let ahead = ahead(every, beat.interval());
                            Some(SavedBeat::new(
                                &beat,
                                if goes_on && is_heard { ahead } else { 0 },
                            ))
                        }
                        None => sender.restored.clone(), // not heard since
                    },
                }
            });
            (Saved::new(senders.collect()), every)
        })
    }
}

/// Returns how many heartbeats may arrive until the save after the next.
fn ahead(every: Duration, interval: Duration) -> u32 {
    let slots = every.as_micros().div_ceil(interval.as_micros().max(1));
    u32::try_from(slots).unwrap_or(u32::MAX).saturating_add(1)
}
