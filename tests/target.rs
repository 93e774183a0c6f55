//! The planner, with the real monitor in the loop: what it costs, what it promises, and what it keeps.
//!
//! `SYSTOLE_DEEP=1` runs everything at full length (minutes, with `--release`); recorded networks are looked for in the folder that
//! `SYSTOLE_TRACES` names.
#![cfg(feature = "lab")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss
)] // a test

use std::path::PathBuf;
use std::time::Duration;

use systole::lab::baseline::{Baseline, Planner};
use systole::lab::sweep::{self, Candidate, Outcome};
use systole::lab::{Case, Trace};

fn deep() -> bool {
    std::env::var_os("SYSTOLE_DEEP").is_some()
}

const SEVEN: [&str; 7] = [
    "us5g_drive_verizon",
    "us5g_drive_tmobile",
    "us5g_drive_atnt",
    "cicv5g_public5g_n78_urban",
    "cicv5g_private5g_n8_handoff_w2s",
    "cicv5g_private5g_n8_rural_weak",
    "lan_ethernet_ros2_rpi4",
];

fn traces() -> Option<Vec<(&'static str, Trace)>> {
    let Some(folder) = std::env::var_os("SYSTOLE_TRACES").map(PathBuf::from) else {
        println!("skipped: SYSTOLE_TRACES names no folder of traces");
        return None;
    };
    let load = |name: &'static str| {
        (
            name,
            Trace::load(folder.join(format!("{name}.csv"))).unwrap(),
        )
    };
    Some(SEVEN.into_iter().map(load).collect())
}

const fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// DESIGN.md's best settings of all families, chosen for each trace in hindsight.
const HINDSIGHT: [(u64, [(f64, f64); 5]); 2] = [
    (
        3,
        [
            (13.4, 0.594),
            (6.9, 0.750),
            (4.7, 0.839),
            (2.8, 1.07),
            (1.1, 1.85),
        ],
    ),
    (
        10,
        [
            (14.4, 0.116),
            (7.2, 0.145),
            (3.7, 0.175),
            (2.2, 0.239),
            (1.1, 0.380),
        ],
    ),
];

/// That row at any number of mistakes, straight in logarithms.
fn hindsight(row: &[(f64, f64); 5], avoidable: f64) -> f64 {
    let i = (0..3).find(|&i| avoidable >= row[i + 1].0).unwrap_or(3);
    let ((a, p), (b, q)) = (row[i], row[i + 1]);
    let part = (avoidable.max(0.5) / a).ln() / (b / a).ln();
    (p.ln() * (1.0 - part) + q.ln() * part).exp()
}

/// DESIGN.md's table: ours with nothing set but the target.
#[test]
fn the_row_of_the_table() {
    let Some(traces) = traces() else { return };
    for (bound_s, row) in HINDSIGHT {
        let bound = secs(bound_s);
        let cases: Vec<Case<Trace>> = sweep::parallel(&traces, |(name, trace)| {
            Case::new(*name, trace.clone(), bound)
        });
        let planners = if deep() {
            Planner::sweep(bound)
        } else {
            vec![Planner::new(bound, secs(3_600)).unwrap()]
        };
        let candidates: Vec<Candidate> = planners.into_iter().map(Candidate::baseline).collect();
        println!("== D = {bound_s} s");
        for outcome in sweep::sweep(&cases, &candidates, |_| ()) {
            print_row(&outcome, &row);
        }
    }
}

fn print_row(outcome: &Outcome, row: &[(f64, f64); 5]) {
    let (a, p) = (outcome.avoidable(), outcome.probes_per_s());
    let excess: f64 = outcome
        .per_case
        .iter()
        .map(|qos| qos.excess_dead_s.mean)
        .sum();
    print!(
        "{:34} {a:5.1} @ {p:.3}  {:.2} of hindsight, excess dead {excess:.1} s  ",
        outcome.settings,
        p / hindsight(row, a)
    );
    for qos in &outcome.per_case {
        print!(" {:.1}@{:.2}", qos.avoidable.mean, qos.probes_per_s());
    }
    println!();
}
