//! Long lives: a sender at a steady slope, clocks that drift for days, a little jitter.

use std::time::Duration;

use systole::{Beat, Instant, Listener, Output, Verdict, listener};

use crate::world::{Clock, Random};

/// A life of a listener: nothing is lost, the path is uniform, polls are on time; at the end the
/// sender crashes.
#[derive(Clone, Copy, Debug)]
pub struct LongLife {
    /// How much slower than it says the sender is, in parts per million; faster if negative.
    pub slope_ppm: i32,
    /// How much faster than ours its clock is.
    pub drift_ppm: i32,
    /// The stated bound, in microseconds.
    pub bound_us: Option<u64>,
    /// Beats are late by up to this, uniformly, in microseconds.
    pub jitter_us: u64,
    /// How many beats.
    pub beats: u32,
    /// What jitter is drawn from.
    pub seed: u64,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lived {
    /// How often the live sender was called dead.
    pub deaths: u32,
    /// Suspicions, but for those in the first sixteen beats.
    pub suspicions: u32,
    /// From the crash to the verdict, in microseconds.
    pub found_after_us: Option<u64>,
    /// The bound in force at the crash, in microseconds.
    pub bound_us: u64,
    /// Polls.
    pub polls: u64,
}

/// What the sender says.
const INTERVAL_US: u64 = 1_000_000;
/// The least delay.
const LEAST_US: u64 = 20_000;
/// Suspicions are forgiven for so many beats.
const LEARNING: u32 = 16;

impl LongLife {
    fn config(&self) -> listener::Config {
        let config = listener::Config::builder().build().unwrap();
        let bound = self.bound_us.map(Duration::from_micros);
        bound.map_or(config, |bound| {
            config
                .into_builder()
                .detect_within(bound)
                .build()
                .expect("in range")
        })
    }

    /// The limit of what finding the crash may take: "bound + least delay + jitter".
    #[must_use]
    pub fn limit_us(&self, lived: &Lived) -> u64 {
        lived.bound_us + LEAST_US + self.jitter_us
    }

    /// Lives it.
    #[must_use]
    pub fn live(&self) -> Lived {
        let sender_clock = Clock::new(0, self.drift_ppm);
        let mut listener = Listener::new(self.config(), Instant::ZERO);
        let mut random = Random::new(self.seed);
        let mut lived = Lived::default();
        let period_us = INTERVAL_US.saturating_add_signed(i64::from(self.slope_ppm));
        let (mut now, mut sent_us) = (Instant::ZERO, 0);
        for sequence in 0..self.beats {
            let slot = Instant::from_micros(u64::from(sequence) * period_us);
            sent_us = sender_clock.reaches(slot, sent_us).unwrap_or(u64::MAX);
            let arrived_us = sent_us + LEAST_US + random.between(0, self.jitter_us);
            let arrived = Instant::from_micros(arrived_us).max(now);
            poll_until(
                &mut listener,
                &mut now,
                arrived,
                |to| {
                    lived.deaths += u32::from(to == Verdict::Dead && sequence > 0);
                    lived.suspicions += u32::from(to == Verdict::Suspect && sequence >= LEARNING);
                },
                &mut lived.polls,
            );
            let deadline = Duration::from_micros(INTERVAL_US / 8 * 9);
            let beat = Beat::new(sequence, Duration::from_micros(INTERVAL_US));
            listener.handle_beat(&beat.with_deadline(deadline).with_incarnation(7), arrived);
        }
        lived.bound_us = u64::try_from(listener.bound().as_micros()).unwrap_or(u64::MAX);
        let crashed_us = sent_us;
        let end = Instant::from_micros(crashed_us + 100 * INTERVAL_US);
        let mut dead = listener.verdict() == Verdict::Dead;
        while !dead && now < end {
            match listener.poll(now) {
                Output::Wait(until) => now = until,
                Output::Event(_) => {}
                Output::Idle => break,
            }
            dead = listener.verdict() == Verdict::Dead;
        }
        lived.found_after_us = dead.then(|| now.as_micros().saturating_sub(crashed_us));
        lived
    }
}

fn poll_until(
    listener: &mut Listener<32>,
    now: &mut Instant,
    end: Instant,
    mut change: impl FnMut(Verdict),
    polls: &mut u64,
) {
    loop {
        *polls += 1;
        match listener.poll(*now) {
            Output::Event(systole::Event {
                kind: systole::EventKind::Transition(it),
                ..
            }) => change(it.to),
            Output::Event(_) => {}
            Output::Wait(until) if until <= end => *now = until,
            _ => break,
        }
    }
    *now = end;
}

/// All lives of a table, of so many beats each.
pub fn lives(beats: u32) -> impl Iterator<Item = LongLife> {
    let slopes = [
        -200_000, -100_000, -20_000, 0, 20_000, 50_000, 80_000, 120_000, 240_000,
    ];
    let drifts = [0, 100, -250, 250, 500, -500, 1_000, -1_000];
    let bounds = [None, Some(2_500_000)];
    let jitters = [0, 5_000, 50_000];
    let seed = u64::from(beats);
    slopes.into_iter().flat_map(move |slope_ppm| {
        drifts.into_iter().flat_map(move |drift_ppm| {
            bounds.into_iter().flat_map(move |bound_us| {
                jitters.into_iter().map(move |jitter_us| LongLife {
                    slope_ppm,
                    drift_ppm,
                    bound_us,
                    jitter_us,
                    beats,
                    seed,
                })
            })
        })
    })
}
