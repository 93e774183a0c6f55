//! A fleet and its network, in virtual time.

use core::time::Duration;
extern crate alloc;

use alloc::collections::VecDeque;

use systole::{
    Config, Event, Fleet, Instant, Output, ProbeId,
    fleet::{self, PeerKey},
};

/// What every answer takes.
pub const ROUND_TRIP: Duration = Duration::from_millis(20);

/// A fleet, its peers and the packets between them.
pub struct Swarm {
    /// The machine.
    pub fleet: Fleet<4>,
    /// Its peers, in the order in which they were added.
    pub peers: Vec<PeerKey>,
    /// The present.
    pub now: Instant,
    /// Everything that the fleet has told.
    pub events: Vec<Event<fleet::PeerEvent>>,
    /// Probes sent in each second since the start.
    pub rates: Vec<u32>,
    /// Probes and answers.
    pub count: u64,
    network: VecDeque<(Instant, PeerKey, ProbeId)>,
}

impl Swarm {
    /// A fleet of so many peers that start together.
    pub fn new(config: Config, peers: usize) -> Self {
        let mut fleet = Fleet::with_window(config, Instant::ZERO).unwrap();
        Self {
            peers: (0..peers).map(|_| fleet.add(Instant::ZERO)).collect(),
            fleet,
            now: Instant::ZERO,
            events: Vec::new(),
            rates: Vec::new(),
            count: 0,
            network: VecDeque::new(),
        }
    }

    /// Goes on for `span`, looking on time; `answers` says whether a peer answers what is sent to it now.
    pub fn run(&mut self, span: Duration, answers: impl Fn(PeerKey, Instant) -> bool) {
        let end = self.now.saturating_add(span);
        while self.now < end {
            self.receive();
            let until = self.drain(&answers);
            self.events.extend(self.fleet.events());
            let arrival = self.network.front().map_or(end, |&(at, ..)| at);
            self.now = until.min(arrival).min(end);
        }
    }

    /// Nobody looks for `span`; what arrives meanwhile waits.
    pub const fn sleep(&mut self, span: Duration) {
        self.now = self.now.saturating_add(span);
    }

    /// What waits to be received is lost on our side.
    pub fn overflow(&mut self) {
        self.network.retain(|&(at, ..)| at > self.now);
        self.fleet.handle_overflow(self.now);
    }

    fn receive(&mut self) {
        while let Some(&(at, peer, id)) = self.network.front().filter(|(at, ..)| *at <= self.now) {
            self.network.pop_front();
            self.fleet.handle_reply(peer, id, at);
            self.count += 1;
        }
    }

    fn drain(&mut self, answers: impl Fn(PeerKey, Instant) -> bool) -> Instant {
        loop {
            match self.fleet.poll(self.now) {
                Output::Send(fleet::Probe { peer, id, .. }) => {
                    self.tally();
                    if answers(peer, self.now) {
                        let at = self.now.saturating_add(ROUND_TRIP);
                        self.network.push_back((at, peer, id));
                    }
                }
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn tally(&mut self) {
        self.count += 1;
        let second = usize::try_from(self.now.as_micros() / 1_000_000).unwrap();
        self.rates.resize(self.rates.len().max(second + 1), 0);
        self.rates[second] += 1;
    }
}
