//! Whether the planner's constants are tuned to the recordings: it is judged on each network against what the others would have suggested,
//! and where nothing was ever fitted.
//!
//! Its constants cannot be fitted again here, but what fitting would have given can: for each recording, the constant interval that is best on
//! all others, and the one best on it alone. A planner that knows only its target should be nearer to the second than the first is.
//!
//! `SYSTOLE_DEEP=1 SYSTOLE_TRACES=... cargo test --release -p systole-lab --test held_out -- --nocapture` (a minute).

use core::time::Duration;
use systole_testkit::deep;
use systole_testkit::recorded;

use systole_lab::baseline::{Baseline, Planner};
use systole_lab::{Case, Qos, Trace, sweep};

/// What a mistake costs, in probes: one a third of the bounds between mistakes, as in the planner.
const PRICES: [f64; 4] = [200.0, 600.0, 2_000.0, 6_000.0];

fn cost(qos: &Qos, price: f64) -> f64 {
    qos.probes.mean + price * qos.avoidable.mean
}

fn planner(bound: Duration, price: f64) -> Planner {
    Planner::new(bound, bound.mul_f64(3.0 * price)).unwrap()
}

/// Shares of the bound, from 0.92 down to a tenth.
fn shares() -> impl Iterator<Item = f64> {
    (0..16).map(|k| 0.92 * 0.865_f64.powi(k))
}

/// Every constant interval on one network, of the planner's own shape.
fn constants(case: &Case<Trace>) -> Vec<Qos> {
    let bound = case.bound();
    let judge = |share: f64| {
        let fixed = planner(bound, 1_000.0).without_adaptation(bound.mul_f64(share));
        case.qos(|start| fixed.detector(start))
    };
    shares().map(judge).collect()
}

fn best(costs: impl Iterator<Item = f64>) -> (usize, f64) {
    let least = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
    costs.enumerate().min_by(least).unwrap()
}

/// Products of ratios to the best constant interval in hindsight, at all prices: of the planner, and of the constant that is best on the others.
fn judge(cases: &[Case<Trace>]) -> (f64, f64) {
    let all = sweep::parallel(cases, constants);
    let (mut ours, mut others, mut count) = (0.0, 0.0, 0.0);
    for (held_out, case) in cases.iter().enumerate() {
        print!("{:34}", case.name());
        for price in PRICES {
            let target = planner(case.bound(), price);
            let mine = cost(&case.qos(|start| target.detector(start)), price);
            let elsewhere = |k: usize| -> f64 {
                let rest = all.iter().enumerate().filter(|(i, _)| *i != held_out);
                rest.map(|(_, qos)| cost(&qos[k], price)).sum()
            };
            let (chosen, _) = best((0..all[held_out].len()).map(elsewhere));
            let (_, least) = best(all[held_out].iter().map(|qos| cost(qos, price)));
            let theirs = cost(&all[held_out][chosen], price);
            print!("  {:.2} ({:.2})", mine / least, theirs / least);
            ours += (mine / least).ln();
            others += (theirs / least).ln();
            count += 1.0;
        }
        println!();
    }
    ((ours / count).exp(), (others / count).exp())
}

fn cases(traces: &[(&str, Trace)], bound: Duration) -> Vec<Case<Trace>> {
    let case = |(name, trace): &(&str, Trace)| Case::new(*name, trace.clone(), bound);
    traces.iter().map(case).collect()
}

/// Bounds at which constants were chosen, and some at which none were.
#[test]
fn nearer_to_hindsight_than_what_the_other_networks_suggest() {
    let Some(traces) = recorded::seven() else {
        return;
    };
    let bounds: &[u64] = if deep::asked_for("3 s alone") {
        &[3_000, 10_000, 2_000, 5_000, 7_000]
    } else {
        &[3_000]
    };
    for &bound_ms in bounds {
        let cases = cases(&traces, Duration::from_millis(bound_ms));
        println!(
            "== D = {bound_ms} ms: the planner (the best constant of the other networks), of the best in hindsight"
        );
        let (ours, others) = judge(&cases);
        println!("mean {ours:.3} ({others:.3})");
        assert!(ours < others, "{bound_ms} ms: {ours:.3}, {others:.3}");
    }
}

/// Two recordings that no constant was ever chosen by, at the bounds they allow.
#[test]
fn recordings_that_nothing_was_fitted_to() {
    let Some(traces) = recorded::unseen() else {
        return;
    };
    for bound_s in [30, 60] {
        let cases = cases(&traces, Duration::from_secs(bound_s));
        println!("== D = {bound_s} s");
        let (ours, others) = judge(&cases);
        println!("mean {ours:.3} ({others:.3})");
        assert!(ours < WORST, "{bound_s} s: {ours:.3}");
    }
}

/// Times the best constant interval in hindsight.
const WORST: f64 = 1.7;
