//! What decides which datagrams are heartbeats.

use core::fmt;
use core::net::SocketAddr;

use crate::listener::BeatOutcome;
use crate::wire::{self, Mac, WireError};
use crate::{Beat, Instant};

/// Decides which datagrams a [`UdpListener`](super::UdpListener) takes for heartbeats, and of whom.
///
/// [`Plain`] and [`Keyed`] are gates for the crate's own [`wire`] format. Implement the trait to
/// take another format, to accept two keys while one is replaced, to refuse senders, or to follow
/// what each sender says.
///
/// The task calls the methods while it holds its lock, so they must be quick and never block.
pub trait Gate: Send + 'static {
    /// Returns the heartbeat in `datagram`, which came from `from`, [authentic](Beat::authentic) if
    /// its tag was verified. Datagrams longer than 512 bytes are cut off at 512.
    ///
    /// # Errors
    /// Returns why the datagram is refused. Only the counters show it.
    fn open(&mut self, datagram: &[u8], from: SocketAddr) -> Result<Beat, WireError>;

    /// Is called after the fleet has taken `beat`, with what became of it: `None` where the sender
    /// is not in the fleet and was not admitted. Here a goodbye shows its [exit
    /// status](Beat::exit_status). The default does nothing.
    fn handled(
        &mut self,
        beat: &Beat,
        from: SocketAddr,
        outcome: Option<BeatOutcome>,
        received_at: Instant,
    ) {
        let _ = (beat, from, outcome, received_at);
    }
}

/// Takes every plain heartbeat of the [`wire`] format. Anybody can send one: see [what attackers
/// can do](wire#who-can-do-what).
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Gate for Plain {
    fn open(&mut self, datagram: &[u8], _: SocketAddr) -> Result<Beat, WireError> {
        wire::decode(datagram)
    }
}

/// Takes the heartbeats of the [`wire`] format whose tag matches the key of their sender, and no
/// others. Give the listener an [authenticated](crate::listener::Builder::authenticated)
/// configuration.
#[derive(Clone)]
pub struct Keyed<F> {
    recipient: u64,
    key_of: F,
}

impl<F> Keyed<F> {
    /// Creates a gate to the recipient with the id `recipient`, which senders state when they
    /// [seal](wire::seal) a heartbeat; 0 stands for any. `key_of` returns the key of the sender
    /// with an id, or `None` if it has none: then its heartbeats count as forged.
    pub const fn new<K: Mac>(recipient: u64, key_of: F) -> Self
    where
        F: FnMut(u64) -> Option<K> + Send + 'static,
    {
        Self { recipient, key_of }
    }
}

impl<F, K> Gate for Keyed<F>
where
    F: FnMut(u64) -> Option<K> + Send + 'static,
    K: Mac,
{
    fn open(&mut self, datagram: &[u8], _: SocketAddr) -> Result<Beat, WireError> {
        let id = wire::claimed_id(datagram).ok_or(WireError::Length(datagram.len()))?;
        let key = (self.key_of)(id).ok_or(WireError::Forged)?;
        wire::open(datagram, self.recipient, &key)
    }
}

/// Leaves out the keys.
impl<F> fmt::Debug for Keyed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}
