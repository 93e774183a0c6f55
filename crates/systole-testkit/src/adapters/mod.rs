//! Worlds of the adapters, under virtual time.
