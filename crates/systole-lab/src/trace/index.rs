//! An index that finds the row before a moment, in constant time for evenly spaced rows and in
//! logarithmic time for any.

use crate::time::MicrosExt as _;
use alloc::vec::Vec;

use systole::Instant;

/// For every slot of a power of two microseconds since the first row, the number of rows before the
/// slot begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowIndex {
    shift: u32,
    before: Vec<usize>,
}

impl RowIndex {
    /// Returns an index over rising send times, with between one and two slots per row.
    pub(super) fn new(sent: &[Instant]) -> Self {
        let (first, last) = ends(sent);
        let spacing = last.since(first) / (sent.len() as u64).max(1);
        let shift = spacing.max(1).ilog2();
        let slots = (last.since(first) >> shift) + 1;
        let begin = |slot: u64| first.plus(slot << shift);
        let before = (0..slots).map(|slot| sent.partition_point(|&s| s < begin(slot)));
        let before = before.chain([sent.len()]).collect();
        Self { shift, before }
    }

    /// Returns the last row sent at or before `at`; the first row for any earlier moment.
    pub(super) fn row_before(&self, sent: &[Instant], at: Instant) -> usize {
        let slot = (at.since(ends(sent).0) >> self.shift) as usize;
        let from = self.before.get(slot).copied().unwrap_or(sent.len());
        let until = self
            .before
            .get(slot.saturating_add(1))
            .copied()
            .unwrap_or(sent.len());
        let within = sent
            .get(from..until)
            .map_or(0, |rows| rows.partition_point(|&s| s <= at));
        (from + within).saturating_sub(1)
    }
}

fn ends(sent: &[Instant]) -> (Instant, Instant) {
    let first = sent.first().copied().unwrap_or(Instant::ZERO);
    (first, sent.last().copied().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SplitMix64;

    #[test]
    fn the_end_of_time_is_a_moment() {
        let sent = [0, u64::MAX - 1, u64::MAX].map(Instant::from_micros);
        let index = RowIndex::new(&sent);
        let rows = [0, 1 << 62, u64::MAX - 2, u64::MAX - 1, u64::MAX]
            .map(|us| index.row_before(&sent, Instant::from_micros(us)));
        assert_eq!(rows, [0, 0, 0, 1, 2]);
    }

    #[test]
    fn agrees_with_a_search_of_all_rows() {
        let mut rng = SplitMix64::new(3);
        for rows in [1_u64, 2, 3, 50, 400] {
            let mut at = 1_000;
            let sent: Vec<_> = (0..rows)
                .map(|_| {
                    // Mostly even, sometimes a gap of a thousand spacings, which is the worst case
                    // for slots.
                    at += 1 + rng.next_u64() % if rng.unit() < 0.02 { 1_000_000 } else { 1_000 };
                    Instant::from_micros(at)
                })
                .collect();
            let index = RowIndex::new(&sent);
            for _ in 0..2_000 {
                let moment = Instant::from_micros(rng.next_u64() % (at + 5_000));
                let plain = sent.partition_point(|&s| s <= moment).saturating_sub(1);
                assert_eq!(
                    index.row_before(&sent, moment),
                    plain,
                    "{moment} among {rows} rows"
                );
            }
        }
    }
}
