//! A service that keeps itself registered, and removes itself from the registry when it stops: on
//! SIGTERM, on Ctrl-C, or after ten seconds.
//!
//! `cargo run --features tokio --example tokio_service`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use systole::task::Builder;
use systole::{Config, ProbeError};
use tokio_stream::StreamExt;

/// A simulated registry, in place of etcd, Consul or Redis.
#[derive(Default)]
struct Registry {
    renewals: AtomicU32,
}

impl Registry {
    async fn renew(self: Arc<Self>) -> Result<(), ProbeError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.renewals.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn deregister(self: Arc<Self>) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let renewals = self.renewals.load(Ordering::Relaxed);
        println!("deregistered after {renewals} renewals");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = Arc::new(Registry::default());
    let last = Arc::clone(&registry);
    let config = Config::every(Duration::from_secs(1))
        .without_initial_delay()
        .build()?;
    let mut heart = Builder::new(config)
        .on_stop(Duration::from_secs(2), move || last.deregister())
        .spawn(move || Arc::clone(&registry).renew());

    let mut stop = Box::pin(asked_to_stop());
    loop {
        tokio::select! {
            Some(event) = heart.next() => println!("{event}"),
            () = &mut stop => break,
        }
    }
    println!("goodbye: {:?}", heart.stop().await);
    Ok(())
}

async fn asked_to_stop() {
    tokio::select! {
        () = terminated() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
