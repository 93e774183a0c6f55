//! The decisions of a policy: when to probe, how long to wait for a reply, and how to retry.

mod limits;
mod plan;
mod promise;
mod retries;
#[cfg(feature = "serde")]
mod serde;

pub(crate) use limits::Limits;
pub(crate) use plan::HUNDREDTH_Q16;
pub use plan::Plan;
pub use promise::{Infeasible, Promise};
pub use retries::Retries;
