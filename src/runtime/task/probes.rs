//! The outstanding probes, one task each.

use alloc::vec::Vec;
use core::future::Future;
use core::time::Duration;

use ::tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use ::tokio::time::{Instant as Moment, timeout};

use super::machine::{ProbeResult, Terms};
use super::{Epoch, ProbeError, Reply};
use crate::peer::dead_peer_wait::DeadPeerWait;
use crate::runtime::reply::result_of;
use crate::{Failure, Instant, ProbeId};

/// The result of a probe, and when it ended.
type Ended = (Result<Reply, ProbeError>, Moment);

/// The outstanding probes of all targets.
#[derive(Debug)]
pub(super) struct Probes<T> {
    epoch: Epoch,
    tasks: JoinSet<Ended>,
    under_way: Vec<Probe<T>>,
    /// The number of probes of one target that may be outstanding at once.
    max_in_flight: usize,
    /// How long to wait for each dead target. It is used only if one probe may be outstanding at
    /// once.
    dead_waits: Vec<(T, DeadPeerWait)>,
}

/// An outstanding probe.
#[derive(Debug)]
struct Probe<T> {
    target: T,
    id: ProbeId,
    /// The moment until which this probe delays the next one to a dead target.
    holds_until: Option<Instant>,
    task: AbortHandle,
}

impl<T: Copy + PartialEq> Probes<T> {
    pub(super) fn new(epoch: Epoch, max_in_flight: usize) -> Self {
        Self {
            epoch,
            tasks: JoinSet::new(),
            under_way: Vec::new(),
            max_in_flight,
            dead_waits: Vec::new(),
        }
    }

    /// Makes room for a probe of `target` if too many are outstanding: drops the oldest one that
    /// `is_overdue`, or else, if the target is dead, the latest one. Returns whether there is room.
    /// If not, all of them may still get their reply in time.
    pub(super) fn make_room(
        &mut self,
        target: T,
        terms: Terms,
        now: Instant,
        is_overdue: impl Fn(ProbeId) -> bool,
    ) -> bool {
        let to_it = |of: &Probe<T>| of.target == target;
        if self.under_way.iter().filter(|of| to_it(of)).count() < self.max_in_flight {
            return true;
        }
        let mut probes = self.under_way.iter();
        let overdue = probes.position(|of| {
            let holds_until = of.holds_until.filter(|_| terms.is_dead());
            to_it(of) && holds_until.map_or_else(|| is_overdue(of.id), |until| until <= now)
        });
        let place = overdue.or_else(|| self.latest_of_dead(terms, to_it));
        place.is_some_and(|place| {
            self.under_way.remove(place).task.abort();
            true
        })
    }

    /// Returns the index of the latest probe, if the target is dead. A dead peer is probed at every
    /// interval by replacing the latest probe. The earlier probes stay outstanding, because the
    /// round trips may have become long.
    fn latest_of_dead(&self, terms: Terms, to_it: impl Fn(&Probe<T>) -> bool) -> Option<usize> {
        let are_others = self.max_in_flight > 1;
        (terms.is_dead() && are_others).then(|| self.under_way.iter().rposition(to_it))?
    }

    /// Starts probe `id` of `target` at `now`. The probe is dropped when its reply no longer proves
    /// life.
    pub(super) fn launch<A: 'static, E: Into<ProbeError>>(
        &mut self,
        (target, id): (T, ProbeId),
        now: Instant,
        terms: Terms,
        probe: impl Future<Output = Result<A, E>> + Send + 'static,
    ) {
        let dead_wait = self.dead_wait(target, terms);
        let reply_window =
            dead_wait.map_or(terms.reply_window, |wait| wait.max(terms.reply_window));
        let task = self.tasks.spawn(async move {
            let result = match timeout(reply_window, probe).await {
                Ok(reply) => result_of(reply),
                Err(_) => Err(ProbeError::Missed),
            };
            (result, Moment::now())
        });
        self.under_way.push(Probe {
            target,
            id,
            holds_until: dead_wait.map(|wait| now.saturating_add(wait)),
            task,
        });
    }

    /// Returns how long a probe to a dead target delays the next one, if only one may be
    /// outstanding.
    fn dead_wait(&mut self, target: T, terms: Terms) -> Option<Duration> {
        let place = self.dead_waits.iter().position(|(of, _)| *of == target);
        let Some((usual_us, longest_us)) = terms.dead_wait_us.filter(|_| self.max_in_flight == 1)
        else {
            place.map(|place| self.dead_waits.swap_remove(place));
            return None;
        };
        let place = place.unwrap_or_else(|| {
            self.dead_waits.push((target, DeadPeerWait::NONE));
            self.dead_waits.len() - 1
        });
        let (_, wait) = self.dead_waits.get_mut(place)?;
        wait.plan(usual_us, longest_us);
        wait.missed(longest_us);
        Some(Duration::from_micros(wait.us().into()))
    }

    /// Returns the result of the next probe to end, or `None` if no probe is outstanding. It is
    /// cancel safe.
    pub(super) async fn next(&mut self) -> Option<ProbeResult<T>> {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            if let Some(settled) = self.settle(ended) {
                return Some(settled);
            }
        }
        None
    }

    /// Returns the result of a probe that has ended, if there is one.
    pub(super) fn try_next(&mut self) -> Option<ProbeResult<T>> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            if let Some(settled) = self.settle(ended) {
                return Some(settled);
            }
        }
        None
    }

    /// Removes a probe that has ended, and returns its result.
    fn settle(&mut self, ended: Result<(Id, Ended), JoinError>) -> Option<ProbeResult<T>> {
        let (task, (result, at)) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let panicked = Err(ProbeError::Failed(Failure::ProbePanicked));
                (error.id(), (panicked, Moment::now()))
            }
        };
        // A probe that was dropped to make room is not found.
        let place = self.under_way.iter().position(|of| of.task.id() == task)?;
        let Probe { target, id, .. } = self.under_way.remove(place);
        let at = self.epoch.moment(at.into_std());
        Some(ProbeResult::new(target, id, result, at))
    }

    /// Drops all probes and waits until their tasks have ended.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}
