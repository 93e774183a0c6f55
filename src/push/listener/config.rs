//! What the user states of a listener; nothing in here changes while it runs.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check};
use crate::config::{SPAN_MAX_US, Span};
use crate::push::beat::{Beat, LOSSES, LOSSES_MAX};
use crate::time::{duration, micros, rtt_micros};

/// What a [`Listener`](crate::Listener) expects of its peer. A [`Builder`] makes it.
///
/// ```
/// use core::time::Duration;
/// use systole::ListenerConfig;
///
/// const CONFIG: ListenerConfig =
///     match ListenerConfig::builder().detect_within(Duration::from_secs(10)).authenticated().build() {
///         Ok(config) => config,
///         Err(_) => panic!("a setting is out of range"),
///     };
/// assert_eq!(CONFIG.stated_bound(), Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerConfig {
    /// 0: none stated.
    pub(super) bound_us: u64,
    pub(super) interval_min_us: u64,
    pub(super) interval_max_us: u64,
    /// 0: not set.
    pub(super) first_us: u64,
    pub(super) pause_us: u32,
    pub(super) incarnation_min: u32,
    pub(super) losses: u8,
    pub(super) rise: u8,
    pub(super) authenticated: bool,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl ListenerConfig {
    /// The defaults of the table of [`Builder`].
    const DEFAULT: Self = Self {
        bound_us: 0,
        interval_min_us: Span::MILLISECOND_US,
        interval_max_us: Span::DAY_US / 24,
        first_us: 0,
        pause_us: 1_000_000,
        incarnation_min: 0,
        losses: LOSSES,
        rise: 1,
        authenticated: false,
    };

    /// Starts with the defaults of [`Builder`].
    pub const fn builder() -> Builder {
        Self::DEFAULT.into_builder()
    }

    /// Returns a builder that holds these settings, to change some of them.
    pub const fn into_builder(self) -> Builder {
        Builder {
            config: self,
            error: None,
        }
    }

    /// Returns the stated bound on detection time, or `None` where none was stated.
    #[must_use]
    pub const fn stated_bound(&self) -> Option<Duration> {
        match self.bound_us {
            0 => None,
            bound_us => Some(duration(bound_us)),
        }
    }

    // ---- what follows from it ----

    pub(super) const fn first_us(&self) -> u64 {
        match (self.first_us, self.bound_us) {
            (0, 0) => self.interval_max_us,
            (0, bound_us) => bound_us,
            (first_us, _) => first_us,
        }
    }

    /// How long all beats may be too late before the path is taken to be slower for good: four bounds, or sixteen where the bound is stated, since
    /// who states one wants it kept.
    pub(super) const fn patience_us(&self, bound_us: u64) -> u64 {
        let bounds = if self.bound_us > 0 { 16 } else { 4 };
        bound_us.saturating_mul(bounds)
    }

    /// `beat`, its claims held to the limits.
    pub(super) fn hold(&self, mut beat: Beat) -> Beat {
        let (least, most) = (self.interval_min_us, self.interval_max_us);
        // `Ord::clamp` panics where its limits are exchanged, which the compiler cannot rule out here
        beat.interval_us = beat.interval_us.max(least).min(most);
        beat.deadline_us = beat.deadline_us.max(beat.interval_us).min(most);
        beat
    }

    /// The bound after `beat` if one is stated: the stated one, or an interval after the advertised deadline if that is later.
    pub(super) const fn stated_us(&self, beat: &Beat) -> Option<u64> {
        match self.bound_us {
            0 => None,
            bound_us if beat.deadline_us <= bound_us => Some(bound_us),
            _ => Some(beat.deadline_us.saturating_add(beat.interval_us)),
        }
    }

    /// The latest time after its sending at which the sender of `beat` sends one, after the tolerated number of losses.
    pub(super) const fn tolerated_us(&self, beat: &Beat) -> u64 {
        let lost = beat.interval_us.saturating_mul(self.losses as u64);
        beat.deadline_us.saturating_add(lost)
    }
}

/// Collects the settings of a [`ListenerConfig`]. [`build`](Self::build) checks them.
///
/// | setting | default | method |
/// |---|---|---|
/// | bound on detection time | none stated: it follows from what the peer advertises | [`detect_within`](Self::detect_within) |
/// | losses in a row that are tolerated, where no bound is stated | 3 | [`losses`](Self::losses) |
/// | intervals and deadlines that a peer may advertise | 1 ms to 1 h | [`intervals_between`](Self::intervals_between) |
/// | time to the first heartbeat of a peer that was never heard | the stated bound, else the longest interval | [`first_within`](Self::first_within) |
/// | heartbeats that bring a dead peer back | 1 | [`rise`](Self::rise) |
/// | heartbeats that are not authentic | taken, with care | [`authenticated`](Self::authenticated) |
/// | oldest incarnation that is heard, of authentic ones | any | [`incarnations_from`](Self::incarnations_from) |
/// | own lateness that is reported | 1 s | [`report_pauses_over`](Self::report_pauses_over) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    config: ListenerConfig,
    error: Option<ConfigError>,
}

impl Builder {
    const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
        if let (None, Err(error)) = (self.error, checked) {
            self.error = Some(error);
        }
        self
    }

    /// Returns the configuration.
    ///
    /// # Errors
    /// The first setting that was out of its range.
    pub const fn build(self) -> Result<ListenerConfig, ConfigError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.config),
        }
    }

    /// States the longest time from a crash to the verdict `Dead`, if polled on time, beside the delay
    /// of the newest heartbeat: see [the bound](crate::Listener#the-bound). A peer that advertises a
    /// later deadline is waited for all the same, and an
    /// [`Event::BoundRelaxed`](crate::Event::BoundRelaxed) says so.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a bound below 1 us or above 12.7 days.
    pub const fn detect_within(mut self, bound: Duration) -> Self {
        let us = micros(bound);
        self.config.bound_us = us;
        self.require(check(Setting::DetectWithin, us, 1, SPAN_MAX_US))
    }

    /// Sets how many heartbeats in a row may be lost where no bound is stated: the peer is dead when
    /// the next one is overdue, too.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 100.
    pub const fn losses(mut self, in_a_row: u8) -> Self {
        self.config.losses = in_a_row;
        let (losses, most) = (in_a_row as u64, LOSSES_MAX as u64);
        self.require(check(Setting::Losses, losses, 0, most))
    }

    /// Sets the shortest and the longest interval and deadline that a peer may advertise; a claim
    /// outside is taken for the nearer of the two.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a `min` of zero, and a `max` below `min` or above 12.7 days.
    pub const fn intervals_between(mut self, min: Duration, max: Duration) -> Self {
        let (min_us, max_us) = (micros(min), micros(max));
        self.config.interval_min_us = min_us;
        self.config.interval_max_us = max_us;
        self.require(check(Setting::IntervalMin, min_us, 1, SPAN_MAX_US))
            .require(check(Setting::IntervalMax, max_us, min_us, SPAN_MAX_US))
    }

    /// Sets how long the first heartbeat is waited for before a peer that was never heard is called
    /// dead.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses less than 1 us and more than 12.7 days.
    pub const fn first_within(mut self, span: Duration) -> Self {
        let us = micros(span);
        self.config.first_us = us;
        self.require(check(Setting::DetectWithin, us, 1, SPAN_MAX_US))
    }

    /// Sets how many heartbeats, each proving life, bring a dead peer back; 1 unless set.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero.
    pub const fn rise(mut self, beats: u8) -> Self {
        self.config.rise = beats;
        self.require(check(Setting::Rise, beats as u64, 1, u8::MAX as u64))
    }

    /// Accepts [authentic](Beat::is_authentic) heartbeats only. These are believed at once: a jump of
    /// the sequence, and an incarnation greater than the last. A smaller incarnation is a replay.
    pub const fn authenticated(mut self) -> Self {
        self.config.authenticated = true;
        self
    }

    /// Sets the oldest incarnation that an authenticated listener accepts: the last one that was known
    /// before this listener started, so that nothing older can be replayed.
    pub const fn incarnations_from(mut self, oldest: u32) -> Self {
        self.config.incarnation_min = oldest;
        self
    }

    /// Sets the least lateness of our own that is reported as an event (up to 71 minutes). All
    /// lateness is credited to the peer in any case.
    pub const fn report_pauses_over(mut self, lateness: Duration) -> Self {
        self.config.pause_us = rtt_micros(lateness);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_states_a_bound_is_given_four_times_the_patience() {
        let stated = ListenerConfig::builder().detect_within(Duration::from_secs(3));
        assert_eq!(stated.build().unwrap().patience_us(7), 16 * 7);
        assert_eq!(ListenerConfig::default().patience_us(7), 4 * 7);
    }
}
