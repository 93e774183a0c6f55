//! What the task and its handle share.

use alloc::vec::Vec;
use core::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::sync::Notify;

use super::socket::Address;
use super::{Epoch, FLEET_WINDOW};
use crate::pacing::Pacing;
use crate::{Fleet, PeerKey};

/// The lock is held for one turn at most, never across a wait.
pub(super) struct Shared<P: Pacing> {
    pub(super) epoch: Epoch,
    pub(super) crew: Mutex<Crew<P>>,
    pub(super) changed: Notify,
}

/// The machine, and where its peers are.
pub(super) struct Crew<P: Pacing> {
    pub(super) fleet: Fleet<FLEET_WINDOW, P>,
    pub(super) addresses: Vec<Address>,
}

impl<P: Pacing> Crew<P> {
    pub(super) fn address(&self, peer: PeerKey) -> Option<SocketAddr> {
        self.fleet.verdict(peer)?;
        self.addresses.get(peer.index()).copied().map(Into::into)
    }
}

impl<P: Pacing> Shared<P> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Crew<P>> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
