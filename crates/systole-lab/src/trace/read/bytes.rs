//! The bytes of a recording as UTF-8: uncompressed, and converted from UTF-16.

use alloc::boxed::Box;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::TraceError;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const UTF16_LITTLE: [u8; 2] = [0xff, 0xfe];
const UTF16_BIG: [u8; 2] = [0xfe, 0xff];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Returns the text behind `from`, which may be compressed with gzip and may be UTF-16.
pub(super) fn text<'a>(from: impl Read + 'a) -> Result<Box<dyn BufRead + 'a>, TraceError> {
    let mut raw = BufReader::with_capacity(BUFFER, from);
    let mut plain: Box<dyn BufRead + 'a> = if raw.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    let begin = plain.fill_buf()?;
    let little = begin.starts_with(&UTF16_LITTLE) || matches!(begin, [1..=255, 0, 1..=255, 0, ..]);
    let big = begin.starts_with(&UTF16_BIG) || matches!(begin, [0, 1..=255, 0, 1..=255, ..]);
    if little || big {
        let decoder = Utf16::new(plain, little);
        plain = Box::new(BufReader::with_capacity(BUFFER, decoder));
    }
    skip_mark(&mut plain)?;
    check(plain.fill_buf()?)?;
    Ok(plain)
}

const BUFFER: usize = 1 << 16;

fn skip_mark(text: &mut impl BufRead) -> io::Result<()> {
    if text.fill_buf()?.starts_with(&UTF8_MARK) {
        text.consume(UTF8_MARK.len());
    }
    Ok(())
}

/// Refuses bytes that cannot be text. Bytes above ASCII are allowed, because Windows writes old
/// code pages.
fn check(begin: &[u8]) -> Result<(), TraceError> {
    let is_control =
        |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if begin.iter().any(is_control) {
        return Err(TraceError::Unknown("binary data, and no recording".into()));
    }
    Ok(())
}

/// Converts UTF-16 to UTF-8. A surrogate without its partner becomes a replacement character.
struct Utf16<R> {
    from: R,
    little: bool,
    /// The first half of a pair.
    high: Option<u16>,
    /// Bytes that did not fit into the last buffer.
    rest: [u8; 8],
    waiting: core::ops::Range<usize>,
}

impl<R: Read> Utf16<R> {
    const fn new(from: R, little: bool) -> Self {
        Self {
            from,
            little,
            high: None,
            rest: [0; 8],
            waiting: 0..0,
        }
    }

    /// Returns the next unit; `None` at the end. A last single byte is left out.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.from.read_exact(&mut bytes) {
            Ok(()) if self.little => Ok(Some(u16::from_le_bytes(bytes))),
            Ok(()) => Ok(Some(u16::from_be_bytes(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the bytes of the next character into `rest`; returns false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        let Some(unit) = self.unit()? else {
            return Ok(false);
        };
        let first = self.high.take();
        let mut length = 0;
        let mut put = |c: char| {
            if let Some(space) = self.rest.get_mut(length..length + c.len_utf8()) {
                length += c.encode_utf8(space).len();
            }
        };
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            if first.is_some() {
                put(char::REPLACEMENT_CHARACTER);
            }
        } else {
            let units = first.into_iter().chain([unit]);
            char::decode_utf16(units).for_each(|c| put(c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        self.waiting = 0..length;
        Ok(true)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        for byte in buffer {
            while self.waiting.is_empty() {
                if !self.refill()? {
                    return Ok(written);
                }
            }
            *byte = self
                .rest
                .get(self.waiting.start)
                .copied()
                .unwrap_or_default();
            self.waiting.start += 1;
            written += 1;
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn decoded(bytes: &[u8]) -> String {
        let mut read = String::new();
        text(bytes).unwrap().read_to_string(&mut read).unwrap();
        read
    }

    #[test]
    fn utf16_of_either_order_with_and_without_a_mark_is_read() {
        let plain = "Zeit=22ms für 192.0.2.7, 時間 😀\r\n";
        let little: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = plain.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(plain.as_bytes()), plain);
        assert_eq!(decoded(&little), plain);
        assert_eq!(decoded(&big), plain);
        assert_eq!(decoded(&[&UTF16_LITTLE[..], &little].concat()), plain);
        assert_eq!(decoded(&[&UTF16_BIG[..], &big].concat()), plain);
        assert_eq!(decoded(&[&UTF8_MARK[..], plain.as_bytes()].concat()), plain);
    }

    #[test]
    fn binary_data_is_refused() {
        assert!(matches!(
            text(&b"\x7fELF\x02\x01\x01\0\0"[..]),
            Err(TraceError::Unknown(_))
        ));
    }
}
