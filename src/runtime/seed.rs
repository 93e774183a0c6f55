//! Seeds from the operating system.

use core::hash::BuildHasher;
use core::num::NonZeroU64;
use std::collections::hash_map::RandomState;

use crate::math::random::Secret;
use crate::pacing::Pacing;
use crate::{Config, failover, lease};

impl<P: Pacing> Config<P> {
    /// Draws a seed from the randomness of the operating system if none is set.
    #[must_use]
    pub fn seeded(mut self) -> Self {
        if !self.is_seeded() {
            self.seed = Secret(random().get());
        }
        self
    }
}

/// Returns a number that differs from process to process and from call to call. It uses the keys of
/// `std`'s hash maps, which come from the randomness of the operating system.
pub(super) fn random() -> NonZeroU64 {
    NonZeroU64::new(RandomState::new().hash_one(0_u8)).unwrap_or(NonZeroU64::MIN)
}

impl<P: Pacing> failover::Config<P> {
    /// Draws a seed from the randomness of the operating system if none is set.
    #[must_use]
    pub fn seeded(mut self) -> Self {
        self.active = self.active.seeded();
        self
    }
}

impl lease::Config {
    /// Draws a seed from the randomness of the operating system if none is set.
    pub(crate) fn seeded(self) -> Self {
        if self.is_seeded() {
            self
        } else {
            self.with_seed(random().get())
        }
    }
}
