//! Heartbeats that a peer sends unasked, and their wire format.

use core::mem::MaybeUninit;

use systole_core::listener::BeatOutcome;
use systole_core::{Beat, wire};

use crate::machine::give;
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NULL};
use crate::time::{micros, span};

/// The bytes of a plain heartbeat.
pub const SYSTOLE_BEAT_SIZE: usize = 24;
/// The bytes of a tagged heartbeat: a plain one and 16 bytes of a tag.
pub const SYSTOLE_BEAT_TAGGED_SIZE: usize = 40;

const _: () = assert!(SYSTOLE_BEAT_SIZE == wire::PLAIN);
const _: () = assert!(SYSTOLE_BEAT_TAGGED_SIZE == wire::TAGGED);

/// A heartbeat that a peer sends unasked. All values are accepted: a listener limits what they
/// claim to its configured range.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_beat_t {
    /// The time from its slot to the next, in microseconds.
    pub interval_us: u64,
    /// How long after its slot the next heartbeat will have been sent at the latest, in
    /// microseconds.
    pub deadline_us: u64,
    /// The id of the sender, by which a listener to many tells them apart; 0 where it has none.
    pub id: u64,
    /// The number of the slot in which it is sent. Sequence numbers wrap.
    pub sequence: u32,
    /// Which life of the sender it comes from.
    pub incarnation: u32,
    /// The load of the sender, 0 idle to 255 full, or the exit status where it leaves; 0 where
    /// neither is reported.
    pub load: u8,
    /// Whether the sender reports its load, or its exit status where it leaves: 0 or 1.
    pub has_load: u8,
    /// Whether the sender leaves: 0 or 1.
    pub goodbye: u8,
    /// Whether it is known to come from the peer: 0 or 1. Set it only where the heartbeat came
    /// through an authenticated channel; `systole_beat_open` sets it.
    pub authentic: u8,
}

impl systole_beat_t {
    /// No heartbeat.
    pub(crate) const NONE: Self = Self {
        interval_us: 0,
        deadline_us: 0,
        id: 0,
        sequence: 0,
        incarnation: 0,
        load: 0,
        has_load: 0,
        goodbye: 0,
        authentic: 0,
    };
}

/// What became of a heartbeat that was handed to a listener. Each outcome has its counter.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_beat_outcome_t {
    /// One that this header does not know.
    SYSTOLE_BEAT_UNKNOWN = 0,
    /// The heartbeat continues the known life of the peer, and proves it.
    SYSTOLE_BEAT_FRESH = 1,
    /// The heartbeat continues the known life, but is older than the bound: it proves no life.
    SYSTOLE_BEAT_STALE = 2,
    /// The peer has a new life: the heartbeat is the first of all, or the first that is believed of
    /// a new incarnation or after a jump of the sequence.
    SYSTOLE_BEAT_NEW_LIFE = 3,
    /// The peer said goodbye.
    SYSTOLE_BEAT_GOODBYE = 4,
    /// The heartbeat arrived after a later one.
    SYSTOLE_BEAT_REORDERED = 5,
    /// The heartbeat was heard before, or is too old to tell.
    SYSTOLE_BEAT_REPEATED = 6,
    /// The heartbeat was not believed: it is not authentic, or of another incarnation, or comes
    /// after a jump of the sequence that the next heartbeat has yet to confirm.
    SYSTOLE_BEAT_IGNORED = 7,
}

impl From<BeatOutcome> for systole_beat_outcome_t {
    fn from(outcome: BeatOutcome) -> Self {
        match outcome {
            BeatOutcome::Fresh => Self::SYSTOLE_BEAT_FRESH,
            BeatOutcome::Stale => Self::SYSTOLE_BEAT_STALE,
            BeatOutcome::NewLife => Self::SYSTOLE_BEAT_NEW_LIFE,
            BeatOutcome::Goodbye => Self::SYSTOLE_BEAT_GOODBYE,
            BeatOutcome::Reordered => Self::SYSTOLE_BEAT_REORDERED,
            BeatOutcome::Repeated => Self::SYSTOLE_BEAT_REPEATED,
            BeatOutcome::Ignored => Self::SYSTOLE_BEAT_IGNORED,
            _ => Self::SYSTOLE_BEAT_UNKNOWN,
        }
    }
}

/// A tag that the caller has computed.
pub(crate) struct Tag(pub(crate) [u8; 16]);

impl wire::Mac for Tag {
    fn tag(&self, _: &[u8; wire::SIGNED]) -> [u8; 16] {
        self.0
    }
}

impl From<&Beat> for systole_beat_t {
    #[inline(never)] // one copy for all functions
    fn from(beat: &Beat) -> Self {
        let value = beat.exit_status().or(beat.load());
        Self {
            interval_us: micros(beat.interval()),
            deadline_us: micros(beat.deadline()),
            id: beat.id(),
            sequence: beat.sequence(),
            incarnation: beat.incarnation(),
            load: value.unwrap_or(0),
            has_load: value.is_some().into(),
            goodbye: beat.is_goodbye().into(),
            authentic: beat.is_authentic().into(),
        }
    }
}

impl From<&systole_beat_t> for Beat {
    fn from(beat: &systole_beat_t) -> Self {
        let mut to = Self::new(beat.sequence, span(beat.interval_us))
            .with_deadline(span(beat.deadline_us))
            .with_incarnation(beat.incarnation)
            .with_id(beat.id);
        if beat.has_load != 0 {
            to = to.with_load(beat.load);
        }
        if beat.goodbye != 0 {
            to = match to.load() {
                Some(status) => to.with_exit_status(status),
                None => to.goodbye(),
            };
        }
        if beat.authentic != 0 {
            to = to.authentic();
        }
        to
    }
}

/// Encodes a heartbeat in `SYSTOLE_BEAT_SIZE` bytes.
///
/// An interval of more than 19 significant bits is rounded down, by less than 4 parts in a million,
/// and such a deadline is rounded up. A sender uses no such spans.
#[unsafe(no_mangle)]
pub extern "C" fn systole_beat_encode(
    beat: Option<&systole_beat_t>,
    bytes: Option<&mut MaybeUninit<[u8; 24]>>,
) -> systole_status_t {
    let Some(beat) = beat else {
        return SYSTOLE_STATUS_NULL;
    };
    give(bytes, || wire::encode(&beat.into()))
}

/// Encodes a heartbeat with room for a tag. The caller computes a tag of 16 bytes from the first
/// `SYSTOLE_BEAT_SIZE` bytes and the recipient's id as 8 more in network byte order (0 for any
/// recipient that has the key), with a keyed code such as `SipHash` or HMAC, and writes it behind
/// the first `SYSTOLE_BEAT_SIZE` bytes.
///
/// Use a key for one sender and one direction only.
#[unsafe(no_mangle)]
pub extern "C" fn systole_beat_seal(
    beat: Option<&systole_beat_t>,
    bytes: Option<&mut MaybeUninit<[u8; 40]>>,
) -> systole_status_t {
    let Some(beat) = beat else {
        return SYSTOLE_STATUS_NULL;
    };
    give(bytes, || wire::seal(&beat.into(), 0, &Tag([0; 16])))
}
