//! Laws 3, 4, 6 and 7: when the verdict may and must be `Dead`, from the truth.

use systole::{Event, EventKind, Reason, Transition, Verdict};

use crate::world::{Journal, Law, Violation};

use super::ledger::{Ledger, Moment, Probe};

/// What is known of the verdict from outside.
#[derive(Debug)]
pub struct Verdicts {
    /// As events have told it.
    pub told: Verdict,
    /// The moment from which the bound counts at the latest: the send of the last answered probe,
    /// or of the first one where nothing was heard.
    latest: Option<Moment>,
    /// The same from what surely proves life.
    certain: Option<Moment>,
    /// What was under way counted for nothing from here on.
    excused: Option<Moment>,
    /// A probe that was sent since, or since nothing is known.
    pub asked: Option<Moment>,
    /// The first that went out after nothing was known any more, and before that was told.
    untold: Option<Moment>,
    /// The timeout of that probe.
    asked_us: u64,
    /// When it was called dead last, and which probe was answered last.
    dead_at_us: u64,
    pub answered_us: Option<u64>,
    number: u32,
    /// Whether events may have taken the place of others that were not told yet.
    pub is_overwritten: bool,
    /// Whether replies name their probes.
    ids: bool,
    /// Whether the device sleeps between its wakes.
    naps: bool,
    /// Without ids: a reply came that is older than the bound, or to one of more than eight probes under
    /// way.
    confused: bool,
    /// Verdicts `Dead`.
    pub deaths: u64,
}

impl Verdicts {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(ids: bool, naps: bool) -> Self {
        Self {
            told: Verdict::Unknown,
            latest: None,
            certain: None,
            excused: None,
            asked: None,
            untold: None,
            asked_us: 0,
            dead_at_us: 0,
            answered_us: None,
            number: 0,
            is_overwritten: false,
            ids,
            naps,
            confused: false,
            deaths: 0,
        }
    }

    /// A probe went out. Where nothing was known, or nothing could be sent for a bound, the bound
    /// counts from it ("before the first probe, the bound counts from that probe").
    pub fn sent(&mut self, sent: Moment, verdict: Verdict, was_mute: bool, timeout_us: u64) {
        if self.asked.is_none() {
            self.asked = Some(sent);
            self.asked_us = timeout_us;
        }
        if was_mute || (verdict == Verdict::Unknown && self.latest.is_none()) {
            self.latest = Some(sent);
        }
        if verdict == Verdict::Unknown && self.certain.is_none() {
            self.certain = Some(sent);
        }
        if verdict == Verdict::Unknown && self.told != verdict {
            self.untold = self.untold.or(Some(sent));
        }
    }

    /// The reply to `probe` is handed in, and is the first to it.
    pub fn heard(&mut self, probe: Probe, ledger: &Ledger) {
        let sent = probe.sent;
        if self.latest.is_none_or(|latest| latest.at_us < sent.at_us) {
            self.latest = Some(sent);
        }
        if !probe.is_void {
            self.excused = None;
        }
        // "one older than the bound is a sample, not a sign of life"
        let (least_us, _) = ledger.bounds_since(sent);
        let counts = ledger.now().at_us - sent.at_us < least_us;
        // "taken for that to the oldest one", which it cannot be any more: nobody can tell
        self.confused |= !self.ids && !counts;
        let proves = counts && self.ids && !probe.is_void;
        if proves
            && self
                .certain
                .is_none_or(|certain| certain.at_us < sent.at_us)
        {
            self.certain = Some(sent);
        }
    }

    /// A reply was handed in while `count` probes were under way: "at most eight probes are told apart"
    /// where none is named, "and a crash may be found later than the bound says".
    pub const fn told_apart(&mut self, count: usize) {
        self.confused |= !self.ids && count > 8;
    }

    /// Something else arrived: "it proves life, as of one round-trip time ago".
    pub fn traffic(&mut self, now: Moment) {
        self.latest = Some(now);
        self.excused = None;
    }

    /// The caller said that the peer "gets one more probe before any verdict".
    pub fn excuse(&mut self, now: Moment) {
        self.excused = Some(now);
        self.asked = None;
        if self.latest.is_some() {
            self.latest = Some(now);
        }
    }

    /// "The verdict starts over."
    pub fn restart(&mut self, now: Moment) {
        self.excuse(now);
        self.latest = None;
        self.certain = None;
    }

    /// Takes an event.
    ///
    /// # Errors
    /// Where it breaks a law.
    pub fn tell(
        &mut self,
        event: Event,
        ledger: &Ledger,
        verdicts_only: bool,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        let at_us = ledger.now().at_us;
        let broken = |law, kind| Err(Violation::new(law, kind, at_us, format!("{event:?}")));
        let next = self.number + 1;
        let in_order = event.number == next || (self.is_overwritten && event.number > next);
        if !in_order && !verdicts_only {
            return broken(Law::Accounts, "an event is skipped, or told twice");
        }
        self.number = event.number;
        let EventKind::Transition(change) = event.kind else {
            return Ok(());
        };
        if change.from != self.told && !verdicts_only && !self.is_overwritten {
            return broken(
                Law::Accounts,
                "a transition is from another verdict than the last",
            );
        }
        if change.from == change.to && change.reason != Reason::Restarted {
            return broken(Law::Accounts, "a transition changes nothing");
        }
        self.told = change.to;
        match change.to {
            Verdict::Dead => self.dead(change, ledger, verdicts_only, journal),
            Verdict::Alive => self.alive(change, ledger, journal),
            // after a restart it starts over with the next probe, which may be out already
            Verdict::Unknown if change.reason != Reason::Restarted => {
                self.latest = self.untold.take();
                self.certain = self.latest;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn dead(
        &mut self,
        change: Transition,
        ledger: &Ledger,
        verdicts_only: bool,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        let now = ledger.now();
        let at_us = now.at_us;
        let broken = |law, kind, detail: String| {
            Err(Violation::new(
                law,
                kind,
                at_us,
                format!("{detail}; {change:?}"),
            ))
        };
        self.deaths += 1;
        self.dead_at_us = at_us;
        self.answered_us = None;
        journal.coverage.saw("a peer is called dead");
        if change.from == Verdict::Alive && !verdicts_only {
            return broken(
                Law::Suspicion,
                "dead without a suspicion before",
                String::new(),
            );
        }
        if change.level.as_milli() == 0 && !verdicts_only {
            return broken(Law::Suspicion, "dead at level 0", String::new());
        }
        let Some(asked) = self.asked else {
            return broken(
                Law::LocalTrouble,
                "dead, and no probe was sent that could tell",
                String::new(),
            );
        };
        if let Some(excused) = self.excused
            && excused.at_us >= self.certain.map_or(0, |certain| certain.at_us)
            && ledger.since(asked) + (now.soft_us - asked.soft_us) < self.asked_us
        {
            let detail = format!("asked {asked:?}, timeout {}", self.asked_us);
            return broken(
                Law::LocalTrouble,
                "dead before a probe since had its time",
                detail,
            );
        }
        // the clock does not see how long a device sleeps, so that wakes are counted instead
        let unseen = self.naps && self.excused.is_some();
        if let (Some(certain), true, false) = (self.certain, self.ids, unseen) {
            let (least_us, _) = ledger.bounds_since(certain);
            let passed_us = ledger.since(certain);
            if passed_us + (now.soft_us - certain.soft_us) < least_us {
                let detail =
                    format!("{passed_us} us of {least_us}, since {certain:?}, now {now:?}");
                return broken(
                    Law::LocalTrouble,
                    "dead before the bound, our trouble credited",
                    detail,
                );
            }
        }
        Ok(())
    }

    fn alive(
        &mut self,
        change: Transition,
        ledger: &Ledger,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        if change.from == Verdict::Dead {
            journal.coverage.saw("a dead peer is alive again");
            self.came_back(change, ledger)?;
        }
        self.overdue(
            Verdict::Alive,
            ledger,
            "alive by an answer older than the bound",
        )
    }

    /// "`Refuted` (we were wrong) and `Recovered` (the peer was away) are told apart by which probe
    /// was answered."
    fn came_back(&self, change: Transition, ledger: &Ledger) -> Result<(), Violation> {
        let Some(answered_us) = self.answered_us.filter(|_| self.ids) else {
            return Ok(());
        };
        let wrong = match change.reason {
            Reason::Refuted => answered_us > self.dead_at_us,
            Reason::Recovered => answered_us < self.dead_at_us,
            _ => false,
        };
        if wrong {
            let kind = "a mistake is taken for a return, or the other way round";
            let detail = format!(
                "{change:?}, dead at {}, answered {answered_us}",
                self.dead_at_us
            );
            return Err(Violation::new(
                Law::Accounts,
                kind,
                ledger.now().at_us,
                detail,
            ));
        }
        Ok(())
    }

    /// After a drain: the verdict is not older than the bound.
    ///
    /// # Errors
    /// Where it is.
    pub fn check(&self, verdict: Verdict, ledger: &Ledger) -> Result<(), Violation> {
        if verdict != self.told {
            let detail = format!("{verdict:?}, told {:?}", self.told);
            let kind = "a change of verdict without an event";
            return Err(Violation::new(
                Law::Accounts,
                kind,
                ledger.now().at_us,
                detail,
            ));
        }
        let kind = match verdict {
            Verdict::Alive => "still alive after the bound",
            Verdict::Suspect => "still suspect after the bound",
            Verdict::Unknown => "still unknown after the bound",
            _ => return Ok(()),
        };
        self.overdue(verdict, ledger, kind)
    }

    /// The time since the last proof, our trouble taken off, is within the largest bound stated since.
    fn overdue(
        &self,
        verdict: Verdict,
        ledger: &Ledger,
        kind: &'static str,
    ) -> Result<(), Violation> {
        let Some(latest) = self.latest else {
            return Ok(());
        };
        if ledger.muted_since.is_some() || self.confused {
            return Ok(()); // nothing can be said
        }
        let passed_us = ledger.since(latest);
        let (_, most_us) = ledger.bounds_since(latest);
        if passed_us <= most_us {
            return Ok(());
        }
        let at_us = ledger.now().at_us;
        let detail = format!("{verdict:?}, {passed_us} us of {most_us} since {latest:?}");
        Err(Violation::new(Law::Detection, kind, at_us, detail))
    }
}
