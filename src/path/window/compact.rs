//! The compact form of a window: the samples without their moments, which are summed up again when
//! the window is restored.

use super::{Moments, RttWindow};

#[derive(Clone, Debug)]
pub(crate) struct CompactSamples<const N: usize> {
    rtts_us: [u32; N],
    count: u16,
    next: u16,
}

impl<const N: usize> CompactSamples<N> {
    /// Returns the sample that was recorded last; 0 where there is none.
    pub(crate) fn newest_us(&self) -> u32 {
        let newest = usize::from(self.next).checked_sub(1).unwrap_or(N - 1);
        self.rtts_us.get(newest).copied().unwrap_or(0)
    }
}

impl<const N: usize> RttWindow<N> {
    #[allow(clippy::cast_possible_truncation)] // N is at most 65,535
    /// Returns the compact form.
    pub(crate) const fn samples(&self) -> CompactSamples<N> {
        CompactSamples {
            rtts_us: self.samples,
            count: self.moments.count,
            next: self.next as u16,
        }
    }

    /// Restores the window that held `samples`. O(N).
    pub(crate) fn of(samples: &CompactSamples<N>) -> Self {
        let mut moments = Moments::new();
        for &rtt_us in samples.rtts_us.iter().take(usize::from(samples.count)) {
            moments.count += 1;
            moments.add(rtt_us);
        }
        Self {
            samples: samples.rtts_us,
            next: u32::from(samples.next),
            moments,
        }
    }
}
