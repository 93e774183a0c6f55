//! A listener, and beside it a fleet of listeners with the same sender: the fleet has to say the
//! same at the same moments.

use core::convert::Infallible;
use std::collections::VecDeque;
use std::time::Duration;

use systole::fleet::ListenerFleet;
use systole::{Beat, EventKind, Instant, Listener, Output, Verdict, listener};

use super::machine::Machine;

const ID: u64 = 7;
/// Senders that never come, at both ends of the table.
const OTHERS: [u64; 2] = [1, u64::MAX];

pub struct Twin {
    listener: Listener<4>,
    /// None where they may differ: after a `resync`, which a fleet does not have; at the end of
    /// time, where a listener has everything due at once and a fleet nothing; and after a second
    /// suspend in one silence, as a fleet excuses both together when the sender is due.
    fleet: Option<ListenerFleet>,
    told: VecDeque<(Instant, EventKind)>,
    suspended: bool,
}

impl Twin {
    pub fn new(config: listener::Config, now: Instant) -> Self {
        let mut fleet = ListenerFleet::new(config, 0x7717, now).unwrap();
        for id in [OTHERS[0], ID, OTHERS[1]] {
            fleet.add(id, None, now).unwrap();
        }
        Self {
            listener: Listener::with_window(config, now),
            fleet: Some(fleet),
            told: VecDeque::new(),
            suspended: false,
        }
    }

    /// Polls the fleet for all that is due, and keeps what it tells of the sender.
    fn drain(&mut self, now: Instant) {
        let Some(fleet) = &mut self.fleet else { return };
        let until = fleet.poll(now);
        assert!(!matches!(until, Output::Wait(until) if until <= now));
        let ours = fleet.events().filter(|event| event.kind.peer == Some(ID));
        self.told
            .extend(ours.map(|event| (event.at, event.kind.kind)));
    }

    /// Compares all that both say, once the listener has nothing more to tell.
    fn compare(&self, now: Instant) {
        let Some(fleet) = &self.fleet else { return };
        assert!(
            self.told.is_empty(),
            "told by the fleet alone: {:?}",
            self.told
        );
        assert!(fleet.is_valid(), "{fleet:?}");
        assert_eq!(fleet.verdict(ID), Some(self.listener.verdict()));
        let (one, mut other) = (
            self.listener.snapshot(now),
            fleet.status(ID, now).unwrap().path,
        );
        // the fleet counts for all, and predicts on the clock of the present
        (other.phi, other.counters, other.events) = (one.phi, one.counters, one.events);
        assert_eq!(one, other);
    }
}

impl Machine for Twin {
    fn poll(&mut self, now: Instant) -> Output<Infallible> {
        if now == Instant::MAX {
            self.fleet = None;
        }
        self.drain(now);
        let output = self.listener.poll(now);
        match output {
            Output::Event(event) if !matches!(event.kind, EventKind::Paused { .. }) => {
                if self.fleet.is_some() {
                    assert_eq!(self.told.pop_front(), Some((event.at, event.kind)));
                }
            }
            Output::Event(_) => {}
            Output::Wait(_) | Output::Idle => self.compare(now),
        }
        output
    }

    fn handle_beat(&mut self, beat: &Beat, received_at: Instant) {
        let outcome = self.listener.handle_beat(beat, received_at);
        if let Some(fleet) = &mut self.fleet {
            let other = fleet.handle_beat(&beat.with_id(ID), received_at);
            // the fleet remembers fewer of the numbers before the newest
            let same = |outcome| match outcome {
                listener::BeatOutcome::Reordered => listener::BeatOutcome::Repeated,
                outcome => outcome,
            };
            assert_eq!(other.map(same), Some(same(outcome)));
            self.suspended = false;
        }
    }

    fn resumed(&mut self, now: Instant) {
        self.listener.resumed(now);
        if std::mem::replace(&mut self.suspended, true) {
            (self.fleet, self.told) = (None, VecDeque::new());
        }
        if let Some(fleet) = &mut self.fleet {
            fleet.resumed(now);
        }
    }

    fn resync(&mut self, now: Instant) {
        self.listener.resync(now);
        (self.fleet, self.told) = (None, VecDeque::new());
    }

    fn verdict(&self) -> Verdict {
        self.listener.verdict()
    }

    fn bound(&self) -> Duration {
        self.listener.bound()
    }

    fn level_milli(&self, now: Instant) -> u32 {
        self.listener.level(now).as_milli()
    }

    fn phi(&self, now: Instant) -> f64 {
        self.listener.phi(now)
    }

    fn snapshot(&self, now: Instant) -> listener::Snapshot {
        self.listener.snapshot(now)
    }

    fn is_valid(&self) -> bool {
        self.listener.is_valid()
    }

    fn load(&self) -> Option<u8> {
        self.listener.load()
    }
}
