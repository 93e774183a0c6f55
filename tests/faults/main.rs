//! Reproductions of faults that 0.1 had: each test is named as the sentence that has to hold.

mod bound_in_flight;
mod dead_level;
#[cfg(feature = "tokio")]
mod debug_secrets;
mod excuses;
mod failover_bound;
mod failover_events;
#[cfg(feature = "alloc")]
mod fleet_overflow;
#[cfg(feature = "alloc")]
mod fleet_pauses;
mod heartbeat_bound;
mod heartbeat_refused;
mod heartbeat_step;
mod late_round_trips;
mod late_row;
mod lifetime_restarts;
mod listener_drift;
mod listener_slow_sender;
mod long_round_trip;
#[cfg(feature = "tokio")]
mod many_in_flight;
#[cfg(feature = "metrics")]
mod metrics_dropped;
#[cfg(feature = "metrics")]
mod metrics_unsent;
mod pushback_lifetime;
#[cfg(feature = "tokio")]
mod read_within_with;
mod reply_any;
mod resumed;
mod retry_budget_reserve;
mod retry_storm;
#[cfg(feature = "std")]
mod send_buffer_full;
mod sender_interval;
mod target_constant_path;
mod target_promise;
#[cfg(feature = "serde")]
mod target_serde;
mod traffic;
mod unsent;
mod unsent_slowly;
mod warning_stationary;
mod warning_threshold;
