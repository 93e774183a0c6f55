//! The file of `--key-file`: a key a line, each for one sender or for all.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use siphasher::sip128::SipHasher24;
use systole::wire;

use super::Name;
use crate::trouble::Trouble;

/// The longest file, in bytes.
const FILE_MAX: u64 = 16 << 20;
/// How many keys a sender may have at a time: the present one, and the next while they are
/// exchanged.
const KEYS_MAX: usize = 2;

/// The key of a sender: 128 bits, for SipHash-2-4 with 128 bits of output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; 16]);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; wire::TAGGED - wire::PLAIN] {
        SipHasher24::new_with_key(&self.0).hash(message).as_bytes()
    }
}

/// Shows nothing of it.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 16];
        if text.len() != 2 * key.len() || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = str::from_utf8(digits).ok()?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
        }
        Some(Self(key))
    }
}

/// The keys of all senders.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFile {
    /// The keys of those that are named, by their ids.
    own: HashMap<u64, Vec<Key>>,
    /// The keys of all others.
    shared: Vec<Key>,
    /// Those that are named, in the order of the file.
    pub(crate) names: Vec<Name>,
}

impl KeyFile {
    /// Reads a file that nobody but its owner can read.
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = read_secret(path).map_err(|error| Trouble::Read(path.into(), error))?;
        Self::parse(&text).map_err(|(line, what)| Trouble::Line(path.into(), line, what))
    }

    /// Parses lines `NAME KEY` or `* KEY`; `#` begins a comment. An error has the number of its line
    /// and never shows a key.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut file = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<_> = line.split('#').next().into_iter().collect();
            let words: Vec<_> = words
                .iter()
                .flat_map(|line| line.split_whitespace())
                .collect();
            match *words {
                [] => {}
                [name, key] => file.add(name, key).map_err(|what| (number, what))?,
                _ => return Err((number, "a line is NAME KEY, or * KEY for all others".into())),
            }
        }
        if file.own.is_empty() && file.shared.is_empty() {
            return Err((1, "there is no key in it".into()));
        }
        Ok(file)
    }

    fn add(&mut self, name: &str, key: &str) -> Result<(), String> {
        let key = Key::parse(key).ok_or("a key is 32 hexadecimal digits")?;
        let keys = if name == "*" {
            &mut self.shared
        } else {
            let name: Name = name.parse()?;
            let id = name.id();
            if !self.own.contains_key(&id) {
                self.names.push(name);
            }
            self.own.entry(id).or_default()
        };
        if keys.len() == KEYS_MAX {
            return Err(format!("{name} has more than {KEYS_MAX} keys"));
        }
        keys.push(key);
        Ok(())
    }

    /// Returns the keys of the sender with `id`, of which the first is the one that it uses.
    pub(crate) fn keys(&self, id: u64) -> &[Key] {
        self.own.get(&id).unwrap_or(&self.shared)
    }
}

/// Reads a regular file of its owner. Its rights are those of the open file, so they cannot change
/// in between.
fn read_secret(path: &Path) -> io::Result<String> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !path.metadata()?.is_file() {
        return refuse("not a regular file");
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.mode() & 0o077 != 0 {
        return refuse("others can read the keys in it: chmod 600 it");
    }
    if about.len() > FILE_MAX {
        return refuse("longer than 16 MiB");
    }
    let mut text = String::new();
    file.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "000102030405060708090a0b0c0d0e0f";
    const B: &str = "ffFFffffffffffffffffffffffffffff";

    #[test]
    fn a_sender_has_its_own_keys_or_else_those_of_all() {
        let text = format!("# keys\n* {A}\nweb-1 {B} # new\nweb-1 {A}\n\n");
        let file = KeyFile::parse(&text).unwrap();
        let (a, b) = (Key::parse(A).unwrap(), Key::parse(B).unwrap());
        assert_eq!(file.keys(file.names[0].id()), [b, a]);
        assert_eq!(file.keys(7), [a]);
        assert_eq!(file.names.len(), 1);
        let named = KeyFile::parse(&format!("web-1 {A}")).unwrap();
        assert_eq!(named.keys(7), []);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_the_key() {
        let short = &A[..30];
        for (text, line) in [
            (String::new(), 1),
            (format!("web-1 {A}\nweb-1 {short}"), 2),
            (format!("web-1 +{}", &A[1..]), 1),
            (A.into(), 1),
            (format!("a b {A}"), 1),
            (format!("a\u{1b} {A}"), 1),
            (format!("* {A}\n* {B}\n* {A}"), 3),
        ] {
            let (found, what) = KeyFile::parse(&text).unwrap_err();
            assert_eq!(found, line, "{text}: {what}");
            assert!(!what.contains(short), "{what}");
        }
        let file = KeyFile::parse(&format!("* {B}")).unwrap();
        assert!(!format!("{file:?}").to_lowercase().contains("ff"));
    }
}
