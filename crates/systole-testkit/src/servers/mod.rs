//! Real servers as child processes, and the paths to them.

pub mod etcd;
pub mod folder;
pub mod nginx;
pub mod postgres;
pub mod process;
#[cfg(feature = "tokio")]
pub mod proxy;
pub mod redis;
#[cfg(feature = "tokio")]
pub mod replicas;
pub mod signal;
