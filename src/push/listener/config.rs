//! The configuration of a listener, which does not change while the listener runs.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, keep_first};
use crate::config::{SPAN_MAX_US, Span};
use crate::push::beat::{Beat, LOSSES, LOSSES_MAX};
use crate::time::{duration, outlined_micros, rtt_micros};

/// The configuration of a [`Listener`](crate::Listener): what it expects of its peer. A [`Builder`]
/// creates it.
///
/// ```
/// use core::time::Duration;
/// use systole::listener;
///
/// const BUILDER: systole::listener::Builder =
///     listener::Config::builder().detect_within(Duration::from_secs(10)).authenticated();
/// const CONFIG: listener::Config = match BUILDER.build() {
///     Ok(config) => config,
///     Err(_) => panic!("a setting is out of range"),
/// };
/// assert_eq!(CONFIG.stated_bound(), Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The stated bound; 0 where none is stated.
    pub(super) bound_us: u64,
    pub(super) interval_min_us: u64,
    pub(super) interval_max_us: u64,
    /// How long the first heartbeat is waited for; 0 where that is not set.
    pub(super) first_us: u64,
    pub(super) pause_us: u32,
    pub(super) incarnation_min: u32,
    pub(super) losses: u8,
    pub(super) rise: u8,
    pub(super) authenticated: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Config {
    /// The defaults that the table of [`Builder`] lists.
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

    /// Starts a builder with its defaults.
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

    /// Returns whether local lateness of `late_us` is reported.
    #[cfg(feature = "alloc")]
    pub(crate) fn is_pause(&self, late_us: u64) -> bool {
        late_us >= u64::from(self.pause_us)
    }

    /// Returns whether only authentic heartbeats count.
    #[cfg(feature = "alloc")]
    pub(crate) const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    pub(super) const fn first_us(&self) -> u64 {
        match (self.first_us, self.bound_us) {
            (0, 0) => self.interval_max_us,
            (0, bound_us) => bound_us,
            (first_us, _) => first_us,
        }
    }

    /// Returns how long all heartbeats may be too late before the path counts as slower for good:
    /// four bounds, or sixteen where a bound is stated, because the user wants that bound to be
    /// kept.
    pub(super) const fn patience_us(&self, bound_us: u64) -> u64 {
        let bounds = if self.bound_us > 0 { 16 } else { 4 };
        bound_us.saturating_mul(bounds)
    }

    /// Returns `beat` with its claims limited to the configured range.
    pub(super) fn hold(&self, mut beat: Beat) -> Beat {
        let (least, most) = (self.interval_min_us, self.interval_max_us);
        // `Ord::clamp` panics where its limits are exchanged. The compiler cannot rule that out.
        beat.interval_us = beat.interval_us.max(least).min(most);
        beat.deadline_us = beat.deadline_us.max(beat.interval_us).min(most);
        beat
    }

    /// Returns the bound after `beat` if one is stated: the stated one, or, if the advertised
    /// deadline is later than that, an interval after the deadline.
    pub(super) const fn stated_us(&self, beat: &Beat) -> Option<u64> {
        match self.bound_us {
            0 => None,
            bound_us if beat.deadline_us <= bound_us => Some(bound_us),
            _ => Some(beat.deadline_us.saturating_add(beat.interval_us)),
        }
    }

    /// Returns the latest time, from the send time of `beat`, at which its sender sends another one
    /// that arrives, after the tolerated number of losses.
    pub(super) const fn tolerated_us(&self, beat: &Beat) -> u64 {
        let lost = beat.interval_us.saturating_mul(self.losses as u64);
        beat.deadline_us.saturating_add(lost)
    }
}

/// Collects the settings of a [`listener::Config`](crate::listener::Config). [`build`](Self::build) checks them.
///
/// | setting | default | method |
/// |---|---|---|
/// | bound on detection time | none stated: it follows from what the peer advertises | [`detect_within`](Self::detect_within) |
/// | losses in a row that are tolerated, where no bound is stated | 3 | [`losses`](Self::losses) |
/// | intervals and deadlines that a peer may advertise | 1 ms to 1 h | [`intervals_between`](Self::intervals_between) |
/// | time to the first heartbeat of a peer that was never heard | the stated bound, else the longest interval | [`first_within`](Self::first_within) |
/// | heartbeats that bring a dead peer back | 1 | [`rise`](Self::rise) |
/// | heartbeats that are not authentic | accepted, with the [checks](crate::Listener#unexpected-heartbeats) of a listener | [`authenticated`](Self::authenticated) |
/// | oldest incarnation that is accepted, of authentic heartbeats | any | [`incarnations_from`](Self::incarnations_from) |
/// | least local lateness that is reported | 1 s | [`report_pauses_over`](Self::report_pauses_over) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    config: Config,
    error: Option<ConfigError>,
}

impl Builder {
    const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
        keep_first(&mut self.error, checked);
        self
    }

    /// Returns the configuration.
    ///
    /// # Errors
    /// The first setting that was out of its range.
    pub const fn build(self) -> Result<Config, ConfigError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.config),
        }
    }

    /// States the longest time from a crash to the verdict `Dead`, if the listener is polled on
    /// time. The delay of the newest heartbeat comes on top: see [the
    /// bound](crate::Listener#the-bound).
    ///
    /// Where the peer advertises a later deadline, the listener waits for that instead, and reports
    /// an [`EventKind::BoundRelaxed`](crate::EventKind::BoundRelaxed).
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a bound below 1 us or above 12.7 days.
    pub const fn detect_within(mut self, bound: Duration) -> Self {
        let us = outlined_micros(bound);
        self.config.bound_us = us;
        self.require(check(Setting::DetectWithin, us, 1, SPAN_MAX_US))
    }

    /// Sets how many heartbeats in a row may be lost where no bound is stated. The peer is dead
    /// when one more is overdue.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 100.
    pub const fn losses(mut self, in_a_row: u8) -> Self {
        self.config.losses = in_a_row;
        let (losses, most) = (in_a_row as u64, LOSSES_MAX as u64);
        self.require(check(Setting::Losses, losses, 0, most))
    }

    /// Sets the shortest and the longest interval and deadline that a peer may advertise. A value
    /// outside that range counts as the nearer of the two.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a `min` of zero, and a `max` below `min` or above 12.7 days.
    pub const fn intervals_between(mut self, min: Duration, max: Duration) -> Self {
        let (min_us, max_us) = (outlined_micros(min), outlined_micros(max));
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
        let us = outlined_micros(span);
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

    /// Accepts [authentic](Beat::is_authentic) heartbeats only. The listener believes them at once,
    /// also where the sequence number jumps or the incarnation is greater than the last. A smaller
    /// incarnation is taken for a replay.
    pub const fn authenticated(mut self) -> Self {
        self.config.authenticated = true;
        self
    }

    /// Sets the smallest incarnation that an authenticated listener accepts. Set it to the last one
    /// that was known before this listener started, so that nothing older can be replayed.
    pub const fn incarnations_from(mut self, oldest: u32) -> Self {
        self.config.incarnation_min = oldest;
        self
    }

    /// Sets the least local lateness that is reported as an event, up to 71 minutes. All lateness
    /// is credited to the peer, whether or not it is reported.
    pub const fn report_pauses_over(mut self, lateness: Duration) -> Self {
        self.config.pause_us = rtt_micros(lateness);
        self
    }
}

#[cfg(test)]
mod tests;
