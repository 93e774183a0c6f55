//! Splits a recording at its gaps.

use alloc::vec::Vec;
use core::time::Duration;

use super::summary::median;
use super::{LOST, Trace};
use crate::time::{MicrosExt as _, micros};

/// A gap is at least this many spacings.
const SPACINGS: u32 = 10;

/// The longest time that a prober is assumed to have waited for the reply to a lost probe.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Trace {
    /// Splits the recording at its gaps: stretches of more than ten spacings, and more than
    /// `least`, in which nothing was sent. No probe was sent there, so gaps are neither silences
    /// nor proofs of life. The parts keep their times.
    ///
    /// A prober that waits for each reply before it sends the next probe leaves no gap: the round
    /// trip of the row before, or the usual time after a loss, is not counted.
    #[must_use]
    pub fn split_at_gaps(self, least: Duration) -> Vec<Self> {
        let begins = self.ends_of_gaps(least);
        if begins.is_empty() {
            return alloc::vec![self];
        }
        let cut = self.with_joints(begins);
        cut.runs().collect()
    }

    fn ends_of_gaps(&self, least: Duration) -> Vec<usize> {
        let least_us = micros(least.max(SPACINGS * self.spacing()));
        let after_loss_us = micros(self.wait_after_a_loss());
        let later = self.sent.iter().enumerate().skip(1);
        let rows = self.sent.iter().zip(&self.rtt_us).zip(later);
        rows.filter_map(|((&sent, &rtt), (row, &next))| {
            let waited_us = if rtt == LOST {
                after_loss_us
            } else {
                rtt.into()
            };
            (next.since(sent).saturating_sub(waited_us) > least_us).then_some(row)
        })
        .collect()
    }

    /// Returns one and a half times the usual time from a lost probe to the next one.
    fn wait_after_a_loss(&self) -> Duration {
        let after_loss = self.gaps().zip(&self.rtt_us);
        let usual = median(
            after_loss
                .filter(|&(_, &rtt)| rtt == LOST)
                .map(|(gap, _)| gap),
        );
        (usual * 3 / 2).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn lengths(rows: impl Iterator<Item = (u64, Option<u64>)>) -> Vec<usize> {
        let row = |(s, rtt_ms): (u64, Option<u64>)| {
            let rtt = rtt_ms.map_or("lost".into(), |ms| alloc::format!("{}", ms * 1_000));
            alloc::format!("{},{rtt}\n", s * 1_000_000)
        };
        let text: String = rows.map(row).collect();
        let trace: Trace = alloc::format!("t_us,rtt_us\n{text}").parse().unwrap();
        let parts = trace.split_at_gaps(Duration::from_secs(3));
        parts.iter().map(Trace::len).collect()
    }

    #[test]
    fn a_pause_of_the_recorder_splits_even_after_a_loss() {
        let first = (0..60).map(|s| (s, (s != 59).then_some(20)));
        let second = (30_000..30_060).map(|s| (s, Some(20)));
        assert_eq!(lengths(first.chain(second)), [60, 60]);
    }

    #[test]
    fn a_prober_that_waits_for_each_reply_leaves_no_gap() {
        let slow = (0..60).map(|s| {
            if s < 30 {
                (s, Some(20))
            } else {
                (s + 25, Some(20))
            }
        });
        let late = slow.map(|(s, rtt)| (s, if s == 29 { Some(25_000) } else { rtt }));
        assert_eq!(lengths(late), [60]);
        let stop_and_wait = (0..600).map(|n| (n + n / 50 * 15, (n % 50 != 49).then_some(20)));
        assert_eq!(lengths(stop_and_wait), [600]);
    }
}
