//! Probes under way, and the ids that tell which one a reply answers.

use core::fmt;

use crate::math::random::mix;
use crate::time::Instant;

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactProbes;

/// Names a probe. Put it into the probe and hand it back with the reply.
///
/// An id is 64 bits that an outsider cannot guess: the probe's send time, a count and the incarnation of the peer, under a
/// cipher keyed with the device's seed. So a reply proves life at its probe's send time even where the machine has
/// long forgotten the probe. It is no protection against somebody who sees the probes.
///
/// ```
/// use systole::ProbeId;
///
/// let id = ProbeId::from_be_bytes([1, 2, 3, 4, 5, 6, 7, 8]);
/// assert_eq!(u64::from(id), 0x0102_0304_0506_0708);
/// assert_eq!(ProbeId::from(0x0102_0304_0506_0708), id);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ProbeId(u64);

impl ProbeId {
    /// The id as it goes over the wire.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The id as it came back.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl From<u64> for ProbeId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<ProbeId> for u64 {
    fn from(id: ProbeId) -> Self {
        id.0
    }
}

impl fmt::Display for ProbeId {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What an id says: 40 bits of send time (12.7 days of microseconds), a count, the incarnation, and a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) sent: Instant,
    pub(crate) count: u8,
    pub(crate) incarnation: u8,
}

const TIME_MASK: u64 = (1 << 40) - 1;
const CHECK: u8 = 0x5a;

impl Label {
    pub(crate) const fn seal(self, key: u64) -> ProbeId {
        let rest = (self.count as u64) << 16 | (self.incarnation as u64) << 8 | CHECK as u64;
        ProbeId(encipher(self.sent.as_micros() << 24 | rest, key))
    }

    /// What `id` says, its time being the latest that fits before `now`; nothing where it is not one of ours.
    pub(crate) fn open(id: ProbeId, key: u64, now: Instant) -> Option<Self> {
        let plain = decipher(id.0, key);
        let [check, incarnation, count, ..] = plain.to_le_bytes();
        let age = now.as_micros().wrapping_sub(plain >> 24) & TIME_MASK;
        let ours = check == CHECK && age <= now.as_micros();
        ours.then_some(Self {
            sent: now.minus(age),
            count,
            incarnation,
        })
    }
}

const ROUNDS: u64 = 4;

/// A balanced Feistel network of four keyed rounds: a permutation of 64 bits (Luby and Rackoff 1988).
const fn encipher(plain: u64, key: u64) -> u64 {
    permuted(plain, key, 0)
}

/// The same network, with the halves exchanged and the rounds in reverse.
const fn decipher(cipher: u64, key: u64) -> u64 {
    permuted(cipher.rotate_left(32), key, ROUNDS - 1).rotate_left(32)
}

/// Rounds 0, 1, 2, 3; where `order` is 3, in reverse.
const fn permuted(mut block: u64, key: u64, order: u64) -> u64 {
    let mut round = 0;
    while round < ROUNDS {
        let (left, right) = (block >> 32, block & 0xffff_ffff);
        block = right << 32 | (left ^ scramble(right, key, round ^ order));
        round += 1;
    }
    block
}

/// 32 bits that depend on all of `half`, `key` and `round`.
const fn scramble(half: u64, key: u64, round: u64) -> u64 {
    mix(key ^ half.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ round) >> 32
}

/// What became of a probe. In an order in which what is asked of them below are ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered, or there is no probe: an empty slot is all zeros.
    Settled,
    /// Nothing is to be learnt from its silence. A reply still proves life.
    Void,
    /// Nothing yet.
    Waiting,
    /// Its timeout has passed; a late reply still counts.
    Overdue,
    /// It failed at once.
    Failed,
    /// The same as void of one that was counted as lost, or as failed.
    VoidLost,
    /// It could not be sent.
    Unsent,
    /// Its reply may have been lost on our side, so its silence is no evidence. A reply counts as one in time.
    #[cfg(feature = "alloc")]
    Excused,
}

impl Fate {
    /// Whether it was counted as lost, or as failed.
    pub(crate) const fn is_lost(self) -> bool {
        matches!(self, Self::Overdue | Self::Failed | Self::VoidLost)
    }

    /// Whether it has not been counted yet as anything that a probe ends in.
    pub(crate) const fn is_outstanding(self) -> bool {
        matches!(self, Self::Waiting | Self::Void) || self.is_excused()
    }

    /// Whether its reply may have been lost on our side.
    #[cfg(feature = "alloc")]
    pub(crate) const fn is_excused(self) -> bool {
        matches!(self, Self::Excused)
    }

    /// Only in a fleet is a probe excused.
    #[cfg(not(feature = "alloc"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn is_excused(self) -> bool {
        false
    }

    /// Whether something can still become of it.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Overdue)
    }
}

/// A probe that the machine remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) sent: Instant,
    pub(crate) timeout_us: u32,
    /// How late the caller had looked in all when it was sent; see
    /// [`ObservedClock::lateness`](crate::peer::observed_clock::ObservedClock::lateness).
    pub(crate) lateness: u16,
    pub(crate) count: u8,
    pub(crate) fate: Fate,
}

impl Probe {
    const NONE: Self = Self {
        sent: Instant::ZERO,
        timeout_us: 0,
        lateness: 0,
        count: 0,
        fate: Fate::Settled,
    };

    pub(crate) const fn overdue_at(&self) -> Instant {
        self.sent.plus(self.timeout_us as u64)
    }

    /// How long it has been silent at `now`; one that failed at once will never be anything else.
    pub(crate) const fn silent_us(&self, now: Instant) -> u64 {
        match self.fate {
            Fate::Failed => u64::MAX,
            _ => now.since(self.sent),
        }
    }

    /// Whether it stands for those that a peer at rest did not keep.
    #[cfg(feature = "alloc")]
    fn is_placeholder(&self) -> bool {
        self.sent == Instant::MAX
    }

    #[cfg(not(feature = "alloc"))]
    #[allow(clippy::unused_self)]
    const fn is_placeholder(&self) -> bool {
        false
    }

    /// Whether it was sent and not answered.
    pub(crate) const fn is_unanswered(&self) -> bool {
        self.fate.is_open() || matches!(self.fate, Fate::Failed)
    }

    /// Whether it may still be answered, evidence or not.
    const fn is_answerable(&self) -> bool {
        self.fate.is_open() || matches!(self.fate, Fate::Void | Fate::VoidLost)
    }
}

/// How many probes are remembered; a reply to an older one is known by its id alone.
pub(crate) const CAPACITY: usize = 8;

/// How far apart they are at the least where all of them are waited for, but for the latest three: a
/// quarter of a timeout. Five such gaps are longer than it, so that the oldest is overdue before it has
/// to go.
const fn apart_us(timeout_us: u32) -> u64 {
    (timeout_us >> 2) as u64 + 1
}

/// So many of the latest stay however close they are: their replies may overtake one another.
const CLOSE: usize = 3;

/// The last probes sent, the latest at the end. Where more are waited for than there is room for, they are thinned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding([Probe; CAPACITY]);

impl Outstanding {
    pub(crate) const NONE: Self = Self([Probe::NONE; CAPACITY]);

    /// Remembers `probe`, the latest; returns what is forgotten for it: a probe that was answered or not sent, or an empty place, where there is
    /// one; the latest that is close to its predecessor, where all are waited for; else the oldest.
    pub(crate) fn push(&mut self, probe: Probe) -> Probe {
        let mut moved = probe;
        let all_wait = self.0.iter().all(|probe| probe.fate == Fate::Waiting);
        for (newer, slot) in self.0.iter_mut().rev().enumerate() {
            let apart_us = if all_wait && newer >= CLOSE {
                apart_us(probe.timeout_us)
            } else {
                0
            };
            if moved.sent.since(slot.sent) < apart_us {
                break;
            }
            core::mem::swap(slot, &mut moved);
            if matches!(moved.fate, Fate::Settled | Fate::Unsent) {
                break;
            }
        }
        moved
    }

    pub(crate) fn find(&mut self, label: Label) -> Option<&mut Probe> {
        let of = |probe: &&mut Probe| probe.sent == label.sent && probe.count == label.count;
        self.0
            .iter_mut()
            .filter(|probe| probe.timeout_us > 0)
            .find(of)
    }

    /// The probe that `label` names, if it is remembered.
    #[cfg(any(feature = "std", feature = "embassy"))]
    pub(crate) fn get(&self, label: Label) -> Option<&Probe> {
        let of = |probe: &&Probe| probe.sent == label.sent && probe.count == label.count;
        self.0.iter().filter(|probe| probe.timeout_us > 0).find(of)
    }

    /// When the last probe was tried, if it could not be sent.
    pub(crate) fn failed_send(&self) -> Option<Instant> {
        let [.., last] = &self.0;
        (last.fate == Fate::Unsent).then_some(last.sent)
    }

    /// When the probe after the one sent at `sent` was, if that was not the last one.
    pub(crate) fn sent_after(&self, sent: Instant, count: u8) -> Option<Instant> {
        let of = |probe: &&Probe| probe.sent == sent && probe.count == count;
        let mut rest = self.0.iter().skip_while(|probe| !of(probe));
        rest.nth(1).map(|next| next.sent)
    }

    /// Whether a probe that was sent at `since` or later is known to have been.
    pub(crate) fn is_sent_since(&self, since: Instant) -> bool {
        let mut probes = self.0.iter();
        probes.any(|probe| probe.fate.is_lost() && probe.sent >= since)
    }

    /// Whether the probe of `label` may have been forgotten unanswered: it is older than all that are
    /// remembered, or there is a gap where it was.
    pub(crate) fn may_have_forgotten(&self, label: Label) -> bool {
        let mut next = label.count;
        for probe in &self.0 {
            if !probe.is_placeholder() {
                if label.sent <= probe.sent {
                    return label.count.wrapping_sub(next) < probe.count.wrapping_sub(next);
                }
                next = probe.count.wrapping_add(1);
            }
        }
        false
    }

    /// Whether those that are remembered were sent one after the other, and before `now`.
    pub(crate) fn is_in_order(&self, now: Instant) -> bool {
        let is_used = |probe: &&Probe| probe.timeout_us > 0 && !probe.is_placeholder();
        let mut last = Instant::ZERO;
        self.0.iter().filter(is_used).all(|probe| {
            let is_later = probe.sent >= last && probe.sent <= now;
            last = probe.sent;
            is_later
        })
    }

    /// Whether a probe after `since` and before `until` is remembered, and not as one that could not be sent.
    pub(crate) fn is_sent_within(&self, since: Instant, until: Instant) -> bool {
        let is_sent = |probe: &Probe| probe.timeout_us > 0 && probe.fate != Fate::Unsent;
        self.0
            .iter()
            .any(|probe| is_sent(probe) && probe.sent > since && probe.sent < until)
    }

    /// Whether a probe after `since` and before `until` is overdue or failed, and so far not answered.
    pub(crate) fn is_lost_within(&self, since: Instant, until: Instant) -> bool {
        let is_lost = |fate| matches!(fate, Fate::Overdue | Fate::Failed);
        let mut probes = self.0.iter();
        probes.any(|probe| is_lost(probe.fate) && probe.sent > since && probe.sent < until)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Probe> {
        self.0.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Probe> {
        self.0.iter()
    }

    /// The first probe that is overdue and has not been called so.
    pub(crate) fn next_overdue(&mut self, now: Instant) -> Option<&mut Probe> {
        let overdue = |probe: &&mut Probe| probe.fate == Fate::Waiting && probe.overdue_at() <= now;
        self.0.iter_mut().find(overdue)
    }

    /// Whether a probe is overdue and has not been called so.
    #[cfg(feature = "alloc")]
    pub(crate) fn is_any_overdue(&self, now: Instant) -> bool {
        let overdue = |probe: &Probe| probe.fate == Fate::Waiting && probe.overdue_at() <= now;
        self.0.iter().any(overdue)
    }

    /// Nothing is to be learnt any more from the silence of those that are so.
    pub(crate) fn void_those(&mut self, are: impl Fn(&Probe) -> bool) {
        let those = |probe: &&mut Probe| probe.is_unanswered() && are(probe);
        for probe in self.0.iter_mut().filter(those) {
            let lost = probe.fate.is_lost();
            probe.fate = if lost { Fate::VoidLost } else { Fate::Void };
        }
    }

    /// Excuses those that were not answered: their replies may have been lost on our side.
    #[cfg(feature = "alloc")]
    pub(crate) fn excuse_all(&mut self) {
        for probe in self.0.iter_mut().filter(|probe| probe.is_unanswered()) {
            probe.fate = match probe.fate {
                Fate::Waiting => Fate::Excused,
                fate if fate.is_lost() => Fate::VoidLost,
                _ => Fate::Void,
            };
        }
    }

    /// How many have not been counted yet as anything that a probe ends in.
    pub(crate) fn count(&self) -> u8 {
        let mut count = 0;
        for probe in &self.0 {
            count += u8::from(probe.fate.is_outstanding());
        }
        count
    }

    /// When the latest probe was sent of those that something can still become of and that were sent at `since` or later.
    pub(crate) fn latest_open(&self, since: Instant) -> Option<Instant> {
        let mut open = self.0.iter().rev().filter(|probe| probe.fate.is_open());
        open.next()
            .map(|probe| probe.sent)
            .filter(|&sent| sent >= since)
    }

    /// The first probe that was sent after `since` and that something can still become of.
    pub(crate) fn first_open_after(&self, since: Instant) -> Option<&Probe> {
        let is_open = |probe: &&Probe| probe.fate.is_open() && probe.sent > since;
        self.0.iter().find(is_open)
    }

    /// When the latest probe was sent whose fate `is` so.
    pub(crate) fn latest_of(&self, is: impl Fn(Fate) -> bool) -> Option<Instant> {
        let mut latest_first = self.0.iter().rev();
        latest_first
            .find(|probe| is(probe.fate))
            .map(|probe| probe.sent)
    }

    /// A reply that names no probe answers the oldest one that was sent at `since` or later and may still be answered. Where it came as soon
    /// after the latest as is `usual`, all others were lost. Returns the probe as it was, and whether it was the only one.
    pub(crate) fn answer_any(&mut self, since: Instant, usual: bool) -> Option<(Probe, bool)> {
        let may_be = |probe: &Probe| {
            let answerable = if usual {
                probe.fate.is_open()
            } else {
                probe.is_answerable()
            };
            answerable && probe.sent >= since
        };
        let only = self.0.iter().filter(|probe| may_be(probe)).count() == 1;
        let oldest = self.0.iter_mut().find(|probe| may_be(probe))?;
        let was = *oldest;
        oldest.fate = Fate::Settled;
        for other in &mut self.0 {
            if (usual || other.sent < was.sent) && other.fate != Fate::Unsent {
                other.fate = Fate::Settled; // they answer in order
            }
        }
        if was.fate.is_open() {
            self.void_those(|_| true); // or else one lost probe would make every later reply look late
        }
        Some((was, only))
    }
}

#[cfg(test)]
mod tests;
