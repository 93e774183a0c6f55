//! Tests that lack something, and say so.

use std::io::Write;

/// Writes a line that looks like libtest's own for an ignored test, past its capture: a test that
/// lacks something passes, and this is how one sees that it did nothing. `why` says what is missing
/// and how to get it.
pub fn note(why: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("(unnamed)");
    // `eprintln!` is captured; the stream itself is not
    let _ = writeln!(std::io::stderr(), "test {name} ... ignored, {why}");
}
