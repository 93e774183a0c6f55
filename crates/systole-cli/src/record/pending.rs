//! Probes whose result is not known yet. Rows are written in the order of sending, while replies
//! may come in any order.

use std::collections::VecDeque;
use std::time::Duration;

use systole::{Instant, ProbeId};
use systole_lab::trace::Row;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Answered(Duration),
    Lost,
    /// The probe was never sent, so it says nothing about the path.
    Unsent,
}

#[derive(Debug)]
struct Probe {
    id: ProbeId,
    sent: Instant,
    fate: Fate,
}

#[derive(Debug)]
pub(super) struct Pending {
    reply_window: Duration,
    probes: VecDeque<Probe>,
    rows: u64,
    lost: u64,
}

impl Pending {
    pub(super) const fn new(reply_window: Duration) -> Self {
        Self {
            reply_window,
            probes: VecDeque::new(),
            rows: 0,
            lost: 0,
        }
    }

    pub(super) fn sent(&mut self, id: ProbeId, sent: Instant) {
        self.probes.push_back(Probe {
            id,
            sent,
            fate: Fate::Open,
        });
    }

    /// Records a reply. `setup` is the time that passed before the probe was sent. Late and
    /// duplicate replies change nothing.
    pub(super) fn answered(&mut self, id: ProbeId, at: Instant, setup: Duration) {
        if let Some(probe) = self.open(id) {
            let rtt = at
                .saturating_duration_since(probe.sent)
                .saturating_sub(setup);
            probe.fate = Fate::Answered(rtt);
        }
    }

    pub(super) fn lost(&mut self, id: ProbeId) {
        self.settle(id, Fate::Lost);
    }

    pub(super) fn unsent(&mut self, id: ProbeId) {
        self.settle(id, Fate::Unsent);
    }

    fn settle(&mut self, id: ProbeId, fate: Fate) {
        if let Some(probe) = self.open(id) {
            probe.fate = fate;
        }
    }

    fn open(&mut self, id: ProbeId) -> Option<&mut Probe> {
        self.probes
            .iter_mut()
            .find(|probe| probe.id == id && probe.fate == Fate::Open)
    }

    /// Ends the recording: probes that were overtaken by a reply count as lost, the result of later
    /// ones is unknown.
    pub(super) fn give_up(&mut self) {
        let answered = |probe: &Probe| matches!(probe.fate, Fate::Answered(_));
        let known = self.probes.iter().rposition(answered).unwrap_or_default();
        for probe in self.probes.iter_mut().take(known) {
            if probe.fate == Fate::Open {
                probe.fate = Fate::Lost;
            }
        }
    }

    /// Returns the next row that can be written.
    pub(super) fn next_row(&mut self, now: Instant) -> Option<Row> {
        loop {
            let first = self.probes.front()?;
            let overdue = now.saturating_duration_since(first.sent) > self.reply_window;
            if first.fate == Fate::Open && !overdue {
                return None;
            }
            let Probe { sent, fate, .. } = self.probes.pop_front()?;
            let rtt = match fate {
                Fate::Unsent => continue,
                Fate::Answered(rtt) => Some(rtt),
                Fate::Open | Fate::Lost => None,
            };
            self.rows += 1;
            self.lost += u64::from(rtt.is_none());
            return Some(Row { sent, rtt });
        }
    }

    /// Returns the number of rows, and how many of them are lost probes.
    pub(super) const fn written(&self) -> (u64, u64) {
        (self.rows, self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> ProbeId {
        ProbeId::from_be_bytes(n.to_be_bytes())
    }

    fn three() -> Pending {
        let mut pending = Pending::new(Duration::from_secs(1));
        for n in 0..3 {
            pending.sent(id(n), Instant::from_millis(100 * n));
        }
        pending
    }

    fn rows(pending: &mut Pending, now_ms: u64) -> Vec<Option<u128>> {
        let now = Instant::from_millis(now_ms);
        let next = || {
            pending
                .next_row(now)
                .map(|row| row.rtt.map(|rtt| rtt.as_millis()))
        };
        core::iter::from_fn(next).collect()
    }

    #[test]
    fn rows_come_in_order_of_sending() {
        let mut pending = three();
        pending.answered(id(1), Instant::from_millis(130), Duration::ZERO);
        assert_eq!(rows(&mut pending, 150), []);
        pending.answered(id(0), Instant::from_millis(160), Duration::from_millis(20));
        pending.answered(id(0), Instant::from_millis(190), Duration::ZERO);
        assert_eq!(rows(&mut pending, 200), [Some(140), Some(30)]);
        assert_eq!(rows(&mut pending, 1_201), [None]);
        assert_eq!(pending.written(), (3, 1));
    }

    #[test]
    fn at_the_end_the_overtaken_are_lost_and_the_rest_unknown() {
        let mut pending = three();
        pending.answered(id(1), Instant::from_millis(130), Duration::ZERO);
        pending.give_up();
        assert_eq!(rows(&mut pending, 250), [None, Some(30)]);
    }

    #[test]
    fn what_never_left_leaves_no_row() {
        let mut pending = three();
        pending.unsent(id(0));
        pending.lost(id(1));
        assert_eq!(rows(&mut pending, 250), [None]);
    }
}
