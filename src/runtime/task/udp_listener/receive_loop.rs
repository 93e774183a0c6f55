//! The loop of a listener: it hands in what has arrived, judges the senders that are due, and
//! sleeps until the next deadline.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::time::Duration;
use std::io;

use ::tokio::select;
use ::tokio::task::yield_now;
use ::tokio::time::{Instant as Moment, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::socket::DatagramSocket;
use super::state::{Shared, State};
use super::{Gate, now};
use crate::{Instant, Output};

/// The most bytes of a datagram that are read.
const LENGTH: usize = 512;
/// The most datagrams that are read before other tasks run.
const DATAGRAMS: usize = 1_024;
/// How long senders are not judged while datagrams still wait, which may be theirs. A flood that
/// never ends would otherwise prevent all verdicts.
const READING: Duration = Duration::from_millis(20);

/// The state that the task owns.
pub(super) struct ReceiveLoop<G, S> {
    pub(super) shared: Arc<Shared<G>>,
    pub(super) socket: S,
    /// The number of dropped datagrams that the socket reported last.
    pub(super) drops: u32,
    /// Since when datagrams have waited at the end of every turn.
    pub(super) unread_since: Option<Instant>,
    pub(super) stop: CancellationToken,
}

impl<G: Gate, S: DatagramSocket> ReceiveLoop<G, S> {
    pub(super) async fn run(mut self) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        loop {
            let until = self.turn();
            let is_due = until.is_none_or(|until| until <= Moment::now());
            if is_due {
                // More waits or is due, and a sleep would take a millisecond.
                yield_now().await;
                if stop.is_cancelled() {
                    return;
                }
                continue;
            }
            select! {
                biased;
                () = stop.cancelled() => return,
                () = shared.changed.notified() => {}
                Ok(()) = poll_fn(|context| self.socket.poll_readable(context)) => {}
                // What waits in the socket is read before any sender is judged.
                () = sleep_until(until.unwrap_or_else(Moment::now)) => yield_now().await,
            }
        }
    }

    /// Does everything that is due now. Returns when to continue, or `None` where datagrams still
    /// wait.
    fn turn(&mut self) -> Option<Moment> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let is_empty = self.receive(&mut state);
        let until = self.may_judge(is_empty).then(|| {
            let until = judge(&mut state, now(shared.epoch));
            state.collect();
            Moment::from_std(shared.epoch.when(until))
        });
        state.inbox.wake();
        until.filter(|_| is_empty)
    }

    /// Returns whether everything that waited was read, or reading has taken too long.
    fn may_judge(&mut self, is_empty: bool) -> bool {
        let now = now(self.shared.epoch);
        let since = *self.unread_since.get_or_insert(now);
        let may_judge = is_empty || now.saturating_duration_since(since) >= READING;
        if may_judge {
            self.unread_since = None;
        }
        may_judge
    }

    /// Hands in the datagrams that wait in the socket. Returns whether none is left. If some are
    /// left, other tasks run before the rest is read.
    fn receive(&mut self, state: &mut State<G>) -> bool {
        let mut buffer = [0; LENGTH];
        for _ in 0..DATAGRAMS {
            match self.socket.try_receive(&mut buffer) {
                Ok((length, from)) => {
                    let now = now(self.shared.epoch);
                    self.note_drops(state, now);
                    state.take(buffer.get(..length).unwrap_or(&buffer), from, now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => {} // of a datagram that somebody sent to us
            }
        }
        false
    }

    fn note_drops(&mut self, state: &mut State<G>, now: Instant) {
        let drops = self.socket.receive_drops();
        let more = drops.wrapping_sub(core::mem::replace(&mut self.drops, drops));
        if more > 0 {
            state.lose(more, now);
        }
    }
}

/// Judges the senders that are due. Returns when the next one is.
fn judge<G>(state: &mut State<G>, now: Instant) -> Instant {
    match state.fleet.poll(now) {
        Output::Wait(until) => until,
        _ => Instant::MAX,
    }
}

/// Ends the events when the task ends, also by a panic of the gate.
impl<G, S> Drop for ReceiveLoop<G, S> {
    fn drop(&mut self) {
        self.shared.lock().inbox.close();
    }
}
