//! The truth of a world of a monitor: what was sent, what was heard, and what is to be credited.

use std::collections::VecDeque;

use systole::{Instant, ProbeId};

/// A probe as it really went.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its id.
    pub id: ProbeId,
    /// When it was handed out, in observed time.
    pub sent: Moment,
    /// It could not be sent.
    pub is_unsent: bool,
    /// The caller said since that nothing under way counts.
    pub is_void: bool,
    /// It went to an incarnation that is no more.
    pub is_old: bool,
    /// Its reply, or its failure, was handed in.
    pub is_settled: bool,
}

/// A moment of observed time, and what had been credited until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Time that the machine could observe: its clock, without steps back.
    pub at_us: u64,
    /// Our lateness until then, and time in which nothing could be sent.
    pub credit_us: u64,
    /// What of it need not be credited: an arrival that we read late had moved the deadline on.
    pub soft_us: u64,
}

/// Books of one world.
#[derive(Debug, Default)]
pub struct Ledger {
    /// All probes.
    pub probes: Vec<Probe>,
    shown_us: Option<u64>,
    observed_us: u64,
    deadline_us: Option<u64>,
    /// From when on the time until the last look is taken for lateness.
    late_from_us: u64,
    /// When we looked before that.
    looked_us: u64,
    credit_us: u64,
    soft_us: u64,
    last_late_us: u64,
    /// All lateness, while muted too.
    pub late_us: u64,
    /// When the first of the sends that fail was tried, since the last that did not.
    pub muted_since: Option<Moment>,
    /// Failed sends since then.
    pub tries: u64,
    /// The bound stated at each change of it, in observed time.
    bounds: VecDeque<(u64, u64)>,
}

impl Ledger {
    /// The clock shows `now` at the next call. Returns by how much the poll is late.
    pub fn look(&mut self, now: Instant) -> u64 {
        let now_us = now.as_micros();
        let shown_us = self.shown_us.unwrap_or(now_us);
        self.looked_us = self.observed_us;
        self.observed_us += now_us.saturating_sub(shown_us);
        self.shown_us = Some(shown_us.max(now_us));
        self.last_late_us = if self.deadline_us.is_some() {
            0
        } else {
            self.last_late_us
        };
        let deadline_us = self.deadline_us.take().unwrap_or(u64::MAX);
        let late_us = self.observed_us.saturating_sub(deadline_us);
        self.late_from_us = deadline_us.min(self.observed_us);
        self.late_us += late_us;
        self.last_late_us = if late_us > 0 {
            late_us
        } else {
            self.last_late_us
        };
        if self.muted_since.is_none() {
            self.credit_us += late_us;
        }
        late_us
    }

    /// The machine waits for `until`, said at `now`.
    pub fn wait(&mut self, now: Instant, until: Instant) {
        let ahead_us = until.as_micros().saturating_sub(now.as_micros());
        // a clock that ran backwards has first to come back to where it was
        let back_us = self.shown_us.unwrap_or(0).saturating_sub(now.as_micros());
        let ahead_us = ahead_us.saturating_sub(back_us);
        self.deadline_us = Some(self.observed_us.saturating_add(ahead_us));
    }

    /// The clock is right again: what it shows now is the moment of the last call.
    pub fn resync(&mut self, now: Instant) {
        self.shown_us = Some(now.as_micros());
        self.deadline_us = None;
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        let muted_us = self
            .muted_since
            .map_or(0, |since| self.observed_us - since.at_us);
        Moment {
            at_us: self.observed_us,
            credit_us: self.credit_us + muted_us,
            soft_us: self.soft_us,
        }
    }

    /// The time since `moment` that nothing excuses.
    #[must_use]
    pub fn since(&self, moment: Moment) -> u64 {
        let now = self.now();
        let passed_us = now.at_us - moment.at_us;
        passed_us.saturating_sub(now.credit_us - moment.credit_us)
    }

    /// Something that came `ago_us` before this late look was handed in. Had it been read on time, the
    /// deadline would have been another one, so that we were late by less; unless it came after the
    /// deadline.
    ///
    /// A deadline holds "unless something arrives": what came before it may have moved it to the moment
    /// at which it came, and who looks later is late from then on.
    pub fn soften(&mut self, ago_us: u64) {
        let came_us = self.observed_us.saturating_sub(ago_us).max(self.looked_us);
        if ago_us < u64::MAX && came_us < self.late_from_us {
            self.busy(self.late_from_us - came_us);
            self.late_us += self.late_from_us - came_us;
            self.late_from_us = came_us;
        }
        if ago_us >= self.last_late_us {
            self.soft_us += core::mem::take(&mut self.last_late_us);
        }
    }

    /// A send took `span_us`: nobody looked meanwhile, which may be credited, or not.
    pub fn busy(&mut self, span_us: u64) {
        if self.muted_since.is_none() {
            self.credit_us += span_us;
            self.soft_us += span_us;
        }
    }

    /// A probe is handed out; whether it can be sent is known to the world alone.
    pub fn send(&mut self, id: ProbeId, is_unsent: bool) {
        if !is_unsent {
            self.unmute();
        }
        let sent = self.now();
        if is_unsent {
            self.muted_since = Some(self.muted_since.unwrap_or(sent));
            self.tries += 1;
        }
        self.probes.push(Probe {
            id,
            sent,
            is_unsent,
            is_void: false,
            is_old: false,
            is_settled: is_unsent,
        });
    }

    /// How many may be waited for, for `longest_us` at the most, or remembered: "at most eight probes are told apart".
    #[must_use]
    pub fn may_be_outstanding(&self, longest_us: u64) -> u64 {
        let young = |probe: &&Probe| self.since(probe.sent) <= longest_us;
        let latest = self.probes.iter().rev();
        latest.take_while(young).count() as u64 + 8
    }

    fn unmute(&mut self) {
        self.credit_us = self.now().credit_us;
        self.muted_since = None;
        self.tries = 0;
    }

    /// All that is under way counts for nothing; `is_old`: as the peer is another one.
    pub fn void(&mut self, is_old: bool) {
        for probe in &mut self.probes {
            probe.is_void = true;
            probe.is_old |= is_old;
        }
    }

    /// The machine states `bound_us`.
    pub fn state(&mut self, bound_us: u64) {
        if self.bounds.back().is_none_or(|&(_, last)| last != bound_us) {
            self.bounds.push_back((self.observed_us, bound_us));
        }
    }

    /// The least and the largest bound stated since `moment`, the one in force then included.
    #[must_use]
    pub fn bounds_since(&self, moment: Moment) -> (u64, u64) {
        let (mut least_us, mut most_us) = (u64::MAX, 0);
        for &(at_us, bound_us) in self.bounds.iter().rev() {
            least_us = least_us.min(bound_us);
            most_us = most_us.max(bound_us);
            if at_us < moment.at_us {
                break;
            }
        }
        (least_us, most_us)
    }
}
