//! What retries may cost: one for two steady probes, so that an outage of everything is not answered with a flood.

/// Retries that may go out, in halves.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    halves: u32,
}

/// What a fleet may spend before it has earned it: all retries that one peer can have.
const FLOAT: u32 = 32;
/// Of so many peers one retry may be saved.
const PEERS_A_RETRY: usize = 1_024;

impl Budget {
    pub(super) const FULL: Self = Self { halves: FLOAT };

    /// Monitors have none.
    #[cfg(test)]
    pub(super) const ENDLESS: Self = Self { halves: u32::MAX };

    /// A steady probe went out, of a fleet of `peers`.
    pub(super) fn earn(&mut self, peers: usize) {
        let saved = u32::try_from(2 * (peers / PEERS_A_RETRY)).unwrap_or(u32::MAX);
        if self.halves < FLOAT.saturating_add(saved) {
            self.halves += 1;
        }
    }

    /// Whether a retry may go out.
    pub(super) const fn spend(&mut self) -> bool {
        let affordable = self.halves >= 2;
        if affordable {
            self.halves -= 2;
        }
        affordable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_takes_two_steady_probes() {
        let mut budget = Budget::FULL;
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 16);
        for _ in 0..100 {
            budget.earn(10);
        }
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 16);
        let spent = (0..100).filter(|_| {
            budget.earn(10);
            budget.spend()
        });
        assert_eq!(spent.count(), 50);
    }
}
