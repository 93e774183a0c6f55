//! The protocol of Redis (RESP 2): commands, and the replies to those that are sent here.

/// The longest reply that is read, in bytes: that of `INFO replication` has a line for each replica.
const REPLY_MAX: usize = 64 * 1024;

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    /// A simple string or a number.
    Line(&'a [u8]),
    Error(&'a [u8]),
    Bulk(&'a [u8]),
}

/// Encodes a command as an array of bulk strings, the only form that proxies know.
pub(super) fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Splits off the first reply; returns it and its length, or `None` if it is not complete.
pub(super) fn split(bytes: &[u8]) -> Result<Option<(Reply<'_>, usize)>, Invalid> {
    let Some((kind, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if !matches!(kind, b'+' | b'-' | b':' | b'$') {
        return Err(Invalid);
    }
    let Some(length) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        return unfinished(bytes);
    };
    let (line, body) = (
        rest.get(..length).ok_or(Invalid)?,
        rest.get(length + 2..).ok_or(Invalid)?,
    );
    let consumed = 1 + length + 2;
    match kind {
        b'+' | b':' => Ok(Some((Reply::Line(line), consumed))),
        b'-' => Ok(Some((Reply::Error(line), consumed))),
        _ => bulk(line, body, consumed),
    }
}

fn bulk<'a>(
    length: &[u8],
    body: &'a [u8],
    before: usize,
) -> Result<Option<(Reply<'a>, usize)>, Invalid> {
    let length = str::from_utf8(length)
        .ok()
        .and_then(|text| text.parse().ok());
    let length: usize = length.filter(|&l| l <= REPLY_MAX).ok_or(Invalid)?;
    match body.get(..length + 2) {
        Some(whole) if whole.ends_with(b"\r\n") => {
            let text = whole.get(..length).ok_or(Invalid)?;
            Ok(Some((Reply::Bulk(text), before + length + 2)))
        }
        Some(_) => Err(Invalid),
        None => unfinished(body),
    }
}

const fn unfinished(bytes: &[u8]) -> Result<Option<(Reply<'_>, usize)>, Invalid> {
    if bytes.len() > REPLY_MAX + 2 {
        return Err(Invalid);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        assert_eq!(command(&["PING"]), b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(
            command(&["AUTH", "", "p\r\nq"]),
            b"*3\r\n$4\r\nAUTH\r\n$0\r\n\r\n$4\r\np\r\nq\r\n"
        );
    }

    #[test]
    fn replies_are_split_off_one_by_one() {
        let bytes = b"+PONG\r\n$3\r\na\r\n\r\n-ERR no\r\n:7\r\n";
        let mut rest = &bytes[..];
        let mut replies = Vec::new();
        while let Some((reply, length)) = split(rest).unwrap() {
            replies.push(reply);
            rest = &rest[length..];
        }
        assert_eq!(
            replies,
            [
                Reply::Line(b"PONG"),
                Reply::Bulk(b"a\r\n"),
                Reply::Error(b"ERR no"),
                Reply::Line(b"7"),
            ]
        );
    }

    #[test]
    fn what_is_not_complete_is_waited_for_up_to_a_bound() {
        for part in [&b""[..], b"+PO", b"+PONG\r", b"$3\r\nab", b"$3\r\nabc\r"] {
            assert_eq!(split(part), Ok(None), "{part:?}");
        }
        for wrong in [
            &b"HTTP/1.1 400\r\n"[..],
            b"*1\r\n",
            b"$-1\r\n",
            b"$x\r\n",
            b"$99999999999999999999\r\n",
            b"$1000000\r\n",
            b"$1\r\nabc",
        ] {
            assert_eq!(split(wrong), Err(Invalid), "{wrong:?}");
        }
        assert_eq!(split(&b"+".repeat(REPLY_MAX + 3)), Err(Invalid));
    }
}
