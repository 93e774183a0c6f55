//! A peer behind an adapter: what happened to its probes, and what is demanded of the verdict.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use systole::pacing::Pacing;
use systole::{Config, Verdict, fleet::PeerKey, plan::Plan};

use super::plan::AdapterPlan;
use crate::fleet::{Echo, Ours, PeerPlan, Truth, down_spans, micros, send};
use crate::world::{Coverage, Incidents, Kind, Law, OURS, Violation};

/// What became of a probe, and when.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    /// It left.
    Sent(u64),
    /// It could not be sent.
    Unsent(u64),
    /// Its answer, to a probe that left at the second moment, was handed over.
    Heard(u64, u64),
    /// The adapter was told that answers were lost on our side.
    Overflow(u64),
}

/// What happened since it was last read.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<VecDeque<Note>>>);

impl Notes {
    /// Writes down what happened.
    pub fn add(&self, note: Note) {
        self.0.lock().unwrap().push_back(note);
    }

    fn take(&self) -> VecDeque<Note> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Timers are late by up to a millisecond, both where a probe is sent and where its answer comes.
const TIMERS_US: u64 = 3_000;

/// A peer, what is true of it, and what is known of our lateness.
#[derive(Debug)]
pub struct Watched {
    truth: Truth,
    /// What happened to its probes.
    pub notes: Notes,
    edges: VecDeque<(u64, bool)>,
    late_us: u64,
    /// Lateness since the last look: it counts from a crash in it on, too.
    newly_late_us: u64,
    attempted_us: Option<u64>,
    /// How many probes left or should have.
    pub probes: u64,
}

/// What becomes of a probe that was just sent.
#[derive(Clone, Copy, Debug)]
pub enum Course {
    /// It could not be sent.
    Unsent,
    /// Nothing comes back.
    Silent,
    /// This comes back first, and when.
    Comes(u64, Echo),
}

impl Course {
    /// Sends the probe `number` to `peer` at `sent_us`, and writes that down.
    pub fn begin(
        peer: &PeerPlan,
        ours: &Incidents,
        number: u64,
        sent_us: u64,
        notes: &Notes,
    ) -> Self {
        let fails = |it| it == Kind::SendFails;
        if ours.find(sent_us, OURS, fails).is_some() {
            notes.add(Note::Unsent(sent_us));
            return Self::Unsent;
        }
        notes.add(Note::Sent(sent_us));
        let mut first: Option<(u64, Echo)> = None;
        send(peer, number, sent_us, |at_us, echo| {
            first = first
                .filter(|&(before_us, _)| before_us <= at_us)
                .or(Some((at_us, echo)));
        });
        first.map_or(Self::Silent, |(at_us, echo)| Self::Comes(at_us, echo))
    }

    /// What the closure that sent it is told, once it is `until` then; `errno` where we could not
    /// send.
    pub async fn outcome<F: Future<Output = ()>>(
        self,
        errno: i32,
        until: impl FnOnce(u64) -> F,
    ) -> io::Result<()> {
        match self {
            Self::Unsent => Err(io::Error::from_raw_os_error(errno)),
            Self::Silent => pending().await,
            Self::Comes(at_us, echo) => {
                until(at_us).await;
                match echo {
                    Echo::Reply => Ok(()),
                    Echo::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
                }
            }
        }
    }
}

impl Watched {
    /// The only peer of `plan`, probed as `config` says, with as many under way at once.
    pub fn alone<P: Pacing>(plan: &AdapterPlan, config: &Config<P>, max_in_flight: usize) -> Self {
        let (peer, key) = (&plan.peers[0], PeerKey::from_be_bytes([0; 8]));
        let timeout_us = micros(config.timeout_min());
        let mut watched = Self::new(peer, key, timeout_us, plan.settings.rise, 0);
        let dead_us = plan.settings.policy.dead_interval_us();
        watched.within(dead_us, micros(config.timeout_max()));
        let spacing_us = micros(config.timeout_min().min(config.interval_min()));
        watched.drops_over(max_in_flight, spacing_us);
        watched
    }

    /// A peer that is watched from `now_us` on.
    pub fn new(peer: &PeerPlan, key: PeerKey, timeout_us: u64, rise: u8, now_us: u64) -> Self {
        let spans = down_spans(peer);
        let quick_us = timeout_us.saturating_sub(TIMERS_US);
        let mut truth = Truth::new(key, peer, quick_us, rise, now_us);
        truth.comes(now_us, Ours::default());
        let edges = spans
            .iter()
            .flat_map(|&(from_us, until_us)| [(from_us, true), (until_us, false)]);
        let edges = edges
            .map(|(at_us, is_down)| (at_us.max(now_us), is_down))
            .collect();
        Self {
            truth,
            notes: Notes::default(),
            edges,
            late_us: 0,
            newly_late_us: 0,
            attempted_us: None,
            probes: 0,
        }
    }

    /// We did not look for so long.
    pub fn late(&mut self, by_us: u64) {
        self.newly_late_us += by_us;
    }

    /// Its probes under way were dropped at `now_us`: they are no evidence.
    pub fn drops(&mut self, now_us: u64) {
        self.truth.overflowed(now_us);
    }

    /// See [`Truth::within`].
    pub fn within(&mut self, dead_us: u64, longest_us: u64) {
        self.truth.within(dead_us, longest_us);
    }

    /// At most `max_in_flight` probes are under way: "the oldest is dropped for a new one", and with it
    /// its answer, where that takes longer than so many probes. With one, a dead peer is waited for
    /// longer now and then, and its return seen later.
    pub fn drops_over(&mut self, max_in_flight: usize, spacing_us: u64) {
        let within_us = spacing_us.saturating_mul(max_in_flight as u64 - 1);
        let is_kept = self.truth.is_quick || self.truth.longest_rtt_us < within_us;
        self.truth.is_clean &= is_kept && max_in_flight > 1;
    }

    /// It is left alone until `now_us` at least, and starts over as unknown.
    pub fn rests(&mut self, now_us: u64, coverage: &mut Coverage) {
        self.turn(now_us, coverage);
        drop(self.notes.take());
        self.late_us += std::mem::take(&mut self.newly_late_us);
        self.truth.rests(now_us);
    }

    /// Whether it does not answer.
    pub fn is_down(&self) -> bool {
        self.truth.down_us.is_some()
    }

    /// Takes over what happened, and what the adapter says at `now_us`, which it is asked every
    /// `tick_us`.
    pub fn look(
        &mut self,
        now_us: u64,
        tick_us: u64,
        verdict: Verdict,
        plan: &Plan,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        self.turn(now_us, coverage);
        self.late_us += std::mem::take(&mut self.newly_late_us);
        for note in self.notes.take() {
            self.take(note, coverage)?;
        }
        self.truth.states(plan);
        if verdict != self.truth.verdict {
            coverage.saw(match verdict {
                Verdict::Dead => "a peer was called dead",
                Verdict::Suspect => "a peer was suspected",
                Verdict::Alive => "a peer was called alive",
                _ => "another verdict",
            });
            self.truth.told(verdict, now_us)?;
        }
        let slack_us = self.probes * TIMERS_US + 2 * tick_us + 2 * TIMERS_US;
        self.truth.judge(
            now_us,
            Ours {
                late_us: self.late_us + slack_us,
                told_us: None,
            },
        )
    }

    fn turn(&mut self, now_us: u64, coverage: &mut Coverage) {
        while let Some(&(at_us, is_down)) = self.edges.front().filter(|edge| edge.0 <= now_us) {
            self.edges.pop_front();
            let slack_us = self.probes * TIMERS_US;
            let ours = Ours {
                late_us: self.late_us + slack_us,
                told_us: None,
            };
            if is_down {
                coverage.saw_if(self.late_us > 0, "a crash after we were away");
                coverage.saw_if(
                    self.truth.blocked_us.is_some(),
                    "a crash while nothing can be sent",
                );
                self.truth.goes(at_us, ours);
            } else {
                coverage.saw_if(self.truth.verdict == Verdict::Dead, "a dead peer came back");
                self.truth.comes(at_us, ours);
            }
        }
    }

    fn take(&mut self, note: Note, coverage: &mut Coverage) -> Result<(), Violation> {
        if let Note::Sent(at_us) | Note::Unsent(at_us) = note
            && self.attempted_us.replace(at_us) == Some(at_us)
        {
            let kind = "a peer is probed twice at one moment";
            return Err(Violation::new(
                Law::Progress,
                kind,
                at_us,
                format!("{note:?}"),
            ));
        }
        match note {
            Note::Sent(at_us) => {
                self.probes += 1;
                self.truth.sent(at_us);
            }
            Note::Unsent(at_us) => {
                coverage.saw("a probe could not be sent");
                self.probes += 1;
                let slack_us = self.probes * TIMERS_US;
                let ours = Ours {
                    late_us: self.late_us + slack_us,
                    told_us: None,
                };
                self.truth.unsent(at_us, ours);
            }
            Note::Heard(at_us, sent_us) => self.truth.heard(sent_us, at_us - sent_us),
            Note::Overflow(at_us) => {
                coverage.saw_if(self.is_down(), "an overflow met a crash");
                self.truth.overflowed(at_us);
            }
        }
        Ok(())
    }
}
