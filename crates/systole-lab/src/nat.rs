//! Networks that forget idle flows, such as NATs, firewalls and servers that close idle
//! connections, and rules that keep a flow open over them.
//!
//! A [`Nat`] defines how long it keeps an idle flow, which packets refresh the flow, and how it
//! ends. A [`Way`] adds round trips and losses. [`keep`] runs a [`Keeper`] over one without
//! waiting; [`watch`] runs the real [`Monitor`](systole::Monitor) with its
//! [`Lifetime`](systole::pacing::Lifetime). Both return a [`Tally`]: packets sent and flows lost.
//! [`gallery`] has NATs as they were measured, and more difficult ones. [`Mars`] is a published
//! rule for comparison, [`Steady`] an interval that does not learn.
//!
//! ```
//! use core::time::Duration;
//! use systole_lab::nat::{Nat, Steady, Way, keep, watch};
//! use systole::pacing::LifetimeRange;
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//! # fn main() -> Result<(), systole::ConfigError> {
//! let way = Way::new(Nat::fixed(5 * MINUTE), 1).with_loss(0.01);
//! let week = 7 * 24 * 60 * MINUTE;
//!
//! let often = keep(&way, &mut Steady::every(MINUTE), week);
//! let reach = LifetimeRange::between(MINUTE / 4, 60 * MINUTE)?;
//! let ours = watch(&way, reach.with_second_flow(), week)?;
//! assert_eq!((often.lost, ours.lost), (0, 0));
//! assert!(ours.packets() < often.packets() / 4);
//! # Ok(()) }
//! ```

use core::time::Duration;

use crate::SplitMix64;
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

mod gallery;
mod keeper;
mod mars;
mod tally;
mod watch;

pub use gallery::{Named, gallery};
pub use keeper::{Keeper, Steady, keep};
pub use mars::Mars;
pub use tally::Tally;
pub use watch::watch;

/// The packets that refresh a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Packets in both directions.
    Both,
    /// Outbound packets, as RFC 4787 requires.
    Outbound,
    /// Inbound packets.
    Inbound,
}

/// What happens to a flow that was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its packets are dropped without notice.
    Silent,
    /// The next outbound packet creates another binding, and the peer sees it come from another
    /// address.
    Rebound,
    /// It is closed at once, and both ends are notified.
    Closed,
}

/// A device on the path that forgets idle flows.
#[derive(Clone, Debug, PartialEq)]
pub struct Nat {
    least: Duration,
    most: Duration,
    /// The moment from which lifetimes are divided, and the divisor.
    shrinks: Option<(Instant, u32)>,
    refresh: Refresh,
    ending: Ending,
}

impl Nat {
    /// Returns a device that forgets a flow after it was idle for `lifetime`.
    #[must_use]
    pub const fn fixed(lifetime: Duration) -> Self {
        Self::jittered(lifetime, lifetime)
    }

    /// Returns a device that forgets a flow after an idle time between `least` and `most`, drawn
    /// anew each time.
    #[must_use]
    pub const fn jittered(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            shrinks: None,
            refresh: Refresh::Both,
            ending: Ending::Silent,
        }
    }

    /// Divides by `by` the lifetimes of idle times that begin at `at` or later.
    #[must_use]
    pub const fn shrinking(mut self, at: Instant, by: u32) -> Self {
        self.shrinks = Some((at, by));
        self
    }

    /// Lets only these packets refresh a flow.
    #[must_use]
    pub const fn refreshed_by(mut self, refresh: Refresh) -> Self {
        self.refresh = refresh;
        self
    }

    /// Sets what happens to a flow that was dropped.
    #[must_use]
    pub const fn with_ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Returns the longest idle time, beginning at `at`, that a flow certainly survives. Only an
    /// oracle knows it.
    #[must_use]
    pub fn certain(&self, at: Instant) -> Duration {
        self.least / self.divisor(at)
    }

    fn divisor(&self, at: Instant) -> u32 {
        match self.shrinks {
            Some((from, by)) if at >= from => by.max(1),
            _ => 1,
        }
    }

    /// Returns how long the idle time that begins at `at` may last.
    fn lifetime_us(&self, at: Instant, draw: f64) -> u64 {
        let spread = micros(self.most.saturating_sub(self.least)) as f64;
        (micros(self.least) + (spread * draw) as u64) / u64::from(self.divisor(at))
    }
}

/// A path to the peer with a NAT, a round trip and losses. The same seed gives the same run.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    nat: Nat,
    seed: u64,
    loss: f64,
}

/// The range over which round trips are distributed uniformly.
const RTT_US: (u64, u64) = (40_000, 120_000);

impl Way {
    /// Returns a path through `nat` without losses, with round trips of 40 to 120 ms.
    #[must_use]
    pub const fn new(nat: Nat, seed: u64) -> Self {
        Self {
            nat,
            seed,
            loss: 0.0,
        }
    }

    /// Loses this share of the packets in each direction, half of them on each side of the NAT.
    #[must_use]
    pub const fn with_loss(mut self, share: f64) -> Self {
        self.loss = share;
        self
    }

    /// Returns the NAT on the path.
    #[must_use]
    pub const fn nat(&self) -> &Nat {
        &self.nat
    }
}

/// A path in use.
#[derive(Clone, Debug)]
struct Road<'a> {
    way: &'a Way,
    rng: SplitMix64,
}

/// One flow through the NAT.
#[derive(Clone, Copy, Debug)]
struct Flow {
    ends_at: Instant,
    /// Whether a packet of a forgotten flow created this one, and the caller has not learnt of it
    /// yet.
    another: bool,
}

/// The result of a packet: its reply, if one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The reply arrives at this moment.
    At(Instant),
    /// The reply arrives at this moment over another binding, since the flow had been forgotten.
    Rebound(Instant),
    None,
}

impl<'a> Road<'a> {
    const fn new(way: &'a Way) -> Self {
        Self {
            way,
            rng: SplitMix64::new(way.seed),
        }
    }

    fn flow(&mut self, now: Instant) -> Flow {
        let draw = self.rng.unit();
        Flow {
            ends_at: now.plus(self.way.nat.lifetime_us(now, draw)),
            another: false,
        }
    }

    fn refresh(&mut self, flow: &mut Flow, now: Instant) {
        flow.ends_at = self.flow(now).ends_at;
    }

    /// Returns whether a packet is lost on one side of the NAT. Each side has half of the losses.
    fn is_lost(&mut self) -> bool {
        self.rng.unit() < self.way.loss / 2.0
    }

    fn is_closed(&self, flow: Flow, now: Instant) -> bool {
        self.way.nat.ending == Ending::Closed && flow.ends_at <= now
    }

    /// Sends a packet of `flow` at `now`; returns its reply.
    fn ask(&mut self, flow: &mut Flow, now: Instant) -> Answer {
        let (least, most) = RTT_US;
        let rtt_us = least + self.rng.next_u64() % (most - least);
        let back = now.plus(rtt_us);
        if self.is_lost() {
            return Answer::None; // the NAT has not seen the packet
        }
        let forgotten = flow.ends_at <= now;
        if forgotten && self.way.nat.ending != Ending::Rebound {
            return Answer::None;
        }
        flow.another |= forgotten;
        if forgotten || self.way.nat.refresh != Refresh::Inbound {
            self.refresh(flow, now);
        }
        let lost = self.is_lost() | self.is_lost();
        if lost || flow.ends_at <= back {
            return Answer::None;
        }
        if self.way.nat.refresh != Refresh::Outbound {
            self.refresh(flow, back);
        }
        if self.is_lost() {
            Answer::None
        } else if core::mem::take(&mut flow.another) {
            Answer::Rebound(back)
        } else {
            Answer::At(back)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Sends a packet each time a flow has been idle for so many minutes since it was opened or
    /// used.
    fn ask(nat: Nat, idles: &[u64]) -> alloc::vec::Vec<bool> {
        let way = Way::new(nat, 7);
        let mut road = Road::new(&way);
        let (mut now, mut flow) = (Instant::ZERO, road.flow(Instant::ZERO));
        let mut answered = |minutes: &u64| {
            now = now.plus(60_000_000 * minutes);
            matches!(road.ask(&mut flow, now), Answer::At(_))
        };
        idles.iter().map(&mut answered).collect()
    }

    #[test]
    fn a_flow_is_refreshed_by_what_is_said_to_refresh_it() {
        let nat = Nat::fixed(MINUTE * 5 / 2);
        assert_eq!(
            ask(nat.clone(), &[2, 2, 2, 3, 1]),
            [true, true, true, false, false]
        );
        for refresh in [Refresh::Outbound, Refresh::Inbound] {
            let nat = nat.clone().refreshed_by(refresh);
            assert_eq!(ask(nat, &[2, 2, 3]), [true, true, false], "{refresh:?}");
        }
        // The reply to a packet that is sent just in time comes too late.
        let nat = Nat::fixed(2 * MINUTE + Duration::from_millis(1));
        assert_eq!(ask(nat.clone(), &[2, 2]), [true, true]);
        assert_eq!(ask(nat.refreshed_by(Refresh::Inbound), &[2]), [false]);
    }

    #[test]
    fn a_forgotten_flow_ends_as_it_is_said_to() {
        let nat = Nat::fixed(MINUTE * 5 / 2);
        assert_eq!(ask(nat.clone(), &[3, 1]), [false, false]);
        let rebound = nat.clone().with_ending(Ending::Rebound);
        assert_eq!(ask(rebound, &[3, 1]), [false, true]); // another flow at first, then the same one
        let way = Way::new(nat.with_ending(Ending::Closed), 7);
        let mut road = Road::new(&way);
        let flow = road.flow(Instant::ZERO);
        assert!(!road.is_closed(flow, Instant::from_secs(149)));
        assert!(road.is_closed(flow, Instant::from_secs(150)));
    }

    #[test]
    fn lifetimes_wander_and_shrink_as_said() {
        let nat = Nat::jittered(MINUTE, 2 * MINUTE).shrinking(Instant::from_secs(60), 4);
        assert_eq!(nat.certain(Instant::from_secs(59)), MINUTE);
        assert_eq!(nat.certain(Instant::from_secs(60)), MINUTE / 4);
        assert_eq!(nat.lifetime_us(Instant::ZERO, 0.5), 90_000_000);
        assert_eq!(nat.lifetime_us(Instant::from_secs(60), 0.5), 22_500_000);
    }

    /// A share of the packets is lost in each direction.
    #[test]
    fn losses_are_as_many_as_said() {
        let way = Way::new(Nat::fixed(60 * MINUTE), 7).with_loss(0.1);
        let mut road = Road::new(&way);
        let mut flow = road.flow(Instant::ZERO);
        let mut answers = (0..20_000_u64).map(|n| road.ask(&mut flow, Instant::ZERO.plus(n)));
        let answered = answers
            .by_ref()
            .filter(|answer| *answer != Answer::None)
            .count();
        assert!((16_000..16_500).contains(&answered), "{answered}"); // 0.95^4
    }
}
