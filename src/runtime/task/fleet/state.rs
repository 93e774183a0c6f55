//! The state that the task of a fleet and its handle share.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::sync::Notify;

use super::{Epoch, FLEET_WINDOW};
use crate::pacing::Pacing;
use crate::{Fleet, fleet::PeerKey};

/// The shared state. The lock is held for at most one turn of the loop, and never across a wait.
pub(super) struct Shared<P: Pacing> {
    pub(super) epoch: Epoch,
    pub(super) crew: Mutex<FleetState<P>>,
    pub(super) changed: Notify,
}

/// The fleet, and the addresses of its peers by index.
pub(super) struct FleetState<P: Pacing> {
    pub(super) fleet: Fleet<FLEET_WINDOW, P>,
    pub(super) addresses: Vec<Address>,
}

/// A socket address in 18 bytes, so that a million of them take little memory.
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
    /// Returns the address of `peer`, or `None` if it is not in the fleet.
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
