//! Which heartbeats are let in, and what is noted of them.

use std::net::SocketAddr;

use systole::listener::BeatOutcome;
use systole::task::udp_listener;
use systole::wire::{self, WireError};
use systole::{Beat, Instant};

use super::news::{News, Tale};
use super::roster::Roster;
use super::settings::Settings;
use crate::push::KeyFile;

/// The most notes that wait; further ones are left out.
const NOTES_MAX: usize = 256;

pub(super) struct Gate {
    recipient: u64,
    pub(super) keys: Option<KeyFile>,
    admit: usize,
    pub(super) roster: Roster,
    /// What is to be told, beside the events of the fleet.
    pub(super) notes: Vec<News>,
    /// The heartbeats of unknown senders that were refused, as too many were admitted.
    pub(super) refused: u64,
}

impl Gate {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut roster = Roster::default();
        for sender in &settings.senders {
            roster.expect(sender);
        }
        Self {
            recipient: settings.recipient,
            keys: settings.keys.clone(),
            admit: settings.admit,
            roster,
            notes: Vec::new(),
            refused: 0,
        }
    }

    /// Opens a datagram with the key of its sender, or the next one while they are exchanged.
    fn unseal(&self, datagram: &[u8]) -> Result<Beat, WireError> {
        let Some(keys) = &self.keys else {
            return wire::decode(datagram);
        };
        let id = wire::claimed_id(datagram).ok_or(WireError::Length(datagram.len()))?;
        let mut opened = Err(WireError::Forged); // there may be no key
        for key in keys.keys(id) {
            opened = wire::open(datagram, self.recipient, key);
            if opened != Err(WireError::Forged) {
                break;
            }
        }
        opened
    }
}

impl udp_listener::Gate for Gate {
    fn open(&mut self, datagram: &[u8], _: SocketAddr) -> Result<Beat, WireError> {
        let beat = self.unseal(datagram)?;
        let is_known = self.roster.senders.contains_key(&beat.id());
        if !is_known && self.roster.admitted >= self.admit {
            self.refused = self.refused.saturating_add(1);
            return Err(WireError::Forged);
        }
        Ok(beat)
    }

    fn handled(
        &mut self,
        beat: &Beat,
        from: SocketAddr,
        outcome: Option<BeatOutcome>,
        received_at: Instant,
    ) {
        let Some(outcome) = outcome else {
            return;
        };
        let other = self.roster.hear(beat, from, outcome, received_at);
        if let Some(other) = other.filter(|_| self.notes.len() < NOTES_MAX) {
            self.notes.push(News {
                at: received_at,
                sender: Some(beat.id()),
                tale: Tale::Contested(from, other),
            });
        }
    }
}
