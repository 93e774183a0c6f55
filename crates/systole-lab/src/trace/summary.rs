//! The figures of a recording by which to decide whether it can be judged.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::{LOST, Trace};
use crate::time::MicrosExt as _;
use systole::Instant;

/// The figures of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of rows.
    pub rows: usize,
    /// The number of lost rows.
    pub lost: usize,
    /// The time from the first send time to the last.
    pub length: Duration,
    /// The median time between two send times; 0 for a single row.
    pub spacing: Duration,
    /// The median round trip; `None` if every row is lost.
    pub median_rtt: Option<Duration>,
    /// The round trip that 99 % do not exceed; `None` if every row is lost.
    pub p99_rtt: Option<Duration>,
    /// The longest time without a reply, from the first send time to the last reply or send time.
    pub longest_silence: Duration,
    /// The longest time between two send times.
    pub longest_gap: Duration,
}

impl Trace {
    /// Returns the figures of the recording. It sorts the rows by spacing and by round trip in part
    /// only, which takes linear time and 8 bytes of memory for each row.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut rtts: Vec<u32> = self
            .rtt_us
            .iter()
            .copied()
            .filter(|&us| us != LOST)
            .collect();
        let answered = rtts.len();
        let first = self.sent.first().copied().unwrap_or(Instant::ZERO);
        let last = self.sent.last().copied().unwrap_or(first);
        Summary {
            rows: self.len(),
            lost: self.len() - answered,
            length: Duration::from_micros(last.since(first)),
            spacing: self.spacing(),
            median_rtt: quantile(&mut rtts, answered / 2),
            p99_rtt: quantile(&mut rtts, (answered * 99).div_ceil(100).saturating_sub(1)),
            longest_silence: self.longest_silence(first, last),
            longest_gap: self.gaps().max().unwrap_or_default(),
        }
    }

    /// Returns the median time between two send times; 0 for a single row.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        median(self.gaps())
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Duration> + '_ {
        let later = self.sent.iter().skip(1);
        let pairs = self.sent.iter().zip(later);
        pairs.map(|(&sent, &next)| Duration::from_micros(next.since(sent)))
    }

    /// Passes through the replies in order of arrival. Those that arrive before the next probe is
    /// sent cannot be overtaken any more, so only outstanding replies are kept.
    fn longest_silence(&self, first: Instant, last: Instant) -> Duration {
        let mut under_way = BinaryHeap::new();
        let (mut heard, mut longest) = (first, 0);
        let mut hear = |at: Instant| {
            longest = longest.max(at.since(heard));
            heard = heard.max(at);
        };
        for (&sent, &rtt) in self.sent.iter().zip(&self.rtt_us) {
            while let Some(&Reverse(at)) = under_way.peek().filter(|Reverse(at)| *at <= sent) {
                hear(at);
                under_way.pop();
            }
            if rtt != LOST {
                under_way.push(Reverse(sent.plus(rtt.into())));
            }
        }
        while let Some(Reverse(at)) = under_way.pop() {
            hear(at);
        }
        hear(last);
        Duration::from_micros(longest)
    }
}

/// Returns the median in whole microseconds, at most 71 minutes; 0 if there is none.
pub(super) fn median(spans: impl Iterator<Item = Duration>) -> Duration {
    let us = |span: Duration| u32::try_from(span.as_micros()).unwrap_or(u32::MAX);
    let mut all: Vec<u32> = spans.map(us).collect();
    let middle = all.len() / 2;
    quantile(&mut all, middle).unwrap_or_default()
}

fn quantile(values: &mut [u32], rank: usize) -> Option<Duration> {
    let rank = rank.min(values.len().checked_sub(1)?);
    let (_, value, _) = values.select_nth_unstable(rank);
    Some(Duration::from_micros((*value).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_end_with_the_next_arrival_and_not_with_the_next_row() {
        let text = "t_us,rtt_us\n0,100\n1000,lost\n2000,5000\n3000,100\n4000,lost\n9000,lost\n";
        let summary = text.parse::<Trace>().unwrap().summary();
        let us = Duration::from_micros;
        assert_eq!((summary.rows, summary.lost), (6, 3));
        assert_eq!((summary.length, summary.spacing), (us(9_000), us(1_000)));
        assert_eq!(
            (summary.median_rtt, summary.p99_rtt),
            (Some(us(100)), Some(us(5_000)))
        );
        assert_eq!(
            summary.longest_silence,
            us(3_900),
            "100 to 3100, to 7000, to 9000"
        );
        assert_eq!(summary.longest_gap, us(5_000));
    }

    #[test]
    fn a_dead_path_has_no_round_trip() {
        let summary = "t_us,rtt_us\n0,lost\n10,lost\n"
            .parse::<Trace>()
            .unwrap()
            .summary();
        assert_eq!((summary.median_rtt, summary.p99_rtt), (None, None));
        assert_eq!(summary.longest_silence, Duration::from_micros(10));
    }
}
