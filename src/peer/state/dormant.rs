//! A pulse at rest: its settings are the fleet's, and the moments of its window can be summed up again.

use super::Pulse;
use crate::config::Settings;
use crate::math::random::Random;
use crate::pacing::Pacing;
use crate::path::loss::LossRate;
use crate::path::rtt::DormantRtt;
use crate::path::window::{RttWindow, Samples};
use crate::peer::credit::Credit;
use crate::peer::verdict::{Reason, Verdict};
use crate::plan::Plan;
use crate::time::Instant;

/// All of a [`Pulse`] but its settings and its window. Its fields are those of the pulse.
#[derive(Clone, Debug)]
pub(crate) struct DormantPulse<P: Pacing> {
    state: P::State,
    plan: Plan,
    mark: Instant,
    credit: Credit,
    rtt: DormantRtt,
    random: Random,
    loss: LossRate,
    jitter_q16: u16,
    verdict: Verdict,
    retries: u8,
    skipped: u8,
    risen: u8,
    reason: Reason,
    pushbacks: u8,
    refusals: u8,
    started: bool,
    episode: bool,
}

impl<const N: usize, P: Pacing> Pulse<N, P> {
    pub(crate) const fn samples(&self) -> Samples<N> {
        self.window.samples()
    }
}

impl<P: Pacing> DormantPulse<P> {
    pub(crate) fn of<const N: usize>(pulse: &Pulse<N, P>) -> Self {
        Self {
            state: pulse.state.clone(),
            plan: pulse.plan,
            mark: pulse.mark,
            credit: pulse.credit.clone(),
            rtt: pulse.rtt.rest(),
            random: pulse.random.clone(),
            loss: pulse.loss.clone(),
            jitter_q16: pulse.jitter_q16,
            verdict: pulse.verdict,
            retries: pulse.retries,
            skipped: pulse.skipped,
            risen: pulse.risen,
            reason: pulse.reason,
            pushbacks: pulse.pushbacks,
            refusals: pulse.refusals,
            started: pulse.started,
            episode: pulse.episode,
        }
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub(crate) const fn mark(&self) -> Instant {
        self.mark
    }

    pub(crate) fn wake<const N: usize>(
        &self,
        settings: Settings<P>,
        samples: &Samples<N>,
    ) -> Pulse<N, P> {
        Pulse {
            settings,
            window: RttWindow::of(samples),
            state: self.state.clone(),
            rtt: self.rtt.wake(),
            plan: self.plan,
            random: self.random.clone(),
            mark: self.mark,
            credit: self.credit.clone(),
            loss: self.loss.clone(),
            jitter_q16: self.jitter_q16,
            verdict: self.verdict,
            retries: self.retries,
            skipped: self.skipped,
            risen: self.risen,
            reason: self.reason,
            pushbacks: self.pushbacks,
            refusals: self.refusals,
            started: self.started,
            episode: self.episode,
        }
    }
}
