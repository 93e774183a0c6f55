//! Nothing: the comparison is in `benches`.
