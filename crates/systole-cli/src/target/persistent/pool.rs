//! The connections of a target: the one that waits for the next probe, those that are being set up,
//! and the probes that wait for one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use systole::ProbeError;
use tokio::select;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio_util::task::AbortOnDropHandle;

use super::super::link::Miss;
use super::Kept;
use super::setup_time::{LEAST, SetupTime};

/// The most connections of a target.
const CONNECTIONS_MAX: usize = 2;

type Result<S> = std::result::Result<Kept<S>, Miss>;

pub(super) struct Pool<S> {
    state: Mutex<State<S>>,
    permits: Arc<Semaphore>,
    /// A set-up has ended.
    ended: Notify,
}

struct State<S> {
    idle: Option<Kept<S>>,
    /// The probes that wait for a connection, the oldest first.
    waiting: VecDeque<Sender<Result<S>>>,
    /// The set-ups that are under way, the youngest last.
    setups: Vec<Setup>,
    /// How many set-ups were started.
    started: u64,
    /// When the last one succeeded.
    succeeded: Option<Instant>,
    time: SetupTime,
}

struct Setup {
    number: u64,
    since: Instant,
    /// Ends with the pool.
    _task: AbortOnDropHandle<()>,
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                idle: None,
                waiting: VecDeque::new(),
                setups: Vec::new(),
                started: 0,
                succeeded: None,
                time: SetupTime::default(),
            }),
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            ended: Notify::new(),
        }
    }
}

impl<S> Pool<S> {
    /// Returns the connection that waits.
    pub(super) fn take(&self) -> Option<Kept<S>> {
        self.state().idle.take()
    }

    /// Gives a connection to the probe that has waited longest, or keeps it for the next one, in
    /// place of an older one.
    pub(super) fn give(&self, mut kept: Kept<S>) {
        let mut state = self.state();
        while let Some(probe) = state.waiting.pop_front() {
            match probe.send(Ok(kept)) {
                Err(Ok(back)) => kept = back, // the probe waits no longer
                _ => return,
            }
        }
        let is_newer = |idle: &Kept<S>| idle.since <= kept.since;
        if state.idle.as_ref().is_none_or(is_newer) {
            state.idle = Some(kept);
        }
    }

    /// Returns where a probe receives a connection, or the reason why there is none.
    pub(super) fn queue(&self) -> Receiver<Result<S>> {
        let (sender, receiver) = channel();
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.is_closed());
        state.waiting.push_back(sender);
        receiver
    }

    /// Waits until a waiting probe may start a set-up.
    pub(super) async fn until_setup(&self) {
        loop {
            let ended = self.ended.notified();
            let next = self.next_setup();
            if next <= Instant::now() {
                return;
            }
            select! {
                () = sleep_until(next) => {}
                () = ended => {}
            }
        }
    }

    /// Returns when a waiting probe may start a set-up: at once, but if one is under way, when it
    /// has taken longer than usual, and if one has just succeeded, when its connection should have
    /// answered the first of the probes that waited for it.
    fn next_setup(&self) -> Instant {
        let state = self.state();
        let youngest = state.setups.last().map(|setup| setup.since);
        match (youngest, state.time.usual()) {
            (Some(since), Some(usual)) => since + usual,
            // nobody knows: it is given all the time that it is allowed
            (Some(since), None) => since + super::RENEW_AFTER,
            (None, _) => match state.succeeded {
                Some(at) if self.permits.available_permits() < CONNECTIONS_MAX => at + LEAST,
                _ => Instant::now(), // no connection is left that could come back
            },
        }
    }

    pub(super) fn is_setting_up(&self) -> bool {
        !self.state().setups.is_empty()
    }

    /// Waits until there may be another connection.
    pub(super) async fn permit(&self) -> std::result::Result<OwnedSemaphorePermit, Miss> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map_err(|_| ProbeError::Unsent.into())
    }

    pub(super) fn spare_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Starts a set-up, whose task is passed its number.
    pub(super) fn start_setup(&self, start: impl FnOnce(u64) -> JoinHandle<()>) {
        let mut state = self.state(); // held until the set-up is recorded, which may end at once
        state.started += 1;
        let setup = Setup {
            number: state.started,
            since: Instant::now(),
            _task: AbortOnDropHandle::new(start(state.started)),
        };
        state.setups.push(setup);
    }

    /// Records how a set-up ended. Waiting probes learn that it failed unless another one is under
    /// way.
    pub(super) fn end_setup(&self, number: u64, opened: Result<S>) {
        let mut state = self.state();
        let place = state.setups.iter().position(|setup| setup.number == number);
        let setup = place.map(|place| state.setups.remove(place));
        let took = setup.map_or(Duration::ZERO, |setup| setup.since.elapsed());
        match opened {
            Ok(kept) => {
                state.time.learn(took);
                state.succeeded = Some(Instant::now());
                drop(state);
                self.give(kept);
            }
            Err(miss) if state.setups.is_empty() => {
                for probe in state.waiting.drain(..) {
                    let _ = probe.send(Err(miss.clone())); // it may wait no longer
                }
            }
            Err(_) => {}
        }
        self.ended.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
