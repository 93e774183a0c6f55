//! A progress bar on a terminal, for work that takes longer than a second.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long work has to take before the bar appears.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar that threads can share. It disappears when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(what: &'static str, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("{msg:16} {wide_bar} {percent:>3} % {eta:>4}")
        {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar }
    }

    /// Counts one step.
    pub(crate) fn step(&self) {
        if self.bar.is_hidden() && self.bar.elapsed() > PATIENCE {
            // stays hidden if standard error is not a terminal
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
