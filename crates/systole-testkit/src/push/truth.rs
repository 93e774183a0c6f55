//! What really happened, which the listener cannot know.

use std::time::Duration;

use systole::Beat;

use super::plan::Plan;
use crate::world::Kind;

/// A beat that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub beat: Beat,
    pub life: u32,
    pub at_us: u64,
    /// When its slot was, by the sender's schedule.
    pub slot_us: u64,
    /// When it arrives first; nothing where it is lost.
    pub arrives_us: Option<u64>,
    /// When it was handed in first, by true time.
    pub handed_us: Option<u64>,
}

/// The truth about the sender and the path.
#[derive(Debug, Default)]
pub struct Truth {
    pub sent: Vec<Sent>,
    /// The newest beat that was handed in.
    pub newest: Option<usize>,
    /// How many beats in a row, up to the newest, were handed in one after the other, each with
    /// the usual delay.
    pub run: u32,
    /// When the sender went down, where it is.
    pub down_since_us: Option<u64>,
    /// Moments from which on the schedule, the path or our clock are others than before.
    disturbances_us: Vec<u64>,
    /// How many beats were handed in since the last of these, and how many of these had been.
    calm: u32,
    disturbed: usize,
}

impl Truth {
    pub fn new(plan: &Plan) -> Self {
        let mut disturbances_us = Vec::new();
        for it in &plan.incidents.0 {
            match it.kind {
                Kind::RttStep { .. } | Kind::Caller { what: 0 } => {
                    disturbances_us.push(it.from_us);
                }
                Kind::ClockStep { .. } => disturbances_us.extend([it.from_us, it.until_us]),
                Kind::Suspend { .. } | Kind::Away { announced: true } => {
                    disturbances_us.extend([it.from_us, it.until_us]);
                }
                _ => {}
            }
        }
        disturbances_us.extend(plan.sender.slopes.iter().map(|it| it.0));
        Self {
            disturbances_us,
            ..Self::default()
        }
    }

    /// Whether the schedule, the path and our clock have been the same for `span_us`, and for
    /// `beats` that were handed in.
    pub fn is_settled(&self, now_us: u64, span_us: u64, beats: u32) -> bool {
        let mut recent = self.disturbances_us.iter();
        let quiet = !recent.any(|&us| us <= now_us && now_us - us < span_us);
        quiet && (self.calm >= beats || !self.is_disturbed(now_us))
    }

    /// Whether one of these has changed by `now_us`.
    pub fn is_disturbed(&self, now_us: u64) -> bool {
        self.disturbances_us.iter().any(|&us| us <= now_us)
    }

    /// The newest beat that was handed in, of life `incarnation`.
    pub fn newest_of(&self, incarnation: Option<u32>) -> Option<&Sent> {
        let newest = self.newest?;
        let handed =
            |it: &&Sent| it.handed_us.is_some() && Some(it.beat.incarnation()) == incarnation;
        self.sent[..=newest].iter().rev().find(handed)
    }

    /// Beat `index` is handed in at `now_us`; where nothing held it, it was under way no longer than
    /// `usual_us`. Returns whether it is newer than all before.
    pub fn hand(&mut self, index: usize, now_us: u64, usual_us: u64) -> bool {
        let newer = self.newest.is_none_or(|newest| index > newest);
        let it = &mut self.sent[index];
        it.handed_us.get_or_insert(now_us);
        if newer {
            let disturbances = self.disturbances_us.iter();
            let disturbed = disturbances.filter(|&&us| us <= now_us).count();
            self.calm = if disturbed == self.disturbed {
                self.calm + 1
            } else {
                0
            };
            self.disturbed = disturbed;
            let it = self.sent[index];
            let usual = now_us <= it.at_us + usual_us;
            let follows = self
                .newest
                .is_some_and(|newest| newest + 1 == index && self.sent[newest].life == it.life);
            self.run = if usual && follows {
                self.run + 1
            } else {
                u32::from(usual)
            };
            self.newest = Some(index);
        }
        newer
    }

    /// The beats that were sent after the newest that was handed in: how many of them are lost, and
    /// whether the others are under way no longer than `usual_us`.
    pub fn missing(&self, newest: &Sent, now_us: u64, usual_us: u64) -> (u32, bool) {
        let (mut lost, mut usual) = (0, true);
        let after = self
            .sent
            .iter()
            .rev()
            .take_while(|it| it.at_us > newest.at_us);
        for it in after {
            match it.arrives_us {
                None => lost += 1,
                Some(_) => usual &= now_us <= it.at_us + usual_us,
            }
        }
        (lost, usual)
    }

    /// How long the newest beat that was handed in was under way.
    pub fn newest_delay_us(&self) -> Option<u64> {
        let newest = self.sent[self.newest?];
        Some(newest.handed_us? - newest.at_us)
    }
}

/// In microseconds, the most that fits.
pub fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
