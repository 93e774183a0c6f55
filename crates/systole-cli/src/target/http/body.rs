//! The body of a reply (RFC 9112, 6 and 7), which is taken piece by piece and not kept.

use systole::Failure;

/// The longest line between two chunks, and the longest trailer field, in bytes.
const LINE_MAX: usize = 1_024;

/// What is left of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Left(u64),
    /// Chunks, of which the next one begins with its size.
    Size,
    /// So many bytes of a chunk, and further chunks.
    Chunk(u64),
    /// The end of the line after a chunk, and further chunks.
    ChunkEnd,
    /// The fields after the last chunk.
    Trailer,
    /// Whatever comes until the connection ends.
    UntilClose,
}

impl Body {
    /// Returns whether nothing is left.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Left(0))
    }

    /// Takes a piece from the beginning of `bytes`; returns its length and the part of the body that
    /// it holds. The length is zero if more bytes have to come first.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, &'a [u8]), Failure> {
        match *self {
            Self::Left(left) => {
                let (data, left) = split(bytes, left);
                *self = Self::Left(left);
                Ok((data.len(), data))
            }
            Self::Chunk(left) => {
                let (data, left) = split(bytes, left);
                *self = if left == 0 {
                    Self::ChunkEnd
                } else {
                    Self::Chunk(left)
                };
                Ok((data.len(), data))
            }
            Self::UntilClose => Ok((bytes.len(), bytes)),
            Self::Size | Self::ChunkEnd | Self::Trailer => Ok((self.line(bytes)?, &[])),
        }
    }

    /// Takes a line that is no part of the body; returns its length.
    fn line(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let Some(end) = bytes.iter().take(LINE_MAX).position(|&byte| byte == b'\n') else {
            return (bytes.len() < LINE_MAX)
                .then_some(0)
                .ok_or(Failure::InvalidReply);
        };
        let line = bytes.get(..=end).unwrap_or_default();
        let is_empty = matches!(line, b"\n" | b"\r\n");
        *self = match *self {
            Self::ChunkEnd if is_empty => Self::Size,
            Self::Trailer if is_empty => Self::Left(0),
            Self::Trailer => Self::Trailer,
            Self::Size if !line.first().is_some_and(u8::is_ascii_hexdigit) => {
                return Err(Failure::InvalidReply);
            }
            Self::Size => match httparse::parse_chunk_size(line) {
                Ok(httparse::Status::Complete((_, 0))) => Self::Trailer,
                Ok(httparse::Status::Complete((_, size))) => Self::Chunk(size),
                _ => return Err(Failure::InvalidReply),
            },
            _ => return Err(Failure::InvalidReply),
        };
        Ok(line.len())
    }
}

/// Splits off up to `left` bytes; returns them, and how many of `left` are still to come.
fn split(bytes: &[u8], left: u64) -> (&[u8], u64) {
    let most = usize::try_from(left).unwrap_or(usize::MAX);
    let data = bytes.get(..most).unwrap_or(bytes);
    let length = u64::try_from(data.len()).unwrap_or(left);
    (data, left - length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what comes in pieces of `size` bytes; returns the body, and how many bytes it took.
    fn taken(mut body: Body, bytes: &[u8], size: usize) -> Result<(Vec<u8>, usize), Failure> {
        let (mut whole, mut used) = (Vec::new(), 0);
        for end in (size..=bytes.len()).step_by(size) {
            while !body.is_over() {
                let (length, data) = body.take(&bytes[used..end])?;
                whole.extend_from_slice(data);
                used += length;
                if length == 0 {
                    break;
                }
            }
        }
        Ok((whole, used))
    }

    #[test]
    fn chunks_are_put_together_however_they_arrive() {
        let text =
            b"4\r\nWiki\r\n6;a=b\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\nrest";
        for size in [1, 2, 3, 7, text.len()] {
            let (whole, used) = taken(Body::Size, text, size).unwrap();
            assert_eq!(whole, b"Wikipedia in \r\n\r\nchunks.", "pieces of {size}");
            assert_eq!(&text[used..], b"rest", "pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [b"1;", &[b'x'; LINE_MAX][..]].concat();
        for text in [&b"x\r\n"[..], b"\r\n", b"1\r\nab\r\n", b"-1\r\n", &long] {
            assert_eq!(
                taken(Body::Size, text, 1),
                Err(Failure::InvalidReply),
                "{text:?}"
            );
        }
        assert!(taken(Body::Size, b"ffffffffffffffffff\r\n", 1).is_err());
    }

    #[test]
    fn a_stated_length_ends_the_body() {
        let (whole, used) = taken(Body::Left(3), b"abcdef", 2).unwrap();
        assert_eq!((&*whole, used), (&b"abc"[..], 3));
        assert_eq!(taken(Body::UntilClose, b"abc", 1).unwrap().0, b"abc");
    }
}
