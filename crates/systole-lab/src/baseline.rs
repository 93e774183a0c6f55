//! Published detectors, and those used in practice, for comparison.
//!
//! Each one is written from its paper for *pull* probing: the clock of the prober stamps both the
//! send and the arrival, so no clocks need synchronising. Each one comes with the settings that are
//! worth sweeping ([`Baseline::sweep`]), and is tested against published figures or against an
//! example worked out from its definition:
//!
//! | | from | checked against | bound of 3 s |
//! |---|---|---|---|
//! | [`NfdS`] | Chen, Toueg, Aguilera 2002 | the exact analysis, by simulation | kept |
//! | [`ChenAdaptive`] | the same, section 8 | the paper's second example | kept |
//! | [`FixedMisses`] | practice | an outage, by hand | kept |
//! | [`FastRetry`] | `HAProxy` | an outage, by hand | kept |
//! | [`Jacobson`] | RFC 6298 | a sequence of round trips, bit for bit | kept |
//! | [`Retries`] | TCP keepalive, QUIC | an outage, by hand | kept |
//! | [`FluctuationRule`] | this crate | a steady path | kept |
//! | [`NfdE`] | Chen, Toueg, Aguilera 2002, section 6.3 | four answers, by hand | 25 s |
//! | [`TwoWindow`] | Tomsic and others 2015 | its claim against `NfdE` | 37 s |
//! | [`Bertier`] | Bertier, Marin, Sens 2002 | its formulas, step by step | 10 min |
//! | [`Phi`] | Hayashibara and others 2004 | its tail, and losses at a threshold of 8 | 2.8 min |
//! | [`Akka`] | Akka, Pekko, Hazelcast | their tail, and the 4.52 s of the cluster defaults | 56 s |
//! | [`Cassandra`] | Cassandra | the 18.42 means of its default | 36 s |
//! | [`Satzger`] | Satzger and others 2007 | quantiles, by hand | 2.3 min |
//!
//! Detectors that measure silence from the *arrival* of a reply, or whose margin follows the
//! measurements, do not keep a stated detection bound ([`Baseline::KEEPS_BOUND`]). The last column
//! is the longest time that they took to detect 2,000 crashes on each of seven recorded networks,
//! with settings fitted to a bound of 3 s. For other networks `systole replay --compare` prints it,
//! and [`CrashTest`](super::CrashTest) measures it.

mod akka;
mod bertier;
mod cassandra;
mod checker;
mod chen_adaptive;
mod expected_arrival;
mod fast_retry;
mod fixed_misses;
mod fluctuation_rule;
mod intervals;
mod jacobson;
mod nfd_e;
mod nfd_s;
mod own;
mod periodic;
mod phi;
mod pushed;
mod retries;
mod satzger;
mod silence;
mod trust;
mod two_window;

use alloc::vec::Vec;
use core::fmt::{Debug, Display};
use core::time::Duration;

pub use akka::{Akka, AkkaRule};
pub use bertier::{Bertier, BertierRule};
pub use cassandra::{Cassandra, CassandraRule};
pub use checker::{Checker, FixedTimeout, ProbeTimeout};
pub use chen_adaptive::{ChenAdaptive, ChenAdaptiveDetector};
pub use expected_arrival::ArrivalRule;
pub use fast_retry::FastRetry;
pub use fixed_misses::FixedMisses;
pub use fluctuation_rule::FluctuationRule;
pub use jacobson::{Jacobson, Rto};
pub use nfd_e::NfdE;
pub use nfd_s::{NfdS, NfdSRule};
pub use own::Planner;
pub use periodic::{Freshness, Periodic};
pub use phi::{Phi, PhiRule};
pub use pushed::{Pushed, PushedDetector};
pub use retries::{Retries, RetriesDetector};
pub use satzger::{Satzger, SatzgerRule};
pub use silence::{Silence, SinceArrival};
pub use two_window::TwoWindow;

use super::detector::Detector;
use systole::Instant;

/// The settings of a published detector.
pub trait Baseline: Clone + Debug + Display + Send + Sync + 'static {
    /// The name of the family in tables.
    const NAME: &'static str;

    /// Whether a crash is always detected within the bound that the settings were made for, even if
    /// replies are in flight at the crash.
    const KEEPS_BOUND: bool;

    /// The state machine.
    type Detector: Detector + Clone;

    /// Returns the machine with these settings. It sends its first probe at `start`.
    fn detector(&self, start: Instant) -> Self::Detector;

    /// Returns the settings worth trying at a detection bound.
    fn sweep(bound: Duration) -> Vec<Self>;
}

/// Returns these shares of `bound`.
fn shares(bound: Duration, of: &[f64]) -> impl Iterator<Item = Duration> + Clone + '_ {
    of.iter().map(move |&share| bound.mul_f64(share))
}

/// The intervals over which a periodic detector is swept, as shares of the bound.
const INTERVALS: [f64; 20] = [
    0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.95,
];

/// Fewer intervals, for families with more settings to sweep.
const FEW_INTERVALS: [f64; 10] = [0.05, 0.1, 0.15, 0.2, 0.25, 0.33, 0.4, 0.5, 0.6, 0.75];
