//! Systole at work in etcd: a key that lives as long as its owner, and a fleet of peers that several processes watch together.
//!
//! | file | what it is |
//! |---|---|
//! | `registration.rs` | a key under a lease that a heart keeps alive |

mod registration;

pub use registration::{Registration, Tenure, pace};

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
