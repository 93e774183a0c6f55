//! The settings of a listener.

use alloc::sync::Arc;
use std::io;
use std::sync::Mutex;

use ::tokio::net::UdpSocket;
use ::tokio::sync::Notify;
use ::tokio::task;
use ::tokio::time::Instant as Moment;
use tokio_util::sync::CancellationToken;

use super::super::socket::{DatagramSocket, KernelSocket};
use super::counters::Counters;
use super::inbox::Inbox;
use super::limiter::Limiter;
use super::receive_loop::ReceiveLoop;
use super::state::{Shared, State};
use super::{Epoch, Gate, UdpListener, now};
use crate::fleet::ListenerFleet;
use crate::runtime::seed;
use crate::{ConfigError, listener};

/// The number of heartbeats a second that may come from one address without a tag.
const RATE: u32 = 10_000;

/// The settings of a [`UdpListener`]: which unknown senders are admitted, and how many heartbeats
/// without a tag an address may send.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `spawn` is called"]
pub struct Builder {
    config: listener::Config,
    limit: usize,
    rate: u32,
}

impl Builder {
    /// Creates the settings of a listener that admits no unknown senders.
    pub const fn new(config: listener::Config) -> Self {
        Self {
            config,
            limit: 0,
            rate: RATE,
        }
    }

    /// Admits unknown senders as long as there are fewer than `senders`; see
    /// [`ListenerFleet::admit_up_to`].
    pub const fn admit_up_to(mut self, senders: usize) -> Self {
        self.limit = senders;
        self
    }

    /// Sets how many heartbeats a second are taken from one address, or one /64 network of IPv6,
    /// if they are not authentic: 10,000 unless set. One second's worth may come at once. Further
    /// ones are counted and dropped. Authentic heartbeats are never limited.
    ///
    /// The limits of all addresses take 32 KiB. Where thousands of addresses send, some share a
    /// limit. Senders behind one NAT share one, too, so state at least the rate of all of them.
    pub const fn rate_limit(mut self, heartbeats_per_second: u32) -> Self {
        self.rate = heartbeats_per_second;
        self
    }

    /// Starts a task that listens on `socket` and takes what `gate` lets pass.
    ///
    /// Give the socket a receive buffer for the heartbeats of all senders that may arrive in one
    /// moment: about 800 bytes each on Linux, where `net.core.rmem_max` limits it.
    ///
    /// # Errors
    /// Returns an error if, on Linux, the socket cannot report how many datagrams it drops.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn<G: Gate>(self, gate: G, socket: UdpSocket) -> io::Result<UdpListener<G>> {
        self.spawn_on(gate, KernelSocket::new(socket)?)
            .map_err(io::Error::other)
    }

    /// Starts the task on any [`DatagramSocket`], such as a simulated one; see
    /// [`spawn`](Self::spawn).
    ///
    /// # Errors
    /// Returns the errors of [`ListenerFleet::new`]. There are none at present, because the seed is
    /// drawn from the randomness of the operating system.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn_on<G: Gate>(
        self,
        gate: G,
        socket: impl DatagramSocket,
    ) -> Result<UdpListener<G>, ConfigError> {
        let epoch = Epoch::at(Moment::now().into_std());
        let mut fleet = ListenerFleet::new(self.config, seed::random().get(), now(epoch))?;
        fleet.admit_up_to(self.limit);
        let shared = Arc::new(Shared {
            epoch,
            state: Mutex::new(State {
                fleet,
                gate,
                limiter: Limiter::new(self.rate),
                inbox: Inbox::default(),
                counters: Counters::default(),
            }),
            changed: Notify::new(),
        });
        let stop = CancellationToken::new();
        let receive_loop = ReceiveLoop {
            shared: Arc::clone(&shared),
            drops: socket.receive_drops(),
            socket,
            unread_since: None,
            stop: stop.clone(),
        };
        Ok(UdpListener {
            shared,
            task: task::spawn(receive_loop.run()),
            stop: stop.drop_guard(),
        })
    }
}
