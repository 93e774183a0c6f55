//! A wire format for [`Beat`]s: 16 bytes plain, 32 with a keyed tag. Optional; a [`Listener`](crate::Listener) takes beats of any origin.
//!
//! | bytes | plain and tagged, numbers in network order |
//! |---|---|
//! | 0 | version 1 in the high four bits; flags: 1 goodbye, 2 load said, 4 tagged, 8 zero |
//! | 1 | load; 0 where it is not said |
//! | 2 to 5 | incarnation |
//! | 6 to 9 | sequence number |
//! | 10 to 12 | interval, in microseconds: five bits of exponent, nineteen of mantissa |
//! | 13 to 15 | deadline, likewise |
//! | 16 to 31 | the tag over bytes 0 to 15, where tagged |
//!
//! Every beat has one encoding, and whatever is not one is refused: another length or version, a reserved bit, a span that is not in lowest
//! terms. Nothing is allocated, and no input panics.
//!
//! ```
//! use core::time::Duration;
//! use systole::{Beat, wire};
//!
//! let beat = Beat::new(41, Duration::from_secs(5)).with_incarnation(7).with_load(12);
//! let bytes = wire::encode(&beat);
//! assert_eq!(bytes.len(), 16);
//! assert_eq!(wire::decode(&bytes), Ok(beat));
//! assert_eq!(wire::decode(&bytes[..15]), Err(wire::WireError::Length(15)));
//! ```
//!
//! # Who can do what
//!
//! *Off path*: sends datagrams with any source address, and sees none. *On path*: sees, drops, delays, repeats and changes everything.
//!
//! | | plain, off path | plain, on path | tagged, off path | tagged, on path |
//! |---|---|---|---|---|
//! | call a live peer dead, or gone | must guess 32 bits of incarnation, if it is random, and a sequence number | yes | no | by dropping everything |
//! | keep a dead peer alive | as a new incarnation of it: two beats in pace, once the old one is overdue | yes | no | only by delaying its last beats: a standing delay is part of the relative bound |
//! | be taken for a peer that was never heard | yes: the first to come is taken | yes | no | by repeating beats to a listener that has just started and remembers nothing: [`incarnations_from`](crate::listener::Builder::incarnations_from) |
//! | delay the notice of a restart | yes, for as long as a flood of beats lasts | yes | no | by dropping or delaying |
//! | claim a long deadline | up to the listener's longest interval | same | no | no |
//! | lie about the load | with a guessed beat; advice all the same | yes | no | no |
//! | read it | no | yes | no | yes: a tag does not encrypt |
//! | use it as an amplifier | no: nothing is ever sent in answer to a beat | no | no | no |
//!
//! A key is for one sender and one direction: beats under a shared key pass for each other's. A sender takes a new incarnation before its
//! sequence numbers have gone half round, after 24 days at a beat a millisecond: its oldest beats would pass for new ones.

use core::fmt;
use core::net::SocketAddr;

use crate::push::beat::Beat;

/// The length of a plain beat, in bytes.
pub const PLAIN: usize = 16;
/// The length of a tagged beat, in bytes.
pub const TAGGED: usize = 32;

const VERSION: u8 = 1;
const GOODBYE: u8 = 1;
const LOAD: u8 = 2;
const TAG: u8 = 4;

/// A keyed message authentication code, of 64 bits or more: the caller's choice and the caller's key.
///
/// ```
/// use systole::{Beat, wire};
///
/// /// SipHash-2-4 with 128 bits of output, by the crate `siphasher`.
/// struct Key([u8; 16]);
///
/// impl wire::Mac for Key {
///     fn tag(&self, message: &[u8; wire::PLAIN]) -> [u8; 16] {
///         siphasher::sip128::SipHasher24::new_with_key(&self.0).hash(message).as_bytes()
///     }
/// }
///
/// let key = Key(*b"of this pair and"); // from a random source, in earnest
/// let beat = Beat::new(41, core::time::Duration::from_secs(5));
/// let mut bytes = wire::seal(&beat, &key);
/// assert_eq!(wire::open(&bytes, &key), Ok(beat.authentic()));
/// bytes[9] ^= 1;
/// assert_eq!(wire::open(&bytes, &key), Err(wire::WireError::Forged));
/// ```
pub trait Mac {
    /// The tag of `message`. A code of 64 bits fills the rest with whatever it likes, always the same.
    fn tag(&self, message: &[u8; PLAIN]) -> [u8; TAGGED - PLAIN];
}

impl<M: Mac + ?Sized> Mac for &M {
    fn tag(&self, message: &[u8; PLAIN]) -> [u8; TAGGED - PLAIN] {
        (**self).tag(message)
    }
}

/// Why bytes are no beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireError {
    /// There are this many bytes: truncated, or somebody else's.
    Length(usize),
    /// The version is this one, and not 1.
    Version(u8),
    /// A reserved bit is set, a load is there that is not said, or a span is not in lowest terms.
    Malformed,
    /// The tag is not that of the key: forged or damaged.
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

/// `beat` in 16 bytes. An interval that takes more than 19 significant bits is rounded down, by less than 4 parts in a million, and a
/// deadline up; a [`Sender`](crate::Sender) has none such.
#[must_use]
pub const fn encode(beat: &Beat) -> [u8; PLAIN] {
    plain(beat, 0)
}

/// The beat that 16 bytes say.
///
/// # Errors
/// Where they are no plain beat; a tagged one is for [`open`].
pub fn decode(bytes: &[u8]) -> Result<Beat, WireError> {
    let Ok(plain) = <&[u8; PLAIN]>::try_from(bytes) else {
        return Err(WireError::Length(bytes.len()));
    };
    parse(plain, 0)
}

/// `beat` and its tag, in 32 bytes.
#[must_use]
pub fn seal(beat: &Beat, key: &impl Mac) -> [u8; TAGGED] {
    let plain = plain(beat, TAG);
    let mut bytes = [0; TAGGED];
    let (head, tail) = bytes.split_at_mut(PLAIN);
    head.copy_from_slice(&plain);
    tail.copy_from_slice(&key.tag(&plain));
    bytes
}

/// The beat that 32 bytes say, [authentic](Beat::is_authentic) since its tag is that of `key`. The comparison takes the same time for any tag.
///
/// # Errors
/// Where they are no tagged beat, or not of this key.
pub fn open(bytes: &[u8], key: &impl Mac) -> Result<Beat, WireError> {
    let Some((plain, tag)) = bytes.split_first_chunk::<PLAIN>() else {
        return Err(WireError::Length(bytes.len()));
    };
    let Ok(tag) = <&[u8; TAGGED - PLAIN]>::try_from(tag) else {
        return Err(WireError::Length(bytes.len()));
    };
    let own = key.tag(plain);
    let difference = own.iter().zip(tag).fold(0, |all, (a, b)| all | (a ^ b));
    if difference != 0 {
        return Err(WireError::Forged);
    }
    parse(plain, TAG).map(Beat::authentic)
}

/// Whether an echo at `own` may answer a datagram that says it comes from `from`: never a privileged port, where a service may answer the answer, and
/// never itself. What it answers should be no more than it received, and where it listens the loopback, unless told otherwise.
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
    let (said, load) = match beat.load {
        Some(load) => (LOAD, load),
        None => (0, 0),
    };
    let goodbye = if beat.goodbye { GOODBYE } else { 0 };
    let head = VERSION << 4 | tag | said | goodbye;
    let [n3, n2, n1, n0] = beat.incarnation.to_be_bytes();
    let [s3, s2, s1, s0] = beat.sequence.to_be_bytes();
    let [_, i2, i1, i0] = pack(beat.interval_us, false).to_be_bytes();
    let [_, d2, d1, d0] = pack(beat.deadline_us, true).to_be_bytes();
    [
        head, load, n3, n2, n1, n0, s3, s2, s1, s0, i2, i1, i0, d2, d1, d0,
    ]
}

const fn parse(bytes: &[u8; PLAIN], tag: u8) -> Result<Beat, WireError> {
    let [
        head,
        load,
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
    ] = *bytes;
    if head >> 4 != VERSION {
        return Err(WireError::Version(head >> 4));
    }
    let (flags, said) = (head & 0xf, head & LOAD != 0);
    let spans = (unpack([i2, i1, i0]), unpack([d2, d1, d0]));
    let (Some(interval_us), Some(deadline_us)) = spans else {
        return Err(WireError::Malformed);
    };
    if flags & !(GOODBYE | LOAD) != tag || (!said && load != 0) {
        return Err(WireError::Malformed);
    }
    Ok(Beat {
        interval_us,
        deadline_us,
        sequence: u32::from_be_bytes([s3, s2, s1, s0]),
        incarnation: u32::from_be_bytes([n3, n2, n1, n0]),
        load: if said { Some(load) } else { None },
        goodbye: flags & GOODBYE != 0,
        authentic: false,
    })
}

/// The bits of a span's mantissa; the exponent has the five above it.
const MANTISSA: u32 = 19;
/// The longest span that can be said: 2^50 us less a little, 35 years.
const LONGEST_US: u64 = ((1 << MANTISSA) - 1) << 31;

/// `us` as exponent and mantissa, rounded up or down.
#[allow(clippy::cast_possible_truncation)] // shifted down to the bits of a mantissa
const fn pack(us: u64, up: bool) -> u32 {
    let us = if us < LONGEST_US { us } else { LONGEST_US };
    let exponent = (u64::BITS - us.leading_zeros()).saturating_sub(MANTISSA);
    let floor = us >> exponent;
    let mantissa = floor + (up && floor << exponent < us) as u64;
    if mantissa >> MANTISSA == 0 {
        return exponent << MANTISSA | mantissa as u32;
    }
    (exponent + 1) << MANTISSA | (mantissa >> 1) as u32 // rounded up to a power of two
}

/// The span in microseconds; nothing where it is not in lowest terms.
const fn unpack(bytes: [u8; 3]) -> Option<u64> {
    let [high, middle, low] = bytes;
    let packed = u32::from_be_bytes([0, high, middle, low]);
    let (exponent, mantissa) = (packed >> MANTISSA, packed & ((1 << MANTISSA) - 1));
    if exponent > 0 && mantissa >> (MANTISSA - 1) == 0 {
        return None;
    }
    Some((mantissa as u64) << exponent)
}

/// `us`, rounded down to what can be said.
pub(crate) const fn rounded_down(us: u64) -> u64 {
    said(pack(us, false))
}

/// `us`, rounded up to what can be said.
pub(crate) const fn rounded_up(us: u64) -> u64 {
    said(pack(us, true))
}

const fn said(packed: u32) -> u64 {
    ((packed & ((1 << MANTISSA) - 1)) as u64) << (packed >> MANTISSA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each span has one form: a mantissa with room to spare goes with exponent 0 alone.
    #[test]
    fn only_the_lowest_terms_are_read() {
        let read = |exponent: u32, mantissa: u32| {
            let [_, high, middle, low] = (exponent << MANTISSA | mantissa).to_be_bytes();
            unpack([high, middle, low])
        };
        assert_eq!([read(0, 0), read(0, 7)], [Some(0), Some(7)]);
        assert_eq!([read(1, 7), read(31, 0)], [None, None]);
        let (half, whole) = (1 << (MANTISSA - 1), (1 << MANTISSA) - 1);
        assert_eq!(
            [read(1, half - 1), read(1, half)],
            [None, Some(1 << MANTISSA)]
        );
        assert_eq!(read(31, whole), Some(LONGEST_US));
    }

    proptest! {
        #[test]
        fn spans_are_said_to_four_parts_in_a_million(us in 0..LONGEST_US) {
            let said = |up| {
                let [_, high, middle, low] = pack(us, up).to_be_bytes();
                unpack([high, middle, low]).unwrap()
            };
            prop_assert!(said(false) <= us && us <= said(true));
            prop_assert!(said(true) - said(false) <= us >> 18);
            prop_assert_eq!([rounded_down(us), rounded_up(us)], [said(false), said(true)]);
            prop_assert_eq!(rounded_down(said(true)), said(true));
        }
    }

    #[test]
    fn the_ends_of_the_range_can_be_said() {
        for us in [0, 1, (1 << MANTISSA) - 1, 1 << MANTISSA, LONGEST_US] {
            assert_eq!(rounded_down(us), us);
        }
        assert_eq!(rounded_down(u64::MAX), LONGEST_US);
        assert_eq!(pack(LONGEST_US - 1, true), pack(LONGEST_US, false));
        let hours = 18 * 3_600 * 1_000_000;
        assert!(hours - rounded_down(hours) < 262_144);
        assert_eq!(rounded_down(5_000_000), 5_000_000);
        // rounded up, it takes a bit more, and one place less
        assert_eq!(pack((1 << 20) - 1, true), pack(1 << 20, false));
    }
}
