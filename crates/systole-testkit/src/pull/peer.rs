//! What the peer makes of a probe.

use crate::world::{Arrivals, Incident, Kind};

use super::Plan;

/// What comes back to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// The reply to a probe.
    Reply(usize),
    /// A probe is refused.
    Refused(usize),
    /// Something else from the peer.
    Traffic,
    /// The caller's turn.
    Call(u32),
    /// The caller notices that it was away.
    Resumed,
    /// The caller notices that its clock is right again.
    Resync,
    /// The caller learns that the peer is a new incarnation.
    Restarted,
}

/// Copies of a datagram are datagrams of their own.
const COPY: u64 = 1 << 40;

impl Plan {
    /// Whether the peer is up at `now_us`.
    #[must_use]
    pub fn is_up(&self, now_us: u64) -> bool {
        self.incidents
            .find(now_us, 0, |kind| {
                matches!(kind, Kind::Crash | Kind::Restart)
            })
            .is_none()
    }

    /// What comes of probe `number`, sent at `sent_us`, and when.
    pub fn answers(&self, number: usize, sent_us: u64, mut tell: impl FnMut(u64, WatchEvent)) {
        let arrivals = self.path.out(number as u64, sent_us, &self.incidents);
        for (copy, arrived_us) in arrivals.into_iter().flatten().enumerate() {
            let datagram = number as u64 + COPY * copy as u64;
            if let Some((answered_us, what)) = self.answer(number, arrived_us) {
                let back: Arrivals = self.path.back(datagram, answered_us, &self.incidents);
                back.into_iter()
                    .flatten()
                    .for_each(|at_us| tell(at_us, what));
            }
        }
    }

    fn answer(&self, number: usize, arrived_us: u64) -> Option<(u64, WatchEvent)> {
        if !self.is_up(arrived_us) {
            return None;
        }
        let mut answered_us = arrived_us + self.held_us;
        for &Incident { kind, until_us, .. } in self.incidents.at(arrived_us, 0) {
            match kind {
                Kind::Refuse => return Some((arrived_us, WatchEvent::Refused(number))),
                Kind::Hang => answered_us = answered_us.max(until_us),
                Kind::Slow { by_us } => answered_us += by_us,
                _ => {}
            }
        }
        // what a peer holds goes down with it
        let crashes = self.incidents.0.iter().any(|it| {
            let down = matches!(it.kind, Kind::Crash | Kind::Restart);
            down && arrived_us < it.from_us && it.from_us <= answered_us
        });
        (!crashes).then_some((answered_us, WatchEvent::Reply(number)))
    }
}
