//! What becomes of a probe on its way, at the peer and on the way back.

use super::plan::PeerPlan;
use crate::world::Kind;

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The reply.
    Reply,
    /// The host said that nobody is there.
    Refused,
}

/// Hands to `arrives` what comes back of probe `number`, sent at `sent_us`, and when.
pub fn send(peer: &PeerPlan, number: u64, sent_us: u64, mut arrives: impl FnMut(u64, Echo)) {
    let out = peer.path.out(2 * number, sent_us, &peer.incidents);
    for (copy, at_us) in (0..).zip(out.into_iter().flatten()) {
        let Some((answered_us, echo)) = answer(peer, at_us) else {
            continue;
        };
        let back = peer
            .path
            .back(2 * number + copy, answered_us, &peer.incidents);
        for back_us in back.into_iter().flatten() {
            arrives(back_us, echo);
        }
    }
}

/// When the peer, or its host, answers what reaches it at `at_us`.
fn answer(peer: &PeerPlan, at_us: u64) -> Option<(u64, Echo)> {
    let gone = |kind| matches!(kind, Kind::Crash | Kind::Restart);
    let incidents = &peer.incidents;
    let is_gone = |at_us| incidents.find(at_us, peer.path.peer, gone).is_some();
    if is_gone(at_us) {
        return None;
    }
    if incidents
        .find(at_us, peer.path.peer, |kind| kind == Kind::Refuse)
        .is_some()
    {
        return Some((at_us, Echo::Refused));
    }
    let mut at_us = at_us;
    while let Some(hang) = incidents.find(at_us, peer.path.peer, |kind| kind == Kind::Hang) {
        at_us = hang.until_us;
    }
    let slow = incidents
        .at(at_us, peer.path.peer)
        .find_map(|it| match it.kind {
            Kind::Slow { by_us } => Some(by_us),
            _ => None,
        });
    let at_us = at_us.saturating_add(slow.unwrap_or(0));
    let down = |kind| gone(kind) || kind == Kind::Refuse;
    let is_down = incidents.find(at_us, peer.path.peer, down).is_some();
    (at_us < u64::MAX / 2 && !is_down).then_some((at_us, Echo::Reply))
}

/// The spans in which `peer` does not answer, in order, those that touch as one.
pub fn down_spans(peer: &PeerPlan) -> Vec<(u64, u64)> {
    let down = |kind| {
        matches!(
            kind,
            Kind::Crash | Kind::Restart | Kind::Hang | Kind::Refuse
        )
    };
    let spans = peer.incidents.0.iter().filter(|it| down(it.kind));
    let mut spans = spans
        .map(|it| (it.from_us, it.until_us))
        .collect::<Vec<_>>();
    spans.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from_us, until_us) in spans {
        match merged.last_mut() {
            Some(last) if from_us <= last.1 => last.1 = last.1.max(until_us),
            _ => merged.push((from_us, until_us)),
        }
    }
    merged
}
