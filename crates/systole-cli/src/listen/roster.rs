//! What the coordinator knows of each sender beside the fleet.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use systole::listener::BeatOutcome;
use systole::{Beat, Instant, Verdict};

use super::file::Expected;
use super::saved::SavedBeat;

/// How often it is said that a sender has two addresses.
const CONTESTED_EVERY: Duration = Duration::from_secs(60);
/// Two addresses are those of two senders if both were heard within so many intervals.
const CONTESTED_WITHIN: u32 = 4;

#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// The number under which its programs run.
    pub(super) key: usize,
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) overdue: Option<Duration>,
    /// The verdict that was told last.
    pub(super) told: Verdict,
    /// The standing for which the program ran last.
    pub(super) standing_told: Standing,
    /// The newest heartbeat that was believed, and that of an earlier run.
    pub(super) newest: Option<Beat>,
    pub(super) restored: Option<SavedBeat>,
    pub(super) heard_at: Option<Instant>,
    /// How long it had been silent when this process started.
    pub(super) silent_before: Duration,
    /// With which status it left.
    pub(super) exit_status: Option<u8>,
    /// Whether it was told that the job is overdue.
    pub(super) is_overdue: bool,
    pub(super) address: Option<SocketAddr>,
    address_at: Option<Instant>,
    /// The address before that, and when it was heard last.
    before: Option<(SocketAddr, Instant)>,
    contested_at: Option<Instant>,
}

/// What is shown of a sender, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Left,
    Alive,
    /// It has never come.
    Unknown,
    Suspect,
    Overdue,
    /// It left with an exit status that is not 0.
    Failed(u8),
    Dead,
}

impl Standing {
    /// Returns whether somebody should look.
    pub(super) fn is_alarm(self) -> bool {
        self >= Self::Overdue
    }

    /// Returns whether it is not settled yet whether the sender is well.
    pub(super) const fn is_doubt(self) -> bool {
        matches!(self, Self::Suspect | Self::Unknown)
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Left => f.pad("left"),
            Self::Alive => f.pad("alive"),
            Self::Unknown => f.pad("unknown"),
            Self::Suspect => f.pad("suspect"),
            Self::Overdue => f.pad("overdue"),
            Self::Failed(status) => f.pad(&format!("failed {status}")),
            Self::Dead => f.pad("dead"),
        }
    }
}

impl Sender {
    pub(super) const fn standing(&self, verdict: Verdict) -> Standing {
        match (verdict, self.exit_status) {
            (Verdict::Dead, _) => Standing::Dead,
            (Verdict::Left, Some(status)) if status > 0 => Standing::Failed(status),
            _ if self.is_overdue => Standing::Overdue,
            (Verdict::Left, _) => Standing::Left,
            (Verdict::Unknown, _) => Standing::Unknown,
            (Verdict::Alive, _) => Standing::Alive,
            (Verdict::Suspect, _) => Standing::Suspect,
        }
    }

    /// Returns how long it has not been heard, or has not come.
    pub(super) const fn silent(&self, now: Instant) -> Duration {
        match self.heard_at {
            Some(at) => now.saturating_duration_since(at),
            None => now
                .saturating_duration_since(Instant::ZERO)
                .saturating_add(self.silent_before),
        }
    }

    /// Notes a heartbeat. Returns the other address if two senders seem to use one name.
    fn hear(
        &mut self,
        beat: &Beat,
        from: SocketAddr,
        outcome: BeatOutcome,
        now: Instant,
    ) -> Option<SocketAddr> {
        if matches!(
            outcome,
            BeatOutcome::Fresh | BeatOutcome::NewLife | BeatOutcome::Goodbye | BeatOutcome::Stale
        ) {
            self.newest = Some(*beat);
            self.exit_status = beat.exit_status();
            self.is_overdue = false;
        }
        if outcome != BeatOutcome::Repeated {
            self.heard_at = Some(now);
        }
        self.is_contested(beat, from, now)
    }

    fn is_contested(&mut self, beat: &Beat, from: SocketAddr, now: Instant) -> Option<SocketAddr> {
        let last = self.address.replace(from);
        let last_at = self.address_at.replace(now);
        let last = last.zip(last_at).filter(|&(address, _)| address != from)?;
        let before = self.before.replace(last);
        let both = before.is_some_and(|(address, at)| {
            let since = now.saturating_duration_since(at);
            address == from && since <= beat.interval().saturating_mul(CONTESTED_WITHIN)
        });
        let told = |at| now.saturating_duration_since(at) < CONTESTED_EVERY;
        if !both || self.contested_at.is_some_and(told) {
            return None;
        }
        self.contested_at = Some(now);
        Some(last.0)
    }
}

/// All senders, by their ids.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) senders: HashMap<u64, Sender>,
    /// The number of those that no file names.
    pub(super) admitted: usize,
    keys: usize,
}

impl Roster {
    /// Adds a sender that a file names, or changes what the file says of it.
    pub(super) fn expect(&mut self, expected: &Expected) {
        let sender = self.entry(expected.name.id(), || expected.name.to_string());
        sender.label.clone_from(&expected.label);
        sender.overdue = expected.overdue;
    }

    /// Returns the sender with `id`, which is added if it is new.
    pub(super) fn entry(&mut self, id: u64, name: impl FnOnce() -> String) -> &mut Sender {
        let keys = &mut self.keys;
        self.senders.entry(id).or_insert_with(|| {
            *keys += 1;
            Sender {
                key: *keys,
                name: name(),
                label: None,
                overdue: None,
                told: Verdict::Unknown,
                standing_told: Standing::Unknown,
                newest: None,
                restored: None,
                heard_at: None,
                silent_before: Duration::ZERO,
                exit_status: None,
                is_overdue: false,
                address: None,
                address_at: None,
                before: None,
                contested_at: None,
            }
        })
    }

    /// Notes a heartbeat that the fleet has taken. Returns the other address if two senders seem to
    /// use one name.
    pub(super) fn hear(
        &mut self,
        beat: &Beat,
        from: SocketAddr,
        outcome: BeatOutcome,
        now: Instant,
    ) -> Option<SocketAddr> {
        let id = beat.id();
        if !self.senders.contains_key(&id) {
            self.admitted += 1;
        }
        let sender = self.entry(id, || nameless(id));
        sender.hear(beat, from, outcome, now)
    }
}

/// Returns what is shown of a sender whose name is not known: only its id is on the wire.
pub(super) fn nameless(id: u64) -> String {
    format!("#{id:016x}")
}

#[cfg(test)]
mod tests;
