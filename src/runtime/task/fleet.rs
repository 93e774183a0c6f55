//! A fleet on one task and one UDP socket.

mod probe_loop;
mod socket;
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

use super::{Epoch, now};
use crate::pacing::{Fluctuation, Pacing};
use crate::{
    Census, Config, ConfigError, Fleet, FleetCounters, FleetEvent, Instant, Lateness, PeerKey,
    PeerStatus, Verdict,
};
use probe_loop::ProbeLoop;
pub use socket::DatagramSocket;
use socket::KernelSocket;
use state::{FleetState, Shared};

/// Round-trip times that are looked at of each peer.
const FLEET_WINDOW: usize = 4;
/// Events that wait for a reader; the oldest give way, and the numbers show a gap.
const EVENTS: usize = 1_024;

/// Very many peers on one task and one UDP socket, and the stream of their events. Dropping it stops the task.
///
/// A probe is a datagram of 16 bytes that the peer sends back as it is: an echo service (RFC 862) will do. A reply counts if it comes from
/// the address that was probed. What overflows the socket's receive buffer is our fault, and noticed on Linux: nobody is suspected for it.
///
/// The stream keeps the latest 1,024 events; where it is read too seldom, the numbers show a gap. It is cancel safe.
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
    events: BroadcastStream<FleetEvent>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

impl<P: Pacing<State: Send> + Send + 'static> UdpFleet<P> {
    /// Starts a task that monitors whom [`add`](Self::add) names. A missing seed is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// Where the socket does not tell what it loses, on Linux.
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
    pub fn spawn(config: Config<P>, socket: UdpSocket) -> io::Result<Self> {
        Self::spawn_on(config, KernelSocket::new(socket)?).map_err(io::Error::other)
    }

    /// The same on any [`DatagramSocket`], such as a simulated one.
    ///
    /// # Errors
    /// Like [`Fleet::new`]. A configuration without a seed is given one first, so none is refused for that.
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
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
    /// Adds the peer at `address`. Zones of link-local addresses are not kept.
    #[allow(clippy::must_use_candidate)] // who watches all needs no key
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

    /// Removes `peer`; returns whether it was there.
    #[allow(clippy::must_use_candidate)] // it is done
    pub fn remove(&self, peer: PeerKey) -> bool {
        self.shared.lock().fleet.remove(peer)
    }

    /// Where `peer` is; nothing where it is gone.
    #[must_use]
    pub fn address(&self, peer: PeerKey) -> Option<SocketAddr> {
        self.shared.lock().address(peer)
    }

    /// Whether `peer` is alive; nothing where it is gone.
    #[must_use]
    pub fn verdict(&self, peer: PeerKey) -> Option<Verdict> {
        self.shared.lock().fleet.verdict(peer)
    }

    /// How many peers there are of each verdict.
    #[must_use]
    pub fn census(&self) -> Census {
        self.shared.lock().fleet.census()
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> FleetCounters {
        self.shared.lock().fleet.counters()
    }

    /// How late probes went out.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        self.shared.lock().fleet.lateness().clone()
    }

    /// The `count` worst peers that are suspected or dead; see [`Fleet::worst`].
    #[must_use]
    pub fn worst(&self, count: usize) -> Vec<PeerStatus> {
        self.shared
            .lock()
            .fleet
            .worst(count, now(self.shared.epoch))
    }

    /// Lends the machine: to be recorded, or told what the socket cannot tell. The task looks again at once. Peers come by [`add`](Self::add)
    /// alone, which knows where they are.
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

    /// Stops the task and waits until it is gone.
    ///
    /// # Cancel safety
    /// The task stops even if this future is dropped.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        let _ = task.await; // it neither panics nor is it aborted
    }
}

impl<P: Pacing> Stream for UdpFleet<P> {
    type Item = FleetEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<FleetEvent>> {
        loop {
            match ready!(Pin::new(&mut self.events).poll_next(context)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                Some(Err(_)) => {} // it lagged; the numbers show it
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
