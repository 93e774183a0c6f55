//! Chen, Toueg and Aguilera's NFD-S for pull probing (\[Chen02\], section 3).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, Freshness, INTERVALS, Periodic, shares};
use crate::time::{MicrosExt as _, micros};
use crate::{Answer, brief};
use systole::Instant;

/// A probe every `interval`; Dead once the newest probe with a reply was sent `bound` ago.
///
/// In the paper's terms eta = `interval` and delta = `bound` - `interval`: probe i is overdue at
/// its send time plus delta, and the peer is trusted while some probe that is not yet overdue has a
/// reply. In pull probing the same clock stamps send and arrival, so this is the synchronised form,
/// and every crash is detected within the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NfdS {
    /// The interval from send to send.
    pub interval: Duration,
    /// The longest silence, measured from the send time of the last probe with a reply.
    pub bound: Duration,
}

impl Baseline for NfdS {
    const NAME: &'static str = "NFD-S";
    const KEEPS_BOUND: bool = true;
    type Detector = Periodic<NfdSRule>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Periodic::new(
            micros(self.interval),
            start,
            NfdSRule {
                bound_us: micros(self.bound),
            },
        )
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        shares(bound, &INTERVALS)
            .map(|interval| Self { interval, bound })
            .collect()
    }
}

impl fmt::Display for NfdS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", brief(self.interval))
    }
}

/// The rule of [`NfdS`]: fresh for the bound from the send time of the newest probe with a reply.
#[derive(Clone, Debug)]
pub struct NfdSRule {
    bound_us: u64,
}

impl Freshness for NfdSRule {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.bound_us)
    }

    fn after(&mut self, answer: &Answer, fresh_until: Instant) -> Option<Instant> {
        Some(fresh_until.max(answer.sent.plus(self.bound_us)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chen;
    use crate::network::{Bernoulli, Exponential, Synthetic};
    use crate::{Options, Span, replay};

    /// The paper's network: 1 % loss, delays exponential with mean 0.02, here in units of a second.
    fn papers_network(heartbeats: u64) -> Synthetic {
        Synthetic::new(Duration::from_secs(heartbeats))
            .with(Exponential::new(Duration::from_millis(20), 1))
            .with(Bernoulli::new(0.01, 2))
    }

    /// Simulated against exact quality of service, with eta = 1, for the deltas of the reference
    /// table.
    #[test]
    fn simulation_agrees_with_the_exact_analysis() {
        let heartbeats = 200_000;
        let network = papers_network(heartbeats);
        for (delta_ms, tolerance) in [(50, 0.02), (500, 0.06), (1_050, 0.2)] {
            let bound = Duration::from_millis(1_000 + delta_ms);
            let detector = NfdS {
                interval: Duration::from_secs(1),
                bound,
            };
            let run = replay(&network, &Options::default(), |start| {
                detector.detector(start)
            });
            let mistakes = run.mistakes.len() as f64;
            let dead: f64 = run.mistakes.iter().map(|m| m.length().as_secs_f64()).sum();
            let exact =
                chen::nfd_s_quality(1.0, delta_ms as f64 / 1e3, 0.01, |x| libm::exp(-x / 0.02));
            let recurrence = heartbeats as f64 / mistakes;
            assert!(
                (recurrence / exact.mistake_recurrence - 1.0).abs() < tolerance,
                "{recurrence}"
            );
            let accuracy = 1.0 - dead / heartbeats as f64;
            assert!(
                (accuracy - exact.query_accuracy).abs()
                    < 2.0 * tolerance * (1.0 - exact.query_accuracy),
                "{accuracy}"
            );
        }
    }

    #[test]
    fn a_probe_is_overdue_at_its_send_time_plus_delta() {
        let secs = Instant::from_secs;
        let network = Synthetic::new(Duration::from_secs(20)).with(crate::network::Outage::once(
            secs(5),
            Duration::from_secs(5),
        ));
        let detector = NfdS {
            interval: Duration::from_secs(1),
            bound: Duration::from_secs(3),
        };
        let run = replay(&network, &Options::default(), |start| {
            detector.detector(start)
        });
        assert_eq!(run.mistakes, [Span::new(secs(7), secs(10))]);
    }
}
