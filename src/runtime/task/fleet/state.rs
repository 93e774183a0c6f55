//! What the task and its handle share.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::sync::Notify;

use super::{Epoch, FLEET_WINDOW};
use crate::pacing::Pacing;
use crate::{Fleet, PeerKey};

/// The lock is held for one turn at most, never across a wait.
pub(super) struct Shared<P: Pacing> {
    pub(super) epoch: Epoch,
    pub(super) crew: Mutex<FleetState<P>>,
    pub(super) changed: Notify,
}

/// The machine, and where its peers are.
pub(super) struct FleetState<P: Pacing> {
    pub(super) fleet: Fleet<FLEET_WINDOW, P>,
    pub(super) addresses: Vec<Address>,
}

/// An address in 18 bytes: a million of them are at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    ip: [u8; 16],
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self {
            ip: ip.octets(),
            port: address.port(),
        }
    }
}

impl From<Address> for SocketAddr {
    fn from(Address { ip, port }: Address) -> Self {
        Self::new(Ipv6Addr::from(ip).to_canonical(), port)
    }
}

impl<P: Pacing> FleetState<P> {
    pub(super) fn address(&self, peer: PeerKey) -> Option<SocketAddr> {
        self.fleet.verdict(peer)?;
        self.addresses.get(peer.index()).copied().map(Into::into)
    }
}

impl<P: Pacing> Shared<P> {
    pub(super) fn lock(&self) -> MutexGuard<'_, FleetState<P>> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
