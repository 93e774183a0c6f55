//! A wire format for heartbeats ([`Beat`]): 24 bytes plain, 40 bytes with a keyed tag.
//!
//! Its use is optional: a [`Listener`](crate::Listener) takes heartbeats of any protocol.
//!
//! | bytes | content, plain and tagged; numbers are in network byte order |
//! |---|---|
//! | 0 | version 2 in the high four bits; flags: 1 goodbye, 2 byte 1 is present, 4 tagged, 8 zero |
//! | 1 | the load, or the exit status in a goodbye; 0 where it is not present |
//! | 2 to 5 | incarnation |
//! | 6 to 9 | sequence number |
//! | 10 to 12 | interval in microseconds: 5 bits of exponent, then 19 bits of mantissa |
//! | 13 to 15 | deadline, in the same form |
//! | 16 to 23 | the sender's id; 0 where it has none |
//! | 24 to 39 | the tag over bytes 0 to 23 and the recipient's id in 8 bytes, where tagged |
//!
//! Every heartbeat has exactly one encoding. Anything else is refused: another length or version, a
//! set reserved bit, a time span that is not in lowest terms. Nothing is allocated, and no input
//! panics.
//!
//! ```
//! use core::time::Duration;
//! use systole::{Beat, wire};
//!
//! let beat = Beat::new(41, Duration::from_secs(5)).with_id(3).with_incarnation(7).with_load(12);
//! let bytes = wire::encode(&beat);
//! assert_eq!(bytes.len(), 24);
//! assert_eq!(wire::decode(&bytes), Ok(beat));
//! assert_eq!(wire::decode(&bytes[..23]), Err(wire::WireError::Length(23)));
//! ```
//!
//! # Who can do what
//!
//! An attacker *off path* sends datagrams with any source address, and sees none. An attacker *on
//! path* sees, drops, delays, repeats and changes everything.
//!
//! | attack | plain, off path | plain, on path | tagged, off path | tagged, on path |
//! |---|---|---|---|---|
//! | make a live peer appear dead, or gone | only by guessing 32 bits of incarnation, if that is random, and a sequence number | yes | no | by dropping everything |
//! | make a dead peer appear alive | as another incarnation than the last two: two heartbeats at the right pace, once the known incarnation is overdue | yes | no | only by delaying its last heartbeats: a standing delay is part of the relative bound |
//! | pass for a peer that was never heard | yes: the first to send is accepted | yes | no | by repeating heartbeats to a listener that has just started and remembers nothing; [`incarnations_from`](crate::listener::Builder::incarnations_from) prevents it |
//! | delay the detection of a restart | yes, for as long as a flood of heartbeats lasts | yes | no | by dropping or delaying |
//! | claim a long deadline | up to the listener's longest interval | same | no | no |
//! | report a false load or exit status | with a guessed heartbeat; both are advice only | yes | no | no |
//! | pass for another sender, or replay to another recipient | yes | yes | no | no |
//! | read the content | no | yes | no | yes: a tag does not encrypt |
//! | use the listener as an amplifier | no: nothing is ever sent in reply to a heartbeat | no | no | no |
//!
//! The tag covers the sender's id and the id of the recipient, which is not sent. A key that several
//! senders share lets each of them pass for the others, so give each sender a key of its own. A
//! sender has to take a new incarnation before 2^31 sequence numbers have passed,
//! which is 24 days at one heartbeat per millisecond. Later its oldest heartbeats would pass for
//! new ones.

use core::fmt;
use core::net::SocketAddr;

use crate::push::beat::Beat;

/// The length of a plain heartbeat, in bytes.
pub const PLAIN: usize = 24;
/// The length of a tagged heartbeat, in bytes.
pub const TAGGED: usize = 40;
/// The length of the message that a tag covers, in bytes: a plain heartbeat, then the recipient's
/// id.
pub const SIGNED: usize = PLAIN + 8;

/// Where the sender's id begins.
const ID: usize = PLAIN - 8;

const VERSION: u8 = 2;
const GOODBYE: u8 = 1;
const VALUE: u8 = 2;
const TAG: u8 = 4;

/// A keyed message authentication code of 64 bits or more. The caller chooses the code and the key.
///
/// ```
/// use systole::{Beat, wire};
///
/// /// SipHash-2-4 with 128 bits of output, by the crate `siphasher`.
/// struct Key([u8; 16]);
///
/// impl wire::Mac for Key {
///     fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
///         siphasher::sip128::SipHasher24::new_with_key(&self.0).hash(message).as_bytes()
///     }
/// }
///
/// let key = Key(*b"of this pair and"); // in production: from a random source
/// let beat = Beat::new(41, core::time::Duration::from_secs(5));
/// let mut bytes = wire::seal(&beat, 7, &key); // to the recipient 7
/// assert_eq!(wire::open(&bytes, 7, &key), Ok(beat.authentic()));
/// assert_eq!(wire::open(&bytes, 8, &key), Err(wire::WireError::Forged));
/// bytes[9] ^= 1;
/// assert_eq!(wire::open(&bytes, 7, &key), Err(wire::WireError::Forged));
/// ```
pub trait Mac {
    /// Returns the tag of `message`. A code of 64 bits fills the remaining bytes with any constant.
    fn tag(&self, message: &[u8; SIGNED]) -> [u8; TAGGED - PLAIN];
}

impl<M: Mac + ?Sized> Mac for &M {
    fn tag(&self, message: &[u8; SIGNED]) -> [u8; TAGGED - PLAIN] {
        (**self).tag(message)
    }
}

/// The reason why bytes are not a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireError {
    /// The length in bytes is this: the datagram was truncated, or belongs to another protocol.
    Length(usize),
    /// The version is this one instead of 2.
    Version(u8),
    /// A reserved bit is set, byte 1 is present without its flag, or a time span is not in lowest
    /// terms.
    Malformed,
    /// The tag does not match the key and the recipient: the bytes were forged, damaged, or meant
    /// for another recipient.
    Forged,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "{length} bytes are no beat"),
            Self::Version(version) => write!(f, "version {version} is not known"),
            Self::Malformed => f.pad("malformed"),
            Self::Forged => f.pad("the tag is not that of the key"),
        }
    }
}

impl core::error::Error for WireError {}

/// Encodes `beat` in 24 bytes.
///
/// An interval of more than 19 significant bits is rounded down, by less than 4 parts in a million,
/// and such a deadline is rounded up. A [`Sender`](crate::Sender) uses no such spans.
#[must_use]
pub const fn encode(beat: &Beat) -> [u8; PLAIN] {
    plain(beat, 0)
}

/// Decodes a plain 24-byte heartbeat.
///
/// # Errors
/// The bytes are not a plain heartbeat. Tagged ones are for [`open`].
pub fn decode(bytes: &[u8]) -> Result<Beat, WireError> {
    let Ok(plain) = <&[u8; PLAIN]>::try_from(bytes) else {
        return Err(WireError::Length(bytes.len()));
    };
    parse(plain, 0)
}

/// Encodes `beat` and its tag for the recipient with the id `recipient` in 40 bytes. The recipient
/// [opens](open) it with the same id; 0 stands for any recipient that has the key.
#[must_use]
pub fn seal(beat: &Beat, recipient: u64, key: &impl Mac) -> [u8; TAGGED] {
    let plain = plain(beat, TAG);
    let mut bytes = [0; TAGGED];
    let (head, tail) = bytes.split_at_mut(PLAIN);
    head.copy_from_slice(&plain);
    tail.copy_from_slice(&key.tag(&signed(&plain, recipient)));
    bytes
}

/// Decodes a tagged 40-byte heartbeat to the recipient with the id `recipient`, and marks it
/// [authentic](Beat::is_authentic), as its tag matches `key`. The comparison takes the same time
/// for any tag.
///
/// # Errors
/// The bytes are not a tagged heartbeat, or the tag does not match this key and recipient.
pub fn open(bytes: &[u8], recipient: u64, key: &impl Mac) -> Result<Beat, WireError> {
    let Some((plain, tag)) = bytes.split_first_chunk::<PLAIN>() else {
        return Err(WireError::Length(bytes.len()));
    };
    let Ok(tag) = <&[u8; TAGGED - PLAIN]>::try_from(tag) else {
        return Err(WireError::Length(bytes.len()));
    };
    let own = key.tag(&signed(plain, recipient));
    let difference = own.iter().zip(tag).fold(0, |all, (a, b)| all | (a ^ b));
    if difference != 0 {
        return Err(WireError::Forged);
    }
    parse(plain, TAG).map(Beat::authentic)
}

/// Returns the id of the sender that `bytes` name, to look up the key with which they are to be
/// [opened](open); `None` where they are too short to name one. Until then nothing shows that the
/// sender is the one that it claims to be.
#[must_use]
pub fn claimed_id(bytes: &[u8]) -> Option<u64> {
    let id = bytes.get(ID..PLAIN)?;
    Some(u64::from_be_bytes(id.try_into().ok()?))
}

/// Returns the message that a tag covers.
const fn signed(plain: &[u8; PLAIN], recipient: u64) -> [u8; SIGNED] {
    let mut message = [0; SIGNED];
    let (head, tail) = message.split_at_mut(PLAIN);
    head.copy_from_slice(plain);
    tail.copy_from_slice(&recipient.to_be_bytes());
    message
}

/// Returns whether an echo service at `own` may reply to a datagram whose source address is `from`.
///
/// It may never reply to a privileged port, where a service might reply to the reply, nor to its
/// own port. An echo service should also send no more bytes than it received, and listen on the
/// loopback address unless configured otherwise.
///
/// ```
/// use systole::wire::may_answer;
///
/// let own = "127.0.0.1:7007".parse()?;
/// assert!(may_answer("127.0.0.1:40000".parse()?, own));
/// assert!(!may_answer("127.0.0.1:53".parse()?, own));
/// assert!(!may_answer(own, own));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[must_use]
pub const fn may_answer(from: SocketAddr, own: SocketAddr) -> bool {
    from.port() >= 1_024 && from.port() != own.port()
}

const fn plain(beat: &Beat, tag: u8) -> [u8; PLAIN] {
    let (said, value) = match beat.value {
        Some(value) => (VALUE, value),
        None => (0, 0),
    };
    let goodbye = if beat.goodbye { GOODBYE } else { 0 };
    let head = VERSION << 4 | tag | said | goodbye;
    let [n3, n2, n1, n0] = beat.incarnation.to_be_bytes();
    let [s3, s2, s1, s0] = beat.sequence.to_be_bytes();
    let [_, i2, i1, i0] = pack(beat.interval_us, false).to_be_bytes();
    let [_, d2, d1, d0] = pack(beat.deadline_us, true).to_be_bytes();
    let [a7, a6, a5, a4, a3, a2, a1, a0] = beat.id.to_be_bytes();
    [
        head, value, n3, n2, n1, n0, s3, s2, s1, s0, i2, i1, i0, d2, d1, d0, a7, a6, a5, a4, a3,
        a2, a1, a0,
    ]
}

const fn parse(bytes: &[u8; PLAIN], tag: u8) -> Result<Beat, WireError> {
    let [
        head,
        value,
        n3,
        n2,
        n1,
        n0,
        s3,
        s2,
        s1,
        s0,
        i2,
        i1,
        i0,
        d2,
        d1,
        d0,
        ref id @ ..,
    ] = *bytes;
    if head >> 4 != VERSION {
        return Err(WireError::Version(head >> 4));
    }
    let (flags, said) = (head & 0xf, head & VALUE != 0);
    let spans = (unpack([i2, i1, i0]), unpack([d2, d1, d0]));
    let (Some(interval_us), Some(deadline_us)) = spans else {
        return Err(WireError::Malformed);
    };
    if flags & !(GOODBYE | VALUE) != tag || (!said && value != 0) {
        return Err(WireError::Malformed);
    }
    Ok(Beat {
        interval_us,
        deadline_us,
        id: u64::from_be_bytes(*id),
        sequence: u32::from_be_bytes([s3, s2, s1, s0]),
        incarnation: u32::from_be_bytes([n3, n2, n1, n0]),
        value: if said { Some(value) } else { None },
        goodbye: flags & GOODBYE != 0,
        authentic: false,
    })
}

/// The number of bits of a span's mantissa. The five bits above it hold the exponent.
const MANTISSA: u32 = 19;
/// The longest span that can be encoded: slightly less than 2^50 us, 35 years.
const LONGEST_US: u64 = ((1 << MANTISSA) - 1) << 31;

/// Packs `us` into an exponent and a mantissa, rounded up or down.
#[allow(clippy::cast_possible_truncation)] // shifted down to the bits of a mantissa
const fn pack(us: u64, up: bool) -> u32 {
    let us = if us < LONGEST_US { us } else { LONGEST_US };
    let exponent = (u64::BITS - us.leading_zeros()).saturating_sub(MANTISSA);
    let floor = us >> exponent;
    let mantissa = floor + (up && floor << exponent < us) as u64;
    if mantissa >> MANTISSA == 0 {
        return exponent << MANTISSA | mantissa as u32;
    }
    (exponent + 1) << MANTISSA | (mantissa >> 1) as u32 // was rounded up to a power of two
}

/// Returns the span in microseconds; `None` where it is not in lowest terms.
const fn unpack(bytes: [u8; 3]) -> Option<u64> {
    let [high, middle, low] = bytes;
    let packed = u32::from_be_bytes([0, high, middle, low]);
    let (exponent, mantissa) = (packed >> MANTISSA, packed & ((1 << MANTISSA) - 1));
    if exponent > 0 && mantissa >> (MANTISSA - 1) == 0 {
        return None;
    }
    Some((mantissa as u64) << exponent)
}

/// Returns `us` rounded down to a span that can be encoded.
pub(crate) const fn rounded_down(us: u64) -> u64 {
    said(pack(us, false))
}

/// Returns `us` rounded up to a span that can be encoded.
pub(crate) const fn rounded_up(us: u64) -> u64 {
    said(pack(us, true))
}

const fn said(packed: u32) -> u64 {
    ((packed & ((1 << MANTISSA) - 1)) as u64) << (packed >> MANTISSA)
}

#[cfg(test)]
mod tests;
