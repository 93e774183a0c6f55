//! The order of the rows.

use systole::Instant;

use crate::listen::roster::{Sender, Standing};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Column {
    #[default]
    Verdict,
    Name,
    Silence,
    Label,
}

/// By which column the rows are sorted, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Order {
    column: Column,
    reversed: bool,
}

impl Order {
    /// Sorts by the next column.
    pub(super) const fn next(&mut self) {
        self.column = match self.column {
            Column::Verdict => Column::Name,
            Column::Name => Column::Silence,
            Column::Silence => Column::Label,
            Column::Label => Column::Verdict,
        };
        self.reversed = false;
    }

    pub(super) const fn reverse(&mut self) {
        self.reversed = !self.reversed;
    }

    pub(super) const fn name(self) -> &'static str {
        match self.column {
            Column::Verdict => "verdict",
            Column::Name => "name",
            Column::Silence => "silence",
            Column::Label => "label",
        }
    }

    /// Sorts by verdict (the worst first), name, silence (the longest first) or label; among equals
    /// by name.
    pub(super) fn sort(self, senders: &mut [(u64, &Sender, Standing)], now: Instant) {
        senders.sort_unstable_by(|(_, a, a_is), (_, b, b_is)| {
            let order = match self.column {
                Column::Verdict => b_is.cmp(a_is),
                Column::Name => std::cmp::Ordering::Equal,
                Column::Silence => b.silent(now).cmp(&a.silent(now)),
                Column::Label => a.label.cmp(&b.label),
            };
            let order = order.then_with(|| a.name.cmp(&b.name));
            if self.reversed {
                order.reverse()
            } else {
                order
            }
        });
    }
}
