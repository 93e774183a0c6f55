//! What the user states of a listener; nothing in here changes while it runs.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::config::{SPAN_MAX_US, Span};
use crate::push::beat::{Beat, LOSSES, LOSSES_MAX};
use crate::time::{duration, micros, rtt_micros};

/// The configuration of a [`Listener`](crate::Listener).
///
/// | setting | unless set | builder |
/// |---|---|---|
/// | bound on detection time | none stated: it follows from what the peer advertises | [`detect_within`](Self::detect_within) |
/// | losses in a row that are tolerated, where no bound is stated | 3 | [`losses`](Self::losses) |
/// | intervals and deadlines that a peer may advertise | 1 ms to 1 h | [`intervals_between`](Self::intervals_between) |
/// | how long a peer that was never heard is waited for | the stated bound, else the longest interval | [`first_within`](Self::first_within) |
/// | beats that bring a dead peer back | 1 | [`rise`](Self::rise) |
/// | beats that are not known to be the peer's | taken, with care | [`authenticated`](Self::authenticated) |
/// | oldest incarnation that is heard, of authentic ones | any | [`incarnations_from`](Self::incarnations_from) |
/// | lateness that is reported | 1 s | [`report_pauses_over`](Self::report_pauses_over) |
///
/// ```
/// use core::time::Duration;
/// use systole::ListenerConfig;
///
/// const CONFIG: ListenerConfig = match ListenerConfig::new().detect_within(Duration::from_secs(10)) {
///     Ok(config) => config.authenticated(),
///     Err(_) => panic!("ten seconds are in range"),
/// };
/// assert_eq!(CONFIG.bound(), Some(Duration::from_secs(10)));
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
        Self::new()
    }
}

impl ListenerConfig {
    /// The configuration of the table above.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bound_us: 0,
            interval_min_us: Span::MILLISECOND_US,
            interval_max_us: Span::DAY_US / 24,
            first_us: 0,
            pause_us: 1_000_000,
            incarnation_min: 0,
            losses: LOSSES,
            rise: 1,
            authenticated: false,
        }
    }

    /// The longest time from a crash to the verdict `Dead`, if polled on time, beside the delay of the newest beat: see
    /// [the bound](crate::Listener#the-bound). A peer that advertises a later deadline than that is waited for all the same, and an
    /// [`Event::BoundRelaxed`](crate::Event::BoundRelaxed) says so.
    ///
    /// # Errors
    /// Below 1 us or above 12.7 days.
    pub const fn detect_within(mut self, bound: Duration) -> Result<Self, ConfigError> {
        ensure!(check(Setting::DetectWithin, micros(bound), 1, SPAN_MAX_US));
        self.bound_us = micros(bound);
        Ok(self)
    }

    /// Where no bound is stated: the peer is dead when so many beats in a row were lost and the next is overdue.
    ///
    /// # Errors
    /// Above 100.
    pub const fn losses(mut self, in_a_row: u8) -> Result<Self, ConfigError> {
        ensure!(check(
            Setting::Losses,
            in_a_row as u64,
            0,
            LOSSES_MAX as u64
        ));
        self.losses = in_a_row;
        Ok(self)
    }

    /// The shortest and the longest interval and deadline that a peer may advertise; what it claims beyond is read as these.
    ///
    /// # Errors
    /// Where `min` is zero, `max` is below `min` or above 12.7 days.
    pub const fn intervals_between(
        mut self,
        min: Duration,
        max: Duration,
    ) -> Result<Self, ConfigError> {
        let (min_us, max_us) = (micros(min), micros(max));
        ensure!(check(Setting::IntervalMin, min_us, 1, SPAN_MAX_US));
        ensure!(check(Setting::IntervalMax, max_us, min_us, SPAN_MAX_US));
        self.interval_min_us = min_us;
        self.interval_max_us = max_us;
        Ok(self)
    }

    /// How long the first beat is waited for before a peer that was never heard is called dead.
    ///
    /// # Errors
    /// Below 1 us or above 12.7 days.
    pub const fn first_within(mut self, span: Duration) -> Result<Self, ConfigError> {
        ensure!(check(Setting::DetectWithin, micros(span), 1, SPAN_MAX_US));
        self.first_us = micros(span);
        Ok(self)
    }

    /// How many beats, each proving life, bring a dead peer back; 1 unless set.
    ///
    /// # Errors
    /// Zero.
    pub const fn rise(mut self, beats: u8) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Rise, beats as u64, 1, u8::MAX as u64));
        self.rise = beats;
        Ok(self)
    }

    /// Hears [authentic](Beat::is_authentic) beats alone. Those are believed at once: a jump of the sequence, and an incarnation greater than
    /// the last. One that is smaller is a replay.
    #[must_use]
    pub const fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self
    }

    /// The oldest incarnation that an authenticated listener hears: the last one that was known before we started, so that nothing older can
    /// be replayed to us.
    #[must_use]
    pub const fn incarnations_from(mut self, oldest: u32) -> Self {
        self.incarnation_min = oldest;
        self
    }

    /// Reports our own lateness as an event where it is at least `lateness` (up to 71 minutes). All lateness is credited to the
    /// peer in any case.
    #[must_use]
    pub const fn report_pauses_over(mut self, lateness: Duration) -> Self {
        self.pause_us = rtt_micros(lateness);
        self
    }

    /// The stated bound, if any.
    #[must_use]
    pub const fn bound(&self) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_states_a_bound_is_given_four_times_the_patience() {
        let stated = ListenerConfig::new().detect_within(Duration::from_secs(3));
        assert_eq!(stated.unwrap().patience_us(7), 16 * 7);
        assert_eq!(ListenerConfig::new().patience_us(7), 4 * 7);
    }
}
