//! The machine that a loop and its handle share.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::Span;
use super::machine::Machine;
use crate::{Instant, Output, ProbeId, RetryBudget};

/// Exports the metrics of a machine. The loop calls it each time after it has stepped the machine.
pub(crate) type Recorder<M> = Box<dyn FnMut(&M, Instant) + Send>;

/// The machine of an adapter, shared by its loop and its handle. The lock is held for one call of
/// the machine, and never across a wait.
pub(crate) struct Shared<M> {
    machine: Mutex<M>,
    /// The thread that runs a user's closure and a copy of the machine from before the call, while
    /// the closure holds the machine.
    lent: Mutex<Option<(ThreadId, M)>>,
    budget: Option<Arc<RetryBudget>>,
    span: Span,
}

impl<M: Machine> Shared<M> {
    pub(crate) const fn new(machine: M, budget: Option<Arc<RetryBudget>>, span: Span) -> Self {
        Self {
            machine: Mutex::new(machine),
            lent: Mutex::new(None),
            budget,
            span,
        }
    }

    /// Calls `call` with the machine. `call` must be code of the adapter: a call back into `self`
    /// would deadlock.
    pub(crate) fn with<R>(&self, call: impl FnOnce(&mut M) -> R) -> R {
        call(&mut lock(&self.machine))
    }

    /// Reads the machine. Within [`lend`](Self::lend) it reads the copy from before the call.
    pub(crate) fn read<R>(&self, call: impl FnOnce(&M) -> R) -> R {
        let lent = lock(&self.lent);
        if let Some((_, before)) = lent.as_ref().filter(|lent| is_here(lent)) {
            return call(before);
        }
        drop(lent);
        call(&lock(&self.machine))
    }

    /// Lends the machine to a user's closure, which may read through the same handle in the
    /// meantime.
    ///
    /// # Panics
    /// Panics if it is called from within `call`, which would otherwise wait for itself for ever,
    /// and if `call` panics.
    pub(crate) fn lend<R>(&self, call: impl FnOnce(&mut M) -> R) -> R {
        assert!(
            !lock(&self.lent).as_ref().is_some_and(is_here),
            "`with` was called within `with` of the same handle: use the machine that it hands out"
        );
        let mut machine = lock(&self.machine);
        *lock(&self.lent) = Some((thread::current().id(), machine.clone()));
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut machine)));
        *lock(&self.lent) = None;
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Steps the machine within its span.
    pub(crate) fn poll(&self, now: Instant) -> Output<(M::Target, ProbeId), M::Event> {
        self.span
            .within(|| self.with(|machine| machine.step(now, self.budget.as_deref())))
    }

    /// Calls `recorder`, if there is one, with the machine. Returns the conclusion of the machine.
    pub(crate) fn show(&self, recorder: Option<&mut Recorder<M>>, now: Instant) -> M::Conclusion {
        self.with(|machine| {
            if let Some(record) = recorder {
                record(machine, now);
            }
            machine.conclusion()
        })
    }
}

/// Returns whether the machine is lent to a closure on this thread.
fn is_here<M>(lent: &(ThreadId, M)) -> bool {
    lent.0 == thread::current().id()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
