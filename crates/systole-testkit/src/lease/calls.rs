//! What a caller may do at any moment.

use std::time::Duration;

use systole::lease::{Refusal, RenewalId, TTL_MAX};

use super::holder::Holder;
use super::plan::Plan;
use crate::world::{Journal, Random};

/// Does something that a caller may do at any time, chosen by `what`. Returns an id of what the
/// application sent, if it sent anything.
pub(super) fn call(
    plan: &Plan,
    holder: &mut Holder,
    what: u32,
    now_us: u64,
    journal: &mut Journal,
) -> Option<RenewalId> {
    let now = holder.show(now_us);
    let mut random = Random::of(plan.seed, 9, u64::from(what));
    let lease = &mut holder.lease;
    journal.call(|| format!("call {} at {now}", what % 9));
    match what % 9 {
        0 => {
            let ttl_us = random.between(
                plan.ttl_us / 3 + 3_000 + 2 * plan.server.resolution_us,
                plan.ttl_us * 2,
            );
            lease.reconfigure(plan.config(ttl_us), now);
            journal.coverage.saw("reconfigure");
        }
        1 => {
            lease.resync(now);
            journal.coverage.saw("resync");
        }
        2 => {
            lease.release(now);
            holder.epoch = None;
            journal.coverage.saw("release");
        }
        3 => {
            lease.release(now);
            lease.acquire(now);
            holder.epoch = None;
            journal.coverage.saw("release and acquire");
        }
        4 => lease.handle_pushback(Duration::from_micros(random.below(plan.ttl_us * 2)), now),
        5 | 6 => {
            journal.coverage.saw("traffic");
            return lease.handle_sent(now);
        }
        7 => {
            let id = RenewalId::from(what);
            let ttl = TTL_MAX;
            lease.handle_granted(id, ttl, u64::MAX, now);
            lease.handle_refused(id, Refusal::Denied, now);
            lease.handle_failed(id, now);
            lease.handle_released(now);
        }
        _ => {
            lease.handle_ended(Refusal::Expired, now);
        }
    }
    None
}
