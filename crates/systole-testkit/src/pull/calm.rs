//! Laws 4 and 5 on a path that stays as it is, and for a peer that comes back.

use systole::Verdict;

use crate::world::{Jitter, Law, Violation};

use super::ledger::{Ledger, Moment};
use super::{Limits, Plan, Policy};

/// Watches what has to be quiet.
#[derive(Debug)]
pub struct Calm {
    /// From when on, of true time, path and peer stay as they are; never where nothing is promised.
    from_us: Option<u64>,
    /// Whether suspicions are false, too: nothing of ours can cause them.
    undisturbed: bool,
    rtt_us: u64,
    /// The peer says how long it held each probe.
    says_held: bool,
    window: u64,
    left: Option<u64>,
    late: Option<u32>,
}

impl Calm {
    /// What `plan` allows to demand.
    #[must_use]
    pub fn new(plan: &Plan, limits: &Limits, window: u64) -> Self {
        let each_way_us = plan.path.least_us(u64::MAX, &plan.incidents);
        let rtt_us = 2 * each_way_us + plan.held_us;
        let most_us = rtt_us + 2 * plan.path.jitter.most_us();
        // no probe can ever be overdue; or, where all take equally long, none after a while
        let steady = most_us < limits.timeout_min_us && rtt_us == plan.rtt_us();
        let promised = (plan.path.jitter == Jitter::None || steady)
            && plan.path.loss_ppm == 0
            && plan.nap.is_none()
            && limits_allow(plan, limits, most_us)
            && plan.budget.is_none();
        // what was under way at the last step still takes as long as before it
        let from_us = plan.settled_us().filter(|_| promised);
        let from_us = from_us.map(|from_us| match from_us {
            0 => 0,
            from_us => from_us.saturating_add(longest_us(plan)),
        });
        Self {
            from_us,
            undisturbed: is_undisturbed(plan) && is_read(plan, limits),
            rtt_us,
            says_held: plan.says_held && plan.ids,
            window,
            left: (steady && from_us == Some(0)).then_some(0),
            late: None,
        }
    }

    /// The caller changed what is asked for: it settles anew.
    pub const fn unsettle(&mut self, limits: &Limits, plan: &Plan) {
        let _ = (limits, plan);
        self.left = None;
        self.from_us = None;
    }

    /// A probe went out at `now_us`, under a timeout of `timeout_us`.
    pub fn sent(&mut self, now_us: u64, timeout_us: u64, is_unsent: bool) {
        // what is sent before the first answer can be there tells nothing yet
        let from_us = self
            .from_us
            .map(|from_us| from_us.saturating_add(self.rtt_us));
        if from_us.is_none_or(|from_us| now_us < from_us) || is_unsent {
            return;
        }
        let ratio = (self.rtt_us / timeout_us.max(1)).max(1);
        let doublings = u64::from(ratio.ilog2()) + 1;
        // "within ceil(log2(new RTT / old timeout))" and eight, and until the window holds nothing
        // else
        let left = self.left.get_or_insert(doublings + 8 + self.window);
        *left = left.saturating_sub(1);
    }

    /// Whether it has had the time that law 5 gives.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.left == Some(0)
    }

    /// The verdict changed.
    ///
    /// # Errors
    /// Where it must not any more.
    pub fn change(&self, to: Verdict, ledger: &Ledger) -> Result<(), Violation> {
        if !self.is_settled() {
            return Ok(());
        }
        let at_us = ledger.now().at_us;
        let detail = format!("a round trip of {} us", self.rtt_us);
        match to {
            Verdict::Dead if self.undisturbed => {
                let kind = "dead on a constant path";
                Err(Violation::new(Law::NoLockOut, kind, at_us, detail))
            }
            Verdict::Dead => {
                let kind = "our trouble kills a live peer on a constant path";
                Err(Violation::new(Law::LocalTrouble, kind, at_us, detail))
            }
            Verdict::Suspect if self.undisturbed => {
                let kind = if self.says_held {
                    "suspected for as long as the peer says that it holds probes"
                } else {
                    "suspected on a constant path"
                };
                Err(Violation::new(Law::NoLockOut, kind, at_us, detail))
            }
            _ => Ok(()),
        }
    }

    /// Nothing is late on a constant path.
    ///
    /// # Errors
    /// Where something is counted as late.
    pub fn counted(&mut self, late: u32, at: Moment) -> Result<(), Violation> {
        if !self.is_settled() || !self.undisturbed {
            return Ok(());
        }
        let before = *self.late.get_or_insert(late);
        if late <= before {
            return Ok(());
        }
        let kind = "answers are late on a constant path";
        let detail = format!(
            "{late}, {before} before; a round trip of {} us",
            self.rtt_us
        );
        Err(Violation::new(Law::NoLockOut, kind, at.at_us, detail))
    }
}

/// The longest round trip before the last step, and after it.
fn longest_us(plan: &Plan) -> u64 {
    use crate::world::Kind;
    let each_way = |kind| match kind {
        Kind::RttStep { each_way_us } => each_way_us,
        _ => 0,
    };
    let steps = plan.incidents.0.iter().map(|it| each_way(it.kind)).max();
    2 * plan.path.each_way_us.max(steps.unwrap_or(0)) + plan.held_us
}

/// Whether what arrives during a send is handed in before we look on, or there is no such time: else a
/// reply that came in time looks overdue.
const fn is_read(plan: &Plan, limits: &Limits) -> bool {
    plan.sending_us == 0 || (plan.drains_each && plan.sending_us < limits.timeout_min_us / 4)
}

fn is_undisturbed(plan: &Plan) -> bool {
    use crate::world::Kind;
    let harmless = |kind| match kind {
        Kind::Late { .. } | Kind::Away { announced: false } => plan.stamps,
        kind => !matches!(
            kind,
            Kind::SendFails
                | Kind::Overflow
                | Kind::Away { .. }
                | Kind::ClockStep { .. }
                | Kind::Suspend { .. }
                | Kind::Caller { .. }
        ),
    };
    plan.incidents.0.iter().all(|it| harmless(it.kind))
}

/// Whether a round trip is "within the configured range".
fn limits_allow(plan: &Plan, limits: &Limits, rtt_us: u64) -> bool {
    let fits = |bound_us: u64| rtt_us <= bound_us.saturating_sub(limits.interval_min_us) / 5 * 4;
    let in_bound = match plan.settings.policy {
        Policy::Hostile { .. } => false, // it may plan what no path allows
        Policy::Target { within_us, .. } => {
            rtt_us <= limits.bound_us.unwrap_or(within_us).min(within_us) / 5 * 4
        }
        _ => limits.bound_us.is_none_or(fits),
    };
    in_bound && rtt_us < limits.timeout_max_us
}
