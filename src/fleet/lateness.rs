//! A histogram of how late probes were handed out.

use core::time::Duration;

use crate::time::duration;

/// The number of buckets per octave. Eight make a quantile exact to 12.5 %.
const STEPS: usize = 8;
const STEP_BITS: u32 = 3;
/// The number of buckets. They cover up to 2^35 us, nine hours.
const BUCKETS: usize = 33 * STEPS;

/// A histogram of how late [`Fleet::poll`](crate::Fleet::poll) handed out probes.
///
/// This lateness is local and is credited to the peers. Its cost is detection time.
#[derive(Clone, Debug)]
pub struct Lateness {
    counts: [u64; BUCKETS],
}

impl Lateness {
    pub(super) const NONE: Self = Self {
        counts: [0; BUCKETS],
    };

    pub(super) fn add(&mut self, late_us: u64) {
        let bucket = bucket(late_us).min(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    /// Returns the lateness that a `share` of the probes, 0 to 1, did not exceed. It is rounded up
    /// by at most 12.5 %. Zero where no probe was handed out.
    #[must_use]
    // The counts are used for a quantile only.
    #[allow(clippy::cast_precision_loss)]
    pub fn quantile(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let wanted = total as f64 * share;
        let mut seen = 0;
        let within = |&count: &u64| {
            seen += count;
            seen as f64 >= wanted
        };
        let place = self.counts.iter().position(within).unwrap_or(0);
        duration(if total == 0 { 0 } else { highest(place) })
    }
}

/// Returns the index of the bucket for `late_us`. Values below 16 us have a bucket each; above,
/// there are eight buckets per octave.
fn bucket(late_us: u64) -> usize {
    let octave = (late_us | 1).ilog2().saturating_sub(STEP_BITS);
    let step = usize::try_from(late_us >> octave).unwrap_or(0); // below 16
    octave as usize * STEPS + step
}

/// Returns the longest lateness that falls into `bucket`.
const fn highest(bucket: usize) -> u64 {
    if bucket < 2 * STEPS {
        return bucket as u64;
    }
    let octave = bucket / STEPS - 1;
    let step = (bucket - octave * STEPS) as u64;
    ((step + 1) << octave) - 1
}

#[cfg(test)]
mod tests;
