//! Metrics of every peer for Prometheus and similar systems, through the [`metrics`](::metrics)
//! facade: install any exporter, then record.
//!
//! ```
//! use core::time::Duration;
//! use systole::{Config, Instant, Monitor, telemetry};
//!
//! # fn main() -> Result<(), systole::ConfigError> {
//! let config = Config::every(Duration::from_secs(1)).seed(0xd1ce).build()?;
//! let monitor = Monitor::new(config, Instant::ZERO)?;
//!
//! let mut series = telemetry::Peer::new("db-1");
//! series.record(&monitor, Instant::ZERO); // after each drain, or every few seconds
//! # Ok(()) }
//! ```
//!
//! Threads and tasks record by themselves if
//! [`thread::Builder::metrics`](crate::thread::Builder::metrics) or `task::Builder::metrics` was
//! called. [`Group`] records a [`Failover`](crate::Failover), and [`FleetSeries`] records a
//! [`Fleet`](crate::Fleet).
//!
//! | series, each with a label `peer` | |
//! |---|---|
//! | `systole_probes_total{result}` | counter: probes by result: `answered` in time, `overdue`, `failed` at once, `unsent`, or `abandoned` |
//! | `systole_late_replies_total` | counter: replies to probes that already had another result, mostly `overdue` |
//! | `systole_stale_replies_total`, `systole_ignored_replies_total` | counters: replies to probes older than the detection bound; replies with an unknown id, or with one that already got a reply |
//! | `systole_verdict_changes_total{to}` | counter: changes of the verdict to `suspect` and to `dead` |
//! | `systole_revivals_total{outcome}` | counter: verdicts `Dead` that a reply or other traffic ended, by outcome: `refuted` (a mistake), `recovered`, `undecided` |
//! | `systole_retry_budget_used_total` | counter: retries taken from the [`RetryBudget`](crate::RetryBudget) |
//! | `systole_pauses_total` | counter: reports of local lateness |
//! | `systole_blind_total` | counter: times that no probe could be sent for one detection bound, so that nothing is known of the peer |
//! | `systole_rtt_seconds` | histogram, with [`RTT_BUCKETS`] |
//! | `systole_verdict{verdict}` | gauge: 1 for the verdict in force, 0 for the others |
//! | `systole_interval_seconds`, `systole_timeout_seconds` | gauges: the plan in force |
//! | `systole_detection_bound_seconds`, `systole_worst_detection_seconds` | gauges: the promised detection bound, and the longest measured detection time |
//! | `systole_mistake_interval_seconds` | gauge: the time between mistakes that a [`Target`](crate::pacing::Target) expects |
//! | `systole_suspicion_level` | gauge: improbability of the silence, in decades |
//! | `systole_degraded`, `systole_warning_octaves` | gauges: 1 while the [early warning](crate::path::EarlyWarning) is on, and its score |
//! | `systole_loss_ratio`, `systole_fluctuation_ratio` | gauges: the measured state of the path |
//! | `systole_lateness_seconds` | gauge: local lateness since the start |
//!
//! When a [`Peer`], a [`Group`] or a [`FleetSeries`] is dropped, it sets to 0 every gauge that
//! states a current condition: verdicts, the active endpoint, the state of a group, the number of
//! peers, silences. Counters keep their value. An exporter can also forget idle series
//! (`idle_timeout` of `metrics-exporter-prometheus`), since every record updates all series except
//! the histogram. Where threads and tasks record by themselves, set that timeout longer than their
//! longest interval.

use alloc::sync::Arc;
use core::time::Duration;

use ::metrics::{SharedString, counter, gauge, histogram};

use crate::pacing::Pacing;
use crate::{
    Instant, Monitor, Verdict, monitor,
    path::{EarlyWarning, Health, RttWindow},
    peer::Counters,
};

mod fleet;
mod group;
mod help;

pub use fleet::FleetSeries;
pub use group::Group;

/// The name of the histogram of round-trip times.
pub const RTT: &str = "systole_rtt_seconds";

/// The buckets for [`RTT`] in seconds, from a neighbouring machine to a slow satellite link.
/// Without buckets, exporters create summaries, which `histogram_quantile` cannot evaluate.
pub const RTT_BUCKETS: [f64; 19] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

const VERDICTS: [(Verdict, &str); 4] = [
    (Verdict::Unknown, "unknown"),
    (Verdict::Alive, "alive"),
    (Verdict::Suspect, "suspect"),
    (Verdict::Dead, "dead"),
];

/// The metrics of one peer.
///
/// A record costs about thirty look-ups in the exporter. When it is dropped, a `Peer` sets the
/// gauges of the verdict to 0.
#[derive(Debug)]
pub struct Peer {
    name: SharedString,
    /// The counters at the last record.
    seen: Counters,
    /// The turn of the window at the last record.
    turn: usize,
    warning: EarlyWarning,
}

impl Peer {
    /// Creates the metrics of the peer called `name`, which should differ from all other names. The
    /// descriptions go to the exporter that is installed at this moment.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        help::describe();
        Self {
            name: SharedString::from_shared(name.into()),
            seen: Counters::default(),
            turn: 0,
            warning: EarlyWarning::new(),
        }
    }

    /// Exports the state of `monitor` at `now`. If more than `N` - 1 round-trip times were measured
    /// since the last record, some are missing from the histogram and from the early warning.
    /// Nothing else depends on how often this is called.
    pub fn record<const N: usize, P: Pacing>(&mut self, monitor: &Monitor<N, P>, now: Instant) {
        let known = monitor.snapshot(now);
        self.renew(&known);
        self.warn(&known.counters, monitor.window());
        self.export(&known, monitor.window());
    }

    /// Exports the state of an endpoint of a group. The group keeps an early warning for each
    /// endpoint, which is used instead of the one in `self`.
    fn record_warned<const N: usize, P: Pacing>(
        &mut self,
        monitor: &Monitor<N, P>,
        warning: &EarlyWarning,
        now: Instant,
    ) {
        let known = monitor.snapshot(now);
        self.renew(&known);
        self.warning = warning.clone();
        self.export(&known, monitor.window());
    }

    /// Starts over if `known` comes from a new machine for the same peer, whose counters are lower.
    fn renew(&mut self, known: &monitor::Snapshot) {
        if has_counted_less(&known.counters, &self.seen) {
            (self.seen, self.turn) = (Counters::default(), 0);
            self.warning = EarlyWarning::new();
        }
    }

    /// Exports counters, gauges and the new round-trip times.
    fn export<const N: usize>(&mut self, known: &monitor::Snapshot, window: &RttWindow<N>) {
        self.count(&known.counters);
        self.gauge(known);
        let rtts = histogram!(RTT, "peer" => self.name.clone());
        for rtt in window.since(self.turn) {
            rtts.record(rtt.as_secs_f64());
        }
        (self.seen, self.turn) = (known.counters, window.turn());
    }

    /// Passes the new outcomes to the early warning.
    fn warn<const N: usize>(&mut self, now: &Counters, window: &RttWindow<N>) {
        let overdue = |all: &Counters| all.lost.saturating_add(all.failed);
        for _ in overdue(&self.seen)..overdue(now) {
            self.warning.overdue();
        }
        for rtt in window.since(self.turn) {
            self.warning.answered(rtt);
        }
    }

    /// Raises the counters by what was counted since the last record.
    fn count(&self, now: &Counters) {
        let rise = |of: fn(&Counters) -> u32| u64::from(of(now).saturating_sub(of(&self.seen)));
        for (result, rise) in [
            ("answered", rise(|all| all.answered)),
            ("overdue", rise(|all| all.lost)),
            ("failed", rise(|all| all.failed)),
            ("unsent", rise(|all| all.unsent)),
            ("abandoned", rise(|all| all.abandoned)),
        ] {
            counter!("systole_probes_total", "peer" => self.name.clone(), "result" => result)
                .increment(rise);
        }
        for (to, rise) in [
            ("suspect", rise(|all| all.suspect)),
            ("dead", rise(|all| all.dead)),
        ] {
            counter!("systole_verdict_changes_total", "peer" => self.name.clone(), "to" => to)
                .increment(rise);
        }
        for (outcome, rise) in [
            ("refuted", rise(|all| all.refuted)),
            ("recovered", rise(|all| all.recovered)),
            ("undecided", rise(|all| all.undecided)),
        ] {
            counter!("systole_revivals_total", "peer" => self.name.clone(), "outcome" => outcome)
                .increment(rise);
        }
        for (name, rise) in [
            ("systole_late_replies_total", rise(|all| all.late)),
            ("systole_stale_replies_total", rise(|all| all.stale)),
            ("systole_ignored_replies_total", rise(|all| all.ignored)),
            ("systole_retry_budget_used_total", rise(|all| all.budgeted)),
            ("systole_pauses_total", rise(|all| all.pauses)),
            ("systole_blind_total", rise(|all| all.blind)),
        ] {
            counter!(name, "peer" => self.name.clone()).increment(rise);
        }
    }

    /// Sets the gauges.
    fn gauge(&self, known: &monitor::Snapshot) {
        let (heart, counters) = (&known.path, &known.counters);
        let worst = Duration::from_millis(u64::from(counters.worst_detection_ms));
        let late = Duration::from_micros(counters.lateness_us);
        for (name, value) in [
            (
                "systole_interval_seconds",
                heart.plan.interval().as_secs_f64(),
            ),
            (
                "systole_timeout_seconds",
                heart.plan.timeout().as_secs_f64(),
            ),
            (
                "systole_detection_bound_seconds",
                heart.plan.bound().as_secs_f64(),
            ),
            ("systole_worst_detection_seconds", worst.as_secs_f64()),
            (
                "systole_suspicion_level",
                f64::from(heart.level.as_milli()) / 1e3,
            ),
            ("systole_loss_ratio", heart.loss),
            ("systole_fluctuation_ratio", heart.fluctuation),
            ("systole_lateness_seconds", late.as_secs_f64()),
            (
                "systole_degraded",
                one_if(self.warning.health() == Health::Degraded),
            ),
            (
                "systole_warning_octaves",
                f64::from(self.warning.score()) / 1e3,
            ),
        ] {
            gauge!(name, "peer" => self.name.clone()).set(value);
        }
        if let Some(promise) = heart.promise {
            gauge!("systole_mistake_interval_seconds", "peer" => self.name.clone())
                .set(promise.mistakes_at_most_one_per.as_secs_f64());
        }
        self.judge(Some(heart.verdict));
    }

    /// Sets the gauges of the verdict. `None` sets them all to 0.
    fn judge(&self, verdict: Option<Verdict>) {
        for (each, word) in VERDICTS {
            gauge!("systole_verdict", "peer" => self.name.clone(), "verdict" => word)
                .set(one_if(verdict == Some(each)));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.judge(None);
    }
}

/// Returns whether any counter is lower than before. A machine never lowers a counter.
fn has_counted_less(now: &Counters, seen: &Counters) -> bool {
    let counts = |all: &Counters| {
        [
            all.probes,
            all.answered,
            all.lost,
            all.late,
            all.ignored,
            all.failed,
            all.unsent,
            all.abandoned,
            all.suspect,
            all.dead,
        ]
    };
    let mut pairs = counts(now).into_iter().zip(counts(seen));
    pairs.any(|(now, seen)| now < seen) || now.lateness_us < seen.lateness_us
}

fn one_if(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
