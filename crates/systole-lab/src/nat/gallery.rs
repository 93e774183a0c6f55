//! NATs as they were measured, and more difficult ones.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Ending, Nat, Refresh};
use crate::SplitMix64;
use crate::time::micros;
use systole::Instant;

/// A NAT with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The kind of NAT.
    pub kind: &'static str,
    /// The name of this NAT.
    pub name: String,
    /// Its behaviour.
    pub nat: Nat,
}

/// The shortest and the longest lifetime of the gallery.
const LEAST_S: f64 = 30.0;
const MOST_S: f64 = 3_600.0;

/// Measured lifetimes in seconds: home gateways and carriers, UDP and TCP (Hätönen et al. 2010,
/// Wang et al. 2011, Richter et al. 2016).
const MEASURED: [(&str, u64); 9] = [
    ("home UDP, shortest", 30),
    ("carrier UDP, fixed line", 35),
    ("carrier UDP, cellular", 65),
    ("home UDP, median", 90),
    ("home UDP, once answered", 180),
    ("home TCP, shortest", 240),
    ("carrier TCP", 300),
    ("home UDP, longest", 691),
    ("home TCP, median", 3_600),
];

/// Returns the measured lifetimes, and `drawn` times eight kinds with lifetimes from 30 s to 60
/// min, uniform in their logarithm: fixed, with each ending; jittered by a fifth; refreshed by one
/// direction only; shrinking to a half and to an eighth in the middle of `length`.
#[must_use]
pub fn gallery(length: Duration, drawn: u64, seed: u64) -> Vec<Named> {
    let measured = MEASURED.map(|(name, secs)| Named {
        kind: "measured",
        name: name.into(),
        nat: Nat::fixed(Duration::from_secs(secs)),
    });
    let middle = Instant::ZERO.saturating_add(length / 2);
    let drawn = (0..drawn).flat_map(|n| kinds(lifetime(seed, n), middle));
    measured.into_iter().chain(drawn).collect()
}

fn lifetime(seed: u64, n: u64) -> Duration {
    let unit = SplitMix64::keyed(seed, n).unit();
    let secs = LEAST_S * libm::pow(MOST_S / LEAST_S, unit);
    Duration::from_micros((secs * 1e6) as u64)
}

fn kinds(lifetime: Duration, middle: Instant) -> [Named; 8] {
    let fixed = Nat::fixed(lifetime);
    let jittered = Nat::jittered(lifetime, lifetime * 6 / 5);
    // A lifetime that shrinks is longer at first, so that it stays in the range.
    let longer = |by: u32| {
        Nat::fixed(Duration::from_micros(
            micros(lifetime * by).min(micros(Duration::from_secs(3_600))),
        ))
    };
    [
        ("fixed", fixed.clone()),
        ("fixed, rebinds", fixed.clone().with_ending(Ending::Rebound)),
        ("fixed, closes", fixed.clone().with_ending(Ending::Closed)),
        ("jittered by 1/5", jittered),
        (
            "refreshed inbound",
            fixed.clone().refreshed_by(Refresh::Inbound),
        ),
        ("refreshed outbound", fixed.refreshed_by(Refresh::Outbound)),
        ("shrinks to 1/2", longer(2).shrinking(middle, 2)),
        ("shrinks to 1/8", longer(8).shrinking(middle, 8)),
    ]
    .map(|(kind, nat)| Named {
        kind,
        name: format!("{kind}, {} s", lifetime.as_secs()),
        nat,
    })
}
