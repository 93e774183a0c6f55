//! The engine: one detector over one network in virtual time.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::detector::{Action, Answer, Detector};
use super::network::Network;
use super::span::Span;
use crate::time::MicrosExt as _;
use systole::Instant;

/// The options of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How long after the network's start the detector starts.
    pub offset: Duration,
    /// The stretches in which the prober itself is suspended, sorted and disjoint. It sends no
    /// probes and changes no verdict then. What has arrived is passed in first when it resumes.
    pub suspends: Vec<Span>,
}

impl Options {
    /// Returns options for a detector that starts this long after the network does and is never
    /// suspended.
    #[must_use]
    pub const fn starting_after(offset: Duration) -> Self {
        Self {
            offset,
            suspends: Vec::new(),
        }
    }
}

/// The result of a replay with a live peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The time from the start to the end of the network, including the offset.
    pub duration: Duration,
    /// The number of probes sent, including retries.
    pub probes: u64,
    /// Every stretch in which the live peer was called Dead, in order. The last may end with the
    /// network.
    pub mistakes: Vec<Span>,
}

/// Runs the detector that `build` returns for its starting moment over the whole of `network`.
///
/// It costs a few tens of nanoseconds per probe in addition to the detector's own cost.
pub fn replay<N, D>(network: &N, options: &Options, build: impl FnOnce(Instant) -> D) -> Replay
where
    N: Network + ?Sized,
    D: Detector,
{
    let end = network.end();
    let mut engine = Engine::new(network, options, build);
    engine.run_until(end);
    Replay {
        duration: Duration::from_micros(end.since(network.start())),
        probes: engine.probes,
        mistakes: engine.verdict.close(end),
    }
}

/// The largest number of polls in one drain, more than any correct detector needs. A detector that
/// never waits is stopped here.
const MAX_DRAIN: u32 = 1_024;

/// The state of a replay between two moments.
#[derive(Clone, Debug)]
pub(crate) struct Engine<'a, N: ?Sized, D> {
    network: &'a N,
    suspends: &'a [Span],
    detector: D,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    wake: Instant,
    /// The moment of the crash: probes sent from here on have no reply, while those in flight still
    /// arrive.
    crash: Instant,
    pub(crate) verdict: Verdicts,
    probes: u64,
}

impl<'a, N: Network + ?Sized, D: Detector> Engine<'a, N, D> {
    pub(crate) fn new(
        network: &'a N,
        options: &'a Options,
        build: impl FnOnce(Instant) -> D,
    ) -> Self {
        let start = network.start().saturating_add(options.offset);
        Self {
            network,
            suspends: &options.suspends,
            detector: build(start),
            in_flight: BinaryHeap::new(),
            wake: start,
            crash: Instant::MAX,
            verdict: Verdicts::default(),
            probes: 0,
        }
    }

    /// Runs everything that happens before `end`.
    pub(crate) fn run_until(&mut self, end: Instant) {
        loop {
            let now = self.next_moment();
            if now >= end {
                return;
            }
            self.step(now);
        }
    }

    /// Returns when the next event occurs: a deadline or a reply, postponed to the end of a
    /// suspend.
    pub(crate) fn next_moment(&self) -> Instant {
        let answer = self
            .in_flight
            .peek()
            .map_or(Instant::MAX, |Reverse(next)| next.at);
        let next = self.wake.min(answer);
        if self.suspends.is_empty() {
            next
        } else {
            awake(self.suspends, next)
        }
    }

    pub(crate) fn step(&mut self, now: Instant) {
        self.deliver(now);
        self.drain(now);
    }

    fn deliver(&mut self, now: Instant) {
        while let Some(&Reverse(next)) = self.in_flight.peek() {
            if next.at > now {
                break;
            }
            self.in_flight.pop();
            let InFlight { id, sent, .. } = next;
            self.detector.on_answer(&Answer { id, sent, at: now });
        }
    }

    fn drain(&mut self, now: Instant) {
        for _ in 0..MAX_DRAIN {
            match self.detector.poll(now) {
                Action::Probe(id) => self.send(id, now),
                Action::Dead => self.verdict.dead(now),
                Action::Alive => self.verdict.alive(now),
                Action::Wait(until) => return self.wake = until.max(now.plus(1)),
                Action::Idle => return self.wake = Instant::MAX,
            }
        }
        self.wake = now.plus(1);
    }

    fn send(&mut self, id: u64, now: Instant) {
        self.probes += 1;
        if now >= self.crash {
            return;
        }
        if let Some(rtt) = self.network.answer(now) {
            self.in_flight.push(Reverse(InFlight {
                at: now.saturating_add(rtt),
                sent: now,
                id,
            }));
        }
    }

    /// Returns whether the verdict is Dead and nothing in flight can change it.
    pub(crate) fn settled_dead(&self) -> bool {
        self.verdict.dead_since.is_some() && self.in_flight.is_empty()
    }
}

impl<N: ?Sized, D: Clone> Engine<'_, N, D> {
    /// Returns a copy in which the peer crashes at `crash`.
    pub(crate) fn crashing_at(&self, crash: Instant) -> Self {
        Self {
            network: self.network,
            suspends: self.suspends,
            detector: self.detector.clone(),
            in_flight: self.in_flight.clone(),
            wake: self.wake,
            crash,
            verdict: Verdicts {
                dead_since: self.verdict.dead_since,
                over: Vec::new(),
            },
            probes: self.probes,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct InFlight {
    at: Instant,
    sent: Instant,
    id: u64,
}

/// The Dead verdicts of a run: those that have ended, and the current one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdicts {
    pub(crate) dead_since: Option<Instant>,
    over: Vec<Span>,
}

impl Verdicts {
    fn dead(&mut self, now: Instant) {
        self.dead_since.get_or_insert(now);
    }

    fn alive(&mut self, now: Instant) {
        if let Some(from) = self.dead_since.take() {
            self.over.push(Span::new(from, now));
        }
    }

    fn close(mut self, end: Instant) -> Vec<Span> {
        self.alive(end);
        self.over
    }
}

/// Returns `at`, or the end of the suspend in which it lies.
fn awake(suspends: &[Span], at: Instant) -> Instant {
    let next = suspends.partition_point(|s| s.until <= at);
    match suspends.get(next) {
        Some(suspend) if suspend.contains(at) => suspend.until,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// A detector that probes every second, records its inputs and never gives a verdict.
    struct Scribe {
        next: Instant,
        seen: Vec<(u64, Instant)>,
    }

    impl Detector for &mut Scribe {
        fn poll(&mut self, now: Instant) -> Action {
            if now < self.next {
                return Action::Wait(self.next);
            }
            self.next = now.plus(1_000_000);
            Action::Probe(now.as_micros())
        }

        fn on_answer(&mut self, answer: &Answer) {
            self.seen.push((answer.id, answer.at));
        }
    }

    struct Echo;

    impl Network for Echo {
        fn answer(&self, sent_at: Instant) -> Option<Duration> {
            (sent_at < Instant::from_secs(3)).then_some(Duration::from_millis(1_500))
        }

        fn end(&self) -> Instant {
            Instant::from_secs(5)
        }
    }

    fn run(options: &Options) -> (Vec<(u64, Instant)>, Replay) {
        let mut scribe = Scribe {
            next: Instant::ZERO,
            seen: Vec::new(),
        };
        let result = replay(&Echo, options, |start| {
            scribe.next = start;
            &mut scribe
        });
        (scribe.seen, result)
    }

    #[test]
    fn an_answer_arrives_a_round_trip_after_its_probe() {
        let (seen, result) = run(&Options::default());
        let ms = Instant::from_millis;
        assert_eq!(
            seen,
            [
                (0, ms(1_500)),
                (1_000_000, ms(2_500)),
                (2_000_000, ms(3_500))
            ]
        );
        assert_eq!(result.probes, 5);
        assert_eq!(result.duration, Duration::from_secs(5));
    }

    #[test]
    fn a_suspended_prober_is_handed_what_waited_when_it_wakes() {
        let asleep = Span::new(Instant::from_millis(1_200), Instant::from_millis(4_200));
        let (seen, result) = run(&Options {
            suspends: vec![asleep],
            ..Options::default()
        });
        let woken = Instant::from_millis(4_200);
        assert_eq!(seen, [(0, woken), (1_000_000, woken)]);
        assert_eq!(result.probes, 3);
    }

    #[test]
    fn a_detector_that_never_waits_does_not_hang_the_replay() {
        struct Stuck;
        impl Detector for Stuck {
            fn poll(&mut self, _: Instant) -> Action {
                Action::Alive
            }
            fn on_answer(&mut self, _: &Answer) {}
        }
        struct Short;
        impl Network for Short {
            fn answer(&self, _: Instant) -> Option<Duration> {
                None
            }
            fn end(&self) -> Instant {
                Instant::from_micros(50)
            }
        }
        assert_eq!(replay(&Short, &Options::default(), |_| Stuck).mistakes, []);
    }
}
