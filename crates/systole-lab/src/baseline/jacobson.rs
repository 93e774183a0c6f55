//! Jacobson's retransmission timer as a detector (\[RFC 6298\]).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, Checker, ProbeTimeout, shares};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A check every `interval` that waits for one retransmission timeout, and is retried at once with
/// the timeout doubled; Dead after `misses` in a row.
///
/// Since the timeout is capped, the bound is interval + misses * max timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jacobson {
    /// The interval from send to send while replies come.
    pub interval: Duration,
    /// The shortest timeout: 1 s in the RFC, 200 ms in Linux.
    pub min_timeout: Duration,
    /// The longest timeout, including doublings.
    pub max_timeout: Duration,
    /// The number of misses in a row after which the peer is Dead.
    pub misses: u32,
}

impl Baseline for Jacobson {
    const NAME: &'static str = "Jacobson";
    const KEEPS_BOUND: bool = true;
    type Detector = Checker<Rto>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let timeout = Rto::new(micros(self.min_timeout), micros(self.max_timeout));
        Checker::new(micros(self.interval), 0, self.misses, timeout, start)
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let caps = [0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4];
        let floors = [
            Duration::from_millis(20),
            Duration::from_millis(200),
            Duration::from_secs(1),
        ];
        let pairs = shares(bound, &caps).flat_map(|cap| floors.map(|floor| (cap, floor)));
        let fit = |(max_timeout, min_timeout), misses| {
            let interval = bound.checked_sub(max_timeout * misses)?;
            let sane = min_timeout <= max_timeout && max_timeout <= interval;
            sane.then_some(Self {
                interval,
                min_timeout,
                max_timeout,
                misses,
            })
        };
        pairs
            .flat_map(|pair| (1..=8).filter_map(move |misses| fit(pair, misses)))
            .collect()
    }
}

impl fmt::Display for Jacobson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, min, max] = [self.interval, self.min_timeout, self.max_timeout].map(brief);
        write!(
            f,
            "every {interval}, timeout {min} to {max}, {} misses",
            self.misses
        )
    }
}

/// The retransmission timeout in Jacobson's scaled integers: eight times the smoothed round trip
/// and four times its variation, both in microseconds.
#[derive(Clone, Debug)]
pub struct Rto {
    srtt8: u64,
    var4: u64,
    backoff: u32,
    min_us: u64,
    max_us: u64,
}

/// The timeout before any measurement (RFC 6298, 2.1).
const INITIAL_US: u64 = 1_000_000;

/// The largest number of doublings: more than any cap allows.
const MAX_BACKOFF: u32 = 16;

impl Rto {
    const fn new(min_us: u64, max_us: u64) -> Self {
        Self {
            srtt8: 0,
            var4: 0,
            backoff: 0,
            min_us,
            max_us,
        }
    }

    /// Returns the timeout before it is clamped and doubled.
    const fn base_us(&self) -> u64 {
        if self.srtt8 == 0 {
            INITIAL_US
        } else {
            (self.srtt8 >> 3) + self.var4
        }
    }
}

impl ProbeTimeout for Rto {
    fn timeout_us(&self) -> u64 {
        let backed_off = self
            .base_us()
            .max(self.min_us)
            .saturating_mul(1 << self.backoff);
        backed_off.min(self.max_us)
    }

    /// Probes carry ids, so late replies are samples too: the ambiguity that Karn's rule resolves
    /// does not arise.
    fn on_answer(&mut self, rtt_us: u64) {
        self.backoff = 0;
        if self.srtt8 == 0 {
            self.srtt8 = (rtt_us << 3).max(1);
            self.var4 = rtt_us << 1;
            return;
        }
        let smoothed = self.srtt8 >> 3;
        self.srtt8 = (self.srtt8 + rtt_us - smoothed).max(1);
        self.var4 = self.var4 + rtt_us.abs_diff(smoothed) - (self.var4 >> 2);
    }

    fn on_timeout(&mut self) {
        self.backoff = (self.backoff + 1).min(MAX_BACKOFF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published sequence: round trips, and the resulting timeouts and scaled state, all in
    /// microseconds.
    #[test]
    fn the_published_sequence() {
        let rtts = [100_000, 120_000, 80_000, 200_000, 100_000, 100_000];
        let timeouts = [300_000, 272_500, 249_687, 325_039, 282_534, 248_936];
        let smoothed = [800_000, 820_000, 797_500, 897_813, 885_587, 874_889];
        let variations = [200_000, 170_000, 150_000, 212_813, 171_836, 139_575];
        let mut rto = Rto::new(0, u64::MAX);
        for (((rtt, timeout), srtt8), var4) in
            rtts.into_iter().zip(timeouts).zip(smoothed).zip(variations)
        {
            rto.on_answer(rtt);
            assert_eq!(
                (rto.timeout_us(), rto.srtt8, rto.var4),
                (timeout, srtt8, var4)
            );
        }
    }

    #[test]
    fn doubles_on_a_timeout_up_to_the_cap_and_recovers_with_a_sample() {
        let mut rto = Rto::new(0, 3_000_000);
        assert_eq!(rto.timeout_us(), 1_000_000);
        rto.on_timeout();
        assert_eq!(rto.timeout_us(), 2_000_000);
        (0..100).for_each(|_| rto.on_timeout());
        assert_eq!(rto.timeout_us(), 3_000_000);
        rto.on_answer(10_000);
        assert_eq!(rto.timeout_us(), 30_000);
    }
}
