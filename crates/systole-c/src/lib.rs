//! systole for C: heartbeats and failure detection for programs that are not written in Rust.
//!
//! Everything that C sees is in `include/systole.h`, which `cbindgen` writes from the items of this
//! crate. The functions do what the functions of the same name in the crate `systole` do. They
//! convert arguments and results, and refuse what C can get wrong and Rust cannot: null pointers,
//! storage that was never initialised or was copied, and numbers that no enumerator has.
//!
//! `unsafe` is in two files: [`storage`], where C's memory becomes a machine, and [`bytes`], where
//! a pointer and a length become a slice. Pointers arrive as `Option<&T>` and `Option<&mut T>`,
//! whose representation C's pointers have, with null for `None`.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
// The names that C programs use.
#![allow(non_camel_case_types)]
// A library with some of the machines does not use all that they share.
#![cfg_attr(not(feature = "default"), allow(dead_code))]

pub mod beat;
pub mod bytes;
pub mod clock;
pub mod config;
pub mod event;
#[cfg(any(feature = "heartbeat", feature = "planned-heartbeat"))]
pub mod heartbeat;
#[cfg(feature = "lease")]
pub mod lease;
#[cfg(feature = "listener")]
pub mod listener;
mod machine;
#[cfg(any(feature = "monitor", feature = "planned-monitor"))]
pub mod monitor;
pub mod planned_config;
#[cfg(feature = "listener")]
pub mod sender;
#[cfg(feature = "snapshot")]
pub mod snapshot;
pub mod status;
mod storage;
mod time;
pub mod verdict;

/// The number of round-trip times in the window of a machine, and of arrivals in that of a
/// listener.
const WINDOW: usize = systole_core::path::DEFAULT_WINDOW;

/// No function can panic, and `test` shows for the linked images that none of them contains this.
#[cfg(not(any(test, feature = "std")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
