//! The listener beside the published detectors of pushed heartbeats at equal measured worst detection time.

use core::time::Duration;

use systole_lab::baseline::{Bertier, NfdE, Phi, Pushed, TwoWindow};
use systole_lab::sweep::{self, Candidate};
use systole_lab::{Case, CrashTest, Trace};

/// Crashes that a worst detection time is the longest of, each just after a beat.
const CRASHES: u32 = 12_000;

/// What a candidate of a family is made from: its margin, which lengthens the worst detection time by as much.
type Family = Box<dyn Fn(Duration) -> Candidate + Sync>;

/// The listener by its bound; Chen's NFD-E with the paper's window, a shorter and a longer one; 2W-FD.
fn fitted(interval: Duration) -> Vec<Family> {
    let chen = move |window| -> Family {
        Box::new(move |margin| {
            Candidate::baseline(NfdE {
                interval,
                margin,
                window,
            })
        })
    };
    let two_window = move |margin| TwoWindow {
        interval,
        margin,
        short: 1,
        long: 1_000,
    };
    let listener = move |margin| Pushed::new(interval, interval + margin).unwrap();
    vec![
        Box::new(move |margin| Candidate::baseline(listener(margin))),
        chen(8),
        chen(32),
        chen(1_000),
        Box::new(move |margin| Candidate::baseline(two_window(margin))),
    ]
}

/// Bertier and phi, whose margins follow the path.
fn swept(interval: Duration) -> Vec<Candidate> {
    let factors = (0..14).map(|step| f64::powi(2.0, step));
    let bertier = factors.clone().map(|variations| {
        Candidate::baseline(Bertier {
            interval,
            variations,
            window: 1_000,
        })
    });
    let phi = factors.map(|factor| {
        Candidate::baseline(Phi {
            interval,
            threshold: factor / 2.0,
            window: 1_000,
        })
    });
    bertier.chain(phi).collect()
}

/// A candidate that keeps the limit.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The name of its family.
    pub family: &'static str,
    /// Avoidable mistakes in a case.
    pub avoidable: f64,
    /// Seconds for which it called a live peer dead beyond what no detector avoids.
    pub excess_dead_s: f64,
    /// Its longest detection time.
    pub worst: Duration,
    /// Its settings, as text.
    pub settings: String,
}

/// The candidate's worst detection time, and what it did where that keeps the limit.
fn judge(
    candidate: &Candidate,
    interval: Duration,
    case: &Case<Trace>,
) -> (Duration, Option<Kept>) {
    let test = CrashTest {
        schedule: Some(interval),
        ..CrashTest::new(CRASHES)
    };
    let times = candidate.detection_times(case.network(), &test);
    let kept = (times.violations(case.bound()) == 0).then(|| {
        let qos = candidate.qos(case);
        Kept {
            family: candidate.family(),
            avoidable: qos.avoidable.mean,
            excess_dead_s: qos.excess_dead_s.mean,
            worst: times.max(),
            settings: candidate.settings().to_owned(),
        }
    });
    (times.max(), kept)
}

/// Candidates of a family whose worst detection times come ever closer to the limit.
fn fit(family: &Family, interval: Duration, case: &Case<Trace>) -> Vec<Kept> {
    let limit = case.bound();
    let (mut margin, mut all) = (limit.saturating_sub(interval), Vec::new());
    for _ in 0..6 {
        let (worst, kept) = judge(&family(margin), interval, case);
        margin = (margin + limit).saturating_sub(worst);
        if kept.is_none() {
            margin = margin.saturating_sub(Duration::from_micros(100));
        }
        all.extend(kept);
        if margin.is_zero() {
            break;
        }
    }
    all
}

/// The best of each family on a case.
pub fn best_of_each(interval: Duration, case: &Case<Trace>) -> Vec<Kept> {
    let families = fitted(interval);
    let mut all = sweep::parallel(&families, |family| fit(family, interval, case)).concat();
    let swept = sweep::parallel(&swept(interval), |candidate| {
        judge(candidate, interval, case).1
    });
    all.extend(swept.into_iter().flatten());
    all.sort_by(|a, b| {
        a.family
            .cmp(b.family)
            .then(a.avoidable.total_cmp(&b.avoidable))
    });
    all.dedup_by_key(|kept| kept.family);
    all
}
