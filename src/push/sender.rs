//! The sending side of pushed heartbeats: when to send, and what.

use core::time::Duration;

use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::math::random::mix;
use crate::push::beat::{Beat, LOSSES, LOSSES_MAX};
use crate::push::wire::{rounded_down, rounded_up};
use crate::time::{Instant, duration, micros};

/// What [`Sender::poll`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SenderOutput {
    /// Send this, now; then poll again.
    Beat(Beat),
    /// Nothing to do before this moment. It lies in the future.
    Wait(Instant),
    /// Nothing to do any more: it said goodbye, or time has ended.
    Idle,
}

/// Sends heartbeats to a [`Listener`](crate::Listener), sans-IO: slots at a fixed interval, of which none drifts, and none that was missed is made up for.
///
/// Every beat advertises when the next will have been sent at the latest: an interval and an eighth, which is what we may be late.
/// Both are what the [`wire`](crate::push::wire) can say: of spans that take more than 19 significant bits of microseconds, the
/// interval is rounded down and the deadline up, by less than 4 parts in a million.
///
/// # Change of interval
///
/// The interval may change at any time. A shorter one holds from the next beat on. Before a longer one, the next three beats are
/// sent at the old pace and advertise a deadline by which a beat is sent after the change, three losses included. So a listener that
/// loses any [three](Self::losses) beats in a row goes on waiting.
///
/// ```
/// use core::time::Duration;
/// use systole::{Instant, Sender, SenderOutput};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut sender = Sender::new(Duration::from_secs(5), 1, Instant::ZERO)?;
/// let SenderOutput::Beat(first) = sender.poll(Instant::ZERO) else { unreachable!() };
/// assert_eq!(sender.poll(Instant::from_secs(1)), SenderOutput::Wait(Instant::from_secs(5)));
///
/// // stopped for 13 s: the slots at 5 and 10 s are missed, that at 15 s is kept
/// let SenderOutput::Beat(late) = sender.poll(Instant::from_secs(13)) else { unreachable!() };
/// assert_eq!((first.sequence(), late.sequence()), (0, 2));
/// assert_eq!(sender.poll(Instant::from_secs(13)), SenderOutput::Wait(Instant::from_secs(15)));
/// # Ok(()) }
/// ```
/// ```
/// # use core::time::Duration;
/// # use systole::{Instant, Sender, SenderOutput};
/// # fn main() -> Result<(), systole::ConfigError> {
/// const SECOND: Duration = Duration::from_secs(1);
/// let mut sender = Sender::new(SECOND, 1, Instant::ZERO)?;
/// sender.set_interval(60 * SECOND, Instant::ZERO)?;
/// let said = [0, 1, 2, 3].map(|second| match sender.poll(Instant::from_secs(second)) {
///     SenderOutput::Beat(beat) => (beat.interval(), beat.deadline() > 60 * SECOND),
///     _ => unreachable!(),
/// });
/// assert_eq!(said, [(SECOND, true), (SECOND, true), (SECOND, true), (60 * SECOND, true)]);
/// assert_eq!(sender.poll(Instant::from_secs(4)), SenderOutput::Wait(Instant::from_secs(63)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The interval in force.
    interval_us: u64,
    /// The longer one that beats advertise already, and for how many more before it is in force; else that in force.
    announced_us: u64,
    notices: u8,
    /// The one that was set last.
    wanted_us: u64,
    /// How many beats advertise a longer interval before it is in force.
    losses: u8,
    /// When the next slot begins.
    next: Instant,
    /// Its number.
    sequence: u32,
    incarnation: u32,
    load: Option<u8>,
    left: bool,
}

impl Sender {
    /// A sender whose first beat is due at `now`.
    ///
    /// `incarnation` tells this life of the sender from all others. Where beats are tagged it has to rise from one to the next: a
    /// count of starts in flash, the seconds of the clock. Where they are not, take it from a random source: a stranger must not guess it.
    ///
    /// # Errors
    /// Where `interval` is below 1 us or above 12.7 days.
    pub fn new(interval: Duration, incarnation: u32, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Interval, micros(interval), 1, SPAN_MAX_US)?;
        let interval_us = rounded_down(micros(interval));
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

    /// The same sender, its first beat put off by a part of the interval that follows from `seed`, so that a fleet does not start in step.
    #[must_use]
    pub const fn spread(mut self, seed: u64) -> Self {
        let share = mix(seed) >> 40; // of 2^24, and no interval is over 2^40: the product fits
        self.next = self.next.plus((self.interval_us * share) >> 24);
        self
    }

    /// How many losses in a row the announcement of a longer interval survives; 3 unless set, as many as a
    /// [listener](crate::listener::Builder::losses) tolerates.
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

    /// What to do at `now`. Late calls make beats late, and those over an interval late are left out.
    pub fn poll(&mut self, now: Instant) -> SenderOutput {
        if self.left || now == Instant::MAX {
            return SenderOutput::Idle;
        }
        if now < self.next {
            return SenderOutput::Wait(self.next);
        }
        self.slow_down();
        self.skip(now);
        let beat = self.beat();
        self.next = self.next.plus(self.interval_us);
        self.sequence = self.sequence.wrapping_add(1);
        SenderOutput::Beat(beat)
    }

    /// Leaves out the slots that are over by `now`.
    #[allow(clippy::cast_possible_truncation)] // sequence numbers wrap
    fn skip(&mut self, now: Instant) {
        let behind = now.since(self.next);
        let slots = behind.checked_div(self.interval_us).unwrap_or(0);
        self.next = self.next.plus(slots.saturating_mul(self.interval_us));
        self.sequence = self.sequence.wrapping_add(slots as u32);
    }

    /// Goes one beat on towards a longer interval, which is in force from the slot that is due. One that is set while another is announced waits for that.
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

    /// By when the next beat is sent. A listener waits as long again as the interval for each loss that it tolerates; before a longer
    /// one, the rest of those is announced with it.
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

    /// Beats at another interval: a shorter one from the next beat on, which is due no later than that from `now`; a longer one after
    /// [some beats](Self#change-of-interval) that announce it.
    ///
    /// # Errors
    /// Where `interval` is below 1 us or above 12.7 days; the old one stays.
    pub fn set_interval(&mut self, interval: Duration, now: Instant) -> Result<(), ConfigError> {
        check(Setting::Interval, micros(interval), 1, SPAN_MAX_US)?;
        self.wanted_us = rounded_down(micros(interval));
        if self.wanted_us <= self.interval_us {
            (self.interval_us, self.notices) = (self.wanted_us, 0);
        }
        self.announced_us = self.announced_us.min(self.wanted_us);
        self.next = self.next.min(now.plus(self.wanted_us));
        Ok(())
    }

    /// How well we are from the next beat on: 0 idle, 255 full; `None` says nothing.
    pub const fn set_load(&mut self, load: Option<u8>) {
        self.load = load;
    }

    /// The last beat: we leave. Send it now, more than once where beats may be lost; nothing is to be sent afterwards.
    #[must_use]
    pub const fn goodbye(&mut self) -> Beat {
        self.left = true;
        self.beat().goodbye()
    }

    /// The interval in force, as beats say it; a longer one is in force after some beats that announce it.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::push::wire;

    const SECOND: Duration = Duration::from_secs(1);

    fn sender() -> Sender {
        Sender::new(SECOND, 9, Instant::ZERO).unwrap()
    }

    #[test]
    fn the_next_beat_is_told_to_be_an_eighth_late_at_most() {
        let deadline = Beat::new(0, SECOND)
            .with_deadline(SECOND * 9 / 8)
            .deadline();
        match sender().poll(Instant::from_secs(1)) {
            SenderOutput::Beat(beat) => assert_eq!(beat.deadline(), deadline),
            other => assert!(matches!(other, SenderOutput::Beat(_)), "{other:?}"),
        }
    }

    /// Of the beat that is to be sent, if one is.
    fn number(output: SenderOutput) -> Option<u32> {
        match output {
            SenderOutput::Beat(beat) => Some(beat.sequence()),
            _ => None,
        }
    }

    #[test]
    fn slots_do_not_drift_with_late_polls() {
        let (mut sender, mut now) = (sender(), Instant::ZERO);
        for slot in 0..1_000_u32 {
            now = Instant::from_secs(u64::from(slot)).plus(u64::from(slot % 7) * 100_000);
            assert_eq!(number(sender.poll(now)), Some(slot));
        }
        assert_eq!(
            sender.poll(now),
            SenderOutput::Wait(Instant::from_secs(1_000))
        );
    }

    #[test]
    fn a_shorter_interval_does_not_wait_for_the_longer_one() {
        let mut sender = Sender::new(3_600 * SECOND, 9, Instant::ZERO).unwrap();
        let _ = sender.poll(Instant::ZERO);
        sender.set_interval(SECOND, Instant::from_secs(60)).unwrap();
        assert_eq!(
            sender.poll(Instant::from_secs(60)),
            SenderOutput::Wait(Instant::from_secs(61))
        );
    }

    /// The intervals and deadlines that the next beats say, in seconds.
    fn said<const BEATS: usize>(sender: &mut Sender) -> [(u64, u64); BEATS] {
        core::array::from_fn(|_| match sender.poll(sender.next) {
            SenderOutput::Beat(beat) => (beat.interval().as_secs(), beat.deadline().as_secs()),
            other => panic!("{other:?} at the next slot"),
        })
    }

    #[test]
    fn a_longer_interval_is_announced_by_as_many_beats_as_may_be_lost() {
        let mut three = sender();
        three.set_interval(80 * SECOND, Instant::ZERO).unwrap();
        let (slow, notice) = ((80, 90), (1, 90 + 3 * 79));
        assert_eq!(said(&mut three), [notice, notice, notice, slow, slow]);
        let mut none = sender().losses(0).unwrap();
        none.set_interval(80 * SECOND, Instant::ZERO).unwrap();
        assert_eq!(said(&mut none), [slow, slow]);
    }

    /// Or else whoever slows down a little at every beat never slows down at all.
    #[test]
    fn an_interval_that_is_set_while_another_is_announced_waits_for_that() {
        let mut sender = sender();
        sender.set_interval(8 * SECOND, Instant::ZERO).unwrap();
        let (first, second) = ((1, 9 + 3 * 7), (8, 90 + 3 * 72));
        assert_eq!(said(&mut sender), [first]);
        sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
        let slow = (80, 90);
        assert_eq!(
            said(&mut sender),
            [first, first, second, second, second, slow]
        );
    }

    #[test]
    fn a_shorter_interval_ends_the_announcement_of_a_longer_one() {
        let mut sender = sender();
        sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
        assert_eq!(said(&mut sender), [(1, 90 + 3 * 79)]);
        sender.set_interval(8 * SECOND, Instant::ZERO).unwrap();
        let notice = (1, 9 + 3 * 7);
        assert_eq!(said(&mut sender), [notice, notice, (8, 9), (8, 9)]);
        sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
        sender.set_interval(SECOND, Instant::ZERO).unwrap();
        assert_eq!(said(&mut sender), [(1, 1); 8]);
    }

    proptest! {
        #[test]
        fn a_beat_says_on_the_wire_what_the_sender_states(
            from_us in 1..SPAN_MAX_US,
            to_us in 1..SPAN_MAX_US,
            losses in 0..=LOSSES_MAX,
        ) {
            let sender = Sender::new(duration(from_us), 9, Instant::ZERO).unwrap();
            let mut sender = sender.losses(losses).unwrap();
            sender.set_interval(duration(to_us), Instant::ZERO).unwrap();
            for _ in 0..losses + 2 {
                let SenderOutput::Beat(beat) = sender.poll(sender.next) else { continue };
                prop_assert_eq!(wire::decode(&wire::encode(&beat)), Ok(beat));
            }
        }
    }

    #[test]
    fn a_deadline_is_an_interval_and_an_eighth_rounded_up() {
        let mut sender = Sender::new(5 * SECOND, 9, Instant::ZERO).unwrap();
        let beat = sender.goodbye();
        assert_eq!(beat.deadline(), Duration::from_micros(5_625_008));
    }

    #[test]
    fn nothing_follows_a_goodbye() {
        let mut sender = sender();
        sender.set_load(Some(3));
        let beat = sender.goodbye();
        assert!(beat.is_goodbye());
        assert_eq!(beat.load(), Some(3));
        assert_eq!(sender.poll(Instant::from_secs(60)), SenderOutput::Idle);
    }

    #[test]
    fn the_ends_of_time_and_of_the_numbers_are_survived() {
        let mut sender = sender();
        sender.sequence = u32::MAX;
        assert_eq!(number(sender.poll(Instant::ZERO)), Some(u32::MAX));
        assert_eq!(number(sender.poll(Instant::ZERO)), None);
        assert_eq!(sender.sequence, 0);
        let far = Instant::from_micros(u64::MAX - 1);
        assert!(matches!(sender.poll(far), SenderOutput::Beat(_)));
        assert_eq!(sender.poll(Instant::MAX), SenderOutput::Idle);
    }

    #[test]
    fn a_fleet_does_not_start_in_step() {
        let starts: [Instant; 64] = core::array::from_fn(|seed| sender().spread(seed as u64).next);
        let early = starts.iter().filter(|&&at| at < Instant::from_millis(500));
        assert!((20..44).contains(&early.count()));
        assert!(starts.iter().all(|&at| at < Instant::from_secs(1)));
    }
}
