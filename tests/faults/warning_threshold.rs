//! A warning at a low threshold ends, too.

use core::time::Duration;

use systole::path::{EarlyWarning, Health};

/// Today: up to 1,000, an octave, no answer is calm, as that takes a score an octave below the threshold. At 1,004 it ends.
#[test]
fn a_warning_ends_at_every_threshold() {
    for threshold in [0, 1, 500, 999, 1_000, 1_004, 2_000] {
        let mut warning = EarlyWarning::new().warn_above(threshold);
        for _ in 0..100 {
            warning.answered(Duration::from_millis(40));
        }
        warning.answered(Duration::from_millis(160));
        let ended =
            (0..10_000).any(|_| warning.answered(Duration::from_millis(40)) == Health::Good);
        assert!(ended, "warn_above({threshold})");
    }
}
