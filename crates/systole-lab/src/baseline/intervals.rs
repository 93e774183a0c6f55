//! A window of inter-arrival times, from which accrual detectors compute suspicion.

use alloc::collections::VecDeque;

/// The newest inter-arrival times in microseconds, with exact sums.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    capacity: usize,
    samples: VecDeque<u64>,
    sum: u64,
    squares: u128,
}

impl Intervals {
    /// Returns an empty window of `capacity`, at least 1.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            samples: VecDeque::new(),
            sum: 0,
            squares: 0,
        }
    }

    /// Returns a window that holds two samples, a quarter below and a quarter above `mean_us`, as
    /// Akka's does.
    pub(super) fn seeded(capacity: usize, mean_us: u64) -> Self {
        let mut window = Self::new(capacity.max(2));
        window.push(mean_us - mean_us / 4);
        window.push(mean_us + mean_us / 4);
        window
    }

    pub(super) fn push(&mut self, sample_us: u64) {
        if self.samples.len() >= self.capacity {
            let oldest = self.samples.pop_front().unwrap_or_default();
            self.sum -= oldest;
            self.squares -= square(oldest);
        }
        self.samples.push_back(sample_us);
        self.sum += sample_us;
        self.squares += square(sample_us);
    }

    /// Returns the mean; 0 while the window is empty.
    pub(super) fn mean(&self) -> f64 {
        self.sum as f64 / self.samples.len().max(1) as f64
    }

    /// Returns the population standard deviation. The difference is computed in integers, where it
    /// is never negative.
    pub(super) fn deviation(&self) -> f64 {
        let n = self.samples.len() as u128;
        let scaled = n * self.squares - square(self.sum);
        libm::sqrt(scaled as f64) / n.max(1) as f64
    }
}

fn square(x: u64) -> u128 {
    u128::from(x) * u128::from(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_newest() {
        let mut window = Intervals::new(4);
        for sample in [1_000_000, 2, 4, 4, 6] {
            window.push(sample);
        }
        assert!((window.mean() - 4.0).abs() < 1e-12);
        assert!((window.deviation() - libm::sqrt(2.0)).abs() < 1e-12);
        let seeded = Intervals::seeded(10, 1_000);
        assert_eq!((seeded.mean(), seeded.deviation()), (1_000.0, 250.0));
    }
}
