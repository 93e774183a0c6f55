//! The machine.

use core::time::Duration;

use crate::lease::config::{Config, granted_us};
use crate::lease::event::{EventKind, FenceReason};
use crate::lease::fence::Fence;
use crate::lease::news::News;
use crate::lease::outcome::{GrantOutcome, Refusal, RefusalOutcome};
use crate::lease::promise::Promise;
use crate::lease::request::{Action, Outstanding, RenewalId, Request, Requests, What};
use crate::lease::schedule::Schedule;
use crate::lease::snapshot::{Counters, Snapshot};
use crate::output::Output;
use crate::peer::counters::one_more;
use crate::peer::event::Event;
use crate::time::{Instant, duration, micros};

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
/// - The server keeps what it granted. A forward step of its clock, a restart without persistence,
///   an asynchronous fail-over and a stale leader defeat every holder; against those only the epoch
///   (fencing token) helps, checked by the resource that the lease protects.
///
/// Between the check by `is_held` and the effect of the action time passes too. State
/// [`stop_within`](crate::lease::Builder::stop_within) and stop at [`stop_at`](Self::stop_at).
///
/// # Renewals
///
/// Renewals are as rare as the path allows: the planner
/// ([`pacing::Target`](crate::pacing::Target)) measures how long silences last and chooses the
/// longest interval at which a lapse is as rare as stated. Before anything is known, it renews at
/// least five times per TTL. A renewal without an answer is late ([`EventKind::Late`]) and retried, with
/// growing waits that still leave time for the last one. Its silence counts from the moment at
/// which it was due, so that a process which is often late renews earlier.
///
/// # Sizes and bounds
///
/// The last 32 requests are remembered; an answer to an older one is
/// [unknown](GrantOutcome::Unknown). A call of `poll` takes constant time but for the planner, which
/// computes in floating point with every 64th answer, and with every answer on a new path.
#[derive(Clone, Debug)]
pub struct Lease {
    config: Config,
    /// The TTL that this holding asks for.
    asked_us: u64,
    phase: Phase,
    fence: Fence,
    requests: Requests,
    schedule: Schedule,
    news: News,
    epoch: u64,
    /// When a release need not be repeated any more: the lease has expired.
    released_by: Instant,
    counters: Counters,
}

/// What the caller wants, and what the server said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The caller does not want the lease.
    Idle,
    /// The lease is asked for.
    Seeking,
    /// The server granted the lease and has not ended it. It may be fenced.
    Holding,
    /// The lease is given back.
    Releasing,
}

impl Lease {
    /// Creates a lease that is asked for at once.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            config,
            asked_us: config.ttl_us,
            phase: Phase::Seeking,
            fence: Fence::new(now),
            requests: Requests::NEW,
            schedule: Schedule::new(&config, now),
            news: News::default(),
            epoch: 0,
            released_by: Instant::ZERO,
            counters: Counters::default(),
        }
    }

    /// Returns what to do at `now`. Poll until it returns [`Output::Wait`] or [`Output::Idle`]:
    /// after at most five events and one request. A moment to wait for lies in the future.
    ///
    /// Polling early is harmless. A late poll delays renewals and events, and moves no fence.
    pub fn poll(&mut self, now: Instant) -> Output<Request, Event<EventKind>> {
        self.look(now);
        if let Some((kind, at)) = self.news(now) {
            return Output::Event(Event::new(self.news.next_number(), at, kind));
        }
        if self.phase == Phase::Releasing && now >= self.released_by {
            self.phase = Phase::Idle;
        }
        if self.phase == Phase::Idle || now == Instant::MAX {
            return Output::Idle;
        }
        if self.due() <= now {
            return Output::Send(self.send(now));
        }
        Output::Wait(self.wake())
    }

    /// Takes note of the time: a clock that ran backwards, or a fence that passed.
    fn look(&mut self, now: Instant) {
        if !self.fence.observe(now) {
            self.distrust(now);
        } else if self.news.believes() && now >= self.fence.until() {
            self.schedule.fence(self.fence.until());
            self.stop(FenceReason::Elapsed, self.fence.until());
        }
    }

    /// Ends the holding, whose send times mean nothing any more.
    fn distrust(&mut self, now: Instant) {
        self.fence.close();
        self.requests.forget();
        self.schedule.restart(now);
        self.released_by = self.released_by.min(now.plus(self.asked_us));
        self.stop(FenceReason::Clock, now);
    }

    const fn stop(&mut self, reason: FenceReason, at: Instant) {
        if self.news.believes() {
            one_more(&mut self.counters.fenced);
            self.news.fence(reason, at);
        }
    }

    /// Returns the next thing to tell, and when it happened.
    fn news(&mut self, now: Instant) -> Option<(EventKind, Instant)> {
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
        let held = self.news.held(self.epoch);
        if held.is_some() || !self.schedule.take_late(now) {
            return held;
        }
        let left = self.fence.until().saturating_duration_since(now);
        Some(EventKind::Late { left })
    }

    /// Returns when the next request is due.
    const fn due(&self) -> Instant {
        let duty_us = match self.phase {
            Phase::Holding => self.config.send_within_us,
            _ => 0,
        };
        self.schedule.due(duty_us)
    }

    /// Returns when to poll next.
    const fn wake(&self) -> Instant {
        let due = self.due();
        match self.phase {
            Phase::Holding if self.news.told() => due.min(self.fence.until()),
            Phase::Releasing => due.min(self.released_by),
            _ => due,
        }
    }

    fn send(&mut self, now: Instant) -> Request {
        let action = match self.phase {
            Phase::Holding => Action::Renew,
            Phase::Releasing => Action::Release,
            Phase::Seeking | Phase::Idle => Action::Acquire,
        };
        if action == Action::Renew {
            let stop_at = self.fence.until().minus(self.config.reserve_us);
            self.schedule.renewed(now, stop_at);
        } else {
            self.schedule.sought(now);
        }
        one_more(&mut self.counters.sent);
        Request {
            id: self.requests.send(What::Request(action), now),
            action,
            ttl: duration(self.asked_us),
            holding: self.requests.holding(),
        }
    }

    // ---- answers ----

    /// Takes the server's answer that it granted the request called `id` for `ttl`, at `now`.
    ///
    /// `ttl` is what the server counts from the moment at which it processed the request; it may
    /// differ from what was asked for, and from one grant to the next. It is rounded down to
    /// microseconds and capped at [`TTL_MAX`](crate::lease::TTL_MAX). A `ttl` of zero is no grant:
    /// the lease is lost ([`Refusal::Expired`]).
    ///
    /// `epoch` is the server's fencing token; pass 0 always where it has none. While the lease is
    /// held, a grant with a lower epoch is [stale](GrantOutcome::Stale), and one with a higher epoch
    /// says that it was given away in between: [`EventKind::Lost`] and [`EventKind::Regained`] follow.
    pub fn handle_granted(
        &mut self,
        id: RenewalId,
        ttl: Duration,
        epoch: u64,
        now: Instant,
    ) -> GrantOutcome {
        self.look(now);
        let Some(request) = self.take(id) else {
            return GrantOutcome::Unknown;
        };
        if epoch < self.epoch && self.phase == Phase::Holding {
            one_more(&mut self.counters.ignored);
            return GrantOutcome::Stale;
        }
        let ttl_us = granted_us(ttl);
        if ttl_us == 0 {
            self.schedule.refused(request.sent, now);
            self.lose(Refusal::Expired, now);
            return GrantOutcome::Nothing;
        }
        self.grant(request.sent, ttl_us, epoch, now)
    }

    /// Takes the server's acknowledgement at `now` of something that renews the lease by the TTL
    /// that was granted last: what the application [sent](Self::handle_sent), or a renewal whose
    /// answer names no TTL. It is [unknown](GrantOutcome::Unknown) where nothing was granted.
    pub fn handle_acknowledged(&mut self, id: RenewalId, now: Instant) -> GrantOutcome {
        self.look(now);
        match duration(self.fence.ttl_us()) {
            Duration::ZERO => GrantOutcome::Unknown,
            ttl => self.handle_granted(id, ttl, self.epoch, now),
        }
    }

    /// Takes the request called `id` off, if its answer can mean anything.
    fn take(&mut self, id: RenewalId) -> Option<Outstanding> {
        let wanted = matches!(self.phase, Phase::Seeking | Phase::Holding);
        let found = if wanted { self.requests.take(id) } else { None };
        if found.is_none() {
            one_more(&mut self.counters.ignored);
        }
        found
    }

    fn grant(&mut self, sent: Instant, ttl_us: u64, epoch: u64, now: Instant) -> GrantOutcome {
        one_more(&mut self.counters.granted);
        if epoch > self.epoch && self.phase == Phase::Holding {
            self.tell_lost(Refusal::EpochChanged, now);
        }
        (self.phase, self.epoch) = (Phase::Holding, epoch);
        let before = self.fence.until();
        self.fence.grant(sent, ttl_us, self.config.allowance);
        self.schedule.plan_for(&self.config, self.fence.ttl_us());
        self.settle(sent, before, now)
    }

    /// Draws the consequences of a fence that was `before`.
    fn settle(&mut self, sent: Instant, before: Instant, now: Instant) -> GrantOutcome {
        let is_held = self.is_held(now);
        self.schedule.granted(sent, now, is_held);
        self.look(now);
        if is_held {
            self.schedule.hasten(self.fence.until());
        } else {
            self.schedule.fence(self.fence.until());
        }
        if !is_held {
            GrantOutcome::TooLate
        } else if self.fence.until() > before {
            GrantOutcome::Extended
        } else {
            GrantOutcome::Unextended
        }
    }

    /// Takes the server's answer that it refused the request called `id`, at `now`. The refusal of a
    /// renewal ends the holding at once, and so does that of an acquisition sent after the one that
    /// was granted. The lease is then asked for again.
    pub fn handle_refused(&mut self, id: RenewalId, why: Refusal, now: Instant) -> RefusalOutcome {
        self.look(now);
        let Some(request) = self.take(id) else {
            return RefusalOutcome::Unknown;
        };
        one_more(&mut self.counters.refused);
        self.schedule.refused(request.sent, now);
        let holding = self.phase == Phase::Holding;
        let acquisition = request.what == What::Request(Action::Acquire);
        if holding && acquisition && request.sent <= self.fence.sent() {
            return RefusalOutcome::Old;
        }
        self.lose(why, now);
        if holding {
            RefusalOutcome::Lost
        } else {
            RefusalOutcome::NotYet
        }
    }

    /// Takes news from the server at `now` that the lease is over, without a request: somebody
    /// deleted the key, the connection or session is closed. It ends the holding at once, and the
    /// lease is asked for again.
    pub fn handle_ended(&mut self, why: Refusal, now: Instant) -> RefusalOutcome {
        self.look(now);
        if self.phase != Phase::Holding {
            return RefusalOutcome::Unknown;
        }
        self.lose(why, now);
        RefusalOutcome::Lost
    }

    /// Ends the holding, if there is one.
    fn lose(&mut self, why: Refusal, now: Instant) {
        if self.phase == Phase::Holding {
            self.tell_lost(why, now);
            self.seek(now, why == Refusal::Expired);
        }
    }

    /// Asks for the lease as a new holding.
    fn seek(&mut self, now: Instant, at_once: bool) {
        self.fence.close();
        self.schedule.lost(now, at_once);
        self.requests.next_holding();
        (self.phase, self.asked_us) = (Phase::Seeking, self.config.ttl_us);
    }

    const fn tell_lost(&mut self, why: Refusal, now: Instant) {
        if self.news.lose(why, now) {
            one_more(&mut self.counters.lost);
        }
    }

    /// Takes the news at `now` that the request called `id` failed: it could not be sent, its
    /// connection broke, or the server answered with an error that says nothing about the lease. It
    /// is retried soon while the lease is held. The server may have processed it, so a grant that still arrives counts.
    ///
    /// Returns whether the request is outstanding.
    pub fn handle_failed(&mut self, id: RenewalId, now: Instant) -> bool {
        self.look(now);
        let known = self.requests.is_outstanding(id);
        if known {
            one_more(&mut self.counters.failed);
        }
        if known && self.is_held(now) {
            self.schedule.failed(now);
        }
        known
    }

    /// Takes the server's wish at `now` to be left alone for `wait`, such as by `Retry-After`. While
    /// the lease is held, half of the time left is waited at most: a renewal and a retry still fit.
    pub fn handle_pushback(&mut self, wait: Duration, now: Instant) {
        self.look(now);
        let wait_us = if self.is_held(now) {
            micros(wait).min(self.fence.until().since(now) / 2)
        } else {
            micros(wait)
        };
        self.schedule.postpone(now.plus(wait_us));
    }

    /// Takes the news that the application sent something to the server at `now` that renews the
    /// lease, such as a publication to an MQTT broker or a packet of a QUIC connection. It counts
    /// where the protocol demands that [something is
    /// sent](crate::lease::Builder::send_within) in time. It does not move the fence: nobody knows
    /// whether it arrived.
    ///
    /// Returns a name for it. If the server acknowledges it, hand that in by
    /// [`handle_acknowledged`](Self::handle_acknowledged): it then counts like a renewal and
    /// postpones the next one. It is `None` where the lease was never granted, and where something
    /// was sent less than a 25th of the TTL ago, whose acknowledgement is as good.
    pub fn handle_sent(&mut self, now: Instant) -> Option<RenewalId> {
        self.look(now);
        let useful = self.phase == Phase::Holding && self.schedule.other_sent(now);
        useful.then(|| self.requests.send(What::Traffic, now))
    }

    // ---- wishes ----

    /// Gives the lease up at `now`. It is not held from this call on, and no event follows. Then
    /// `poll` asks for [`Action::Release`] until [`handle_released`](Self::handle_released) or until
    /// the lease has expired.
    pub fn release(&mut self, now: Instant) {
        self.look(now);
        if matches!(self.phase, Phase::Idle | Phase::Releasing) {
            return;
        }
        self.fence.close();
        self.news.give_up();
        self.requests.forget();
        self.schedule.restart(now);
        self.released_by = now.plus(self.asked_us);
        self.phase = Phase::Releasing;
    }

    /// Takes the server's answer at `now` that the lease was released, or that it does not know it.
    /// Returns whether a release was waiting for it.
    pub fn handle_released(&mut self, now: Instant) -> bool {
        self.look(now);
        let releasing = self.phase == Phase::Releasing;
        if releasing {
            self.requests.forget();
            self.phase = Phase::Idle;
        }
        releasing
    }

    /// Asks for a lease again that was given up, from `now` on, as a new
    /// [holding](Request::holding).
    pub fn acquire(&mut self, now: Instant) {
        self.look(now);
        if matches!(self.phase, Phase::Idle | Phase::Releasing) {
            self.seek(now, true);
            self.schedule.restart(now);
        }
    }

    /// Changes the configuration at `now`.
    ///
    /// A shorter TTL takes effect at once: the fence is no later than `now` and what can be believed
    /// of the new TTL, and answers to requests that asked for the old one are unknown. A longer TTL
    /// is asked for from the next [holding](Request::holding) on: a delayed request that asked for
    /// the shorter one may still reach the server. A larger allowance for clocks moves the fence
    /// earlier at once; a smaller one counts from the next grant on.
    pub fn reconfigure(&mut self, config: Config, now: Instant) {
        self.look(now);
        self.config = config;
        self.fence.allow(config.allowance);
        if config.ttl_us < self.asked_us {
            self.asked_us = config.ttl_us;
            self.requests.forget();
            self.fence.shorten(now, config.ttl_us, config.allowance);
        } else if self.phase == Phase::Seeking {
            self.seek(now, true);
        }
        let granted_us = self.fence.ttl_us();
        let ttl_us = if granted_us > 0 {
            granted_us
        } else {
            self.asked_us
        };
        self.schedule.plan_for(&config, ttl_us);
        self.schedule.hasten(now);
        self.look(now);
    }

    /// Says at `now` that the clock cannot vouch for the time since the last call: it leapt and is
    /// right again, or it stood still while the process was suspended. The holder is fenced at once,
    /// and the lease is renewed.
    pub fn resync(&mut self, now: Instant) {
        self.fence.observe(now);
        self.distrust(now);
    }

    // ---- queries ----

    /// Returns whether the holder may act at `now`. It is false for a moment before the last one
    /// seen.
    #[must_use]
    pub fn is_held(&self, now: Instant) -> bool {
        self.phase == Phase::Holding && self.fence.is_open(now)
    }

    /// Returns the first moment at which the holder may not act, if the lease is held as of the last
    /// call.
    #[must_use]
    pub fn fence_at(&self) -> Option<Instant> {
        self.is_held(self.fence.seen()).then(|| self.fence.until())
    }

    /// Returns when the holder should begin to stop: [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence.
    #[must_use]
    pub fn stop_at(&self) -> Option<Instant> {
        let fence = self.fence_at()?;
        Some(fence.minus(self.config.reserve_us))
    }

    /// Returns the epoch that the server gave last; 0 before the first grant.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what is promised about lapses.
    #[must_use]
    pub fn promise(&self) -> Promise {
        self.schedule.promise(&self.config)
    }

    /// Returns the state at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let plan = self.schedule.plan();
        Snapshot {
            is_held: self.is_held(now),
            epoch: self.epoch,
            fence_at: self.fence_at(),
            ttl: duration(self.fence.ttl_us()),
            interval: plan.interval(),
            timeout: plan.timeout(),
            promise: self.promise(),
            counters: self.counters,
        }
    }

    /// Returns whether the invariants hold that a single state can show. Tests, fuzz targets and
    /// debug assertions check it after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let closed = self.phase == Phase::Holding || self.fence.ttl_us() == 0;
        self.fence.is_valid() && closed
    }
}
