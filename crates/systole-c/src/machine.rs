//! What every function does around the machine: it refuses what is missing, and answers.

use core::mem::MaybeUninit;

use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NULL, SYSTOLE_STATUS_OK};
use crate::storage::{Storage, machine, machine_mut};

/// Memory of the caller for a result.
pub(crate) type Out<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// Answers a question about a machine.
pub(crate) fn ask<S: Storage, T>(
    storage: Option<&S>,
    out: Out<'_, T>,
    question: impl FnOnce(&S::Machine) -> T,
) -> systole_status_t {
    let machine = match machine(storage) {
        Ok(machine) => machine,
        Err(status) => return status,
    };
    give(out, || question(machine))
}

/// Changes a machine and returns what follows.
pub(crate) fn drive<S: Storage, T>(
    storage: Option<&mut S>,
    out: Out<'_, T>,
    change: impl FnOnce(&mut S::Machine) -> T,
) -> systole_status_t {
    let machine = match machine_mut(storage) {
        Ok(machine) => machine,
        Err(status) => return status,
    };
    give(out, || change(machine))
}

/// Tells a machine something.
pub(crate) fn tell<S: Storage>(
    storage: Option<&mut S>,
    change: impl FnOnce(&mut S::Machine),
) -> systole_status_t {
    match machine_mut(storage) {
        Ok(machine) => {
            change(machine);
            SYSTOLE_STATUS_OK
        }
        Err(status) => status,
    }
}

/// Writes a value to `out`. Where there is no room for it, it is not computed either.
pub(crate) fn give<T>(out: Out<'_, T>, value: impl FnOnce() -> T) -> systole_status_t {
    match out {
        Some(out) => {
            out.write(value());
            SYSTOLE_STATUS_OK
        }
        None => SYSTOLE_STATUS_NULL,
    }
}
