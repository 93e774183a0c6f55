//! How much has been done: a run of a target may be one operation or some hundred.

use std::env::var;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

static DONE: AtomicU64 = AtomicU64::new(0);

/// How many operations to do, where that is said, and the file to make after them: libFuzzer stops where it finds its `-stop_file`.
static END: LazyLock<Option<(u64, String)>> =
    LazyLock::new(|| Some((var("OPERATIONS").ok()?.parse().ok()?, var("STOP").ok()?)));

/// Counts operations that were done.
pub fn done(operations: usize) {
    let operations = operations as u64;
    let before = DONE.fetch_add(operations, Ordering::Relaxed);
    if let Some((wanted, stop)) = &*END
        && before < *wanted
        && before + operations >= *wanted
    {
        eprintln!("{} operations done", before + operations);
        std::fs::write(stop, "").expect("a file to stop at");
    }
}
