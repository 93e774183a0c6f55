//! A listener of any window.

use std::time::Duration;

use core::convert::Infallible;

use systole::{Beat, Instant, Listener, Output, Verdict, listener};

/// What a world asks of a listener, whatever its window.
pub trait Machine {
    fn poll(&mut self, now: Instant) -> Output<Infallible>;
    fn handle_beat(&mut self, beat: &Beat, received_at: Instant);
    fn resumed(&mut self, now: Instant);
    fn resync(&mut self, now: Instant);
    fn verdict(&self) -> Verdict;
    fn bound(&self) -> Duration;
    fn level_milli(&self, now: Instant) -> u32;
    fn phi(&self, now: Instant) -> f64;
    fn snapshot(&self, now: Instant) -> listener::Snapshot;
    fn is_valid(&self) -> bool;
    fn load(&self) -> Option<u8>;
}

impl<const N: usize> Machine for Listener<N> {
    fn poll(&mut self, now: Instant) -> Output<Infallible> {
        self.poll(now)
    }

    fn handle_beat(&mut self, beat: &Beat, received_at: Instant) {
        self.handle_beat(beat, received_at);
    }

    fn resumed(&mut self, now: Instant) {
        self.resumed(now);
    }

    fn resync(&mut self, now: Instant) {
        self.resync(now);
    }

    fn verdict(&self) -> Verdict {
        self.verdict()
    }

    fn bound(&self) -> Duration {
        self.bound()
    }

    fn level_milli(&self, now: Instant) -> u32 {
        self.level(now).as_milli()
    }

    fn phi(&self, now: Instant) -> f64 {
        self.phi(now)
    }

    fn snapshot(&self, now: Instant) -> listener::Snapshot {
        self.snapshot(now)
    }

    fn is_valid(&self) -> bool {
        self.is_valid()
    }

    fn load(&self) -> Option<u8> {
        self.load()
    }
}

/// A listener with a window of `window` arrivals: 1, 4, 32 or 128.
pub fn listener(window: usize, config: listener::Config, now: Instant) -> Box<dyn Machine> {
    match window {
        1 => Box::new(Listener::<1>::with_window(config, now)),
        #[cfg(feature = "alloc")]
        4 => Box::new(super::twin::Twin::new(config, now)),
        #[cfg(not(feature = "alloc"))]
        4 => Box::new(Listener::<4>::with_window(config, now)),
        128 => Box::new(Listener::<128>::with_window(config, now)),
        _ => Box::new(Listener::new(config, now)),
    }
}
