//! A watched peer: its link, and the probes under way.

use std::collections::VecDeque;
use std::time::Duration;

use systole::{
    Instant, ProbeId,
    failover::Condition,
    path::{EarlyWarning, Health},
};

use crate::target::{Link, Scheme, Target};

/// The number of probes whose send times are kept: as many as can be under way.
const SENT_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Watched {
    /// The key of its link, which stays the same when other peers are added or removed.
    pub(super) key: usize,
    pub(super) name: String,
    /// The target, or `None` for the demo peer.
    pub(super) target: Option<Target>,
    pub(super) link: Link,
    sent: VecDeque<(ProbeId, Instant)>,
    /// The monitor's count of lost probes when it was last read.
    pub(super) lost: u32,
    /// The condition in the group when it was last read.
    pub(super) condition: Option<Condition>,
    warning: EarlyWarning,
}

impl Watched {
    pub(super) fn new(key: usize, target: Target, link: Link) -> Self {
        let name = target.to_string();
        Self {
            target: Some(target),
            ..Self::played(key, name, link)
        }
    }

    /// Returns the built-in demo peer.
    pub(super) const fn played(key: usize, name: String, link: Link) -> Self {
        Self {
            key,
            name,
            target: None,
            link,
            sent: VecDeque::new(),
            lost: 0,
            condition: None,
            warning: EarlyWarning::new(),
        }
    }

    /// Passes the result of a probe to the early warning; returns its state if that changed.
    pub(super) fn warned(
        &mut self,
        tell: impl FnOnce(&mut EarlyWarning) -> Health,
    ) -> Option<Health> {
        let before = self.warning.health();
        let health = tell(&mut self.warning);
        (health != before).then_some(health)
    }

    pub(super) const fn health(&self) -> Health {
        self.warning.health()
    }

    /// Returns the peer for the machines of a new configuration. If they start over, so do its
    /// counts.
    pub(super) fn renewed(self, starts_over: bool) -> Self {
        if starts_over {
            Self {
                lost: 0,
                condition: None,
                ..self
            }
        } else {
            self
        }
    }

    /// Returns what the round-trip time measures.
    pub(super) fn round_trip_is(&self) -> &'static str {
        let scheme = self.target.as_ref().map_or(Scheme::Udp, Target::scheme);
        scheme.round_trip()
    }

    /// Sends a probe; returns `false` if that is impossible.
    pub(super) fn send(&mut self, id: ProbeId, now: Instant, reply_window: Duration) -> bool {
        self.sent.push_back((id, now));
        if self.sent.len() > SENT_MAX {
            self.sent.pop_front();
        }
        self.link.send(id, reply_window)
    }

    /// Returns the time from sending probe `id` to `at`, without the time for connecting.
    pub(super) fn round_trip(
        &mut self,
        id: ProbeId,
        at: Instant,
        setup: Duration,
    ) -> Option<Duration> {
        let place = self.sent.iter().position(|&(sent, _)| sent == id)?;
        let (_, sent) = self.sent.remove(place)?;
        Some(at.saturating_duration_since(sent).saturating_sub(setup))
    }
}
