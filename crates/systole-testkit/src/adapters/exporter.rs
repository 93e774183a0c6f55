//! A recorder that keeps what was recorded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};

/// The value of one series, the bits of a float where it is a gauge.
#[derive(Debug, Default)]
struct Cell(AtomicU64);

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl Cell {
    fn change(&self, change: impl Fn(f64) -> f64) {
        let value = f64::from_bits(self.0.load(Ordering::Relaxed));
        self.0.store(change(value).to_bits(), Ordering::Relaxed);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.change(|it| it + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|it| it - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

/// Keeps every counter and gauge by its name and labels.
#[derive(Debug, Default)]
pub struct Exporter {
    counters: Mutex<HashMap<Key, Arc<Cell>>>,
    gauges: Mutex<HashMap<Key, Arc<Cell>>>,
}

impl Exporter {
    /// The sum of the counters whose name and labels contain all of `parts`.
    pub fn total(&self, parts: &[&str]) -> u64 {
        let counters = self.counters.lock().unwrap();
        let matching = counters
            .iter()
            .filter(|(key, _)| parts.iter().all(|part| name(key).contains(part)));
        matching
            .map(|(_, cell)| cell.0.load(Ordering::Relaxed))
            .sum()
    }

    /// The gauges of `names` that are not zero.
    pub fn standing(&self, names: &[&str]) -> Vec<String> {
        let gauges = self.gauges.lock().unwrap();
        let is_named = |key: &Key| names.contains(&key.name());
        let is_set = |cell: &Cell| f64::from_bits(cell.0.load(Ordering::Relaxed)) != 0.0;
        let standing = gauges
            .iter()
            .filter(|(key, cell)| is_named(key) && is_set(cell));
        let mut standing = standing.map(|(key, _)| name(key)).collect::<Vec<_>>();
        standing.sort_unstable();
        standing
    }
}

fn name(key: &Key) -> String {
    let labels = key
        .labels()
        .map(|label| format!("{}={};", label.key(), label.value()));
    format!("{}{{{}}}", key.name(), labels.collect::<String>())
}

/// The cell of a series, a new one where there is none.
fn cell(cells: &Mutex<HashMap<Key, Arc<Cell>>>, key: &Key) -> Arc<Cell> {
    let mut cells = cells.lock().unwrap();
    if let Some(cell) = cells.get(key) {
        return Arc::clone(cell);
    }
    Arc::clone(cells.entry(key.clone()).or_default())
}

impl Recorder for Exporter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(cell(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(cell(&self.gauges, key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
