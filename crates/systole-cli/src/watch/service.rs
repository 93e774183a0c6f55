//! The service manager (systemd), which is told that the watch is ready, reloads, lives and stops.

use std::time::Duration;

use systole::Instant;

/// The notifications that the environment asks for.
#[derive(Debug)]
pub(super) struct Service {
    /// How often to say that the watch lives, and when next.
    watchdog: Option<(Duration, Instant)>,
}

#[cfg(target_os = "linux")]
mod manager {
    use std::time::Duration;

    pub(super) use sd_notify::NotifyState as State;

    pub(super) fn tell(states: &[State<'_>]) {
        let _ = sd_notify::notify(false, states); // the manager may have gone
    }

    /// Returns after which silence the manager ends the watch.
    pub(super) fn silence_max() -> Option<Duration> {
        let mut us = 0;
        sd_notify::watchdog_enabled(false, &mut us).then(|| Duration::from_micros(us))
    }
}

/// Elsewhere there is no such manager.
#[cfg(not(target_os = "linux"))]
mod manager {
    use std::time::Duration;

    pub(super) enum State {
        Ready,
        Reloading,
        Stopping,
        Watchdog,
    }

    pub(super) const fn tell(_: &[State]) {}

    pub(super) const fn silence_max() -> Option<Duration> {
        None
    }
}

impl Service {
    pub(super) fn of_environment() -> Self {
        let watchdog = manager::silence_max().map(|silence| (silence / 2, Instant::ZERO));
        Self { watchdog }
    }

    #[allow(
        clippy::unused_self,
        reason = "only who has the service may speak to it"
    )]
    pub(super) fn ready(&self) {
        manager::tell(&[manager::State::Ready]);
    }

    #[allow(
        clippy::unused_self,
        reason = "only who has the service may speak to it"
    )]
    pub(super) fn reloading(&self) {
        manager::tell(&[manager::State::Reloading]);
    }

    #[allow(
        clippy::unused_self,
        reason = "only who has the service may speak to it"
    )]
    pub(super) fn stopping(&self) {
        manager::tell(&[manager::State::Stopping]);
    }

    /// Says that the watch lives, if that is due; returns when to say so next.
    pub(super) fn alive(&mut self, now: Instant) -> Instant {
        let Some((every, next)) = &mut self.watchdog else {
            return Instant::MAX;
        };
        if *next <= now {
            manager::tell(&[manager::State::Watchdog]);
            *next = now.saturating_add(*every);
        }
        *next
    }
}
