//! The adapter that runs a fleet on one tokio task and one UDP socket.

mod probe_loop;
mod state;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::Mutex;

use ::tokio::net::UdpSocket;
use ::tokio::sync::{Notify, broadcast};
use ::tokio::task::{self, JoinHandle};
use ::tokio::time::Instant as Moment;
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::socket::{DatagramSocket, KernelSocket};
use super::{Epoch, now};
use crate::pacing::{Fluctuation, Pacing};
use crate::{
    Config, ConfigError, Event, Fleet, Instant, Verdict,
    fleet::{self, Census, Lateness, PeerKey, PeerStatus},
};
use probe_loop::ProbeLoop;
use state::{FleetState, Shared};

/// The number of round-trip times in the window of each peer.
const FLEET_WINDOW: usize = 4;
/// The number of events that are kept for the reader. Further events replace the oldest, which
/// shows as a gap in their numbers.
const EVENTS: usize = 1_024;

/// Monitors very many peers by one task over one UDP socket, and is the stream of their events.
/// Dropping it stops the task.
///
/// A probe is a datagram of 16 bytes, which the peer sends back unchanged, as an echo service does
/// (RFC 862). A reply counts only if it comes from the address that was probed. On Linux the fleet
/// notices when the receive buffer of the socket overflows. This is a local fault, so no peer is
/// suspected because of it.
///
/// The stream keeps the latest 1,024 events. A reader that is too slow finds a gap in their
/// numbers. The stream is cancel safe.
///
/// ```
/// use std::time::Duration;
/// use systole::Config;
/// use systole::task::UdpFleet;
/// use tokio::net::UdpSocket;
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let echo = UdpSocket::bind("127.0.0.1:0").await?;
/// let peer = echo.local_addr()?;
/// tokio::spawn(async move {
///     let mut datagram = [0; 16];
///     while let Ok((length, from)) = echo.recv_from(&mut datagram).await {
///         let _ = echo.send_to(&datagram[..length], from).await;
///     }
/// });
///
/// let config = Config::every(Duration::from_millis(50)).build()?;
/// let mut fleet = UdpFleet::spawn(config, UdpSocket::bind("127.0.0.1:0").await?)?;
/// fleet.add(peer);
/// println!("{:?}", fleet.next().await); // Unknown -> Alive
/// assert_eq!(fleet.census().alive, 1);
/// fleet.stop().await;
/// # Ok(()) }
/// ```
pub struct UdpFleet<P: Pacing = Fluctuation> {
    shared: Arc<Shared<P>>,
    events: BroadcastStream<Event<fleet::PeerEvent>>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

impl<P: Pacing<State: Send> + Send + 'static> UdpFleet<P> {
    /// Starts a task that monitors the peers that [`add`](Self::add) adds. If the configuration has
    /// no seed, one is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// Returns an error if, on Linux, the socket cannot report how many datagrams it drops.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn(config: Config<P>, socket: UdpSocket) -> io::Result<Self> {
        Self::spawn_on(config, KernelSocket::new(socket)?).map_err(io::Error::other)
    }

    /// Starts the task on any [`DatagramSocket`], such as a simulated one; see
    /// [`spawn`](Self::spawn).
    ///
    /// # Errors
    /// Returns the errors of [`Fleet::new`]. A configuration without a seed is not refused: it is
    /// given one first.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn_on<S: DatagramSocket>(config: Config<P>, socket: S) -> Result<Self, ConfigError> {
        let epoch = Epoch::at(Moment::now().into_std());
        let shared = Arc::new(Shared {
            epoch,
            crew: Mutex::new(FleetState {
                fleet: Fleet::with_window(config.seeded(), now(epoch))?,
                addresses: Vec::new(),
            }),
            changed: Notify::new(),
        });
        let (events, listener) = broadcast::channel(EVENTS);
        let stop = CancellationToken::new();
        let beat = ProbeLoop {
            shared: Arc::clone(&shared),
            drops: socket.receive_drops(),
            socket,
            events,
            stop: stop.clone(),
        };
        Ok(Self {
            shared,
            events: BroadcastStream::new(listener),
            task: task::spawn(beat.run()),
            stop: stop.drop_guard(),
        })
    }
}

impl<P: Pacing> UdpFleet<P> {
    /// Adds the peer at `address`. The zone of a link-local address is not kept.
    // A caller that reads the events needs no key.
    #[allow(clippy::must_use_candidate)]
    pub fn add(&self, address: SocketAddr) -> PeerKey {
        let mut crew = self.shared.lock();
        let peer = crew.fleet.add(now(self.shared.epoch));
        if peer.index() == crew.addresses.len() {
            crew.addresses.push(address.into());
        } else if let Some(place) = crew.addresses.get_mut(peer.index()) {
            *place = address.into();
        }
        self.shared.changed.notify_one();
        peer
    }

    /// Removes `peer`. Returns whether it existed.
    // The function is called for its effect.
    #[allow(clippy::must_use_candidate)]
    pub fn remove(&self, peer: PeerKey) -> bool {
        self.shared.lock().fleet.remove(peer)
    }

    /// Returns the address of `peer`, or `None` if it was removed.
    #[must_use]
    pub fn address(&self, peer: PeerKey) -> Option<SocketAddr> {
        self.shared.lock().address(peer)
    }

    /// Returns the verdict on `peer`, or `None` if it was removed.
    #[must_use]
    pub fn verdict(&self, peer: PeerKey) -> Option<Verdict> {
        self.shared.lock().fleet.verdict(peer)
    }

    /// Returns the number of peers with each verdict.
    #[must_use]
    pub fn census(&self) -> Census {
        self.shared.lock().fleet.census()
    }

    /// Returns the counters of the fleet.
    #[must_use]
    pub fn counters(&self) -> fleet::Counters {
        self.shared.lock().fleet.counters()
    }

    /// Returns the histogram of how late probes were handed out.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        self.shared.lock().fleet.lateness().clone()
    }

    /// Returns the `count` worst peers that are suspected or dead; see [`Fleet::worst`].
    #[must_use]
    pub fn worst(&self, count: usize) -> Vec<PeerStatus> {
        self.shared
            .lock()
            .fleet
            .worst(count, now(self.shared.epoch))
    }

    /// Calls `call` with the fleet, to record its metrics or to pass it what the socket cannot
    /// show. The task then polls the fleet at once. Add peers only by [`add`](Self::add), which
    /// also stores their addresses.
    ///
    /// ```
    /// # #[cfg(feature = "metrics")]
    /// # fn record(fleet: &systole::task::UdpFleet, series: &systole::telemetry::FleetSeries) {
    /// fleet.with(|fleet, now| series.record(fleet, now)); // every few seconds
    /// # }
    /// ```
    pub fn with<R>(&self, call: impl FnOnce(&mut Fleet<FLEET_WINDOW, P>, Instant) -> R) -> R {
        let now = now(self.shared.epoch);
        let result = call(&mut self.shared.lock().fleet, now);
        self.shared.changed.notify_one();
        result
    }

    /// Stops the task and waits until it has ended.
    ///
    /// # Cancel safety
    /// The task stops even if this future is dropped.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // The task neither panics nor is it aborted.
        let _ = task.await;
    }
}

impl<P: Pacing> Stream for UdpFleet<P> {
    type Item = Event<fleet::PeerEvent>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Event<fleet::PeerEvent>>> {
        loop {
            match ready!(Pin::new(&mut self.events).poll_next(context)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                // The reader was too slow. The numbers show the gap.
                Some(Err(_)) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<P: Pacing> fmt::Debug for UdpFleet<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpFleet")
            .field("census", &self.census())
            .finish_non_exhaustive()
    }
}
