//! What a function answers, and what is wrong with a configuration.

use systole_core::ConfigError;
use systole_core::config::Setting;

/// What a function answers: whether it did what it is for.
///
/// A function that answers anything but `SYSTOLE_STATUS_OK` has changed nothing and has written
/// nothing but the `systole_error_t`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_status_t {
    /// It is done.
    SYSTOLE_STATUS_OK = 0,
    /// A pointer is null that must not be.
    SYSTOLE_STATUS_NULL = 1,
    /// A size is not that of this library's structure: the header belongs to another version, or
    /// a configuration was not filled with its defaults.
    SYSTOLE_STATUS_SIZE = 2,
    /// The storage holds no machine of this kind: it was never initialised, or its content was
    /// copied from elsewhere. A machine cannot be moved in memory.
    SYSTOLE_STATUS_NOT_INITIALIZED = 3,
    /// A number is none of the enumerators of its type.
    SYSTOLE_STATUS_ENUM = 4,
    /// A setting is out of its range. The `systole_error_t` says which, and what the range is.
    SYSTOLE_STATUS_RANGE = 5,
    /// The bytes are not a heartbeat.
    SYSTOLE_STATUS_BEAT = 6,
}

/// The fields of a configuration, and the arguments, that an error can name.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_setting_t {
    /// None, or one that this header does not know.
    SYSTOLE_SETTING_UNKNOWN = 0,
    /// `interval_us`
    SYSTOLE_SETTING_INTERVAL = 1,
    /// `interval_min_us`
    SYSTOLE_SETTING_INTERVAL_MIN = 2,
    /// `interval_max_us`
    SYSTOLE_SETTING_INTERVAL_MAX = 3,
    /// `timeout_first_us`
    SYSTOLE_SETTING_TIMEOUT_FIRST = 4,
    /// `timeout_min_us`
    SYSTOLE_SETTING_TIMEOUT_MIN = 5,
    /// `timeout_max_us`
    SYSTOLE_SETTING_TIMEOUT_MAX = 6,
    /// `detect_within_us`, and of a listener `first_within_us`
    SYSTOLE_SETTING_DETECT_WITHIN = 7,
    /// `retries`
    SYSTOLE_SETTING_RETRIES = 8,
    /// `gain_percent`
    SYSTOLE_SETTING_GAIN = 9,
    /// `jitter_percent`
    SYSTOLE_SETTING_JITTER = 10,
    /// `seed`
    SYSTOLE_SETTING_SEED = 11,
    /// `rise`
    SYSTOLE_SETTING_RISE = 12,
    /// `dead_after_refusals`
    SYSTOLE_SETTING_REFUSALS = 13,
    /// `mistakes_at_most_one_per_us`
    SYSTOLE_SETTING_MISTAKE_RECURRENCE = 14,
    /// `probes_at_most`
    SYSTOLE_SETTING_PROBE_BUDGET = 15,
    /// `losses`
    SYSTOLE_SETTING_LOSSES = 16,
    /// `policy`
    SYSTOLE_SETTING_POLICY = 17,
    /// `retry_spacing`
    SYSTOLE_SETTING_RETRY_SPACING = 18,
    /// `size`
    SYSTOLE_SETTING_SIZE = 19,
    /// `tick_us`
    SYSTOLE_SETTING_TICK = 20,
    /// `ttl_us`
    SYSTOLE_SETTING_TTL = 21,
    /// `lapses_at_most_one_per_us`
    SYSTOLE_SETTING_LAPSE_RECURRENCE = 22,
    /// `drift_ppm`
    SYSTOLE_SETTING_DRIFT = 23,
    /// `resolution_us`
    SYSTOLE_SETTING_RESOLUTION = 24,
    /// `stop_within_us`
    SYSTOLE_SETTING_STOP_WITHIN = 25,
    /// `send_within_us`
    SYSTOLE_SETTING_SEND_WITHIN = 26,
}

/// What is wrong: a setting, its value, and what it may be. `systole_error_message` writes it out.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_error_t {
    /// What the function answered.
    pub status: systole_status_t,
    /// The setting that was refused; 0 where none was.
    pub setting: systole_setting_t,
    /// The value that was refused, in the unit of its field.
    pub value: u64,
    /// The least value that would have been accepted, with the other settings unchanged.
    pub min: u64,
    /// The greatest value that would have been accepted, with the other settings unchanged.
    pub max: u64,
}

impl systole_error_t {
    /// An error that no setting causes.
    pub(crate) const fn of(status: systole_status_t) -> Self {
        Self {
            status,
            setting: systole_setting_t::SYSTOLE_SETTING_UNKNOWN,
            value: 0,
            min: 0,
            max: 0,
        }
    }

    /// A size that is not the expected one.
    pub(crate) const fn size(value: u64, expected: usize) -> Self {
        Self {
            status: systole_status_t::SYSTOLE_STATUS_SIZE,
            setting: systole_setting_t::SYSTOLE_SETTING_SIZE,
            value,
            min: expected as u64,
            max: expected as u64,
        }
    }

    /// A number that is none of the enumerators from 1 to `max`.
    pub(crate) const fn enumerator(setting: systole_setting_t, value: u32, max: u32) -> Self {
        Self {
            status: systole_status_t::SYSTOLE_STATUS_ENUM,
            setting,
            value: value as u64,
            min: 1,
            max: max as u64,
        }
    }

    /// The field of the configuration that was refused, or what the error is.
    const fn text(&self) -> &'static str {
        use systole_setting_t as setting;
        match self.setting {
            setting::SYSTOLE_SETTING_UNKNOWN => self.status.text(),
            setting::SYSTOLE_SETTING_INTERVAL => "interval_us",
            setting::SYSTOLE_SETTING_INTERVAL_MIN => "interval_min_us",
            setting::SYSTOLE_SETTING_INTERVAL_MAX => "interval_max_us",
            setting::SYSTOLE_SETTING_TIMEOUT_FIRST => "timeout_first_us",
            setting::SYSTOLE_SETTING_TIMEOUT_MIN => "timeout_min_us",
            setting::SYSTOLE_SETTING_TIMEOUT_MAX => "timeout_max_us",
            setting::SYSTOLE_SETTING_DETECT_WITHIN => "detect_within_us",
            setting::SYSTOLE_SETTING_RETRIES => "retries",
            setting::SYSTOLE_SETTING_GAIN => "gain_percent",
            setting::SYSTOLE_SETTING_JITTER => "jitter_percent",
            setting::SYSTOLE_SETTING_SEED => "seed",
            setting::SYSTOLE_SETTING_RISE => "rise",
            setting::SYSTOLE_SETTING_REFUSALS => "dead_after_refusals",
            setting::SYSTOLE_SETTING_MISTAKE_RECURRENCE => "mistakes_at_most_one_per_us",
            setting::SYSTOLE_SETTING_PROBE_BUDGET => "probes_at_most",
            setting::SYSTOLE_SETTING_LOSSES => "losses",
            setting::SYSTOLE_SETTING_POLICY => "policy",
            setting::SYSTOLE_SETTING_RETRY_SPACING => "retry_spacing",
            setting::SYSTOLE_SETTING_SIZE => "size",
            setting::SYSTOLE_SETTING_TICK => "tick_us",
            setting::SYSTOLE_SETTING_TTL => "ttl_us",
            setting::SYSTOLE_SETTING_LAPSE_RECURRENCE => "lapses_at_most_one_per_us",
            setting::SYSTOLE_SETTING_DRIFT => "drift_ppm",
            setting::SYSTOLE_SETTING_RESOLUTION => "resolution_us",
            setting::SYSTOLE_SETTING_STOP_WITHIN => "stop_within_us",
            setting::SYSTOLE_SETTING_SEND_WITHIN => "send_within_us",
        }
    }

    /// Hands the message to `write`, piece by piece.
    pub(crate) fn write(&self, mut write: impl FnMut(&[u8])) {
        write(self.text().as_bytes());
        if self.setting == systole_setting_t::SYSTOLE_SETTING_UNKNOWN {
            return;
        }
        write(b" of ");
        write_number(self.value, &mut write);
        write(b" is out of range: ");
        write_number(self.min, &mut write);
        write(b" to ");
        write_number(self.max, &mut write);
    }
}

impl systole_status_t {
    const fn text(self) -> &'static str {
        match self {
            Self::SYSTOLE_STATUS_OK => "no error",
            Self::SYSTOLE_STATUS_NULL => "a pointer is null that must not be",
            Self::SYSTOLE_STATUS_SIZE => "a size is not that of this library's structure",
            Self::SYSTOLE_STATUS_NOT_INITIALIZED => {
                "the storage was not initialised, or was copied from elsewhere"
            }
            Self::SYSTOLE_STATUS_ENUM => "a number is none of the enumerators of its type",
            Self::SYSTOLE_STATUS_RANGE => "a setting is out of range",
            Self::SYSTOLE_STATUS_BEAT => "the bytes are not a heartbeat",
        }
    }
}

/// Writes `number` in decimal digits, one after the other: small cores have no 64-bit division.
fn write_number(mut number: u64, write: &mut impl FnMut(&[u8])) {
    let mut unit: u64 = 10_000_000_000_000_000_000;
    let mut begun = false;
    for left in (0..20).rev() {
        let mut digit = b'0';
        while number >= unit {
            number -= unit;
            digit += 1; // nine times at most, and once for the first unit
        }
        begun |= digit > b'0' || left == 0;
        if begun {
            write(&[digit]);
        }
        unit = power_of_ten(left);
    }
}

/// Returns the unit of the digit after the one that has `left` digits to its right.
fn power_of_ten(left: u32) -> u64 {
    (1..left).fold(1, |power, _| power * 10) // below 10^19
}

impl From<ConfigError> for systole_error_t {
    #[inline(never)] // one copy for all functions
    fn from(error: ConfigError) -> Self {
        let (min, max) = error.range();
        Self {
            status: systole_status_t::SYSTOLE_STATUS_RANGE,
            setting: error.setting().into(),
            value: error.value(),
            min,
            max,
        }
    }
}

impl From<Setting> for systole_setting_t {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::Interval => Self::SYSTOLE_SETTING_INTERVAL,
            Setting::IntervalMin => Self::SYSTOLE_SETTING_INTERVAL_MIN,
            Setting::IntervalMax => Self::SYSTOLE_SETTING_INTERVAL_MAX,
            Setting::TimeoutFirst => Self::SYSTOLE_SETTING_TIMEOUT_FIRST,
            Setting::TimeoutMin => Self::SYSTOLE_SETTING_TIMEOUT_MIN,
            Setting::TimeoutMax => Self::SYSTOLE_SETTING_TIMEOUT_MAX,
            Setting::DetectWithin => Self::SYSTOLE_SETTING_DETECT_WITHIN,
            Setting::Retries => Self::SYSTOLE_SETTING_RETRIES,
            Setting::Gain => Self::SYSTOLE_SETTING_GAIN,
            Setting::Jitter => Self::SYSTOLE_SETTING_JITTER,
            Setting::Seed => Self::SYSTOLE_SETTING_SEED,
            Setting::Rise => Self::SYSTOLE_SETTING_RISE,
            Setting::Refusals => Self::SYSTOLE_SETTING_REFUSALS,
            Setting::MistakeRecurrence => Self::SYSTOLE_SETTING_MISTAKE_RECURRENCE,
            Setting::ProbeBudget => Self::SYSTOLE_SETTING_PROBE_BUDGET,
            Setting::Losses => Self::SYSTOLE_SETTING_LOSSES,
            Setting::Ttl => Self::SYSTOLE_SETTING_TTL,
            Setting::LapseRecurrence => Self::SYSTOLE_SETTING_LAPSE_RECURRENCE,
            Setting::DriftAllowance => Self::SYSTOLE_SETTING_DRIFT,
            Setting::ServerResolution => Self::SYSTOLE_SETTING_RESOLUTION,
            Setting::StopWithin => Self::SYSTOLE_SETTING_STOP_WITHIN,
            Setting::SendWithin => Self::SYSTOLE_SETTING_SEND_WITHIN,
            _ => Self::SYSTOLE_SETTING_UNKNOWN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(error: &systole_error_t) -> String {
        let mut text = Vec::new();
        error.write(|piece| text.extend_from_slice(piece));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_message_names_field_value_and_range() {
        let error = systole_core::Config::every(core::time::Duration::ZERO).build();
        let error = systole_error_t::from(error.unwrap_err());
        assert_eq!(
            message(&error),
            "interval_us of 0 is out of range: 1 to 1099511627776"
        );
        assert_eq!(
            message(&systole_error_t::of(systole_status_t::SYSTOLE_STATUS_OK)),
            "no error"
        );
    }

    #[test]
    fn numbers_are_written_as_rust_writes_them() {
        let powers = (0..20).map(|digits| 10_u64.pow(digits));
        let around = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in around.chain([u64::MAX, 9_999, 1_234_567_890_123_456_789]) {
            let mut text = Vec::new();
            write_number(number, &mut |digits: &[u8]| text.extend_from_slice(digits));
            assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }
    }
}
