//! Measurements of a path: round-trip times, loss, suspicion level and early warning.

pub(crate) mod early_warning;
pub(crate) mod loss;
pub(crate) mod rtt;
pub(crate) mod suspicion;
pub(crate) mod window;

pub use early_warning::{EarlyWarning, Health};
pub use loss::LossRate;
pub use suspicion::SuspicionLevel;
pub use window::{DEFAULT_WINDOW, Moments, RttWindow};
