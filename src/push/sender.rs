//! The sending side of pushed heartbeats: when to send one, and what it says.

use core::convert::Infallible;
use core::time::Duration;

use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::math::random::mix;
use crate::output::Output;
use crate::push::beat::{Beat, LOSSES, LOSSES_MAX};
use crate::push::wire::{rounded_down, rounded_up};
use crate::time::{Instant, duration, outlined_micros};

/// Schedules heartbeats to a [`Listener`](crate::Listener), sans-IO.
///
/// Slots follow each other at a fixed interval. The schedule does not drift, and slots that were
/// missed are left out.
///
/// Every heartbeat advertises when the next one will have been sent at the latest: one interval and
/// an eighth later, where the eighth allows for a late sender. Interval and deadline are rounded to
/// what the [`wire`](crate::push::wire) format can encode: spans of more than 19 significant bits
/// of microseconds change by less than 4 parts in a million, the interval downwards and the
/// deadline upwards.
///
/// # Change of interval
///
/// The interval may change at any time. A shorter one takes effect with the next heartbeat. Before
/// a longer one takes effect, the next three heartbeats are sent at the old interval and advertise
/// a deadline that covers the new interval and three losses. A listener that loses any
/// [three](Self::losses) heartbeats in a row therefore goes on waiting.
///
/// ```
/// use core::time::Duration;
/// use systole::{Instant, Output, Sender};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut sender = Sender::new(Duration::from_secs(5), 1, Instant::ZERO)?;
/// let Output::Send(first) = sender.poll(Instant::ZERO) else { unreachable!() };
/// assert_eq!(sender.poll(Instant::from_secs(1)), Output::Wait(Instant::from_secs(5)));
///
/// // Not polled until 13 s: slot 1 (5 s) is left out, slot 2 (10 s) is sent late, and slot 3 is
/// // on time (15 s).
/// let Output::Send(late) = sender.poll(Instant::from_secs(13)) else { unreachable!() };
/// assert_eq!((first.sequence(), late.sequence()), (0, 2));
/// assert_eq!(sender.poll(Instant::from_secs(13)), Output::Wait(Instant::from_secs(15)));
/// # Ok(()) }
/// ```
/// ```
/// # use core::time::Duration;
/// # use systole::{Instant, Output, Sender};
/// # fn main() -> Result<(), systole::ConfigError> {
/// const SECOND: Duration = Duration::from_secs(1);
/// let mut sender = Sender::new(SECOND, 1, Instant::ZERO)?;
/// sender.set_interval(60 * SECOND, Instant::ZERO)?;
/// let said = [0, 1, 2, 3].map(|second| match sender.poll(Instant::from_secs(second)) {
///     Output::Send(beat) => (beat.interval(), beat.deadline() > 60 * SECOND),
///     _ => unreachable!(),
/// });
/// assert_eq!(said, [(SECOND, true), (SECOND, true), (SECOND, true), (60 * SECOND, true)]);
/// assert_eq!(sender.poll(Instant::from_secs(4)), Output::Wait(Instant::from_secs(63)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The interval in force.
    interval_us: u64,
    /// The longer interval that heartbeats announce already, and how many more of them do so before
    /// it is in force. Where none is announced, the interval in force.
    announced_us: u64,
    notices: u8,
    /// The interval that was set last.
    wanted_us: u64,
    /// How many heartbeats announce a longer interval before it is in force.
    losses: u8,
    /// When the next slot begins.
    next: Instant,
    /// The number of that slot.
    sequence: u32,
    incarnation: u32,
    load: Option<u8>,
    left: bool,
}

impl Sender {
    /// Creates a sender whose first heartbeat is due at `now`.
    ///
    /// `incarnation` distinguishes this life of the sender from all others. Where heartbeats are
    /// tagged it has to rise from one life to the next: use a count of starts in flash, or the
    /// clock's seconds. Where they are not tagged, take it from a random source, so that nobody can
    /// guess it.
    ///
    /// # Errors
    /// `interval` is below 1 us or above 12.7 days.
    pub fn new(interval: Duration, incarnation: u32, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Interval, outlined_micros(interval), 1, SPAN_MAX_US)?;
        let interval_us = rounded_down(outlined_micros(interval));
        Ok(Self {
            interval_us,
            announced_us: interval_us,
            notices: 0,
            wanted_us: interval_us,
            losses: LOSSES,
            next: now,
            sequence: 0,
            incarnation,
            load: None,
            left: false,
        })
    }

    /// Delays the first heartbeat by a part of the interval that follows from `seed`, so that a
    /// fleet does not send in step.
    #[must_use]
    pub const fn spread(mut self, seed: u64) -> Self {
        let share = mix(seed) >> 40; // of 2^24, and no interval is over 2^40: the product fits
        self.next = self.next.plus((self.interval_us * share) >> 24);
        self
    }

    /// Sets how many losses in a row the announcement of a longer interval survives. The default is
    /// 3, as many as a [listener](crate::listener::Builder::losses) tolerates.
    ///
    /// # Errors
    /// `in_a_row` is above 100.
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

    /// Returns what to do at `now`.
    ///
    /// A late call makes the heartbeat late. Heartbeats that are late by an interval or more are
    /// left out.
    pub fn poll(&mut self, now: Instant) -> Output<Beat, Infallible> {
        if self.left || now == Instant::MAX {
            return Output::Idle;
        }
        if now < self.next {
            return Output::Wait(self.next);
        }
        self.slow_down();
        debug_assert!(self.is_valid());
        self.skip(now);
        let beat = self.beat();
        self.next = self.next.plus(self.interval_us);
        self.sequence = self.sequence.wrapping_add(1);
        Output::Send(beat)
    }

    /// Leaves out the slots that are over by `now`.
    #[allow(clippy::cast_possible_truncation)] // sequence numbers wrap
    fn skip(&mut self, now: Instant) {
        let behind = now.since(self.next);
        let slots = behind.checked_div(self.interval_us).unwrap_or(0);
        self.next = self.next.plus(slots.saturating_mul(self.interval_us));
        self.sequence = self.sequence.wrapping_add(slots as u32);
    }

    /// Moves one heartbeat on towards a longer interval, which is in force from the slot that is
    /// due. An interval that is set while another is being announced waits for that one.
    const fn slow_down(&mut self) {
        if self.notices > 0 {
            self.notices -= 1;
            return;
        }
        self.interval_us = self.announced_us;
        if self.wanted_us > self.interval_us {
            self.announced_us = self.wanted_us;
            match self.losses.checked_sub(1) {
                Some(more) => self.notices = more,
                None => self.interval_us = self.wanted_us,
            }
        }
    }

    /// Whether intervals only grow from the one in force to the one announced and the one that was
    /// set last, and a longer one is announced at most as often as is configured.
    const fn is_valid(&self) -> bool {
        let grows = self.interval_us <= self.announced_us && self.announced_us <= self.wanted_us;
        let announces = self.notices == 0 || self.announced_us > self.interval_us;
        grows && announces && self.notices <= self.losses
    }

    /// Returns by when the next heartbeat is sent, counted from its slot.
    ///
    /// A listener tolerates losses by waiting one present interval for each. Before a longer
    /// interval, the deadline therefore adds what that interval is longer, once for each loss.
    const fn deadline_us(&self) -> u64 {
        let slower_us = self.announced_us.saturating_sub(self.interval_us);
        let lost_us = slower_us.saturating_mul(self.losses as u64);
        let late_us = self.announced_us / 8;
        let next_us = self.announced_us.saturating_add(late_us);
        rounded_up(next_us.saturating_add(lost_us))
    }

    const fn beat(&self) -> Beat {
        let interval = duration(self.interval_us);
        let beat = Beat::new(self.sequence, interval)
            .with_deadline(duration(self.deadline_us()))
            .with_incarnation(self.incarnation);
        match self.load {
            Some(load) => beat.with_load(load),
            None => beat,
        }
    }

    /// Changes the interval. A shorter one takes effect with the next heartbeat, which is due at
    /// most one new interval from `now`. A longer one takes effect after [some
    /// heartbeats](Self#change-of-interval) have announced it.
    ///
    /// # Errors
    /// `interval` is below 1 us or above 12.7 days. The old interval stays.
    pub fn set_interval(&mut self, interval: Duration, now: Instant) -> Result<(), ConfigError> {
        check(Setting::Interval, outlined_micros(interval), 1, SPAN_MAX_US)?;
        self.wanted_us = rounded_down(outlined_micros(interval));
        if self.wanted_us <= self.interval_us {
            (self.interval_us, self.notices) = (self.wanted_us, 0);
        }
        self.announced_us = self.announced_us.min(self.wanted_us);
        self.next = self.next.min(now.plus(self.wanted_us));
        debug_assert!(self.is_valid());
        Ok(())
    }

    /// Sets the load that heartbeats report from the next one on: 0 idle, 255 full; `None` reports
    /// none.
    pub const fn set_load(&mut self, load: Option<u8>) {
        self.load = load;
    }

    /// Returns the last heartbeat, which says that this sender leaves. Send it now, and more than
    /// once where heartbeats may be lost. Nothing is sent afterwards. To say how the sender ended,
    /// add an [exit status](Beat::with_exit_status).
    #[must_use]
    pub const fn goodbye(&mut self) -> Beat {
        self.left = true;
        self.beat().goodbye()
    }

    /// Returns the interval in force, as heartbeats state it. A longer one is in force after some
    /// heartbeats have announced it.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }
}

#[cfg(test)]
mod tests;
