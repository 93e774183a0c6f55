//! The names of senders and listeners, and the ids that stand for them on the wire.

use std::fmt;
use std::str::FromStr;

use siphasher::sip::SipHasher24;

/// The longest name, in characters.
const LENGTH_MAX: usize = 64;

/// The name of a sender or a listener: 1 to 64 letters of ASCII, digits, dots, dashes and
/// underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

impl Name {
    /// Returns the id that stands for this name on the wire, which is never 0: SipHash-2-4 with the
    /// key zero, so that it is the same everywhere. Two of a million names share an id with a
    /// probability of 3 in 100 million.
    pub(crate) fn id(&self) -> u64 {
        SipHasher24::new().hash(self.0.as_bytes()).max(1)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if text.is_empty() || text.len() > LENGTH_MAX || !text.chars().all(is_kept) {
            return Err(format!(
                "a name is 1 to {LENGTH_MAX} letters, digits, dots, dashes and underscores"
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_can_be_printed() {
        for text in ["web-1", "db_2.example.org", "7", &"x".repeat(64)] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a\u{1b}[2J", "é", "*", &"x".repeat(65)] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }

    /// Both ends compute it, in any version.
    #[test]
    fn the_id_of_a_name_never_changes() {
        assert_eq!("web-1".parse::<Name>().unwrap().id(), 0x33fe_781a_9980_7898);
    }
}
