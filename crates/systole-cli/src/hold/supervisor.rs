//! The supervisor: drives the lease, and starts and stops the command by what the lease tells.

use std::time::Duration;

use systole::lease::{EventKind, FenceReason, Lease, Request};
use systole::{Event, Instant, Output};
use tokio::select;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use super::clock;
use super::ending::Ending;
use super::exit_code;
use super::fence_file::FenceFile;
use super::guarded::Guarded;
use super::message::{Order, Report};
use super::settings::Settings;
use super::stage::Stage;
use super::stop::Stop;
use super::store::{Answer, Desk, Outcome, Store};
use super::voice::Voice;

/// How long it sleeps at most: the timers of the runtime do not count the time of a suspend.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Supervisor<'a, S: Store> {
    settings: &'a Settings,
    lease: Lease,
    desk: Desk<S>,
    outcomes: UnboundedReceiver<Outcome>,
    token: String,
    voice: &'a mut Voice,
    stage: Stage,
    /// Until when the lease is waited for.
    give_up_at: Instant,
    ending: Ending,
}

impl<'a, S: Store> Supervisor<'a, S> {
    pub(super) fn new(
        settings: &'a Settings,
        (desk, outcomes): (Desk<S>, UnboundedReceiver<Outcome>),
        token: String,
        voice: &'a mut Voice,
    ) -> Self {
        let now = clock::now();
        let wait = if settings.once {
            settings.config.ttl() // for a server that does not answer
        } else {
            settings.wait.unwrap_or(Duration::MAX)
        };
        Self {
            settings,
            lease: Lease::new(settings.config, now),
            desk,
            outcomes,
            token,
            voice,
            stage: Stage::Waiting,
            give_up_at: now.saturating_add(wait),
            ending: Ending::default(),
        }
    }

    /// Runs to the end; returns the exit status.
    pub(super) async fn run(mut self, mut stop: Stop) -> u8 {
        loop {
            let now = clock::now();
            let wake = self.drive(now);
            if let Some(code) = self.leave(wake.is_none(), now) {
                return code;
            }
            self.voice.flush();
            let wake = self.stage.wake(wake, self.give_up_at);
            let wait = wake.saturating_duration_since(now).min(LOOK);
            select! {
                Some(outcome) = self.outcomes.recv() => self.hear(outcome),
                report = self.stage.report() => self.hear_guard(report),
                signal = stop.next() => self.stop(signal),
                () = sleep(wait) => {}
            }
        }
    }

    /// Does what the lease asks for; returns when it wants to be asked again, if at all.
    fn drive(&mut self, now: Instant) -> Option<Instant> {
        loop {
            match self.lease.poll(now) {
                Output::Send(request) => self.send(&request),
                Output::Event(event) => self.tell(event, now),
                Output::Wait(at) => return Some(at),
                Output::Idle => return None,
            }
        }
    }

    fn send(&mut self, request: &Request) {
        let told = !matches!(self.stage, Stage::Leaving { told: false, .. });
        if told {
            let token = format!("{}/{}", self.token, request.holding);
            self.desk.send(request, token);
        }
    }

    // ---- what the lease tells ----

    fn tell(&mut self, event: Event<EventKind>, now: Instant) {
        match event.kind {
            EventKind::Held { epoch } | EventKind::Regained { epoch } => self.begin(epoch, now),
            EventKind::Late { left } => self.voice.late(left),
            EventKind::Fenced { reason } => self.fenced(reason),
            EventKind::Lost { why } => self.lose(format_args!("the server says: {why}")),
            _ => {}
        }
    }

    /// Starts the command, unless it runs and is being ended.
    fn begin(&mut self, epoch: u64, now: Instant) {
        let (Stage::Waiting, Some(fence)) = (&self.stage, self.lease.fence_at()) else {
            return;
        };
        self.voice.note(format_args!(
            "{} is held, epoch {epoch}",
            self.settings.address
        ));
        let file = FenceFile::create(self.token.rsplit('/').next().unwrap_or_default());
        let started = file.and_then(|file| Guarded::start(self.settings, file, epoch, fence));
        match started {
            Ok(guarded) => self.stage = Stage::Running(Box::new(guarded)),
            Err(error) => {
                self.voice
                    .warn(format_args!("the command cannot be guarded: {error}"));
                self.release(Some(exit_code::USAGE), now);
            }
        }
    }

    /// The guard ends the command by its own clock.
    fn fenced(&mut self, reason: FenceReason) {
        match reason {
            FenceReason::Elapsed if matches!(self.stage, Stage::Running(_)) => self.ending.lose(),
            _ => self.lose(reason),
        }
    }

    /// Somebody else may hold the lease already.
    fn lose(&mut self, why: impl std::fmt::Display) {
        if let Stage::Running(guarded) = &self.stage {
            if !self.ending.is_lost() {
                self.voice.lost(why, "killed");
            }
            guarded.order(Order::Kill);
            self.ending.lose();
        }
    }

    // ---- what the server answers ----

    fn hear(&mut self, (id, outcome): Outcome) {
        let now = clock::now();
        match outcome {
            Ok(Answer::Granted { ttl, epoch }) => {
                self.voice.granted();
                self.lease.handle_granted(id, ttl, epoch, now);
                self.extend();
            }
            Ok(Answer::Refused(why, holder)) => {
                self.lease.handle_refused(id, why, now);
                self.refused(holder.as_deref(), now);
            }
            Ok(Answer::Released) => {
                self.lease.handle_released(now);
            }
            Err(why) => {
                self.lease.handle_failed(id, now);
                self.failed(&why, now);
            }
        }
    }

    /// Passes the new fence on.
    fn extend(&mut self) {
        let (Stage::Running(guarded), Some(fence)) = (&self.stage, self.lease.fence_at()) else {
            return;
        };
        if !self.ending.is_lost() {
            let extended = guarded.extend(self.lease.epoch(), fence, self.settings.grace);
            if let Err(error) = extended {
                self.voice.failed("the fence file", &error.to_string());
            }
        }
    }

    fn refused(&mut self, holder: Option<&str>, now: Instant) {
        if !matches!(self.stage, Stage::Waiting) {
            return;
        }
        self.voice.held_by(&self.settings.address, holder);
        if self.settings.once {
            self.never(now);
        }
    }

    fn failed(&mut self, why: &str, now: Instant) {
        self.voice.failed(&self.settings.address, why);
        if self.settings.once && matches!(self.stage, Stage::Waiting) {
            self.never(now);
        }
    }

    // ---- what the guard reports ----

    fn hear_guard(&mut self, report: Option<Report>) {
        let now = clock::now();
        match report {
            Some(Report::Failed(code, why)) => {
                self.voice.warn(why);
                self.ending.fail(code);
            }
            Some(Report::Stopping) => {
                self.voice.lapsed();
                self.ending.lose();
            }
            Some(Report::Exited(code)) => self.ending.exit(code),
            Some(Report::Gone) => self.ended(true, now),
            None => self.ended(false, now),
        }
    }

    /// No process of the command is left, as far as the guard says so.
    fn ended(&mut self, confirmed: bool, now: Instant) {
        if let Stage::Running(guarded) = std::mem::replace(&mut self.stage, Stage::Waiting) {
            guarded.end();
        }
        if !confirmed {
            self.voice
                .warn("the guard was killed: the lease is not released, it expires");
            self.ending.lose();
        }
        let code = self.ending.conclude(self.settings.retry);
        self.release(code, now);
        if !confirmed {
            self.stage.let_expire(now);
        }
    }

    // ---- the end ----

    /// Gives the lease back; then follows an exit with `code`, or another wait. A server that no
    /// request can have reached has nothing to give back.
    fn release(&mut self, code: Option<u8>, now: Instant) {
        self.lease.release(now);
        self.stage = Stage::leaving(code, self.desk.may_have_asked(), now);
    }

    /// Returns the exit status if this is the end. `released` says whether nothing is left to do
    /// for the lease.
    fn leave(&mut self, released: bool, now: Instant) -> Option<u8> {
        match self.stage {
            Stage::Waiting if now >= self.give_up_at => {
                self.never(now);
                None
            }
            Stage::Leaving { until, code, .. } if released || now >= until => {
                if code.is_none() {
                    self.lease.acquire(now);
                    self.stage = Stage::Waiting;
                }
                code
            }
            _ => None,
        }
    }

    fn never(&mut self, now: Instant) {
        self.voice.never(&self.settings.address);
        self.release(Some(exit_code::NEVER), now);
    }

    /// A signal asks this process to end: the command first, and a second signal at once.
    fn stop(&mut self, signal: i32) {
        let again = self.ending.stop(signal);
        match &self.stage {
            Stage::Running(guarded) if again => guarded.order(Order::Kill),
            Stage::Running(guarded) => guarded.order(Order::Stop),
            Stage::Waiting | Stage::Leaving { code: None, .. } => {
                self.release(Some(exit_code::of_signal(signal)), clock::now());
            }
            Stage::Leaving { .. } => {}
        }
    }
}
