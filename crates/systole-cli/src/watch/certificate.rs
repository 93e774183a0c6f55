//! Certificates that expire soon: told once a day.

use std::time::{Duration, SystemTime};

use super::engine::Engine;
use super::peer::Peer;
use crate::report::WatchEvent;

/// How long before its end a certificate is told of.
const WARN_DAYS: u64 = 14;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Engine {
    /// Tells how long the certificate of a peer is still good for, if that is not long, and a day
    /// less than when it was told last.
    pub(super) fn look_at_certificate(&mut self, key: usize) {
        let Some(expires) = self.peers.get(&key).and_then(Peer::certificate_expires) else {
            return;
        };
        let days = days_until(expires);
        let told = (days < WARN_DAYS).then_some(days);
        if let Some(peer) = self.peers.get_mut(&key)
            && std::mem::replace(&mut peer.certificate_days, told) != told
            && told.is_some()
        {
            self.tell(key, &WatchEvent::Certificate { days });
        }
    }
}

/// Returns the number of whole days until `moment`, and 0 if it has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "certificates end by the clock of people"
)]
fn days_until(moment: SystemTime) -> u64 {
    let left = moment.duration_since(SystemTime::now()).unwrap_or_default();
    left.as_secs() / DAY.as_secs()
}
