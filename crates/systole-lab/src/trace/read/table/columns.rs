//! The columns of a table, which their names tell.

use alloc::string::String;

use crate::trace::read::decimal::Unit;

/// A column of times or of round trips.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) unit: Option<Unit>,
}

const TIMES: [&str; 11] = [
    "t",
    "time",
    "timestamp",
    "ts",
    "sent",
    "send",
    "date",
    "datetime",
    "epoch",
    "when",
    "start",
];
const RTTS: [&str; 9] = [
    "rtt",
    "latency",
    "ping",
    "roundtrip",
    "round",
    "response",
    "delay",
    "duration",
    "elapsed",
];
pub(super) const TARGETS: [&str; 7] = [
    "target",
    "host",
    "hostname",
    "destination",
    "dest",
    "instance",
    "address",
];

/// Returns the column with this name, or else the first one that fits.
pub(super) fn find(
    names: &[String],
    wanted: Option<&str>,
    fits: impl Fn(&str) -> bool,
) -> Option<usize> {
    match wanted {
        Some(wanted) => names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted.trim())),
        None => names.iter().position(|name| fits(name)),
    }
}

/// Returns whether this is the name of a column of times.
pub(super) fn is_time(name: &str, is_irtt: bool) -> bool {
    if is_irtt && name.contains("send") && !name.contains("server") {
        return name.ends_with("monotonic") || name.ends_with("wall");
    }
    TIMES.contains(&first_word(name))
}

/// Returns whether this is the name of a column of round trips.
pub(super) fn is_rtt(name: &str, is_irtt: bool) -> bool {
    if is_irtt {
        return last_word(name) == "rtt" && !name.contains("ipdv");
    }
    RTTS.contains(&first_word(name))
}

pub(super) fn first_word(name: &str) -> &str {
    name.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or(name)
}

fn last_word(name: &str) -> &str {
    let mut words = name
        .rsplit(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.next().unwrap_or(name)
}

impl Column {
    /// The column at `index`, whose unit is the last word of its name, or else the default.
    pub(super) fn new(names: &[String], index: usize, default: Option<Unit>) -> Self {
        let name = names.get(index).cloned().unwrap_or_default();
        let unit = (first_word(&name) != last_word(&name)).then(|| last_word(&name).parse().ok());
        Self {
            index,
            unit: unit.flatten().or(default),
            name,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn units_come_from_the_names_of_columns() {
        let names = ["rtt_ms", "latency (us)", "ping [s]", "rtt"].map(String::from);
        let units: Vec<_> = (0..4)
            .map(|index| Column::new(&names, index, None).unit)
            .collect();
        assert_eq!(
            units,
            [
                Some(Unit::Milliseconds),
                Some(Unit::Microseconds),
                Some(Unit::Seconds),
                None
            ]
        );
    }
}
