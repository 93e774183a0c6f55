//! Networks, replay in virtual time, quality of service, and published detectors for comparison.
//!
//! A [`Network`] defines the round trip of a probe sent at any moment: it is a recorded [`Trace`]
//! or a seeded [`Synthetic`](network::Synthetic) network. A [`Detector`] is any machine that probes
//! and gives a verdict. [`replay`](fn@replay) runs a detector over a network without waiting. A
//! [`Case`] computes the figures of Chen, Toueg and Aguilera from it: detection time, mistakes,
//! query accuracy, cost. The published detectors are in [`baseline`]; [`sweep`] finds the best
//! settings of each.
//!
//! ```
//! use core::time::Duration;
//! use systole_lab::{baseline::{Baseline, NfdS}, network::{Bernoulli, Lognormal, Synthetic}, Case};
//!
//! let hour = Duration::from_secs(3_600);
//! let network = Synthetic::new(hour)
//!     .with(Lognormal::new(Duration::from_millis(40), 0.3, 1))
//!     .with(Bernoulli::new(0.01, 2));
//! let case = Case::new("an hour at 1 % loss", network, Duration::from_secs(3));
//! let detector = NfdS { interval: Duration::from_secs(1), bound: case.bound() };
//! let qos = case.qos(|start| detector.detector(start));
//! assert!(qos.probes_per_s() < 1.001);
//! assert!(qos.query_accuracy.mean > 0.99);
//! ```
//!
//! An example with a custom configuration and a recording, which `systole record` makes:
//!
//! ```
//! use core::time::Duration;
//! use systole_lab::{Case, CrashTest, Trace};
//! use systole::{Config, Monitor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text: String = (0..600).map(|i| format!("{},{}\n", i * 200_000, 30_000 + i % 7)).collect();
//! # let file = std::env::temp_dir().join(format!("systole-doc-{}.csv", std::process::id()));
//! # std::fs::write(&file, format!("t_us,rtt_us\n{text}"))?;
//! let bound = Duration::from_secs(3);
//! let mine = Config::every(Duration::from_secs(1)).detect_within(bound).seed(7)
//!     .without_initial_delay() // before the first probe no bound runs
//!     .build()?;
//! let case = Case::new("my network", Trace::load(&file)?, bound);
//!
//! let qos = case.qos(|start| Monitor::new(mine, start).ok());
//! println!("{:.1} avoidable mistakes at {:.3} probes a second", qos.avoidable.mean, qos.probes_per_s());
//!
//! let times = CrashTest::new(1_000).run(case.network(), |start| Monitor::new(mine, start).ok());
//! println!("crashes noticed after {:?} on average, {:?} at most", times.mean(), times.max());
//! assert_eq!(times.violations(bound), 0);
//! # std::fs::remove_file(file)?;
//! # Ok(()) }
//! ```
//!
//! A mistake is *avoidable* if probing every 10 ms would not have been silent for the bound. The
//! other mistakes are the [floor](Case::floor), which no detector that keeps the bound can avoid.
//! Every figure is a mean over 16 start offsets. [`strategy`] has networks for property tests.
//!
//! Nothing here reads a clock or uses unseeded randomness: the same inputs give the same figures.

#![no_std] // each use of the operating system is declared where it occurs
#![forbid(unsafe_code)]
// These lints apply to the library only, not to tests and examples. Conversions are allowed:
// measuring is floating-point work on counts and microseconds far below 2^53.
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::cast_possible_wrap,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_const_for_fn,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

extern crate alloc;
extern crate std;

pub mod baseline;
mod brief;
pub mod chen;
mod crash;
mod detector;
pub mod nat;
pub mod network;
mod own;
mod qos;
mod replay;
mod rng;
mod span;
pub mod strategy;
pub mod sweep;
pub mod tail;
mod time;
pub mod trace;
pub mod warning;

pub use brief::brief;
pub use crash::{CrashTest, DetectionTimes};
pub use detector::{Action, Answer, Detector};
pub use network::Network;
pub use qos::{Case, Qos, Statistic};
pub use replay::{Options, Replay, replay};
pub use rng::SplitMix64;
pub use span::Span;
pub use trace::{Trace, TraceError};
