//! The machine between a loop and its handle.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use super::machine::{Machine, Step};
use crate::{Instant, RetryBudget};

/// What a loop shows its machine to after each look: series that are exported.
pub(crate) type Recorder<M> = Box<dyn FnMut(&M, Instant) + Send>;

/// The machine of an adapter, shared by its loop and its handle. The lock is held for one call of the machine, never across a wait.
pub(crate) struct Shared<M> {
    machine: Mutex<M>,
    budget: Option<Arc<RetryBudget>>,
}

impl<M: Machine> Shared<M> {
    pub(crate) const fn new(machine: M, budget: Option<Arc<RetryBudget>>) -> Self {
        Self {
            machine: Mutex::new(machine),
            budget,
        }
    }

    pub(crate) fn with<R>(&self, call: impl FnOnce(&mut M) -> R) -> R {
        call(&mut self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn poll(&self, now: Instant) -> Step<M> {
        self.with(|machine| machine.step(now, self.budget.as_deref()))
    }

    /// Shows it to `recorder`, where there is one; returns what it concludes.
    pub(crate) fn show(&self, recorder: Option<&mut Recorder<M>>, now: Instant) -> M::Opinion {
        self.with(|machine| {
            if let Some(record) = recorder {
                record(machine, now);
            }
            machine.opinion()
        })
    }
}
