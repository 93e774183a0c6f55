//! The descriptions of all metrics, which exporters show to their users.

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

use super::RTT;

/// Counters of events.
const COUNTERS: [(&str, &str); 17] = [
    (
        "systole_probes_total",
        "Probes by result: answered in time, overdue, failed at once, unsent for lack of a local resource, or abandoned without evidence.",
    ),
    (
        "systole_late_replies_total",
        "Replies to probes that already had another result, mostly overdue.",
    ),
    (
        "systole_stale_replies_total",
        "Replies to probes older than the detection bound, which prove no life.",
    ),
    (
        "systole_ignored_replies_total",
        "Replies that match no probe under way: duplicates and unknown ids.",
    ),
    (
        "systole_verdict_changes_total",
        "Changes of the verdict to suspect and to dead.",
    ),
    (
        "systole_revivals_total",
        "Ends of the verdict dead by what was heard: refuted (it was a mistake), recovered (the peer was away), or undecided.",
    ),
    (
        "systole_retry_budget_used_total",
        "Retries taken from the retry budget.",
    ),
    (
        "systole_pauses_total",
        "Times that the local process polled later than ordinary delays explain.",
    ),
    (
        "systole_blind_total",
        "Times that no probe could be sent for one detection bound, so that nothing is known of the peer.",
    ),
    (
        "systole_switches_total",
        "Times that another endpoint of the group became active.",
    ),
    (
        "systole_quarantines_total",
        "Times that an endpoint of the group was quarantined.",
    ),
    (
        "systole_fleet_probes_total",
        "Probes of all peers by result: answered in time, overdue, failed at once, unsent for lack of a local resource, or abandoned without evidence.",
    ),
    (
        "systole_fleet_verdict_changes_total",
        "Changes of any peer's verdict to suspect and to dead.",
    ),
    (
        "systole_fleet_revivals_total",
        "Ends of any peer's verdict dead by what was heard: refuted, recovered, or undecided.",
    ),
    (
        "systole_fleet_overflows_total",
        "Times that the local receive buffer overflowed and lost replies.",
    ),
    (
        "systole_fleet_pauses_total",
        "Times that the local process polled later than ordinary delays explain.",
    ),
    (
        "systole_fleet_blind_total",
        "Times that no probe could be sent for one detection bound, to any peer or to a single one.",
    ),
];

/// Gauges in seconds.
const SECONDS: [(&str, &str); 8] = [
    (
        "systole_fleet_silence_seconds",
        "How long the worst peers have been silent, by rank.",
    ),
    (
        "systole_fleet_lateness_seconds",
        "99 % of the probes went out no later than this after they were due.",
    ),
    (
        "systole_interval_seconds",
        "Time from one steady probe to the next, before jitter.",
    ),
    (
        "systole_timeout_seconds",
        "Time after which a steady probe is overdue.",
    ),
    (
        "systole_detection_bound_seconds",
        "Promised longest time from a crash to the verdict dead.",
    ),
    (
        "systole_worst_detection_seconds",
        "Longest measured time from the last sign of life to the verdict dead, including local lateness; 0 before the first.",
    ),
    (
        "systole_mistake_interval_seconds",
        "Expected time from one mistake (the verdict dead for a live peer) to the next.",
    ),
    (
        "systole_lateness_seconds",
        "Time by which the local process polled late since the start, credited to the peer.",
    ),
];

/// Gauges without a unit.
const GAUGES: [(&str, &str); 9] = [
    (
        "systole_fleet_peers",
        "Number of peers of the fleet with each verdict.",
    ),
    (
        "systole_verdict",
        "1 for the verdict in force, 0 for the others.",
    ),
    (
        "systole_suspicion_level",
        "Improbability of the silence in decades: at 3, one silence in 1,000 lasts as long.",
    ),
    (
        "systole_loss_ratio",
        "Estimated share of probes that are lost.",
    ),
    (
        "systole_fluctuation_ratio",
        "Standard deviation of the round-trip times divided by their mean.",
    ),
    (
        "systole_degraded",
        "1 while the path is worse than usual, so that silence is more likely.",
    ),
    (
        "systole_warning_octaves",
        "Score of the early warning: how much worse than usual the path is. Above 9 it is degraded.",
    ),
    (
        "systole_active",
        "1 for the active endpoint of the group, 0 for the others.",
    ),
    (
        "systole_group_state",
        "1 for the state the group is in, 0 for the others.",
    ),
];

/// Registers the descriptions with the exporter.
pub(super) fn describe() {
    describe_histogram!(RTT, Unit::Seconds, "Round-trip times of answered probes.");
    for (name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for (name, help) in SECONDS {
        describe_gauge!(name, Unit::Seconds, help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(name, help);
    }
}
