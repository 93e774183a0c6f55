//! Rules that keep a flow open, and the run of one.

use core::time::Duration;

use super::{Answer, Flow, Nat, Road, Tally, Way};
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// A rule that keeps a flow open: it says how long the flow is to idle, and is told what came of it.
pub trait Keeper {
    /// How long the flow is to idle from `now` on.
    fn idle(&mut self, now: Instant) -> Duration;

    /// It was still there after that.
    fn survived(&mut self, now: Instant) {
        let _ = now;
    }

    /// It was gone.
    fn lost(&mut self, now: Instant) {
        let _ = now;
    }
}

/// An interval that learns nothing: a fixed one, or that of an oracle.
#[derive(Clone, Debug)]
pub struct Steady {
    interval: Duration,
    oracle: Option<Nat>,
}

/// An oracle leaves the longest round trip.
const LONGEST_RTT: Duration = Duration::from_millis(120);

impl Steady {
    /// The same one always.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self {
            interval,
            oracle: None,
        }
    }

    /// The longest one that `nat` survives for certain at each moment, known beforehand.
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

/// How often a packet is sent before the flow is taken to be lost, and how far apart.
const TRIES: u8 = 4;
const APART_US: u64 = 2_000_000;

/// Keeps a flow open for `length`. A packet that is not answered is sent three times more; then the flow is lost, and opened anew with one packet.
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

/// What a keep-alive found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    There,
    /// Another one, made by the packet that asked.
    Another,
    Gone,
}

/// Asks until there is an answer.
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
