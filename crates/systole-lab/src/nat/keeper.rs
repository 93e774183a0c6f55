//! Rules that keep a flow open, and the run of one.

use core::time::Duration;

use super::{Answer, Flow, Nat, Road, Tally, Way};
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// A rule that keeps a flow open: it decides how long the flow is idle, and learns from the result.
pub trait Keeper {
    /// Returns how long the flow is to be idle from `now` on.
    fn idle(&mut self, now: Instant) -> Duration;

    /// Records that the flow still existed after that time.
    fn survived(&mut self, now: Instant) {
        let _ = now;
    }

    /// Records that the flow was lost.
    fn lost(&mut self, now: Instant) {
        let _ = now;
    }
}

/// An interval that does not learn: a fixed one, or that of an oracle.
#[derive(Clone, Debug)]
pub struct Steady {
    interval: Duration,
    oracle: Option<Nat>,
}

/// The time that an oracle leaves for the longest round trip.
const LONGEST_RTT: Duration = Duration::from_millis(120);

impl Steady {
    /// Returns a constant interval.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self {
            interval,
            oracle: None,
        }
    }

    /// Returns an oracle: at each moment it uses the longest interval that a flow through `nat`
    /// certainly survives.
    #[must_use]
    pub const fn oracle(nat: Nat) -> Self {
        Self {
            interval: Duration::ZERO,
            oracle: Some(nat),
        }
    }
}

impl Keeper for Steady {
    fn idle(&mut self, now: Instant) -> Duration {
        match &self.oracle {
            Some(nat) => nat.certain(now).saturating_sub(LONGEST_RTT),
            None => self.interval,
        }
    }
}

/// How often a packet is sent before the flow counts as lost, and the time between two of them.
const TRIES: u8 = 4;
const APART_US: u64 = 2_000_000;

/// Keeps a flow open for `length`. A packet without a reply is sent three times more. Then the flow
/// counts as lost, and one packet opens a new one.
pub fn keep(way: &Way, keeper: &mut impl Keeper, length: Duration) -> Tally {
    let mut road = Road::new(way);
    let (mut now, end) = (Instant::ZERO, Instant::ZERO.saturating_add(length));
    let mut flow = road.flow(now);
    let mut tally = Tally::default();
    loop {
        let idle_us = micros(keeper.idle(now)).max(1);
        let due = now.plus(idle_us);
        let at = if road.is_closed(flow, due) {
            flow.ends_at
        } else {
            due
        };
        if at > end {
            return tally;
        }
        now = at;
        match ask(&mut road, &mut flow, &mut now, &mut tally) {
            Found::There => keeper.survived(now),
            found => {
                tally.lost += 1;
                if found == Found::Gone {
                    tally.opened += 1;
                    flow = road.flow(now);
                }
                keeper.lost(now);
            }
        }
    }
}

/// The result of a keep-alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    There,
    /// Another flow, which the keep-alive itself created.
    Another,
    Gone,
}

/// Sends packets until a reply comes.
fn ask(road: &mut Road<'_>, flow: &mut Flow, now: &mut Instant, tally: &mut Tally) -> Found {
    if road.is_closed(*flow, *now) {
        return Found::Gone;
    }
    for _ in 0..TRIES {
        tally.probes += 1;
        match road.ask(flow, *now) {
            Answer::At(_) => return Found::There,
            Answer::Rebound(_) => return Found::Another,
            Answer::None => *now = now.plus(APART_US),
        }
    }
    Found::Gone
}
