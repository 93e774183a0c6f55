//! Things that go wrong for a while.

use super::Random;

/// The peer number of incidents that are about ourselves.
pub const OURS: u32 = u32::MAX;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The peer is gone: nothing is answered or sent until the end, when it is back, as it was.
    Crash,
    /// The peer is gone, and is back as a new incarnation.
    Restart,
    /// The peer takes what arrives and answers at the end, all at once.
    Hang,
    /// The peer answers later by this.
    Slow {
        /// In microseconds.
        by_us: u64,
    },
    /// The peer's host refuses at once.
    Refuse,
    /// What we send is lost, this often.
    LossOut {
        /// In a million.
        ppm: u32,
    },
    /// What the peer sends is lost, this often.
    LossBack {
        /// In a million.
        ppm: u32,
    },
    /// The path holds what it carries, either way, and hands it on in order at the end.
    Stall,
    /// From its beginning, for good: the path takes this long each way.
    RttStep {
        /// In microseconds.
        each_way_us: u64,
    },
    /// What arrives comes twice.
    Duplicate,
    /// What arrives is late by up to this much, each on its own, so that it may be overtaken.
    Reorder {
        /// In microseconds.
        by_us: u64,
    },
    /// We cannot send.
    SendFails,
    /// What arrives is dropped on our side, unread; we are told when it is over.
    Overflow,
    /// Polls are late by up to this much.
    Late {
        /// In microseconds.
        by_us: u64,
    },
    /// We do not look at all.
    Away {
        /// Whether the caller says so (`resumed`).
        announced: bool,
    },
    /// Our clock leaps by this at the beginning.
    ClockStep {
        /// In microseconds; back where negative.
        by_us: i64,
        /// Whether the caller says so (`resync`, once it is right again).
        announced: bool,
    },
    /// Our clock stands still, and we do not look.
    Suspend {
        /// Whether the caller says so (`resumed`).
        announced: bool,
    },
    /// The caller does something that it may do at any time: the world decides by this number.
    Caller {
        /// Drawn at random.
        what: u32,
    },
}

/// Something that goes wrong, from a moment of true time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When it begins.
    pub from_us: u64,
    /// When it is over.
    pub until_us: u64,
    /// Which peer or endpoint it is about, where there are several.
    pub peer: u32,
    /// What it is.
    pub kind: Kind,
}

impl Incident {
    /// Whether it is under way at `now_us`.
    #[must_use]
    pub const fn is_at(&self, now_us: u64) -> bool {
        self.from_us <= now_us && now_us < self.until_us
    }

    /// Whether it is our own trouble or doing, and not the peer's or the path's.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(
            self.kind,
            Kind::SendFails
                | Kind::Overflow
                | Kind::Late { .. }
                | Kind::Away { .. }
                | Kind::ClockStep { .. }
                | Kind::Suspend { .. }
                | Kind::Caller { .. }
        )
    }
}

/// All incidents of a world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents(pub Vec<Incident>);

impl Incidents {
    /// Those that are under way at `now_us` and about `peer`.
    pub fn at(&self, now_us: u64, peer: u32) -> impl Iterator<Item = &Incident> {
        let about = move |it: &&Incident| it.is_at(now_us) && it.peer == peer;
        self.0.iter().filter(about)
    }

    /// The first of a kind that `matches`, under way at `now_us` and about `peer`.
    pub fn find(&self, now_us: u64, peer: u32, matches: impl Fn(Kind) -> bool) -> Option<Incident> {
        let found = self.at(now_us, peer).find(|it| matches(it.kind));
        found.copied()
    }

    /// When we look, where we want to at `wake_us`: once we are back, which `away` is told, and
    /// late.
    pub fn looks_at_us(
        &self,
        mut wake_us: u64,
        random: &mut Random,
        mut away: impl FnMut(&Incident),
    ) -> u64 {
        while let Some(it) = self.find(wake_us, OURS, |it| matches!(it, Kind::Away { .. })) {
            wake_us = it.until_us;
            away(&it);
        }
        let late = self.at(wake_us, OURS).find_map(|it| match it.kind {
            Kind::Late { by_us } => Some(by_us),
            _ => None,
        });
        wake_us.saturating_add(match late {
            Some(by_us) if by_us >= 10 => random.between(0, by_us),
            always_us => always_us.unwrap_or(0),
        })
    }

    /// When, after `now_us`, the next one begins or is over.
    #[must_use]
    pub fn next_change_us(&self, now_us: u64) -> Option<u64> {
        let edges = self.0.iter().flat_map(|it| [it.from_us, it.until_us]);
        edges.filter(|&edge_us| edge_us > now_us).min()
    }

    /// All moments at which one begins or is over, in order.
    #[must_use]
    pub fn edges_us(&self) -> Vec<u64> {
        let edges = self.0.iter().flat_map(|it| [it.from_us, it.until_us]);
        let mut edges = edges.collect::<Vec<_>>();
        edges.sort_unstable();
        edges
    }

    /// Each way to leave out a part: halves first, single ones last. For reducing a failure.
    #[must_use]
    pub fn reductions(&self) -> Vec<Self> {
        let count = self.0.len();
        let mut all = Vec::new();
        let mut size = count.div_ceil(2);
        while size > 0 {
            for start in (0..count).step_by(size) {
                let mut fewer = self.0.clone();
                fewer.drain(start..(start + size).min(count));
                all.push(Self(fewer));
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        all
    }
}
