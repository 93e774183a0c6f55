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
    /// Moments at which we were suspended or away, and said so.
    resumes_us: Vec<u64>,
    /// How many beats were handed in since the last of these, and how many of these had been.
    calm: u32,
    disturbed: usize,
}

impl Truth {
    pub fn new(plan: &Plan) -> Self {
        let (mut disturbances_us, mut resumes_us) = (Vec::new(), Vec::new());
        for it in &plan.incidents.0 {
            match it.kind {
                // what was sent before has to arrive, too
                Kind::RttStep { each_way_us } => {
                    disturbances_us.extend([it.from_us, it.from_us + each_way_us]);
                }
                Kind::ClockStep { .. } | Kind::Suspend { announced: false } => {
                    disturbances_us.extend([it.from_us, it.until_us]);
                }
                Kind::Caller { what: 0 } => resumes_us.push(it.from_us),
                Kind::Suspend { .. } | Kind::Away { announced: true } => {
                    resumes_us.extend([it.from_us, it.until_us]);
                }
                _ => {}
            }
        }
        disturbances_us.extend(plan.sender.slopes.iter().map(|it| it.0));
        Self {
            disturbances_us,
            resumes_us,
            ..Self::default()
        }
    }

    /// Whether the schedule, the path and our clock have been the same for `span_us`, and for
    /// `beats` that were handed in.
    pub fn is_settled(&self, now_us: u64, span_us: u64, beats: u32) -> bool {
        let begun = |us: &&u64| **us <= now_us;
        let changes = self.disturbances_us.iter().chain(&self.resumes_us);
        let Some(&last_us) = changes.filter(begun).max() else {
            return true;
        };
        now_us - last_us >= span_us && self.calm >= beats
    }

    /// As [`is_settled`](Self::is_settled), but for suspends that were announced: a beat that was
    /// sent since the last of them is one of the schedule that is "found anew".
    pub fn is_settled_since(&self, sent: &Sent, now_us: u64, span_us: u64, beats: u32) -> bool {
        let mut resumes = self.resumes_us.iter();
        if resumes.any(|&us| us <= now_us && us > sent.at_us) {
            return false;
        }
        let begun = |us: &&u64| **us <= now_us;
        let Some(&last_us) = self.disturbances_us.iter().filter(begun).max() else {
            return true;
        };
        now_us - last_us >= span_us && self.calm >= beats
    }

    /// Whether one of these has changed by `now_us`.
    pub fn is_disturbed(&self, now_us: u64) -> bool {
        self.changes_by(now_us) > 0
    }

    fn changes_by(&self, now_us: u64) -> usize {
        let changes = self.disturbances_us.iter().chain(&self.resumes_us);
        changes.filter(|&&us| us <= now_us).count()
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
            let disturbed = self.changes_by(now_us);
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
