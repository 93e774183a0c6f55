//! Output as one JSON object for each trace and detector.

use serde::Serialize;
use systole_lab::{DetectionTimes, Qos};

use super::{Case, Judged};

#[derive(Debug, Serialize)]
struct Row<'a> {
    trace: &'a str,
    detector: &'a str,
    settings: &'a str,
    /// A mean over the start offsets, like all figures but the detection times.
    probes: f64,
    probes_per_s: f64,
    mistakes: f64,
    floor: usize,
    avoidable: f64,
    dead_s: f64,
    excess_dead_s: f64,
    td_mean_s: f64,
    td_p99_s: f64,
    td_max_s: f64,
    bound_s: f64,
    bound_violations: usize,
}

/// Returns one line for each case and detector.
pub(crate) fn rows(cases: &[Case], judged: &[Judged]) -> String {
    let mut text = String::new();
    for Judged { outcome, times } in judged {
        for ((case, qos), times) in cases.iter().zip(&outcome.per_case).zip(times) {
            let row = row(case, (outcome.family, &outcome.settings), qos, times);
            // names and numbers: this cannot fail
            text += &serde_json::to_string(&row).unwrap_or_default();
            text.push('\n');
        }
    }
    text
}

fn row<'a>(
    case: &'a Case,
    (detector, settings): (&'a str, &'a str),
    qos: &Qos,
    times: &DetectionTimes,
) -> Row<'a> {
    Row {
        trace: case.name(),
        detector,
        settings,
        probes: qos.probes.mean,
        probes_per_s: qos.probes_per_s(),
        mistakes: qos.mistakes.mean,
        floor: qos.floor,
        avoidable: qos.avoidable.mean,
        dead_s: qos.dead_s.mean,
        excess_dead_s: qos.excess_dead_s.mean,
        td_mean_s: times.mean().as_secs_f64(),
        td_p99_s: times.quantile(0.99).as_secs_f64(),
        td_max_s: times.max().as_secs_f64(),
        bound_s: case.bound().as_secs_f64(),
        bound_violations: times.violations(case.bound()),
    }
}
