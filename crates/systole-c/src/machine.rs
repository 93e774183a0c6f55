//! What every function does around the machine: it refuses what is missing, and answers.

use core::mem::MaybeUninit;

use crate::config::answer;
use crate::status::systole_error_t;
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NULL, SYSTOLE_STATUS_OK};
use crate::storage::{Storage, machine, machine_mut, place};

/// Memory of the caller for a result.
pub(crate) type Out<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// Puts the machine that `build` returns into `storage`, whose size is `size` in C's header.
pub(crate) fn install<S: Storage>(
    storage: Option<&mut S>,
    size: usize,
    error: Out<'_, systole_error_t>,
    build: impl FnOnce() -> Result<S::Machine, systole_error_t>,
) -> systole_status_t {
    let installed = room(storage, size).and_then(|storage| {
        place(storage, build()?);
        Ok(())
    });
    answer(installed, error)
}

/// Refuses storage that is missing or has the size of another version.
fn room<S>(storage: Option<&mut S>, size: usize) -> Result<&mut S, systole_error_t> {
    let storage = storage.ok_or(systole_error_t::of(SYSTOLE_STATUS_NULL))?;
    if size == size_of::<S>() {
        Ok(storage)
    } else {
        Err(systole_error_t::size(size as u64, size_of::<S>()))
    }
}

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

/// Changes a machine and writes what follows over `blank`, in the caller's memory.
///
/// A structure most of whose fields stay 0 takes less flash so than one that is returned: the zeros
/// are written once, by a loop, and not as values of every field on every branch.
pub(crate) fn fill<S: Storage, T>(
    storage: Option<&mut S>,
    out: Out<'_, T>,
    blank: T,
    change: impl FnOnce(&mut S::Machine, &mut T),
) -> systole_status_t {
    let machine = match machine_mut(storage) {
        Ok(machine) => machine,
        Err(status) => return status,
    };
    match out {
        Some(out) => {
            change(machine, out.write(blank));
            SYSTOLE_STATUS_OK
        }
        None => SYSTOLE_STATUS_NULL,
    }
}

/// Changes a machine, and writes what became of that where the caller asks for it.
pub(crate) fn handle<S: Storage, T: Into<C>, C>(
    storage: Option<&mut S>,
    outcome: Out<'_, C>,
    change: impl FnOnce(&mut S::Machine) -> T,
) -> systole_status_t {
    tell(storage, |machine| {
        let became = change(machine);
        if let Some(outcome) = outcome {
            outcome.write(became.into());
        }
    })
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
