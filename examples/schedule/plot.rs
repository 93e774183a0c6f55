//! Plots the distance of each probe from its scheduled time, on a logarithmic scale.

use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 460.0;
/// The margins in pixels: `LEFT` and `BELOW` hold labels, `AIR` is empty space above and on the
/// right.
const LEFT: f64 = 80.0;
const BELOW: f64 = 50.0;
const AIR: f64 = 20.0;
/// The decades of the scale in milliseconds, from 10 us to 100 s.
const DECADES: (i32, i32) = (-2, 5);
const COLOURS: [&str; 4] = ["#999999", "#1b7837", "#2166ac", "#b2182b"];

/// Returns the plot of all series, with their names and one point for each probe. Points that would
/// cover each other are left out.
pub(crate) fn svg(series: &[(&str, Vec<Duration>)]) -> String {
    let beats = series.iter().map(|(_, off)| off.len()).max().unwrap_or(1);
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' font-family='sans-serif' font-size='13'>\n\
         <rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>\n"
    );
    for decade in DECADES.0..=DECADES.1 {
        grid(&mut out, decade);
    }
    bar(&mut out);
    for (place, ((name, off), colour)) in series.iter().zip(COLOURS).enumerate() {
        points(&mut out, off, beats, colour);
        legend(&mut out, place, name, colour);
    }
    let middle = f64::midpoint(LEFT, WIDTH);
    let foot = HEIGHT - AIR;
    let _ = writeln!(
        out,
        "<text x='{middle}' y='{foot}' text-anchor='middle'>{beats} beats in their order, and how far from its place each was sent</text>\n</svg>"
    );
    out
}

fn grid(out: &mut String, decade: i32) {
    let y = height(10_f64.powi(decade));
    let label = match decade {
        ..0 => format!("{} µs", 10_i32.pow(u32::try_from(decade + 3).unwrap_or(0))),
        0..3 => format!("{} ms", 10_i32.pow(decade.unsigned_abs())),
        _ => format!("{} s", 10_i32.pow(u32::try_from(decade - 3).unwrap_or(0))),
    };
    let _ = writeln!(
        out,
        "<line x1='{LEFT}' x2='{}' y1='{y}' y2='{y}' stroke='#dddddd'/>\
         <text x='{}' y='{}' text-anchor='end'>{label}</text>",
        WIDTH - AIR,
        LEFT - 8.0,
        y + 4.0
    );
}

/// Draws the tolerance of 2 ms.
fn bar(out: &mut String) {
    let y = height(2.0);
    let _ = writeln!(
        out,
        "<line x1='{LEFT}' x2='{}' y1='{y}' y2='{y}' stroke='black' stroke-dasharray='6 4'/>\
         <text x='{}' y='{}' text-anchor='end'>2 ms</text>",
        WIDTH - AIR,
        WIDTH - AIR,
        y - 5.0
    );
}

fn points(out: &mut String, off: &[Duration], beats: usize, colour: &str) {
    let _ = write!(
        out,
        "<path stroke='{colour}' stroke-width='2' stroke-linecap='round' d='"
    );
    let mut last = (f64::NAN, f64::NAN);
    for (beat, span) in off.iter().enumerate() {
        let share = beat as f64 / beats as f64;
        let x = (LEFT + share * (WIDTH - LEFT - AIR)).round();
        let y = height(span.as_secs_f64() * 1_000.0).round();
        if (x, y) != last {
            let _ = write!(out, "M{x} {y}h0");
            last = (x, y);
        }
    }
    out.push_str("'/>\n");
}

fn legend(out: &mut String, place: usize, name: &str, colour: &str) {
    let y = height(2_000.0) + 18.0 * place as f64;
    let x = 0.65 * WIDTH;
    let _ = writeln!(
        out,
        "<circle cx='{x}' cy='{}' r='4' fill='{colour}'/><text x='{}' y='{y}'>{name}</text>",
        y - 4.0,
        x + 10.0
    );
}

fn height(ms: f64) -> f64 {
    let (low, high) = (f64::from(DECADES.0), f64::from(DECADES.1));
    let share = (ms.max(1e-3).log10().clamp(low, high) - low) / (high - low);
    HEIGHT - BELOW - share * (HEIGHT - BELOW - AIR)
}
