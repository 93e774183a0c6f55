//! Why a configuration is refused.

use core::fmt;

/// A setting out of its range. Only constructors and builders refuse; a built configuration cannot fail.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Setting};
///
/// let error = Config::every(Duration::ZERO).unwrap_err();
/// assert_eq!(error.setting(), Setting::Interval);
/// assert_eq!(error.to_string(), "the interval of 0 us is out of range: 1 us to 1099511627776 us");
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
    derive(serde::Serialize, serde::Deserialize),
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
    /// The device's seed; 0 is a missing one.
    Seed,
    /// How many answers bring a dead peer back.
    Rise,
    /// How rare mistakes have to be, in microseconds from one to the next.
    MistakeRecurrence,
    /// The most probes in 1,000 seconds.
    ProbeBudget,
    /// The longest lifetime that is looked for or remembered, in microseconds.
    Lifetime,
    /// The shortest lifetime that is looked for, in microseconds.
    LifetimeMin,
    /// How often a remembered lifetime was contradicted.
    LifetimeDoubts,
    /// The number of endpoints in a group.
    Endpoints,
    /// The number of endpoints that are not barred.
    Unbarred,
    /// How many heartbeats in a row may be lost.
    Losses,
    /// How many endpoints share a name.
    Namesakes,
    /// The sum of the weights of the endpoints that are not barred.
    Weights,
    /// How long an answer may take to be of use, in microseconds.
    RequestTimeout,
    /// The first quarantine of a failed endpoint, in microseconds.
    Quarantine,
    /// The longest quarantine of a failed endpoint, in microseconds.
    QuarantineMax,
    /// How long an endpoint has to be healthy before the group returns to it, in microseconds.
    HoldDown,
}

impl Setting {
    /// What it is called, and its unit.
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Interval => ("interval", " us"),
            Self::IntervalMin => ("shortest interval", " us"),
            Self::IntervalMax => ("longest interval", " us"),
            Self::TimeoutFirst => ("first timeout", " us"),
            Self::TimeoutMin => ("shortest timeout", " us"),
            Self::TimeoutMax => ("longest timeout", " us"),
            Self::DetectWithin => ("bound on detection time", " us"),
            Self::Retries => ("number of retries", ""),
            Self::Gain => ("gain", " %"),
            Self::Jitter => ("jitter", " %"),
            Self::Seed => ("seed", ""),
            Self::Rise => ("number of answers to rise", ""),
            Self::MistakeRecurrence => ("time between mistakes", " us"),
            Self::ProbeBudget => ("probe budget", " probes in 1,000 s"),
            Self::Lifetime => ("lifetime", " us"),
            Self::LifetimeMin => ("shortest lifetime", " us"),
            Self::LifetimeDoubts => ("number of doubts", ""),
            Self::Endpoints => ("number of endpoints", ""),
            Self::Unbarred => ("number of endpoints not barred", ""),
            Self::Losses => ("number of losses in a row", ""),
            Self::Namesakes => ("number of endpoints of one name", ""),
            Self::Weights => ("sum of the weights", ""),
            Self::RequestTimeout => ("request timeout", " us"),
            Self::Quarantine => ("first quarantine", " us"),
            Self::QuarantineMax => ("longest quarantine", " us"),
            Self::HoldDown => ("hold-down", " us"),
        }
    }
}

impl ConfigError {
    /// The setting that was refused.
    #[must_use]
    pub const fn setting(&self) -> Setting {
        self.setting
    }

    /// The value that was refused, in the unit of the setting.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The least and the greatest value that would have been accepted beside the other settings.
    #[must_use]
    pub const fn range(&self) -> (u64, u64) {
        (self.min, self.max)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = self.setting.name();
        let Self {
            value, min, max, ..
        } = self;
        write!(
            f,
            "the {name} of {value}{unit} is out of range: {min}{unit} to {max}{unit}"
        )
    }
}

impl core::error::Error for ConfigError {}

/// Refuses `value` outside `min..=max`.
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

/// Evaluates `$check` and hands its error on; `?` is not yet to be had in a `const fn`.
macro_rules! ensure {
    ($check:expr) => {
        match $check {
            Ok(checked) => checked,
            Err(error) => return Err(error),
        }
    };
}

pub(crate) use ensure;
