//! The serialized form of a span: text such as `1s 500ms` in formats that people read, and whole
//! microseconds in others.

use core::fmt;
use core::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::time::{duration, micros};

/// The units of the text, the longest first, in microseconds.
const UNITS: [(&str, u64); 5] = [
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// A span in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) u64);

impl Span {
    pub(crate) const fn of(span: Duration) -> Self {
        Self(micros(span))
    }

    pub(crate) const fn duration(self) -> Duration {
        duration(self.0)
    }
}

/// Formats the span exactly: `1h 1m 1s 1ms 1us`, without the units that are zero.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (mut left_us, mut gap) = (self.0, "");
        for (unit, unit_us) in UNITS {
            let count = left_us / unit_us;
            if count > 0 {
                write!(f, "{gap}{count}{unit}")?;
                gap = " ";
            }
            left_us %= unit_us;
        }
        Ok(())
    }
}

/// Reads a span from text in the form that `Display` writes. Each unit may occur once, in any
/// order, and the spaces may be missing.
fn read(text: &str) -> Option<Span> {
    let mut rest = text.trim();
    let (mut sum_us, mut seen) = (0_u64, 0_u8);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let count: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|char: char| !char.is_ascii_alphabetic());
        let unit = rest.get(..letters.unwrap_or(rest.len()))?;
        rest = rest.get(unit.len()..)?.trim_start();
        let index = UNITS.iter().position(|(name, _)| *name == unit)?;
        if seen >> index & 1 == 1 {
            return None;
        }
        seen |= 1 << index;
        let unit_us = UNITS.get(index)?.1;
        sum_us = sum_us.checked_add(count.checked_mul(unit_us)?)?;
    }
    (seen > 0).then_some(Span(sum_us))
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.collect_str(self);
        }
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            return from.deserialize_str(Text);
        }
        u64::deserialize(from).map(Self)
    }
}

/// Reads a span from text.
struct Text;

impl Visitor<'_> for Text {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span such as \"1s 500ms\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde's `with` requires
pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    Span::of(*span).serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Span::deserialize(from).map(Span::duration)
}

#[cfg(test)]
mod tests;
