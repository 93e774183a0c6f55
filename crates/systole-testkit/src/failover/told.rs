//! Whether a group tells each change once: what its endpoints show after every call is counted against its events.

use systole::pacing::Pacing;
use systole::{
    Event, Failover,
    failover::{self, Condition, GroupState},
};

use super::run::MOST;
use crate::world::{Law, Violation};

/// Changes of one endpoint that were seen and not told yet.
#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    quarantines: u32,
    releases: u32,
}

/// What was seen of a group, and what it told of that.
#[derive(Debug)]
pub(super) struct Told {
    conditions: Vec<Condition>,
    owed: Vec<Owed>,
    is_down: bool,
    /// The number of the last event.
    number: u32,
    /// Whether switches that the caller made were told as one.
    pub(super) has_joined: bool,
    /// Switches that the caller made since the last poll.
    requests: u32,
}

impl Told {
    pub(super) fn new<P: Pacing>(group: &Failover<MOST, 16, P>) -> Self {
        let conditions = conditions(group).collect::<Vec<_>>();
        Self {
            owed: vec![Owed::default(); conditions.len()],
            conditions,
            is_down: false,
            number: 0,
            has_joined: false,
            requests: 0,
        }
    }

    /// Looks at the endpoints, after a call that may have changed them.
    pub(super) fn look<P: Pacing>(&mut self, group: &Failover<MOST, 16, P>) {
        for (index, now) in conditions(group).enumerate() {
            let before = std::mem::replace(&mut self.conditions[index], now);
            let is_in = |it| matches!(it, Condition::Quarantined(_));
            let owed = &mut self.owed[index];
            if before != now {
                owed.quarantines += u32::from(is_in(now));
                // who bars an endpoint knows that its quarantine is over
                owed.releases += u32::from(is_in(before) && now != Condition::Disabled);
            }
        }
    }

    /// The caller made a switch, or disabled an endpoint.
    pub(super) fn requested(&mut self) {
        self.requests += 1;
    }

    /// What is wrong with `event`, which was told just now.
    pub(super) fn told(
        &mut self,
        event: &Event<failover::EventKind>,
        now_us: u64,
    ) -> Result<(), Violation> {
        let is_next = event.number == self.number.wrapping_add(1);
        // what the caller changed faster than it polled may be told as one
        if !is_next && (event.number <= self.number || self.requests < 4) {
            return Err(broken("event numbers do not rise by one", now_us, event));
        }
        self.number = event.number;
        self.has_joined |= !is_next;
        let is_due = match event.kind {
            failover::EventKind::Quarantined { endpoint, .. } => {
                take(&mut self.owed[endpoint].quarantines)
            }
            failover::EventKind::Released { endpoint, .. } => {
                take(&mut self.owed[endpoint].releases)
            }
            failover::EventKind::Down { .. } => !std::mem::replace(&mut self.is_down, true),
            failover::EventKind::Restored => std::mem::replace(&mut self.is_down, false),
            _ => true,
        };
        if is_due {
            return Ok(());
        }
        Err(broken("an event tells no change", now_us, event))
    }

    /// What is wrong after a drain: everything has been told.
    pub(super) fn drained<P: Pacing>(
        &mut self,
        group: &Failover<MOST, 16, P>,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.requests = 0;
        let is_owed = |it: &&Owed| (it.quarantines, it.releases) != (0, 0);
        if self.owed.iter().any(|it| is_owed(&it)) {
            return Err(broken("a change is not told", now_us, &self.owed));
        }
        let state = group.state();
        let is_out = matches!(state, GroupState::Isolated | GroupState::AllDead);
        if is_out && !self.is_down {
            return Err(broken("an outage is not told", now_us, &state));
        }
        Ok(())
    }
}

fn conditions<P: Pacing>(group: &Failover<MOST, 16, P>) -> impl Iterator<Item = Condition> {
    (0..group.endpoints()).filter_map(|index| group.condition(index))
}

fn take(owed: &mut u32) -> bool {
    let is_due = *owed > 0;
    *owed = owed.saturating_sub(1);
    is_due
}

fn broken(kind: &'static str, now_us: u64, detail: &dyn std::fmt::Debug) -> Violation {
    Violation::new(Law::Accounts, kind, now_us, format!("{detail:?}"))
}
