//! Systole at work in etcd: a key that lives as long as its owner, and a fleet of peers that several processes watch together.
//!
//! | file | what it is |
//! |---|---|
//! | `registration.rs` | a key under a lease that a heart keeps alive |
//! | `mirror.rs` | a copy of all keys under a prefix |
//! | `rendezvous.rs` | who watches whom |
//! | `ledger.rs` | verdicts, written only while the lease is held |
//! | `member.rs` | one of the processes that watch a fleet together |

mod ledger;
mod member;
mod mirror;
mod registration;
mod rendezvous;

pub use ledger::{Ledger, verdict_key};
pub use member::{Peer, take_part, watching};
pub use mirror::{Entries, Entry, follow};
pub use registration::{Registration, Tenure, pace};
pub use rendezvous::owner;

/// Waits for Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
