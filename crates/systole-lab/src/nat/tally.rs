//! What a run has cost.

/// Packets sent and flows lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Keep-alives on the flow in use, retries included.
    pub probes: u64,
    /// Packets on a second flow: those that open it and those that ask over it.
    pub trials: u64,
    /// Packets that opened the flow in use anew.
    pub opened: u64,
    /// Flows in use that were lost, or given up as lost.
    pub lost: u64,
}

impl Tally {
    /// All packets that were sent.
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
