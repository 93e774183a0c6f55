//! A peer that is watched: how it is reached, and which probes are under way.

use std::collections::VecDeque;
use std::time::Duration;

use systole::{Condition, EarlyWarning, Health, Instant, ProbeId};

use crate::target::{Link, Scheme, Target};

/// Probes whose round trips are shown; as many as can be under way.
const SENT_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Watched {
    /// What its link is known by, also after others came and went.
    pub(super) key: usize,
    pub(super) name: String,
    /// Nothing where the peer is played.
    pub(super) target: Option<Target>,
    pub(super) link: Link,
    sent: VecDeque<(ProbeId, Instant)>,
    /// The monitor's count at the last look.
    pub(super) lost: u32,
    /// What a group thought of it at the last look.
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

    /// A peer that is played on this machine.
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

    /// How the path does once the warner was told of a probe, if that is news.
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

    /// Under a machine that may have to do with it for the first time.
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

    /// What its round-trip time measures.
    pub(super) fn round_trip_is(&self) -> &'static str {
        let scheme = self.target.as_ref().map_or(Scheme::Udp, Target::scheme);
        scheme.round_trip()
    }

    /// False where the probe cannot be sent.
    pub(super) fn send(&mut self, id: ProbeId, now: Instant, reply_window: Duration) -> bool {
        self.sent.push_back((id, now));
        if self.sent.len() > SENT_MAX {
            self.sent.pop_front();
        }
        self.link.send(id, reply_window)
    }

    /// From sending probe `id` to `at`, without what it took to connect.
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
