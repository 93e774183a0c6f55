//! Output as one JSON object for each trace and detector.

use serde::Serialize;
use systole_lab::{DetectionTimes, Qos};

use super::read::About;
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
    mistakes_per_day: f64,
    floor: usize,
    avoidable: f64,
    avoidable_per_day: f64,
    dead_s: f64,
    excess_dead_s: f64,
    /// Absent if no crash was detected, like the other times.
    td_mean_s: Option<f64>,
    td_p99_s: Option<f64>,
    td_max_s: Option<f64>,
    bound_s: f64,
    bound_violations: usize,
    /// Crashes of a peer that was called dead already, which enter no detection time.
    crashes_of_dead: u32,
    recording: Option<Recording<'a>>,
    #[serde(flatten)]
    choice: Option<Choice>,
}

/// What was read.
#[derive(Debug, Serialize)]
struct Recording<'a> {
    format: String,
    rows: usize,
    lost: usize,
    length_s: f64,
    spacing_s: f64,
    rtt_median_s: Option<f64>,
    rtt_p99_s: Option<f64>,
    longest_silence_s: f64,
    longest_gap_s: f64,
    parts: usize,
    notes: &'a [String],
}

/// Whether `tune` chose these settings, and the code to paste.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Choice {
    pub(crate) chosen: bool,
    pub(crate) rust: String,
}

/// Returns one line for each case and detector.
pub(crate) fn rows(cases: &[Case], judged: &[Judged]) -> String {
    judged
        .iter()
        .map(|judged| rows_of(cases, judged, None))
        .collect()
}

/// Returns one line for each case, with a choice.
pub(crate) fn rows_of(cases: &[Case], judged: &Judged, choice: Option<&Choice>) -> String {
    let Judged { outcome, times } = judged;
    let mut text = String::new();
    for ((case, qos), times) in cases.iter().zip(&outcome.per_case).zip(times) {
        let mut row = row(case, (outcome.family, &outcome.settings), qos, times);
        row.choice = choice.cloned();
        // names and numbers: this cannot fail
        text += &serde_json::to_string(&row).unwrap_or_default();
        text.push('\n');
    }
    text
}

fn row<'a>(
    case: &'a Case,
    (detector, settings): (&'a str, &'a str),
    qos: &Qos,
    times: &DetectionTimes,
) -> Row<'a> {
    let days = qos.duration.as_secs_f64() / 86_400.0;
    let measured = |time: std::time::Duration| (!times.is_empty()).then_some(time.as_secs_f64());
    Row {
        trace: case.name(),
        detector,
        settings,
        probes: qos.probes.mean,
        probes_per_s: qos.probes_per_s(),
        mistakes: qos.mistakes.mean,
        mistakes_per_day: qos.mistakes.mean / days,
        floor: qos.floor,
        avoidable: qos.avoidable.mean,
        avoidable_per_day: qos.avoidable.mean / days,
        dead_s: qos.dead_s.mean,
        excess_dead_s: qos.excess_dead_s.mean,
        td_mean_s: measured(times.mean()),
        td_p99_s: measured(times.quantile(0.99)),
        td_max_s: measured(times.max()),
        bound_s: case.bound().as_secs_f64(),
        bound_violations: times.violations(case.bound()),
        crashes_of_dead: times.already_dead(),
        recording: case.network().about().map(recording),
        choice: None,
    }
}

fn recording(about: &About) -> Recording<'_> {
    let summary = &about.summary;
    let seconds = |span: std::time::Duration| span.as_secs_f64();
    Recording {
        format: about.format.to_string(),
        rows: summary.rows,
        lost: summary.lost,
        length_s: seconds(summary.length),
        spacing_s: seconds(summary.spacing),
        rtt_median_s: summary.median_rtt.map(seconds),
        rtt_p99_s: summary.p99_rtt.map(seconds),
        longest_silence_s: seconds(summary.longest_silence),
        longest_gap_s: seconds(summary.longest_gap),
        parts: about.parts,
        notes: &about.notes,
    }
}
