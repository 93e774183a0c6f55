//! The adapter that listens to very many senders of pushed heartbeats on one tokio task and one UDP
//! socket.

mod builder;
mod counters;
mod gate;
mod inbox;
mod limiter;
mod receive_loop;
mod state;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use ::tokio::task::JoinHandle;
use tokio_stream::Stream;
use tokio_util::sync::DropGuard;

use super::{Epoch, now};
use crate::fleet::{Census, ListenerFleet, PeerEvent, PeerStatus};
use crate::listener::Snapshot;
use crate::{Beat, ConfigError, Event, Instant, Verdict, listener};
use state::Shared;

pub use builder::Builder;
pub use counters::Counters;
pub use gate::{Gate, Keyed, Plain};

/// Listens to very many senders by one task on one UDP socket, and is the stream of their events.
/// Dropping it stops the task.
///
/// It runs a [`ListenerFleet`]. A [`Gate`] decides which datagrams are heartbeats, and looks up the
/// key of each sender. Nothing is ever sent. The task reads everything that waits in the socket
/// before it judges a sender, or for 20 ms where a flood of datagrams does not end. On Linux it
/// notices when the receive buffer overflows: that is local trouble, and no sender is suspected
/// because of it.
///
/// # Events
///
/// The stream keeps up to 1,024 events for its reader. If more wait, each sender keeps one more
/// change, from its oldest verdict that was not read to its newest. So no verdict is lost,
/// the memory is bounded, and the task never waits for the reader. Other events, such as of local
/// lateness, are then dropped; gaps in the numbers and
/// [`coalesced`](Counters::coalesced) show it. The stream is cancel safe. It ends if the gate
/// panics.
///
/// ```
/// use std::time::Duration;
/// use systole::task::udp_listener::{Keyed, UdpListener};
/// use systole::{Output, Sender, Verdict, listener, wire};
/// use tokio::net::UdpSocket;
/// use tokio_stream::StreamExt;
///
/// # #[derive(Clone, Copy)] struct Key([u8; 16]);
/// # impl wire::Mac for Key {
/// #     fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
/// #         siphasher::sip128::SipHasher24::new_with_key(&self.0).hash(message).as_bytes()
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const EVERY: Duration = Duration::from_millis(50);
/// let key = Key(*b"of web-1 and us."); // implements `wire::Mac`, see there
///
/// let config = listener::Config::builder().authenticated().build()?;
/// let gate = Keyed::new(0, move |id| (id == 1).then_some(key)); // a key for each sender
/// let socket = UdpSocket::bind("127.0.0.1:0").await?;
/// let to = socket.local_addr()?;
/// let mut listener = UdpListener::builder(config).spawn(gate, socket)?;
/// listener.add(1, Some(EVERY))?; // is dead if it never comes
///
/// let socket = UdpSocket::bind("127.0.0.1:0").await?; // on another machine
/// let mut sender = Sender::new(EVERY, 0x5eed, systole::Instant::ZERO)?;
/// if let Output::Send(beat) = sender.poll(systole::Instant::ZERO) {
///     socket.send_to(&wire::seal(&beat.with_id(1), 0, &key), to).await?;
/// }
/// println!("{:?}", listener.next().await); // Unknown -> Alive
/// assert_eq!(listener.verdict(1), Some(Verdict::Alive));
/// listener.stop().await;
/// # Ok(()) }
/// ```
pub struct UdpListener<G: Gate = Plain> {
    shared: Arc<Shared<G>>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

impl UdpListener {
    /// Starts a [`Builder`] with its defaults, for any gate.
    pub const fn builder(config: listener::Config) -> Builder {
        Builder::new(config)
    }
}

impl<G: Gate> UdpListener<G> {
    /// Adds the sender with `id`, of which a heartbeat is expected every `interval`. Returns
    /// whether it is new; see [`ListenerFleet::add`].
    ///
    /// # Errors
    /// Returns the errors of [`ListenerFleet::add`].
    pub fn add(&self, id: u64, interval: Option<Duration>) -> Result<bool, ConfigError> {
        self.with(|fleet, _, now| fleet.add(id, interval, now))
    }

    /// Adds a sender that was known before this process started, by its newest heartbeat and its
    /// verdict. Returns whether it is new; see [`ListenerFleet::restore`].
    ///
    /// # Errors
    /// Returns the errors of [`ListenerFleet::restore`].
    pub fn restore(&self, beat: &Beat, verdict: Verdict) -> Result<bool, ConfigError> {
        self.with(|fleet, _, now| fleet.restore(beat, verdict, now))
    }

    /// Removes the sender with `id`. Returns whether it was in the fleet.
    // The function is called for its effect.
    #[allow(clippy::must_use_candidate)]
    pub fn remove(&self, id: u64) -> bool {
        self.with(|fleet, _, _| fleet.remove(id))
    }

    /// Returns the verdict on the sender with `id`, or `None` if it is not in the fleet.
    #[must_use]
    pub fn verdict(&self, id: u64) -> Option<Verdict> {
        self.shared.lock().fleet.verdict(id)
    }

    /// Returns what is known of the sender with `id`, or `None` if it is not in the fleet.
    #[must_use]
    pub fn status(&self, id: u64) -> Option<PeerStatus<u64, Snapshot>> {
        self.shared.lock().fleet.status(id, self.now())
    }

    /// Returns the number of senders with each verdict.
    #[must_use]
    pub fn census(&self) -> Census {
        self.shared.lock().fleet.census()
    }

    /// Returns what became of the datagrams.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.lock().counters
    }

    /// Returns the `count` worst senders that are suspected or dead; see [`ListenerFleet::worst`].
    #[must_use]
    pub fn worst(&self, count: usize) -> Vec<PeerStatus<u64, Snapshot>> {
        let now = self.now();
        self.shared.lock().fleet.worst(count, now)
    }

    /// Calls `call` with the fleet, the gate and the current time. The task then polls the fleet at
    /// once. While `call` runs, the task waits.
    pub fn with<R>(&self, call: impl FnOnce(&mut ListenerFleet, &mut G, Instant) -> R) -> R {
        let now = self.now();
        let state = &mut *self.shared.lock();
        let result = call(&mut state.fleet, &mut state.gate, now);
        state.collect();
        self.shared.changed.notify_one();
        result
    }

    /// Returns the current time, on the clock of the events.
    #[must_use]
    pub fn now(&self) -> Instant {
        now(self.shared.epoch)
    }

    /// Stops the task and waits until it has ended.
    ///
    /// # Cancel safety
    /// The task stops even if this future is dropped.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // A panic of the gate was reported when it happened.
        let _ = task.await;
    }
}

impl<G: Gate> Stream for UdpListener<G> {
    type Item = Event<PeerEvent<u64>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.lock().inbox.poll_pop(context)
    }
}

/// Formats the census alone: a gate may hold keys.
impl<G: Gate> fmt::Debug for UdpListener<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpListener")
            .field("census", &self.census())
            .finish_non_exhaustive()
    }
}
