//! What happened, for whoever listens to `tracing`: an event a transition, in the span of the caller.

use tracing::{info, warn};

use crate::event::Transition;
use crate::failover::FailoverEvent;
use crate::verdict::{Reason, Verdict};

/// A death, and a death that was a mistake, are warnings; the rest is for the record.
pub(crate) fn transition(change: &Transition) {
    let Transition {
        number,
        from,
        to,
        reason,
        level,
        ..
    } = *change;
    if to == Verdict::Dead || reason == Reason::Refuted {
        warn!(number, %from, %to, %reason, %level, "the verdict changed");
    } else {
        info!(number, %from, %to, %reason, %level, "the verdict changed");
    }
}

pub(crate) fn group(event: &FailoverEvent) {
    match *event {
        FailoverEvent::Switched {
            number,
            from,
            to,
            reason,
            ..
        } => warn!(number, from, to, ?reason, "another endpoint is active"),
        FailoverEvent::Quarantined {
            number,
            endpoint,
            span,
            ..
        } => warn!(number, endpoint, ?span, "an endpoint is quarantined"),
        FailoverEvent::Released {
            number, endpoint, ..
        } => info!(number, endpoint, "a quarantine is over"),
        FailoverEvent::Down { number, outage, .. } => {
            warn!(number, ?outage, "the group is out of service");
        }
        FailoverEvent::Restored { number, .. } => info!(number, "the group is back in service"),
    }
}
