//! How endpoints, and what happens to them and to us, are drawn.

use crate::fleet::PeerPlan;
use crate::world::{Incident, Incidents, Jitter, Kind, OURS, Path, Random};

/// Draws what happens in the world of a group.
pub(super) struct Draw<'a> {
    pub(super) random: &'a mut Random,
    pub(super) scale_us: u64,
    pub(super) life_us: u64,
}

impl Draw<'_> {
    fn span(&mut self, to_us: u64) -> (u64, u64) {
        let from_us = self.random.below(self.life_us);
        (
            from_us,
            from_us + self.random.magnitude(self.scale_us / 8 + 1, to_us),
        )
    }

    pub(super) fn peer(&mut self, peer: u32, quick: bool, timeout_us: u64, calm: bool) -> PeerPlan {
        let random = &mut *self.random;
        let each_way_us = if quick {
            random.magnitude(1, (timeout_us / 4).clamp(1, 10_000_000))
        } else {
            random.magnitude(1, self.scale_us.clamp(1, 10_000_000))
        };
        let jitter = match random.below(4) {
            0 => Jitter::Uniform {
                by_us: random.between(0, timeout_us / 4),
            },
            1 if !quick => Jitter::Heavy {
                by_us: each_way_us / 4,
            },
            _ => Jitter::None,
        };
        let loss_ppm = if quick {
            0
        } else {
            random.pick(&[0, 0, 10_000, 100_000])
        };
        let path = Path {
            seed: random.draw(),
            peer,
            each_way_us,
            jitter,
            loss_ppm,
            duplicate_ppm: 0,
        };
        let kinds = if calm {
            0
        } else {
            self.random.pick(&[0, 1, 1, 2])
        };
        let mut all = Vec::new();
        for _ in 0..kinds {
            let what = self.random.below(10);
            for _ in 0..self.random.pick(&[1, 1, 2, 6]) {
                all.push(self.incident(peer, what));
            }
        }
        PeerPlan {
            added_us: 0,
            removed_us: None,
            path,
            incidents: Incidents(all),
        }
    }

    fn incident(&mut self, peer: u32, what: u64) -> Incident {
        let (from_us, until_us) = self.span(self.scale_us.saturating_mul(40));
        let end_us = if self.random.one_in(3) {
            u64::MAX
        } else {
            until_us
        };
        let delay_us = self.random.magnitude(1, self.scale_us.clamp(2, 20_000_000));
        let (kind, until_us) = match what {
            0..=4 => (Kind::Crash, end_us),
            5 => (Kind::Hang, until_us),
            6 => (Kind::Slow { by_us: delay_us }, until_us),
            7 => (Kind::Refuse, end_us),
            8 => (Kind::Stall, until_us),
            _ => (
                Kind::Caller {
                    what: u32::try_from(self.random.below(8)).unwrap_or(0),
                },
                from_us,
            ),
        };
        Incident {
            from_us,
            until_us,
            peer,
            kind,
        }
    }

    pub(super) fn ours(&mut self) -> Incidents {
        let mut all = Vec::new();
        for _ in 0..self.random.pick(&[0, 0, 1, 1, 2]) {
            let what = self.random.below(3);
            for _ in 0..self.random.pick(&[1, 2, 5]) {
                let (from_us, until_us) = self.span(self.scale_us.saturating_mul(20));
                let by_us = self.random.magnitude(1, self.scale_us.max(2));
                let by_us = self.random.pick(&[1, by_us]);
                let (from_us, until_us, kind) = match what {
                    0 if self.random.one_in(2) => (0, u64::MAX, Kind::Late { by_us }),
                    0 => (from_us, until_us, Kind::Late { by_us }),
                    1 => (
                        from_us,
                        until_us,
                        Kind::Away {
                            announced: self.random.one_in(2),
                        },
                    ),
                    _ => (from_us, until_us, Kind::SendFails),
                };
                all.push(Incident {
                    from_us,
                    until_us,
                    peer: OURS,
                    kind,
                });
            }
        }
        Incidents(all)
    }
}
