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
    /// Moments from which on beats come later than before, or our clock is another.
    disturbances_us: Vec<u64>,
    /// Moments at which we were suspended or away, and said so, or beats came sooner from then on.
    resumes_us: Vec<u64>,
    /// From when until when beats overtake those that were sent before the path became quicker.
    overtaking_us: Vec<(u64, u64)>,
    /// The least time that a beat of the newest life was under way.
    least_delay_us: u64,
    /// The newest beat that nothing held, and how many there were since the last change of any kind.
    pub usual: Option<usize>,
    pub usual_beats: u32,
    /// The first beat since then.
    pub first: usize,
    /// How many beats were handed in since the last of the former, and of the latter.
    calm: Calm,
    /// How many beats of this life were handed in since the last of either.
    pub known: u32,
}

/// Counts beats since the last change.
#[derive(Debug, Default)]
struct Calm {
    disturbances: usize,
    since_disturbance: u32,
    resumes: usize,
    since_resume: u32,
}

fn begun(changes_us: &[u64], now_us: u64) -> usize {
    changes_us.iter().filter(|&&us| us <= now_us).count()
}

impl Truth {
    pub fn new(plan: &Plan) -> Self {
        let (mut disturbances_us, mut resumes_us) = (Vec::new(), Vec::new());
        let mut overtaking_us = Vec::new();
        let mut least_us = plan.path.each_way_us;
        for it in &plan.incidents.0 {
            match it.kind {
                // what was sent before has to arrive, too, and where beats come sooner, which is
                // understood at once, is overtaken by them
                Kind::RttStep { each_way_us } => {
                    if each_way_us > least_us {
                        disturbances_us.extend([it.from_us, it.from_us + each_way_us]);
                    } else {
                        resumes_us.extend([it.from_us, it.from_us + least_us]);
                        overtaking_us.push((it.from_us, it.from_us + least_us));
                    }
                    least_us = each_way_us;
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
        let mut slope_ppm = plan.sender.slope_ppm;
        for &(from_us, changed_ppm) in &plan.sender.slopes {
            // which is understood at once if it is quicker
            if changed_ppm > slope_ppm {
                disturbances_us.push(from_us);
            } else {
                resumes_us.push(from_us);
            }
            slope_ppm = changed_ppm;
        }
        Self {
            disturbances_us,
            resumes_us,
            overtaking_us,
            ..Self::default()
        }
        .in_order()
    }

    fn in_order(mut self) -> Self {
        self.resumes_us.sort_unstable();
        self
    }

    /// Whether so many beats were handed in since the schedule, the path or our clock changed.
    pub fn is_settled(&self, now_us: u64, beats: u32) -> bool {
        let disturbances = begun(&self.disturbances_us, now_us);
        let known = disturbances == self.calm.disturbances;
        disturbances == 0 || known && self.calm.since_disturbance >= beats
    }

    /// Whether so many beats were handed in since we were suspended or away, and said so, and none
    /// overtakes older ones.
    pub fn is_awake(&self, now_us: u64, beats: u32) -> bool {
        let resumes = begun(&self.resumes_us, now_us);
        let known = resumes == self.calm.resumes;
        let mut overtaking = self.overtaking_us.iter();
        let overtaken =
            overtaking.any(|&(from_us, until_us)| (from_us..until_us).contains(&now_us));
        resumes == 0 || !overtaken && known && self.calm.since_resume >= beats
    }

    /// Whether `sent` was sent since we were last suspended or away, and said so.
    pub fn is_sent_awake(&self, sent: &Sent, now_us: u64) -> bool {
        let mut resumes = self.resumes_us.iter();
        !resumes.any(|&us| us <= now_us && us > sent.at_us)
    }

    /// Whether one of these has changed by `now_us`.
    pub fn is_disturbed(&self, now_us: u64) -> bool {
        begun(&self.disturbances_us, now_us) + begun(&self.resumes_us, now_us) > 0
    }

    fn count(&mut self, index: usize, now_us: u64, usual: bool) {
        let (disturbances, resumes) = (
            begun(&self.disturbances_us, now_us),
            begun(&self.resumes_us, now_us),
        );
        let same_life = self
            .newest
            .is_some_and(|newest| self.sent[newest].life == self.sent[index].life);
        let calm = &mut self.calm;
        let same = (disturbances, resumes) == (calm.disturbances, calm.resumes);
        self.known = if same && same_life { self.known + 1 } else { 1 };
        if self.known == 1 {
            (self.usual_beats, self.first) = (0, index);
        }
        // what a queue held tells nothing of the schedule
        let after = |same: bool, count: u32| if same { count + u32::from(usual) } else { 0 };
        *calm = Calm {
            disturbances,
            since_disturbance: after(disturbances == calm.disturbances, calm.since_disturbance),
            resumes,
            since_resume: after(resumes == calm.resumes, calm.since_resume),
        };
    }

    /// The newest beat that was handed in, of life `incarnation`.
    pub fn newest_of(&self, incarnation: Option<u32>) -> Option<&Sent> {
        let newest = self.newest?;
        let handed =
            |it: &&Sent| it.handed_us.is_some() && Some(it.beat.incarnation()) == incarnation;
        self.sent[..=newest].iter().rev().find(handed)
    }

    /// Beat `index` is handed in at `now_us`; where nothing held it, it came no later than `usual_us` after
    /// its slot. Returns whether it is newer than all before.
    pub fn hand(&mut self, index: usize, now_us: u64, usual_us: u64, believed: bool) -> bool {
        let newer = self.newest.is_none_or(|newest| index > newest);
        let it = &mut self.sent[index];
        it.handed_us.get_or_insert(now_us);
        let delay_us = now_us - it.at_us;
        if newer {
            // one that is sent late after a pause looks like one that was held
            let usual = now_us - it.slot_us <= usual_us;
            self.count(index, now_us, usual);
            let it = self.sent[index];
            if usual {
                self.usual = Some(index);
                self.usual_beats += 1;
            }
            // what it did not believe, and what may have waited since before a suspend, tells it
            // nothing of the schedule
            let interval_us = micros(it.beat.interval());
            let resumed_us = begun(&self.resumes_us, now_us).checked_sub(1);
            let resumed_us = resumed_us.map(|last| self.resumes_us[last] + interval_us);
            if !believed || resumed_us.is_some_and(|us| now_us <= us) {
                (self.usual_beats, self.first) = (0, index);
            }
            let last = self.newest.map(|newest| self.sent[newest].life);
            let least_us = if last == Some(it.life) {
                self.least_delay_us
            } else {
                u64::MAX
            };
            self.least_delay_us = least_us.min(delay_us);
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

    /// How many slots there are from beat `index` to the newest.
    pub fn slots_since(&self, index: Option<usize>) -> u64 {
        let (Some(newest), Some(index)) = (self.newest, index) else {
            return 0;
        };
        let [newest, then] = [newest, index].map(|it| &self.sent[it]);
        if newest.life != then.life || newest.at_us < then.at_us {
            return 0;
        }
        let slots = newest.beat.sequence().wrapping_sub(then.beat.sequence());
        slots.into()
    }

    /// The least time that a beat of the newest life was under way: nobody knows how long the
    /// quickest one was.
    pub fn least_delay_us(&self) -> u64 {
        self.least_delay_us
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
