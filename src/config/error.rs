//! The error for a configuration that is refused.

use core::fmt;

/// A setting that is out of its range. Only constructors and
/// [`build`](crate::config::Builder::build) return it. A machine that was built cannot fail.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, config::Setting};
///
/// let error = Config::every(Duration::ZERO).build().unwrap_err();
/// assert_eq!(error.setting(), Setting::Interval);
/// assert_eq!(error.to_string(), "the interval of 0 s is out of range: 1 us to 1099511.627776 s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ConfigError {
    pub(crate) setting: Setting,
    pub(crate) value: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// The settings that a [`ConfigError`] may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Setting {
    /// The base interval, in microseconds.
    Interval,
    /// The shortest interval, in microseconds.
    IntervalMin,
    /// The longest interval, in microseconds.
    IntervalMax,
    /// The timeout before there is any sample, in microseconds.
    TimeoutFirst,
    /// The shortest timeout, in microseconds.
    TimeoutMin,
    /// The longest timeout, in microseconds.
    TimeoutMax,
    /// The stated bound on detection time, in microseconds.
    DetectWithin,
    /// The number of retries.
    Retries,
    /// How much of the fluctuation lengthens the interval, in per cent.
    Gain,
    /// How far jitter may shorten an interval, in per cent.
    Jitter,
    /// The seed of the device; 0 counts as missing.
    Seed,
    /// The number of replies in a row after which a dead peer is alive.
    Rise,
    /// The number of refusals in a row that suffice for `Dead`.
    Refusals,
    /// The shortest expected time from one mistake to the next, in microseconds.
    MistakeRecurrence,
    /// The largest number of probes in 1,000 seconds.
    ProbeBudget,
    /// The longest lifetime that is searched for or stored, in microseconds.
    Lifetime,
    /// The shortest lifetime that is searched for, in microseconds.
    LifetimeMin,
    /// The number of losses that contradicted a stored lifetime.
    LifetimeDoubts,
    /// The number of endpoints in a group.
    Endpoints,
    /// The number of endpoints that are not disabled.
    Enabled,
    /// The number of heartbeats in a row that may be lost.
    Losses,
    /// The number of endpoints that share a name.
    DuplicateNames,
    /// The sum of the weights of the endpoints that are not disabled.
    Weights,
    /// The request timeout, in microseconds: the time after which a reply is useless.
    RequestTimeout,
    /// The first quarantine of a failed endpoint, in microseconds.
    Quarantine,
    /// The longest quarantine of a failed endpoint, in microseconds.
    QuarantineMax,
    /// How long an endpoint has to be healthy before the group returns to it, in microseconds.
    HoldDown,
    /// The TTL of a lease, in microseconds.
    Ttl,
    /// The shortest expected time from one lapse of a lease to the next, in microseconds.
    LapseRecurrence,
    /// How far the clocks of a lease may drift apart, in millionths of the TTL.
    DriftAllowance,
    /// By how much the server of a lease may end it too early, in microseconds.
    ServerResolution,
    /// How long the holder of a lease needs to stop, in microseconds.
    StopWithin,
    /// The longest time in which the holder of a lease sends nothing, in microseconds.
    SendWithin,
    /// The id of a sender of heartbeats.
    SenderId,
    /// The number of labels of a peer.
    Labels,
    /// A label of a peer.
    Label,
    /// The number of different sets of labels in a fleet.
    LabelSets,
}

impl Setting {
    /// Returns the name of the setting in messages, and its unit.
    const fn name(self) -> (&'static str, Unit) {
        match self {
            Self::Interval => ("interval", Unit::Span),
            Self::IntervalMin => ("shortest interval", Unit::Span),
            Self::IntervalMax => ("longest interval", Unit::Span),
            Self::TimeoutFirst => ("first timeout", Unit::Span),
            Self::TimeoutMin => ("shortest timeout", Unit::Span),
            Self::TimeoutMax => ("longest timeout", Unit::Span),
            Self::DetectWithin => ("bound on detection time", Unit::Span),
            Self::Retries => ("number of retries", Unit::Plain("")),
            Self::Gain => ("gain", Unit::Plain(" %")),
            Self::Jitter => ("jitter", Unit::Plain(" %")),
            Self::Seed => ("seed", Unit::Plain("")),
            Self::Rise => ("number of replies to rise", Unit::Plain("")),
            Self::Refusals => ("number of refusals", Unit::Plain("")),
            Self::MistakeRecurrence => ("time between mistakes", Unit::Span),
            Self::ProbeBudget => ("probe budget", Unit::Plain(" probes in 1,000 s")),
            Self::Lifetime => ("lifetime", Unit::Span),
            Self::LifetimeMin => ("shortest lifetime", Unit::Span),
            Self::LifetimeDoubts => ("number of doubts", Unit::Plain("")),
            Self::Endpoints => ("number of endpoints", Unit::Plain("")),
            Self::Enabled => ("number of endpoints not disabled", Unit::Plain("")),
            Self::Losses => ("number of losses in a row", Unit::Plain("")),
            Self::DuplicateNames => ("number of endpoints of one name", Unit::Plain("")),
            Self::Weights => ("sum of the weights", Unit::Plain("")),
            Self::RequestTimeout => ("request timeout", Unit::Span),
            Self::Quarantine => ("first quarantine", Unit::Span),
            Self::QuarantineMax => ("longest quarantine", Unit::Span),
            Self::HoldDown => ("hold-down", Unit::Span),
            Self::Ttl => ("TTL", Unit::Span),
            Self::LapseRecurrence => ("time between lapses", Unit::Span),
            Self::DriftAllowance => ("drift allowance", Unit::Plain(" ppm")),
            Self::ServerResolution => ("resolution of the server", Unit::Span),
            Self::StopWithin => ("time to stop", Unit::Span),
            Self::SendWithin => ("longest time without a send", Unit::Span),
            Self::SenderId => ("id of the sender", Unit::Plain("")),
            Self::Labels => ("number of labels", Unit::Plain("")),
            Self::Label => ("label", Unit::Plain("")),
            Self::LabelSets => ("number of different sets of labels", Unit::Plain("")),
        }
    }
}

/// The unit of a setting.
#[derive(Clone, Copy)]
enum Unit {
    /// Microseconds, written in the largest unit that suits the value.
    Span,
    /// A number, followed by this text.
    Plain(&'static str),
}

/// A value with its unit, written exactly.
struct Quantity(u64, Unit);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Unit::Plain(unit) => write!(f, "{}{unit}", self.0),
            Unit::Span => write_span(self.0, f),
        }
    }
}

/// The units that are used only for whole multiples.
const WHOLE: [(u64, &str); 3] = [
    (86_400_000_000, "d"),
    (3_600_000_000, "h"),
    (60_000_000, "min"),
];
/// The units that are used from one upwards, with as many decimals as needed.
const DECIMAL: [(u64, &str); 2] = [(1_000_000, "s"), (1_000, "ms")];

/// Writes a span in the largest unit that suits it.
fn write_span(us: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if us == 0 {
        return f.write_str("0 s");
    }
    for (unit, name) in WHOLE {
        if us.is_multiple_of(unit) {
            return write!(f, "{} {name}", us / unit);
        }
    }
    for (unit, name) in DECIMAL {
        if us >= unit {
            write!(f, "{}", us / unit)?;
            write_decimals(us % unit, unit, f)?;
            return write!(f, " {name}");
        }
    }
    write!(f, "{us} us")
}

/// Writes the decimals of `part` of a `whole`, which is a power of ten, without trailing zeros.
fn write_decimals(part: u64, whole: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut rest, mut unit) = (part, whole);
    if rest > 0 {
        f.write_str(".")?;
    }
    while rest > 0 {
        unit /= 10;
        write!(f, "{}", rest / unit)?;
        rest %= unit;
    }
    Ok(())
}

impl ConfigError {
    /// Returns the setting that was refused.
    #[must_use]
    pub const fn setting(&self) -> Setting {
        self.setting
    }

    /// Returns the value that was refused, in the unit of the setting.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// Returns the smallest and the largest value that would have been accepted, with the other
    /// settings unchanged.
    #[must_use]
    pub const fn range(&self) -> (u64, u64) {
        (self.min, self.max)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = self.setting.name();
        let [value, min, max] = [self.value, self.min, self.max].map(|value| Quantity(value, unit));
        write!(f, "the {name} of {value} is out of range: {min} to {max}")
    }
}

impl core::error::Error for ConfigError {}

/// Returns an error if `value` is outside `min..=max`.
pub(crate) const fn check(
    setting: Setting,
    value: u64,
    min: u64,
    max: u64,
) -> Result<(), ConfigError> {
    if value >= min && value <= max {
        return Ok(());
    }
    Err(ConfigError {
        setting,
        value,
        min,
        max,
    })
}

/// Stores the error of a check, unless `kept` holds an earlier one.
pub(crate) const fn keep_first(kept: &mut Option<ConfigError>, checked: Result<(), ConfigError>) {
    if let (None, Err(error)) = (*kept, checked) {
        *kept = Some(error);
    }
}

/// Evaluates `$check` and returns its error, because `?` is not yet available in a `const fn`.
macro_rules! ensure {
    ($check:expr) => {
        match $check {
            Ok(checked) => checked,
            Err(error) => return Err(error),
        }
    };
}

pub(crate) use ensure;
