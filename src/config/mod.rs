//! The configuration: intervals, bounds, limits, and how often a mistake may happen.

mod builder;
mod config;
pub(crate) mod error;
mod policies;
mod presets;
mod retry_budget;
#[cfg(feature = "serde")]
mod serde;

pub use builder::Builder;
pub use config::Config;
pub(crate) use config::{SPAN_MAX_US, Settings, Span};
pub use error::{ConfigError, Setting};
pub use retry_budget::RetryBudget;
#[cfg(feature = "serde")]
pub(crate) use serde::SerdePolicy;
