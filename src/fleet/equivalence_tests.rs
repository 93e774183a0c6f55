//! Tests that a fleet acts like as many monitors: it sends the same probes and reaches the same
//! verdicts at the same moments.

extern crate std;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use crate::config::{Config, ConfigError, RetryBudget};
use crate::fleet::{self, Fleet, PeerKey};
use crate::monitor::Monitor;
use crate::output::Output;
use crate::peer::event::{Event, EventKind, Transition};
use crate::peer::verdict::{Failure, Reason, Verdict};
use crate::time::Instant;

const PEERS: usize = 5;
const SECOND_US: u64 = 1_000_000;

/// The outcome of the next probe.
#[derive(Clone, Debug)]
enum Fortune {
    Answered(u64),
    Refused,
    Unsent,
    Lost,
}

/// One drain: how late it is, and the outcomes of the probes that it sends.
type Round = (u64, [Fortune; PEERS]);

fn fortune() -> impl Strategy<Value = Fortune> {
    prop_oneof![
        6 => (1_000_u64..90_000).prop_map(Fortune::Answered),
        1 => (1_000_u64..350_000).prop_map(Fortune::Answered),
        1 => Just(Fortune::Refused),
        1 => Just(Fortune::Unsent),
        3 => Just(Fortune::Lost),
    ]
}

fn round() -> impl Strategy<Value = Round> {
    let late = prop_oneof![8 => Just(0), 2 => 0_u64..50_000, 1 => 0..20 * SECOND_US];
    let fortunes = [fortune(), fortune(), fortune(), fortune(), fortune()];
    (late, fortunes)
}

/// A fleet and one monitor for each of its peers, on one network.
struct Twins {
    fleet: Fleet<4>,
    keys: Vec<PeerKey>,
    monitors: Vec<Monitor<4>>,
    /// Whether the last probe to each peer could not be sent. Two failures in a row could make the
    /// fleet blind, which it reports in one event where each monitor reports its own.
    unsent: [bool; PEERS],
    /// The arrivals of replies: the moment, the peer, and the id of the probe.
    network: BTreeSet<(Instant, usize, u64)>,
}

/// The last change of each peer's verdict. The event's number and level are left out, since a fleet
/// remembers fewer probes than a monitor.
type Changes = BTreeMap<usize, (Instant, Verdict, Verdict, Reason)>;

fn change(peer: usize, event: Event) -> Option<(usize, (Instant, Verdict, Verdict, Reason))> {
    match event.kind {
        EventKind::Transition(Transition {
            from, to, reason, ..
        }) => Some((peer, (event.at, from, to, reason))),
        _ => None,
    }
}

impl Twins {
    fn new(config: Config) -> Self {
        let mut fleet = Fleet::with_window(config, Instant::ZERO).unwrap();
        fleet.budget = RetryBudget::new(255, u16::MAX); // monitors have none
        let keys: Vec<_> = (0..PEERS).map(|_| fleet.add(Instant::ZERO)).collect();
        let monitors = keys.iter();
        let monitors = monitors.map(|&key| Monitor::start(fleet.config_of(key), Instant::ZERO));
        Self {
            monitors: monitors.collect(),
            keys,
            unsent: [false; PEERS],
            network: BTreeSet::new(),
            fleet,
        }
    }

    /// Polls the fleet and the monitors at `now`. Returns the earliest deadline of the monitors,
    /// and that of the fleet.
    fn round(&mut self, now: Instant, fortunes: &[Fortune; PEERS]) -> (Instant, Instant) {
        self.handle_result(now);
        let (mut theirs, mut changes) = (BTreeSet::new(), Changes::new());
        let mut deadline = Instant::MAX;
        for (peer, monitor) in self.monitors.iter_mut().enumerate() {
            let until = loop {
                match monitor.poll(now) {
                    Output::Send(id) => assert!(theirs.insert((peer, u64::from(id)))),
                    Output::Event(event) => changes.extend(change(peer, event)),
                    Output::Wait(until) => break until,
                    Output::Idle => break now, // at the end of time
                }
            };
            deadline = deadline.min(until);
        }
        let mut ours = BTreeSet::new();
        let until = loop {
            match self.fleet.poll(now) {
                Output::Send(fleet::Probe { peer, id, .. }) => {
                    assert!(ours.insert((peer.index(), u64::from(id))));
                }
                Output::Wait(until) => break until,
                Output::Idle => break now,
            }
        };
        assert_eq!(ours, theirs, "probes at {now}");
        assert_eq!(self.changes(), changes, "verdicts at {now}");
        for (peer, id) in ours {
            self.suffer(now, peer, id, &fortunes[peer]);
        }
        (deadline, until)
    }

    fn changes(&mut self) -> Changes {
        let of = |told: Event<fleet::PeerEvent>| {
            let fleet::PeerEvent { peer, kind, .. } = told.kind;
            change(peer?.index(), Event::new(told.number, told.at, kind))
        };
        self.fleet.events().filter_map(of).collect()
    }

    /// Hands in the replies that have arrived by `now`, each at the moment of its arrival.
    fn handle_result(&mut self, now: Instant) {
        while let Some(&(at, peer, id)) = self.network.first().filter(|&&(at, ..)| at <= now) {
            self.network.pop_first();
            self.fleet.handle_reply(self.keys[peer], id.into(), at);
            self.monitors[peer].handle_reply(id.into(), at);
        }
    }

    fn suffer(&mut self, now: Instant, peer: usize, id: u64, fortune: &Fortune) {
        let (key, monitor) = (self.keys[peer], &mut self.monitors[peer]);
        let again = core::mem::replace(&mut self.unsent[peer], matches!(fortune, Fortune::Unsent));
        match fortune {
            Fortune::Answered(after) => drop(self.network.insert((now.plus(*after), peer, id))),
            Fortune::Refused => {
                self.fleet
                    .handle_failure(key, id.into(), Failure::Refused, now);
                monitor.handle_failure(id.into(), Failure::Refused, now);
            }
            Fortune::Unsent if again => self.unsent[peer] = false,
            Fortune::Unsent => {
                self.fleet.handle_unsent(key, id.into(), now);
                monitor.handle_unsent(id.into(), now);
            }
            Fortune::Lost => {}
        }
    }
}

/// Returns a configuration under which each probe has become overdue, and has got its reply if it
/// gets one, before the third probe after it is sent. A monitor remembers more probes than a fleet.
fn config(seed: u64) -> Result<Config, ConfigError> {
    let ms = Duration::from_millis;
    let config = Config::every(ms(1_000))
        .timeouts(ms(500), ms(100), ms(800))
        .build()?;
    config
        .into_builder()
        .detect_within(ms(3_000))
        .seed(seed)
        .build()
}

proptest! {
    #[test]
    fn a_fleet_is_as_many_monitors(seed in 1_u64.., rounds in prop::collection::vec(round(), 1..if cfg!(miri) { 6 } else { 80 })) {
        let mut twins = Twins::new(config(seed).unwrap());
        let mut now = Instant::ZERO;
        for (late_us, fortunes) in rounds {
            let (deadline, until) = twins.round(now, &fortunes);
            prop_assert!(until <= deadline && until > now);
            let arrival = twins.network.first().map_or(Instant::MAX, |&(at, ..)| at);
            now = until.min(arrival.max(now)).plus(late_us);
        }
        twins.network.clear();
        let end = twins.round(Instant::MAX, &[const { Fortune::Lost }; PEERS]);
        prop_assert_eq!(end, (Instant::MAX, Instant::MAX));
    }
}
