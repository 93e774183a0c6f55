//! Memory of the caller, and the machine in it.
//!
//! C reserves the memory: a `systole_…_t` on the stack, in a `static` or within a larger structure.
//! An `_init` function puts a machine into it, behind a seal: a number that follows from the kind
//! of machine and from the address of the storage. Every other function compares the seal first,
//! and refuses storage that was never initialised, that holds another kind of machine, or whose
//! content was copied from elsewhere.

use core::mem::MaybeUninit;
use core::ptr;

use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NOT_INITIALIZED, SYSTOLE_STATUS_NULL};

/// A type of C that holds a machine: an array of uninitialised words and nothing else.
pub(crate) trait Storage: Sized {
    /// What it holds. It has no destructor, since C runs none.
    type Machine;
    /// The number of the kind of machine, different for each.
    const KIND: u8;
}

/// What lies in the storage.
#[repr(C)]
struct Slot<M> {
    seal: usize,
    machine: M,
}

/// Whether the slot of `S` fits its storage and may lie there, checked when it is compiled.
struct Fits<S>(core::marker::PhantomData<S>);

impl<S: Storage> Fits<S> {
    const CHECK: () = {
        let (needed, reserved) = (size_of::<Slot<S::Machine>>(), size_of::<S>());
        assert!(needed <= reserved, "the machine does not fit its storage");
        assert!(
            reserved - needed <= 64,
            "the storage is larger than it has to be"
        );
        assert!(align_of::<Slot<S::Machine>>() <= align_of::<S>());
        assert!(!core::mem::needs_drop::<S::Machine>());
    };
}

/// Returns the seal of storage at `address`.
///
/// Storage is aligned to 4 bytes at the least. So the two lowest bits are those of the kind's
/// number, neither zeros nor ones alone: zeroed memory never passes, and neither does erased flash.
const fn seal(kind: u8, address: usize) -> usize {
    const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
    #[allow(clippy::cast_possible_truncation)] // the low half on 32-bit targets
    let kind = (SCATTER.wrapping_mul(kind as u64 + 1) >> 7) as usize;
    address ^ (kind << 2 | 0b01)
}

/// Puts `machine` into `storage`.
pub(crate) fn place<S: Storage>(storage: &mut S, machine: S::Machine) {
    let () = Fits::<S>::CHECK;
    let slot = ptr::from_mut(storage).cast::<Slot<S::Machine>>();
    // SAFETY: `slot` points to the memory of `storage`, which is exclusively borrowed, and
    // `Fits::CHECK` has compared size and alignment, so the field is within it and aligned.
    let to = unsafe { &raw mut (*slot).machine };
    // SAFETY: as above. What was there has no destructor.
    unsafe { to.write(machine) };
    let seal = seal(S::KIND, slot.addr());
    // SAFETY: as above; the seal is the first field.
    unsafe { slot.cast::<usize>().write(seal) };
}

/// Returns the machine in `storage`.
pub(crate) fn machine<S: Storage>(storage: Option<&S>) -> Result<&S::Machine, systole_status_t> {
    let storage = storage.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `storage` is null or borrowed, and nothing is written through what is returned.
    let machine = unsafe { sealed(storage.cast_mut()) }?;
    // SAFETY: the machine lies in the storage, and the reference lives as long as that borrow.
    Ok(unsafe { &*machine })
}

/// Returns the machine in `storage`, to be changed.
pub(crate) fn machine_mut<S: Storage>(
    storage: Option<&mut S>,
) -> Result<&mut S::Machine, systole_status_t> {
    let storage = storage.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: `storage` is null or exclusively borrowed.
    let machine = unsafe { sealed(storage) }?;
    // SAFETY: the machine lies in the storage, and the reference lives as long as that borrow.
    Ok(unsafe { &mut *machine })
}

/// Returns the machine in storage whose seal is right.
///
/// # Safety
/// `storage` is null or borrowed.
#[inline(never)] // one copy for all functions
unsafe fn sealed<S: Storage>(storage: *mut S) -> Result<*mut S::Machine, systole_status_t> {
    let () = Fits::<S>::CHECK;
    let slot = storage.cast::<Slot<S::Machine>>();
    if slot.is_null() {
        return Err(SYSTOLE_STATUS_NULL);
    }
    let first = slot.cast::<MaybeUninit<usize>>();
    // SAFETY: the seal is the first field of a slot, which lies within the storage and is aligned,
    // as `Fits::CHECK` has compared. Any bytes are a `MaybeUninit`. The access is volatile so that
    // the compiler takes them for what is in memory, whoever wrote it.
    let found = unsafe { first.read_volatile() };
    // SAFETY: the memory is the caller's and was not made by Rust, so each of its bytes has a
    // value, though nobody may have chosen it. Every value is a `usize`.
    let found = unsafe { found.assume_init() };
    if found != seal(S::KIND, slot.addr()) {
        return Err(SYSTOLE_STATUS_NOT_INITIALIZED);
    }
    // SAFETY: the seal is right, so `place` has put a machine of this kind at this address, and the
    // caller of this library does not write to the words of a `systole_…_t`.
    Ok(unsafe { &raw mut (*slot).machine })
}

/// Declares the storage of a machine: how many 8-byte words it takes, and which kind it is.
macro_rules! storage {
    ($storage:ty, $machine:ty, $kind:literal) => {
        impl crate::storage::Storage for $storage {
            type Machine = $machine;
            const KIND: u8 = $kind;
        }
    };
}

pub(crate) use storage;

#[cfg(test)]
mod tests {
    use super::*;

    struct Words([MaybeUninit<u64>; 4]);
    struct Others(#[allow(dead_code)] [MaybeUninit<u64>; 4]);
    storage!(Words, [u64; 2], 200);
    storage!(Others, [u64; 2], 201);

    #[test]
    fn a_machine_is_found_where_it_was_placed_and_nowhere_else() {
        let mut words = Words([const { MaybeUninit::zeroed() }; 4]);
        assert_eq!(machine(Some(&words)), Err(SYSTOLE_STATUS_NOT_INITIALIZED));
        place(&mut words, [1, 2]);
        assert_eq!(machine_mut(Some(&mut words)), Ok(&mut [1, 2]));
        let copy = Words(words.0);
        assert_eq!(machine(Some(&copy)), Err(SYSTOLE_STATUS_NOT_INITIALIZED));
        assert_eq!(machine::<Words>(None), Err(SYSTOLE_STATUS_NULL));
        let other = Others(words.0);
        assert_eq!(machine(Some(&other)), Err(SYSTOLE_STATUS_NOT_INITIALIZED));
    }

    #[test]
    fn neither_zeros_nor_ones_are_a_seal() {
        for kind in 0..=u8::MAX {
            for address in [0, 4, 8, 0x2000_0000, usize::MAX - 7] {
                assert!(![0, usize::MAX].contains(&seal(kind, address)));
            }
        }
    }
}
