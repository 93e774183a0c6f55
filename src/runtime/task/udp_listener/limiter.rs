//! The limit on heartbeats that are not authentic, for each address.

use alloc::vec;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::time::Duration;
use std::hash::RandomState;

use crate::Instant;

/// The number of places. Addresses that share a place share its limit, so that the memory does not
/// grow with the number of addresses.
const PLACES: usize = 4_096;
const SECOND_NS: u64 = 1_000_000_000;

/// Lets a number of heartbeats a second pass from each address, and a second's worth at once.
///
/// It is the generic cell rate algorithm (ITU-T I.371): each place holds the time at which all that
/// passed would have arrived at the permitted pace.
#[derive(Debug)]
pub(super) struct Limiter {
    places: Vec<u64>,
    /// Keyed, so that nobody can choose an address that shares the place of another.
    hasher: RandomState,
    gap_ns: u64,
}

impl Limiter {
    /// Creates a limiter; `rate` is in heartbeats a second, and 0 lets nothing pass.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            places: vec![0; PLACES],
            hasher: RandomState::new(),
            gap_ns: SECOND_NS.checked_div(rate.into()).unwrap_or(2 * SECOND_NS),
        }
    }

    /// Returns whether one more heartbeat from `address` may pass at `now`.
    pub(super) fn admits(&mut self, address: IpAddr, now: Instant) -> bool {
        let now_ns = nanos(now.saturating_duration_since(Instant::ZERO));
        let gap_ns = self.gap_ns;
        let Some(place) = self.place(address) else {
            return false;
        };
        let next_ns = (*place).max(now_ns).saturating_add(gap_ns);
        let passes = next_ns <= now_ns.saturating_add(SECOND_NS);
        if passes {
            *place = next_ns;
        }
        passes
    }

    #[allow(clippy::cast_possible_truncation)] // taken modulo the number of places
    fn place(&mut self, address: IpAddr) -> Option<&mut u64> {
        let hash = self.hasher.hash_one(network(address)) as usize;
        self.places.get_mut(hash % PLACES)
    }
}

/// Returns what one sender may hold: an IPv4 address, or the 64 bits of an IPv6 network.
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(ip) => u32::from(ip).into(),
        IpAddr::V6(ip) => ip
            .segments()
            .iter()
            .take(4)
            .fold(0, |network, &segment| network << 16 | u64::from(segment)),
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
