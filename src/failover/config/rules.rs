//! The settings that the decisions of a group depend on.

use super::choices::{Failback, Preference, SwitchOn};
use crate::path::early_warning::EarlyWarning;

/// The settings that decisions depend on. Spans are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Rules {
    pub(in crate::failover) request_us: u64,
    pub(in crate::failover) quarantine_us: u64,
    pub(in crate::failover) quarantine_max_us: u64,
    pub(in crate::failover) hold_us: u64,
    pub(in crate::failover) preference: Preference,
    pub(in crate::failover) failback: Failback,
    pub(in crate::failover) switch_on: SwitchOn,
    pub(in crate::failover) warn_above: u16,
    /// How many probes in a row without a reply in time make a failure.
    pub(in crate::failover) tries: u8,
    pub(in crate::failover) enabled: bool,
}

impl Rules {
    /// The rules of a group without endpoints, which decides nothing. They are all zeros, for
    /// memory that is zeroed at the start.
    pub(in crate::failover) const NONE: Self = Self {
        request_us: 0,
        quarantine_us: 0,
        quarantine_max_us: 0,
        hold_us: 0,
        preference: Preference::Order,
        failback: Failback::Stay,
        switch_on: SwitchOn::Failure,
        warn_above: 0,
        tries: 0,
        enabled: false,
    };

    /// Returns a new early warning with the configured threshold.
    pub(in crate::failover) const fn warning(&self) -> EarlyWarning {
        EarlyWarning::new().warn_above(self.warn_above)
    }

    /// Returns how long an endpoint has to be healthy again before the group switches to it in an
    /// outage. In this time the group can probe each of the others once more and receive the reply.
    pub(in crate::failover) const fn grace_us(&self) -> u64 {
        self.request_us.saturating_mul(2)
    }

    /// Returns how long an endpoint has to be healthy after an outage before its health counts as
    /// lasting.
    pub(in crate::failover) fn settled_us(&self) -> u64 {
        self.hold_us.max(self.grace_us())
    }
}
