//! Formatting of configurations as Rust code.

use std::time::Duration;

/// Returns a span as a Rust expression, in the largest unit that needs no fraction.
pub(crate) fn duration_code(span: Duration) -> String {
    let us = span.as_micros();
    match us {
        us if us % 1_000_000 == 0 => format!("Duration::from_secs({})", us / 1_000_000),
        us if us % 1_000 == 0 => format!("Duration::from_millis({})", us / 1_000),
        us => format!("Duration::from_micros({us})"),
    }
}
