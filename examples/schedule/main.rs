//! Probes every 20 ms over loopback, replied to after 0 to 15 ms: systole keeps the schedule, a
//! loop that sleeps after each reply drifts.
//!
//! `cargo run --release --features tokio --example schedule -- 10000 schedule.svg` sends 10,000
//! probes and draws a plot. Without arguments it sends 500 probes, which take 10 s, and draws none.
//! Where the machine stalls for longer than an interval, the scheduled probe is skipped and counts
//! as an error of a whole interval.

mod beats;
mod plot;

use std::error::Error;
use std::time::Duration;

use beats::{INTERVAL, measure, quantile};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let beats = arguments.next().map_or(Ok(500), |beats| beats.parse())?;
    let measured = measure(beats)?;
    let rows = [
        ("a bare sleep from place to place", measured.bare),
        ("systole::thread", measured.thread),
        ("systole::task", measured.tokio),
        ("a sleep after each answer", measured.naive),
    ];
    println!("{beats} beats at {INTERVAL:?}, off their places by   median       p99      last");
    for (name, off) in &rows {
        let last = off.last().copied().unwrap_or_default();
        let [median, p99, last] = [quantile(off, 50), quantile(off, 99), last].map(ms);
        println!("{name:>42} {median:>6.2} ms {p99:>6.2} ms {last:>6.2} ms");
    }
    if let Some(file) = arguments.next() {
        std::fs::write(file, plot::svg(&rows))?;
    }
    Ok(())
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
