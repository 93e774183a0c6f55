//! Which kind of breach it is.

use super::Moment;
use crate::push::oracle::Oracle;
use crate::push::plan::Style;
use crate::push::truth::Sent;
use crate::world::{Incident, Kind, Law};

/// The names of a false death and of a false suspicion.
pub struct Names {
    pub dead: &'static str,
    pub suspect: &'static str,
}

impl Oracle<'_> {
    /// Which law a false verdict breaks.
    pub(super) fn law(&self, at: Moment) -> Law {
        let mut begun = self
            .plan
            .incidents
            .0
            .iter()
            .filter(|it| it.from_us <= at.us);
        if begun.any(Incident::is_ours) {
            Law::LocalTrouble
        } else {
            Law::NoLockOut
        }
    }

    pub(super) fn changed_pace(&self, newest: &Sent) -> bool {
        let last = self.truth.sent.last();
        last.is_some_and(|last| last.beat.interval() != newest.beat.interval())
    }

    /// Names of a false verdict by what is most likely its cause.
    pub(super) fn names(&self, newest: &Sent, at: Moment) -> Names {
        let foreign = self.plan.sender.style == Style::Foreign;
        let slope_ppm = self.plan.slope_ppm_at(at.us);
        let drift_ppm = self.plan.sender.drift_ppm.abs_diff(self.plan.drift_ppm);
        let stalled = self.plan.begun(at.us, |kind| kind == Kind::Stall).is_some();
        let (dead, suspect) = if foreign && slope_ppm > 2_000 {
            (
                "a live slow sender is called dead",
                "a live slow sender is suspect",
            )
        } else if foreign && slope_ppm < -2_000 {
            (
                "a live fast sender is called dead",
                "a live fast sender is suspect",
            )
        } else if drift_ppm > 200 {
            (
                "a live sender is called dead, and clocks drift",
                "suspect, and clocks drift",
            )
        } else if stalled {
            (
                "a live sender is called dead after a queue",
                "suspect after a queue",
            )
        } else if self.law(at) == Law::LocalTrouble {
            (
                "a live sender is called dead, and it is our fault",
                "suspect by our fault",
            )
        } else if self.changed_pace(newest) || !self.plan.sender.paces.is_empty() {
            let dead = "a live sender that changes its pace is called dead";
            (dead, "suspect at a change of pace")
        } else {
            ("a live sender is called dead", "a live sender is suspect")
        };
        Names { dead, suspect }
    }
}
