//! Whether a peer failed by itself or together with others, and whether the fault is local.

mod cause;
mod common_mode;
mod labels;
mod silence;

pub use cause::Cause;
pub(super) use common_mode::CommonMode;
pub use labels::Labels;
