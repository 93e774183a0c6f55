//! The state of one endpoint: its monitor, and what the group concludes from that.

mod start;

use core::time::Duration;

use crate::config::RetryBudget;
use crate::failover::config::Rules;
use crate::failover::endpoint::{Endpoint, EndpointMode};
use crate::monitor::Monitor;
use crate::output::Output;
use crate::pacing::Pacing;
use crate::path::early_warning::{EarlyWarning, Health};
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Verdict;
use crate::time::{Instant, duration, micros};

/// The state of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EndpointState<const N: usize, P: Pacing> {
    pub(super) monitor: Monitor<N, P>,
    pub(super) endpoint: Endpoint,
    /// Since when the endpoint is suspected; never set together with `healthy`.
    pub(super) suspected: Option<Instant>,
    /// Since when the endpoint has replied in time without a break.
    pub(super) healthy: Option<Instant>,
    /// The send time of the last probe that got a reply in time.
    pub(super) proved: Option<Instant>,
    /// The send time of the last probe whose reply came too late, if it is later than `proved`.
    last_slow_reply: Option<Instant>,
    /// The monitor's count of misses at the last reply in time.
    misses_at_last_ok: u32,
    /// The early warning for this path.
    pub(super) warning: EarlyWarning,
    /// The number of the monitor's misses that the early warning has counted.
    warned_of: u32,
    /// When the quarantine ends.
    pub(super) quarantine: Option<Instant>,
    /// The length of the last quarantine. 0 if there was none, or if the endpoint has since been
    /// healthy for twice that length.
    quarantine_us: u64,
    /// Whether a fault of the endpoint itself caused the suspicion. If so, the endpoint does not
    /// count as evidence of a local fault.
    pub(super) at_fault: bool,
    /// The load that the endpoint reports, 0 idle to 255 full; `None` where it reports none.
    pub(super) load: Option<u8>,
    /// The number of monitors that the endpoint had before. It is part of the seed, so that replies
    /// to probes of an earlier monitor are ignored.
    generation: u32,
    /// When the endpoint was last sent a probe.
    pub(super) asked: Option<Instant>,
    /// When its monitor has to be polled again.
    pub(super) due: Instant,
}

impl<const N: usize, P: Pacing> EndpointState<N, P> {
    // ---- what is known ----

    /// Returns whether the endpoint is probed and may be active.
    pub(super) fn in_service(&self) -> bool {
        self.endpoint.mode != EndpointMode::Disabled && self.quarantine.is_none()
    }

    /// Returns how much the endpoint is preferred by weight: its weight times its spare capacity,
    /// at most 2^24.
    pub(super) fn spare(&self) -> u32 {
        u32::from(self.endpoint.weight) * (256 - u32::from(self.load.unwrap_or(0)))
    }

    pub(super) fn is_dead(&self) -> bool {
        self.monitor.verdict() == Verdict::Dead
    }

    /// Returns whether at least `tries` probes in a row got no reply in time, and at least one late
    /// reply arrived.
    pub(super) const fn is_slow(&self, tries: u32) -> bool {
        let run = self.monitor.misses().saturating_sub(self.misses_at_last_ok);
        self.last_slow_reply.is_some() && run >= tries
    }

    pub(super) fn has_failed(&self, tries: u32) -> bool {
        self.is_dead() || self.is_slow(tries)
    }

    /// Returns whether the endpoint has replied in time to a probe sent at `since` or later.
    pub(super) fn is_proved_since(&self, since: Option<Instant>) -> bool {
        self.proved >= since
    }

    /// Returns whether the endpoint has been healthy for `span_us`.
    pub(super) fn healthy_for(&self, span_us: u64, now: Instant) -> bool {
        self.healthy.is_some_and(|since| since.plus(span_us) <= now)
    }

    /// Returns whether the endpoint's path is as usual.
    pub(super) fn is_good(&self) -> bool {
        self.warning.health() == Health::Good
    }

    /// Updates, at `now`, whether the endpoint is suspected or healthy, from the state of its
    /// monitor.
    pub(super) fn refresh(&mut self, now: Instant) {
        self.warn();
        if self.monitor.in_episode() || self.last_slow_reply.is_some() || self.is_dead() {
            self.clear_record(now);
            self.healthy = None;
            self.suspected.get_or_insert(now);
            return;
        }
        self.suspected = None;
        if self.monitor.verdict() == Verdict::Alive {
            self.at_fault = false;
            self.healthy.get_or_insert(now);
        } else {
            self.healthy = None;
        }
    }

    /// Reports the monitor's new misses to the early warning.
    fn warn(&mut self) {
        let misses = self.monitor.misses();
        for _ in self.warned_of..misses {
            self.warning.overdue();
        }
        self.warned_of = misses;
    }

    // ---- what happens ----

    /// Polls the monitor and returns a probe that is to be sent. The monitor's events are dropped,
    /// because [`refresh`](Self::refresh) reads its verdict.
    pub(super) fn poll(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Option<ProbeId> {
        let mut probe = None;
        for _ in 0..Monitor::<N, P>::MAX_DRAIN {
            match self.monitor.poll_with(now, budget) {
                Output::Send(id) => {
                    self.asked = Some(now);
                    probe = Some(id);
                    break;
                }
                Output::Event(_) => {}
                Output::Wait(until) => {
                    self.due = until;
                    break;
                }
                Output::Idle => {
                    self.due = Instant::MAX;
                    break;
                }
            }
        }
        self.refresh(now);
        probe
    }

    /// Handles a reply that the monitor accepted, to a probe that is `age_us` old and that the peer
    /// held for `held`. A reply that took longer than `request_us` is too late to be of use.
    pub(super) fn answered(&mut self, at: Instant, age_us: u64, held: Duration, request_us: u64) {
        self.warn();
        // `Duration`'s own subtraction may contain a panic where it is not inlined.
        let rtt_us = age_us.saturating_sub(micros(held));
        self.warning.answered(duration(rtt_us));
        let sent = at.minus(age_us);
        if age_us <= request_us {
            self.proved = self.proved.max(Some(sent));
            self.misses_at_last_ok = self.monitor.misses();
            self.last_slow_reply = None;
        } else if Some(sent) > self.proved {
            self.last_slow_reply = Some(sent);
            debug_assert!(self.last_slow_reply > self.proved);
        }
    }

    /// Handles any other arrival, which proves only that the endpoint is alive.
    pub(super) fn heard(&mut self, at: Instant) {
        if self.last_slow_reply.is_none() {
            let sent = at.minus(u64::from(self.monitor.smoothed_us()));
            self.proved = self.proved.max(Some(sent));
        }
    }

    /// Forgets the length of the last quarantine if the endpoint has been healthy for twice as
    /// long.
    fn clear_record(&mut self, now: Instant) {
        if self.healthy_for(self.quarantine_us.saturating_mul(2), now) {
            self.quarantine_us = 0;
        }
    }

    /// Starts the next quarantine and returns its length: twice the last one, up to the longest.
    pub(super) fn start_quarantine(&mut self, rules: &Rules, now: Instant) -> u64 {
        debug_assert!(self.in_service());
        self.quarantine_us = match self.quarantine_us {
            0 => rules.quarantine_us,
            last => last.saturating_mul(2).min(rules.quarantine_max_us),
        };
        self.quarantine = Some(now.plus(self.quarantine_us));
        self.suspected = None;
        self.healthy = None;
        self.quarantine_us
    }

    /// Moves all moments back by `back_us`, because the clock was set back by that.
    pub(super) fn resync(&mut self, now: Instant, back_us: u64) {
        self.monitor.resync(now);
        let moments = [
            &mut self.suspected,
            &mut self.healthy,
            &mut self.proved,
            &mut self.last_slow_reply,
            &mut self.quarantine,
            &mut self.asked,
        ];
        for moment in moments.into_iter().flatten() {
            *moment = moment.minus(back_us);
        }
        self.due = self.due.minus(back_us);
    }

    pub(super) fn is_valid(&self) -> bool {
        let one = self.suspected.is_none() || self.healthy.is_none();
        let disabled = self.endpoint.mode == EndpointMode::Disabled && self.quarantine.is_some();
        let pinned = self.endpoint.mode == EndpointMode::Pinned && self.quarantine.is_some();
        let idle = self.in_service() || self.healthy.is_none();
        one && idle && !disabled && !pinned && self.monitor.is_valid()
    }
}

#[cfg(test)]
mod tests;
