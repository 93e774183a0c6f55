//! The world of a [`Failover`](systole::Failover): one active endpoint of several.
