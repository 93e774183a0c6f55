//! Simulated worlds that know the truth, to test `systole` from outside.
