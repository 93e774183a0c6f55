//! The cost of a run.

/// Packets sent and flows lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Keep-alives on the flow in use, retries included.
    pub probes: u64,
    /// Packets on a second flow: those that open it and those that test it.
    pub trials: u64,
    /// Packets that opened a new flow in place of a lost one.
    pub opened: u64,
    /// Flows in use that were lost, or given up as lost.
    pub lost: u64,
}

impl Tally {
    /// Returns the number of all packets.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.probes + self.trials + self.opened
    }
}

impl core::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            probes: self.probes + other.probes,
            trials: self.trials + other.trials,
            opened: self.opened + other.opened,
            lost: self.lost + other.lost,
        }
    }
}
