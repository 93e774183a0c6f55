//! Signals of the operating system.

use std::io;

use tokio::select;

/// Resolves at Ctrl-C or SIGTERM. The handlers are in place when this returns.
#[cfg(unix)]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// SIGHUP: the terminal was closed, or the configuration has changed.
#[cfg(unix)]
pub(crate) struct HangUp(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl HangUp {
    /// Installs the handler if `awaited`. Otherwise the signal keeps its previous effect, which
    /// under `nohup` is none.
    pub(crate) fn new(awaited: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = awaited.then(|| signal(SignalKind::hangup()));
        hang_up.transpose().map(Self)
    }

    /// Waits for the next signal. Cancel safe.
    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// This system has no SIGHUP.
#[cfg(not(unix))]
pub(crate) struct HangUp;

#[cfg(not(unix))]
impl HangUp {
    pub(crate) fn new(_: bool) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) {
        std::future::pending().await
    }
}
