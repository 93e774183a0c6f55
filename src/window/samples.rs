//! A window without its moments, which are summed up again when it is needed.

use heapless::Vec;

use super::{Moments, RttWindow};

#[derive(Clone, Debug)]
pub(crate) struct Samples<const N: usize> {
    rtts_us: [u32; N],
    count: u16,
    next: u16,
}

impl<const N: usize> RttWindow<N> {
    #[allow(clippy::cast_possible_truncation)] // N is at most 65,535
    pub(crate) fn samples(&self) -> Samples<N> {
        let mut rtts_us = [0; N];
        for (place, &rtt_us) in rtts_us.iter_mut().zip(&self.samples) {
            *place = rtt_us;
        }
        Samples {
            rtts_us,
            count: self.samples.len() as u16,
            next: self.next,
        }
    }

    /// The window that held `samples`. O(N).
    pub(crate) fn of(samples: &Samples<N>) -> Self {
        let held = samples.rtts_us.iter().take(usize::from(samples.count));
        let mut moments = Moments::EMPTY;
        for &rtt_us in held.clone() {
            moments.count += 1;
            moments.add(rtt_us);
        }
        Self {
            samples: held.copied().collect::<Vec<u32, N, u16>>(),
            next: samples.next,
            moments,
        }
    }
}
