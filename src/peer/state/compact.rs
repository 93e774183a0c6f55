//! A peer at rest: its settings are the fleet's, and the moments of its window can be summed up again.

use super::PeerState;
use crate::config::Settings;
use crate::math::random::Random;
use crate::pacing::Pacing;
use crate::path::loss::LossRate;
use crate::path::rtt::CompactRtt;
use crate::path::window::{CompactSamples, RttWindow};
use crate::peer::credit::Credit;
use crate::peer::verdict::{Reason, Verdict};
use crate::plan::Plan;
use crate::time::Instant;

/// All of a [`PeerState`] but its settings and its window. Its fields are those of the peer.
#[derive(Clone, Debug)]
pub(crate) struct CompactPeerState<P: Pacing> {
    state: P::State,
    plan: Plan,
    mark: Instant,
    credit: Credit,
    rtt: CompactRtt,
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

impl<const N: usize, P: Pacing> PeerState<N, P> {
    pub(crate) const fn samples(&self) -> CompactSamples<N> {
        self.window.samples()
    }
}

impl<P: Pacing> CompactPeerState<P> {
    pub(crate) fn of<const N: usize>(peer: &PeerState<N, P>) -> Self {
        Self {
            state: peer.state.clone(),
            plan: peer.plan,
            mark: peer.mark,
            credit: peer.credit.clone(),
            rtt: peer.rtt.rest(),
            random: peer.random.clone(),
            loss: peer.loss.clone(),
            jitter_q16: peer.jitter_q16,
            verdict: peer.verdict,
            retries: peer.retries,
            skipped: peer.skipped,
            risen: peer.risen,
            reason: peer.reason,
            pushbacks: peer.pushbacks,
            refusals: peer.refusals,
            started: peer.started,
            episode: peer.episode,
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
        samples: &CompactSamples<N>,
    ) -> PeerState<N, P> {
        PeerState {
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
