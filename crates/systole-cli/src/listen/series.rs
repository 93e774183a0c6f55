//! The metrics of a listener, for Prometheus. Without `--metrics-per-sender` their number does not
//! grow with the senders.

use std::collections::BTreeMap;

use metrics::{counter, gauge};
use systole::fleet::ListenerFleet;
use systole::task::udp_listener::Counters;
use systole::{Instant, Verdict};

use super::gate::Gate;
use super::roster::Standing;

/// The number of worst senders whose silence is exported, by rank.
const WORST: usize = 10;
/// The most labels that have series of their own; the others share one.
const LABELS_MAX: usize = 100;
const OTHERS: &str = "(others)";

const STANDINGS: [&str; 7] = [
    "unknown", "alive", "suspect", "dead", "left", "failed", "overdue",
];

#[derive(Debug)]
pub(super) struct Series {
    per_sender: bool,
    /// The number of senders by label and standing; what is no longer there stays as 0.
    counts: BTreeMap<(String, &'static str), u32>,
}

impl Series {
    pub(super) const fn new(per_sender: bool) -> Self {
        Self {
            per_sender,
            counts: BTreeMap::new(),
        }
    }

    /// Brings the series of the senders up to date.
    pub(super) fn record(&mut self, fleet: &mut ListenerFleet, gate: &Gate, now: Instant) {
        self.counts.values_mut().for_each(|count| *count = 0);
        for (&id, sender) in &gate.roster.senders {
            let standing = sender.standing(fleet.verdict(id).unwrap_or(sender.told));
            self.count_in(sender.label.as_deref().unwrap_or_default(), name(standing));
            if self.per_sender {
                let up = f64::from(u8::from(fleet.verdict(id) == Some(Verdict::Alive)));
                gauge!("systole_listen_sender_up", "sender" => sender.name.clone()).set(up);
                let silent = sender.silent(now).as_secs_f64();
                gauge!("systole_listen_sender_silence_seconds", "sender" => sender.name.clone())
                    .set(silent);
            }
        }
        for ((label, standing), &count) in &self.counts {
            gauge!("systole_listen_senders", "label" => label.clone(), "verdict" => *standing)
                .set(f64::from(count));
        }
        let silences = fleet
            .worst(WORST, now)
            .into_iter()
            .map(|it| it.silent.as_secs_f64());
        for (rank, silence) in (1..=WORST).zip(silences.chain(std::iter::repeat(0.0))) {
            gauge!("systole_listen_silence_seconds", "rank" => rank.to_string()).set(silence);
        }
        count_beats(fleet);
    }

    fn count_in(&mut self, label: &str, standing: &'static str) {
        let is_known = self.counts.contains_key(&(label.to_owned(), standing));
        let has_room = self.counts.len() < LABELS_MAX * STANDINGS.len();
        let label = if is_known || has_room { label } else { OTHERS };
        if !is_known && has_room {
            for standing in STANDINGS {
                self.counts.entry((label.to_owned(), standing)).or_default();
            }
        }
        *self.counts.entry((label.to_owned(), standing)).or_default() += 1;
    }

    /// Brings the counts of datagrams up to date.
    #[allow(
        clippy::unused_self,
        reason = "only who has the series may export them"
    )]
    pub(super) fn count(&self, counters: Counters) {
        let refused = counters.malformed + counters.forged + counters.limited;
        for (result, count) in [
            ("opened", counters.datagrams.saturating_sub(refused)),
            ("malformed", counters.malformed),
            ("forged", counters.forged),
            ("limited", counters.limited),
            ("dropped", counters.dropped),
        ] {
            counter!("systole_listen_datagrams_total", "result" => result).absolute(count);
        }
    }
}

fn count_beats(fleet: &ListenerFleet) {
    let counters = fleet.counters();
    for (outcome, count) in [
        ("heard", counters.beats),
        ("lost", counters.lost),
        ("repeated", counters.repeated),
        ("stale", counters.stale),
        ("ignored", counters.ignored),
    ] {
        counter!("systole_listen_beats_total", "outcome" => outcome).absolute(count);
    }
    for (to, count) in [
        ("suspect", counters.suspect),
        ("dead", counters.dead),
        ("left", counters.left),
    ] {
        counter!("systole_listen_verdict_changes_total", "to" => to).absolute(count);
    }
    counter!("systole_listen_refuted_total").absolute(counters.refuted);
    counter!("systole_listen_pauses_total").absolute(counters.pauses);
    counter!("systole_listen_overflows_total").absolute(counters.overflows);
}

const fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Unknown => "unknown",
        Standing::Alive => "alive",
        Standing::Suspect => "suspect",
        Standing::Dead => "dead",
        Standing::Left => "left",
        Standing::Failed(_) => "failed",
        Standing::Overdue => "overdue",
    }
}
