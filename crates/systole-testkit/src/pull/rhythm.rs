//! Law 1, and how often is tried what cannot be sent.

use systole::Verdict;

use crate::world::{Law, Violation};

use super::Limits;
use super::ledger::{Ledger, Moment};

/// How probes follow one another.
#[derive(Debug, Default)]
pub struct Rhythm {
    last: Option<Handout>,
    /// Only traffic moved the next probe.
    pub is_put_off: bool,
    /// The caller asked for something since the last probe that moves the next one.
    pub is_irregular: bool,
    /// A probe was put off; the next ones may catch up with their old places ("distance from the
    /// schedule", in `docs/costs.md`), though no closer than the shortest interval.
    pub is_shifted: bool,
    /// Since the peer was last told alive, dead or new: retries, the least interval stated.
    episode: Option<Episode>,
    least_interval_us: u64,
    most_interval_us: u64,
    least_timeout_us: u64,
}

#[derive(Clone, Copy, Debug)]
struct Handout {
    at: Moment,
    late_us: u64,
    verdict: Verdict,
    is_unsent: bool,
    /// How long after the one before it.
    gap_us: u64,
}

#[derive(Clone, Copy, Debug)]
struct Episode {
    since: Moment,
    probes: u64,
    retries: u64,
    least_interval_us: u64,
}

impl Rhythm {
    /// No probe yet; `is_shifted`: they may be put off.
    #[must_use]
    pub fn new(is_shifted: bool) -> Self {
        Self {
            is_shifted,
            ..Self::default()
        }
    }

    /// What the plan states now.
    pub fn state(&mut self, interval_us: u64, timeout_us: u64, retries: u64) {
        self.least_interval_us = self.least_interval_us.min(interval_us);
        self.most_interval_us = self.most_interval_us.max(interval_us);
        self.least_timeout_us = self.least_timeout_us.min(timeout_us);
        if let Some(episode) = &mut self.episode {
            episode.least_interval_us = episode.least_interval_us.min(interval_us);
            episode.retries = episode.retries.max(retries);
        }
    }

    /// A probe is handed out at `verdict`.
    ///
    /// # Errors
    /// Where it comes too soon or too late.
    pub fn probe(
        &mut self,
        verdict: Verdict,
        ledger: &Ledger,
        limits: &Limits,
        plan: (u64, u64, u64),
        fails: bool,
    ) -> Result<(), Violation> {
        let (interval_us, timeout_us, retries) = plan;
        self.state(interval_us, timeout_us, retries);
        let now = ledger.now();
        let gap_us = self.last.map_or(0, |last| now.at_us - last.at.at_us);
        let result = self.spacing(verdict, now, ledger, limits);
        self.last = Some(Handout {
            at: now,
            late_us: ledger.late_us,
            verdict,
            is_unsent: fails,
            gap_us,
        });
        let was_irregular = self.is_irregular || self.is_put_off;
        self.is_irregular = false;
        self.is_put_off = false;
        self.least_interval_us = interval_us;
        self.most_interval_us = interval_us;
        self.least_timeout_us = timeout_us;
        result?;
        // an overdue probe put it off, of a peer that was never heard, too
        let overdue = verdict == Verdict::Unknown && ledger.probes.len() > 1;
        self.is_shifted |= verdict == Verdict::Suspect || overdue;
        if verdict != Verdict::Suspect && ledger.muted_since.is_none() {
            self.episode = None;
            return Ok(());
        }
        let episode = self.episode.get_or_insert(Episode {
            since: now,
            probes: 0,
            retries,
            least_interval_us: interval_us,
        });
        if verdict == Verdict::Dead {
            // a plan may ask a dead peer more often than it states
            episode.least_interval_us = limits.interval_min_us;
        }
        // what the caller asks for is no retry
        episode.probes += u64::from(!was_irregular);
        let kind = if ledger.muted_since.is_some() {
            "what cannot be sent is tried too often"
        } else {
            "more retries than planned in an episode"
        };
        episode.storm(now, limits, kind)
    }

    /// The peer was heard, or is called dead: what comes is another episode.
    pub fn end_episode(&mut self) {
        self.episode = None;
    }

    /// The caller did what lets retries start over, or what is asked at once.
    pub fn interrupt(&mut self) {
        self.is_irregular = true;
        self.episode = None;
    }

    fn spacing(
        &self,
        verdict: Verdict,
        now: Moment,
        ledger: &Ledger,
        limits: &Limits,
    ) -> Result<(), Violation> {
        let Some(last) = self.last else {
            return Ok(());
        };
        let gap_us = now.at_us - last.at.at_us;
        let broken = |kind, limit_us| {
            let detail = format!(
                "{gap_us} us, limit {limit_us}, {:?} to {verdict:?}",
                last.verdict
            );
            Err(Violation::new(Law::Intervals, kind, now.at_us, detail))
        };
        let late_us = ledger.late_us - last.late_us;
        let longest_us = limits.interval_max_us.max(self.most_interval_us);
        // "puts off the next probe, though at most seven in eight, so that the round-trip time stays
        // measured"
        let eight_us = longest_us.saturating_mul(8).saturating_add(late_us);
        if self.is_put_off && gap_us > eight_us {
            return broken("traffic puts off more than seven probes", eight_us);
        }
        if self.is_irregular || self.is_put_off {
            return Ok(());
        }
        let steady = |verdict| matches!(verdict, Verdict::Alive | Verdict::Dead);
        if steady(verdict) && last.verdict == verdict && !last.is_unsent {
            // "every `interval`, to 0.1 %", where the plan states one for a dead peer
            let exact = verdict == Verdict::Alive;
            let least_us = limits.interval_min_us;
            let least_us = if exact {
                least_us
            } else {
                least_us - least_us / 1_000
            };
            if gap_us < least_us {
                return broken("a steady interval below the shortest", least_us);
            }
            // "uniform in [max(min, 0.9 * interval), interval]"; that of a dead peer is not stated
            let jittered_us = self.least_interval_us
                - self
                    .least_interval_us
                    .saturating_mul(limits.jitter)
                    .div_ceil(100);
            let planned = verdict == Verdict::Alive
                && !limits.is_hostile
                && !self.is_shifted
                && last.gap_us <= self.least_interval_us;
            if planned && gap_us + self.least_interval_us / 50 + 100 < jittered_us {
                return broken(
                    "a steady interval below what is planned, less jitter",
                    jittered_us,
                );
            }
        }
        if gap_us > longest_us + late_us {
            return broken(
                "probes further apart than the longest interval",
                longest_us + late_us,
            );
        }
        let least_us = self
            .least_timeout_us
            .min(self.least_interval_us)
            .min(limits.interval_min_us);
        if gap_us < least_us.min(limits.timeout_min_us) {
            return broken("probes closer than timeout and interval", least_us);
        }
        Ok(())
    }
}

impl Episode {
    /// "Never more than the plan's number in an episode"; steady probes go on beside them.
    fn storm(&self, now: Moment, limits: &Limits, kind: &'static str) -> Result<(), Violation> {
        let passed_us = now.at_us - self.since.at_us;
        let jittered_us = self.least_interval_us
            - self
                .least_interval_us
                .saturating_mul(limits.jitter)
                .div_ceil(100);
        let steady_us = jittered_us.max(limits.interval_min_us).max(1);
        let most = self.retries + 2 + passed_us / steady_us;
        if self.probes <= most {
            return Ok(());
        }
        let detail = format!("{} probes in {passed_us} us, {self:?}", self.probes);
        Err(Violation::new(Law::Intervals, kind, now.at_us, detail))
    }
}
