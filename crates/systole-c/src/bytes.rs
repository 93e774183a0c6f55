//! Functions that take a pointer and a length.

use core::ffi::c_char;
use core::mem::MaybeUninit;
use core::ops::Range;

use systole_core::{Beat, wire};

use crate::beat::{Tag, systole_beat_t};
use crate::machine::{Out, give};
use crate::status::systole_error_t;
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_BEAT, SYSTOLE_STATUS_NULL};

/// Writes what is wrong as a sentence into `buffer`, such as
/// `interval_us of 0 is out of range: 1 to 1099511627776`.
///
/// Like `snprintf`, it writes at most `size` bytes, the last of which is a zero, and returns how
/// long the whole message is without that zero. Values are in the unit of their fields. A `buffer`
/// that is null only asks for the length. Returns 0 where `error` is null.
///
/// # Safety
/// `buffer` is null or points to `size` bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn systole_error_message(
    error: Option<&systole_error_t>,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    let room: &mut [MaybeUninit<u8>] = if buffer.is_null() {
        &mut []
    } else {
        // SAFETY: the caller guarantees `size` bytes, which may hold anything, and nobody else
        // uses them before the function returns.
        unsafe { core::slice::from_raw_parts_mut(buffer.cast(), size) }
    };
    let most = room.len().saturating_sub(1);
    let mut length = 0;
    if let Some(error) = error {
        error.write(|piece| {
            put(room, length..most, piece);
            length += piece.len();
        });
    }
    put(room, length.min(most)..room.len(), &[0]);
    length
}

/// Writes `bytes` to the `places` of `room`, as far as they fit.
fn put(room: &mut [MaybeUninit<u8>], places: Range<usize>, bytes: &[u8]) {
    let places = room.get_mut(places).unwrap_or_default();
    for (place, byte) in places.iter_mut().zip(bytes) {
        place.write(*byte);
    }
}

/// Decodes a plain heartbeat from the `length` bytes of a datagram.
///
/// Answers `SYSTOLE_STATUS_BEAT` where they are not a heartbeat: another length than
/// `SYSTOLE_BEAT_SIZE`, another version, a reserved bit, a span that is not in lowest terms. No
/// bytes are undefined. `out->authentic` is 0.
///
/// # Safety
/// `bytes` is null or points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn systole_beat_decode(
    bytes: *const u8,
    length: usize,
    out: Option<&mut MaybeUninit<systole_beat_t>>,
) -> systole_status_t {
    // SAFETY: the caller guarantees `length` bytes, which do not change before this returns.
    let bytes = unsafe { slice(bytes, length) };
    decoded(bytes, out, wire::decode)
}

/// Decodes a tagged heartbeat from the `length` bytes of a datagram, and compares its tag with the
/// 16 bytes of `tag`, which the caller computes as for `systole_beat_seal` with the key of the
/// peer. The comparison takes the same time for any tag.
///
/// Answers `SYSTOLE_STATUS_BEAT` where the bytes are not a heartbeat of
/// `SYSTOLE_BEAT_TAGGED_SIZE` bytes, or the tags differ. `out->authentic` is 1.
///
/// # Safety
/// `bytes` is null or points to `length` bytes, and `tag` is null or points to 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn systole_beat_open(
    bytes: *const u8,
    length: usize,
    tag: *const u8,
    out: Option<&mut MaybeUninit<systole_beat_t>>,
) -> systole_status_t {
    // SAFETY: as in `systole_beat_decode`.
    let bytes = unsafe { slice(bytes, length) };
    // SAFETY: the caller guarantees 16 bytes, which do not change before this returns.
    let tag = unsafe { slice(tag, 16) };
    let Some(Ok(tag)) = tag.map(<&[u8; 16]>::try_from) else {
        return SYSTOLE_STATUS_NULL;
    };
    decoded(bytes, out, |bytes| wire::open(bytes, 0, &Tag(*tag)))
}

/// Returns the bytes, or `None` where `bytes` is null.
///
/// # Safety
/// `bytes` is null or points to `length` bytes that do not change while the slice lives.
const unsafe fn slice<'a>(bytes: *const u8, length: usize) -> Option<&'a [u8]> {
    if bytes.is_null() {
        return None;
    }
    // SAFETY: the caller of this function guarantees it.
    Some(unsafe { core::slice::from_raw_parts(bytes, length) })
}

fn decoded(
    bytes: Option<&[u8]>,
    out: Out<'_, systole_beat_t>,
    decode: impl FnOnce(&[u8]) -> Result<Beat, wire::WireError>,
) -> systole_status_t {
    let (Some(bytes), Some(_)) = (bytes, &out) else {
        return SYSTOLE_STATUS_NULL;
    };
    match &decode(bytes) {
        Ok(beat) => give(out, || beat.into()), // by reference: a copy of 40 bytes less
        Err(_) => SYSTOLE_STATUS_BEAT,
    }
}
