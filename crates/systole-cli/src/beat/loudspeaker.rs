//! What encodes heartbeats and sends them to all listeners, and says when that begins to fail.

use std::time::Duration;

use systole::{Beat, wire};
use tokio::time::{Instant, timeout};

use super::destination::Destination;
use crate::push::Key;
use crate::report::{Outlet, plain_text};

/// How long the end waits for the reader of the notes.
const NOTES_MAX: Duration = Duration::from_millis(300);

pub(super) struct Loudspeaker {
    pub(super) id: u64,
    /// The id of the listener; 0 for any.
    pub(super) listener: u64,
    pub(super) key: Option<Key>,
    pub(super) destinations: Vec<Destination>,
    /// The heartbeat that was sent last, for a listener whose name was looked up since.
    pub(super) last: Option<Beat>,
    /// Standard error, whose reader may be slow.
    pub(super) notes: Outlet,
}

impl Loudspeaker {
    pub(super) fn send(&mut self, beat: Beat) {
        self.last = Some(beat);
        let beat = beat.with_id(self.id);
        let (tagged, plain);
        let datagram: &[u8] = if let Some(key) = &self.key {
            tagged = wire::seal(&beat, self.listener, key);
            &tagged
        } else {
            plain = wire::encode(&beat);
            &plain
        };
        for destination in &mut self.destinations {
            let failure = destination.send(datagram).err();
            note_change(&mut self.notes, destination, failure);
        }
        self.notes.flush();
    }

    /// Waits until a lookup was begun or has ended. A listener that was found gets the last
    /// heartbeat. Cancel safe.
    pub(super) async fn look_up(&mut self) {
        let found = self.found();
        let lookups = self.destinations.iter_mut();
        let lookups = lookups.map(|destination| Box::pin(destination.look_up()));
        first(lookups.collect()).await;
        if let Some(beat) = self.last.filter(|_| self.found() > found) {
            self.send(beat);
        }
    }

    fn found(&self) -> usize {
        self.destinations.iter().filter(|it| it.is_found()).count()
    }

    /// Looks up the names that are not known, for at most `span`.
    pub(super) async fn find_all(&mut self, span: Duration) {
        let end = Instant::now() + span;
        while !self.destinations.iter().all(Destination::is_found) {
            let left = end.saturating_duration_since(Instant::now());
            if timeout(left, self.look_up()).await.is_err() {
                return;
            }
        }
    }

    pub(super) fn note(&mut self, text: &str) {
        note(&mut self.notes, text);
        self.notes.flush();
    }

    pub(super) async fn finish(&mut self) {
        self.notes.finish(Instant::now() + NOTES_MAX).await;
    }
}

/// Says that sending begins to fail, for another reason than before, or works again.
fn note_change(notes: &mut Outlet, destination: &mut Destination, failure: Option<String>) {
    if failure == destination.failure {
        return;
    }
    match &failure {
        Some(why) => note(
            notes,
            &format!("cannot send to {destination}: {}", plain_text(why)),
        ),
        None => note(notes, &format!("sends to {destination} again")),
    }
    destination.failure = failure;
}

pub(super) fn note(notes: &mut Outlet, text: &str) {
    notes.push(|out| out.extend_from_slice(format!("systole: {text}\n").as_bytes()));
}

/// Waits for the first of `futures`.
async fn first<F: Future<Output = ()> + Unpin>(mut futures: Vec<F>) {
    std::future::poll_fn(|context| {
        let mut futures = futures.iter_mut();
        if futures.any(|it| std::pin::Pin::new(it).poll(context).is_ready()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
}
