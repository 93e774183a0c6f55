//! Nothing: the calls are in `benches`.
