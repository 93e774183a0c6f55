//! The machine.

use crate::lease::config::Config;
use crate::lease::event::{EventKind, FenceReason};
use crate::lease::holding::{Holding, Phase};
use crate::lease::news::News;
use crate::lease::outcome::Refusal;
use crate::lease::request::{Action, Request, What};
use crate::lease::schedule::Schedule;
use crate::lease::snapshot::Counters;
use crate::output::Output;
use crate::peer::event::Event;
use crate::time::{Instant, duration};

/// Keeps a lease: it asks for it, renews it, and tells until when the holder may act. Sans-IO: it
/// sends nothing and reads no clock.
///
/// 1. Call [`poll`](Self::poll). Send what it asks for, tell events, and sleep until the moment
///    that it returns.
/// 2. Hand in every answer: [`handle_granted`](Self::handle_granted),
///    [`handle_refused`](Self::handle_refused), [`handle_failed`](Self::handle_failed). Then poll.
/// 3. Guard every action by [`is_held`](Self::is_held), which takes `&self` and the current time.
///
/// ```
/// use core::time::Duration;
/// use systole::lease::{Action, Config, EventKind, GrantOutcome, Lease};
/// use systole::{Instant, Output};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// const TTL: Duration = Duration::from_secs(10);
/// let at = Instant::from_millis;
/// let mut lease = Lease::new(Config::renewed(TTL).build()?, at(0));
///
/// let Output::Send(request) = lease.poll(at(0)) else { unreachable!() };
/// assert_eq!(request.action, Action::Acquire);
/// // The server says: granted for 10 s, epoch 7.
/// assert_eq!(lease.handle_granted(request.id, TTL, 7, at(20)), GrantOutcome::Extended);
/// let Output::Event(event) = lease.poll(at(20)) else { unreachable!() };
/// assert_eq!(event.kind, EventKind::Held { epoch: 7 });
///
/// // 10 s from the send, less 1,000 ppm and 1 ms:
/// assert_eq!(lease.fence_at(), Some(at(9_989)));
/// assert!(lease.is_held(at(9_988)) && !lease.is_held(at(9_989)));
/// # Ok(()) }
/// ```
///
/// # The guarantee
///
/// **The holder is never told that it holds a lease that may have expired** (law 10). The fence is
/// the send time of the newest acknowledged request, plus the TTL that the server granted to it,
/// less the [drift of both clocks](crate::lease::Builder::drift_ppm) and the [resolution of the
/// server's](crate::lease::Builder::resolution). Real time counts: no late poll, suspend,
/// [`resync`](Self::resync) or [`reconfigure`](Self::reconfigure) moves it later. An acknowledgement
/// that arrives late, twice, out of order, or for a request that is unknown never moves it later
/// than that.
///
/// It needs four things.
///
/// - The clock counts suspended time and does not run slower than the allowance. Adapters of this
///   crate use `CLOCK_BOOTTIME` where there is one.
/// - Calls pass the current time, not an earlier moment. A clock that runs backwards ends the
///   holding at once: nobody knows then how much time has passed. `is_held` is false for a moment
///   before the last one seen.
/// - A request is sent no earlier than `poll` returns it, and the TTL that is handed in is the one
///   that the server counts from processing it.
/// - The server keeps what it granted: no request ends the lease earlier than an earlier grant
///   allows, unless this holder asked for a shorter TTL. A forward step of the server's clock, a
///   restart without persistence, an asynchronous fail-over and a stale leader defeat every holder;
///   against those only the epoch (fencing token) helps, checked by the resource that the lease
///   protects.
///
/// Between the check by `is_held` and the effect of the action time passes too. State
/// [`stop_within`](crate::lease::Builder::stop_within) and stop at [`stop_at`](Self::stop_at).
///
/// # Renewals
///
/// Renewals are as rare as the path allows: the planner
/// ([`pacing::Target`](crate::pacing::Target)) measures how long silences last and chooses the
/// longest interval at which a lapse is as rare as stated. Before anything is known, it renews at
/// least five times per TTL. A renewal without an answer is late ([`EventKind::Late`]) and retried,
/// with growing waits of at most 0.08 of the TTL, or a timeout where that is longer. Its silence
/// counts from the moment at which it was due, so that a process which is often late renews earlier.
///
/// # Sizes and bounds
///
/// A server that grants less than a sixteenth of what it was asked for is asked no more often than if
/// it had granted that, at most 400 times per TTL asked for; in between the lease is fenced.
///
/// The last 32 requests are remembered; an answer to an older one is
/// [unknown](crate::lease::GrantOutcome::Unknown). A call of `poll` takes constant time but for the
/// planner, which computes in floating point with every 64th answer, and with every answer on a new
/// path.
#[derive(Clone, Debug)]
pub struct Lease {
    pub(super) config: Config,
    pub(super) holding: Holding,
    pub(super) schedule: Schedule,
    pub(super) news: News,
    pub(super) counters: Counters,
}

impl Lease {
    /// Creates a lease that is asked for at once.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            config,
            holding: Holding::new(config.ttl_us, now),
            schedule: Schedule::new(&config, now),
            news: News::default(),
            counters: Counters::default(),
        }
    }

    /// Returns what to do at `now`. Poll until it returns [`Output::Wait`] or [`Output::Idle`]:
    /// after at most five events and one request. A moment to wait for lies in the future.
    ///
    /// Polling early is harmless. A late poll delays renewals and events, and moves no fence.
    pub fn poll(&mut self, now: Instant) -> Output<Request, Event<EventKind>> {
        self.look(now);
        if let Some((kind, at)) = self.next_news(now) {
            return Output::Event(Event::new(self.news.next_number(), at, kind));
        }
        self.holding.expire_release(now);
        if self.holding.phase() == Phase::Idle || now == Instant::MAX {
            return Output::Idle;
        }
        if self.due() <= now {
            return Output::Send(self.send(now));
        }
        Output::Wait(self.wake())
    }

    /// Takes note of the time: a clock that ran backwards, or a fence that passed.
    pub(super) fn look(&mut self, now: Instant) {
        let until = self.holding.until();
        if !self.holding.observe(now) {
            self.distrust(now);
        } else if self.news.believes() && now >= until {
            self.schedule.fence(until);
            self.stop(FenceReason::Elapsed, until);
        }
    }

    /// Ends the holding, whose send times mean nothing any more.
    pub(super) fn distrust(&mut self, now: Instant) {
        self.holding.distrust(now);
        self.schedule.restart(now);
        self.stop(FenceReason::Clock, now);
    }

    const fn stop(&mut self, reason: FenceReason, at: Instant) {
        if self.news.believes() {
            self.counters.count_fenced();
            self.news.fence(reason, at);
        }
    }

    /// Ends the holding, if there is one, and asks for the next one.
    pub(super) fn lose(&mut self, why: Refusal, now: Instant) {
        if self.holding.phase() == Phase::Holding {
            self.tell_lost(why, now);
            self.seek(now, why == Refusal::Expired);
        }
    }

    /// Asks for the lease as a new holding.
    pub(super) fn seek(&mut self, now: Instant, at_once: bool) {
        self.schedule.lost(now, at_once);
        self.holding.seek(self.config.ttl_us);
    }

    pub(super) const fn tell_lost(&mut self, why: Refusal, now: Instant) {
        if self.news.lose(why, now) {
            self.counters.count_lost();
        }
    }

    /// Returns the next thing to tell, and when it happened.
    fn next_news(&mut self, now: Instant) -> Option<(EventKind, Instant)> {
        if let Some(ended) = self.news.ended() {
            return Some(ended);
        }
        let is_held = self.is_held(now);
        let kind = is_held.then(|| self.news_of_held(now)).flatten();
        let broken = kind.is_none() && self.schedule.take_broken();
        let kind = kind.or(broken.then_some(EventKind::PromiseBroken))?;
        Some((kind, now))
    }

    fn news_of_held(&mut self, now: Instant) -> Option<EventKind> {
        let held = self.news.held(self.holding.epoch());
        if held.is_some() || !self.schedule.take_late(now) {
            return held;
        }
        let left = self.holding.until().saturating_duration_since(now);
        Some(EventKind::Late { left })
    }

    /// Returns when the next request is due.
    const fn due(&self) -> Instant {
        let duty_us = match self.holding.phase() {
            Phase::Holding => self.config.send_within_us,
            _ => 0,
        };
        self.schedule.due(duty_us)
    }

    /// Returns when to poll next.
    const fn wake(&self) -> Instant {
        let due = self.due();
        match self.holding.phase() {
            Phase::Holding if self.news.told() => due.min(self.holding.until()),
            Phase::Releasing => due.min(self.holding.released_by()),
            _ => due,
        }
    }

    fn send(&mut self, now: Instant) -> Request {
        let action = self.holding.phase().action();
        if action == Action::Renew {
            let stop_at = self.holding.until().minus(self.config.reserve_us);
            self.schedule.renewed(now, stop_at);
        } else {
            self.schedule.sought(now);
        }
        self.counters.count_sent();
        Request {
            id: self.holding.send(What::Request(action), now),
            action,
            ttl: duration(self.holding.asked_us()),
            holding: self.holding.number(),
        }
    }
}
