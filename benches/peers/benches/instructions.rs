//! The same rounds in instructions, by callgrind: 1,000 of each, so the last three digits are decimals; 11 of each are the loop's.
//!
//! An instruction is not a nanosecond: a logarithm of the library is few and slow ones. But this does not depend on what else the machine does.

#[allow(dead_code)]
#[path = "../../common/machines.rs"]
mod machines;
#[allow(dead_code)]
#[path = "../../common/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::time::Duration;

use gungraun::Callgrind;
use gungraun::prelude::*;
use machines::{BASE, rtts};
use rounds::{systole, two_passes};
use systole_peers::{adaptive_timeout, phi_accrual_told, phi_detector, s2n_quic};

/// Round-trip times that are never given back: that would be counted, too.
fn samples() -> &'static [Duration] {
    &rtts().leak()[..1_000]
}

/// Ready to be counted: its window is full.
fn warm<R>(mut round: impl FnMut(Duration) -> R) -> impl FnMut(Duration) -> R {
    for rtt in rtts() {
        round(rtt);
    }
    round
}

#[library_benchmark]
#[bench::systole_16(args = (warm(systole::<16>()), samples()))]
#[bench::systole_1024(args = (warm(systole::<1_024>()), samples()))]
#[bench::two_passes_16(args = (warm(two_passes(16)), samples()))]
#[bench::two_passes_1024(args = (warm(two_passes(1_024)), samples()))]
#[bench::phi_detector(args = (warm(phi_detector(BASE)), samples()))]
#[bench::phi_accrual_told(args = (warm(phi_accrual_told()), samples()))]
#[bench::adaptive_timeout(args = (warm(adaptive_timeout()), samples()))]
#[bench::s2n_quic(args = (warm(s2n_quic()), samples()))]
fn round<R, F: FnMut(Duration) -> R>(mut round: F, samples: &'static [Duration]) -> F {
    for &rtt in samples {
        black_box(round(black_box(rtt)));
    }
    round // and not given back either
}

library_benchmark_group!(name = thousand, benchmarks = round);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = thousand
);
