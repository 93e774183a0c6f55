//! What machines have in common, whatever their policy.

#[cfg(any(feature = "heartbeat", feature = "planned-heartbeat"))]
pub(crate) mod heartbeat;
#[cfg(any(feature = "monitor", feature = "planned-monitor"))]
pub(crate) mod monitor;
