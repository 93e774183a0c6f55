//! What is true of one peer, and what the laws demand of the fleet for it.

use systole::{Verdict, fleet::PeerKey, plan::Plan};

use super::plan::PeerPlan;
use crate::world::{Law, Violation};

/// Our own lateness and overflows so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ours {
    /// The sum of all lateness.
    pub late_us: u64,
    /// When the fleet was last told of an overflow.
    pub told_us: Option<u64>,
}

/// What is true of a peer in the fleet.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Its name.
    pub key: PeerKey,
    /// When it was added.
    pub added_us: u64,
    /// The verdict, as told.
    pub verdict: Verdict,
    /// Whether the path loses nothing and only crashes happen to the peer.
    pub is_clean: bool,
    /// Whether, in addition, it answers within the shortest timeout.
    pub is_quick: bool,
    /// The longest round trip without incidents.
    pub longest_rtt_us: u64,
    rise: u64,
    /// Since when it does not answer.
    pub down_us: Option<u64>,
    /// Whether as many probes that were sent since it is there were answered as bring it back.
    pub is_heard: bool,
    answers: u64,
    up_us: u64,
    /// Whether it was called alive since it is there.
    is_seen: bool,
    first_sent_us: Option<u64>,
    /// When the last probe was sent, and whether the peer was alive then and ever since.
    pub last_sent: Option<(u64, bool)>,
    /// When a probe was last handed out, sent or not.
    pub attempted_us: Option<u64>,
    /// When the first of the sends failed that nothing followed.
    pub blocked_us: Option<u64>,
    /// When the last span ended in which nothing could be sent.
    pub unblocked_us: Option<u64>,
    /// From when on nothing could be sent and nothing proved life, and our lateness then.
    blind_from: (u64, u64),
    /// How often a send failed since.
    pub attempts: u64,
    /// How long nothing could be sent, since it does not answer.
    unsendable_us: u64,
    /// Our lateness when it last went or came.
    late_at_us: u64,
    /// Not before this does the time for detection, or for seeing its return, begin.
    base_us: u64,
    bound_us: u64,
    interval_us: u64,
    dead_interval_us: u64,
    /// Probes since the first overdue one, and when that was.
    pub episode: Option<(u64, u64)>,
    /// The moment of the last answered probe that was handed in.
    pub proof_us: Option<u64>,
    /// The last round trip, and how many samples in a row were alike.
    pub alike: (u64, u32),
    /// Whether the fleet called it dead, and when.
    pub dead_us: Option<u64>,
}

/// Microseconds of a span.
pub fn micros(span: core::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

impl Truth {
    /// A peer that is added at `now_us`.
    pub fn new(key: PeerKey, peer: &PeerPlan, timeout_us: u64, rise: u8, now_us: u64) -> Self {
        let is_clean = peer.is_clean();
        let longest_rtt_us = peer.longest_rtt_us();
        Self {
            key,
            added_us: now_us,
            verdict: Verdict::Unknown,
            is_clean,
            is_quick: is_clean && longest_rtt_us <= timeout_us,
            longest_rtt_us,
            rise: rise.into(),
            down_us: None,
            is_heard: true,
            answers: 0,
            up_us: now_us,
            is_seen: false,
            first_sent_us: None,
            last_sent: None,
            blocked_us: None,
            unblocked_us: None,
            attempted_us: None,
            attempts: 0,
            blind_from: (0, 0),
            unsendable_us: 0,
            late_at_us: 0,
            base_us: now_us,
            bound_us: 0,
            interval_us: 0,
            dead_interval_us: 0,
            episode: None,
            proof_us: None,
            alike: (0, 0),
            dead_us: None,
        }
    }

    /// Since `at_us` it does not answer.
    pub fn goes(&mut self, at_us: u64, ours: Ours) {
        self.down_us = Some(at_us);
        (self.is_heard, self.answers) = (false, 0);
        self.turns(at_us, ours);
    }

    /// Since `at_us` it answers again.
    pub fn comes(&mut self, at_us: u64, ours: Ours) {
        self.down_us = None;
        self.is_seen = self.verdict == Verdict::Alive;
        self.up_us = at_us;
        self.turns(at_us, ours);
    }

    fn turns(&mut self, at_us: u64, ours: Ours) {
        self.base_us = at_us;
        self.late_at_us = ours.late_us;
        self.unsendable_us = 0;
        if self.blocked_us.is_some() {
            self.blocked_us = Some(at_us);
        }
        (self.bound_us, self.interval_us) = (0, 0);
    }

    /// The fleet states `plan` for it.
    pub fn states(&mut self, plan: &Plan) {
        self.bound_us = self.bound_us.max(micros(plan.bound()));
        self.interval_us = self.interval_us.max(micros(plan.interval()));
    }

    /// Whether the time in which its verdict has to change is running.
    pub fn is_judged(&self) -> bool {
        let awaits_death = self.down_us.is_some() && self.verdict != Verdict::Dead;
        let awaits_life = self.down_us.is_none() && self.is_clean && !self.is_seen;
        awaits_death || awaits_life || self.blocked_us.is_some()
    }

    /// Whether the plan that the fleet states is wanted: somebody waits for a verdict.
    pub fn waits(&self) -> bool {
        self.down_us.is_some() || self.blocked_us.is_some() || self.verdict != Verdict::Alive
    }

    /// A probe left at `now_us`.
    pub fn sent(&mut self, now_us: u64) {
        if let Some(blocked_us) = self.blocked_us.take() {
            self.unblocked_us = Some(now_us);
            let span_us = now_us.saturating_sub(blocked_us);
            self.unsendable_us += span_us;
            // "after a successful send the bound counts from it"
            if span_us >= self.bound_us || self.verdict == Verdict::Unknown {
                self.base_us = self.base_us.max(now_us);
            }
        }
        self.attempts = 0;
        self.first_sent_us.get_or_insert(now_us);
        self.last_sent = Some((now_us, self.verdict == Verdict::Alive));
        if let Some((probes, _)) = &mut self.episode {
            *probes += 1;
        }
    }

    /// A probe could not be sent at `now_us`.
    pub fn unsent(&mut self, now_us: u64, ours: Ours) {
        if self
            .blocked_us
            .replace(self.blocked_us.unwrap_or(now_us))
            .is_none()
        {
            self.blind_from = (now_us, ours.late_us);
        }
        self.attempts += 1;
        if self.down_us.is_none() {
            self.base_us = self.base_us.max(now_us);
        }
    }

    /// The fleet is blind since `now_us`: the bound counts from the next probe that leaves.
    pub fn blind(&mut self, now_us: u64) {
        self.verdict = Verdict::Unknown;
        (self.dead_us, self.episode) = (None, None);
        // what leaves in the same drain is what the bound counts from
        if self.last_sent.is_some_and(|(sent_us, _)| sent_us == now_us) {
            self.base_us = self.base_us.max(now_us);
        } else {
            self.blocked_us.get_or_insert(now_us);
        }
    }

    /// A dead peer is asked every `dead_us` where its plan states that; and answers later than
    /// `longest_us`, the longest timeout, are outside of what is configured.
    pub fn within(&mut self, dead_us: u64, longest_us: u64) {
        self.dead_interval_us = dead_us;
        self.is_clean &= self.longest_rtt_us <= longest_us;
    }

    /// It is not asked until `now_us` at least, and starts over as unknown.
    pub fn rests(&mut self, now_us: u64) {
        self.verdict = Verdict::Unknown;
        (self.first_sent_us, self.blocked_us, self.dead_us) = (None, None, None);
        self.base_us = self.base_us.max(now_us);
        self.is_seen = false;
        self.is_heard = self.down_us.is_none();
        self.up_us = self.up_us.max(now_us);
    }

    /// Whether nothing could be sent for a bound.
    pub fn is_blocked_for_a_bound(&self, now_us: u64) -> bool {
        let blocked_us = self.blocked_us.map_or(0, |us| now_us.saturating_sub(us));
        self.bound_us > 0 && blocked_us > self.bound_us
    }

    /// The fleet was told at `now_us` that answers were lost on our side.
    pub fn overflowed(&mut self, now_us: u64) {
        self.base_us = self.base_us.max(now_us);
        self.last_sent = self.last_sent.map(|(sent_us, _)| (sent_us, false));
    }

    /// The reply to the probe sent at `sent_us` was handed in.
    pub fn heard(&mut self, sent_us: u64, rtt_us: u64) {
        self.blind_from.0 = self.blind_from.0.max(sent_us.saturating_add(rtt_us));
        if self.down_us.is_none() && sent_us >= self.up_us {
            self.answers += 1;
            self.is_heard |= self.answers >= self.rise;
        }
        self.proof_us = self.proof_us.max(Some(sent_us));
        let (last_us, count) = self.alike;
        self.alike = (rtt_us, if last_us == rtt_us { count + 1 } else { 1 });
    }

    /// The fleet says that the verdict is `to`, at `now_us`.
    pub fn told(&mut self, to: Verdict, now_us: u64) -> Result<(), Violation> {
        if to == Verdict::Unknown {
            self.blocked_us.get_or_insert(now_us); // blind: until the next probe leaves
        }
        self.verdict = to;
        self.is_seen |= to == Verdict::Alive;
        self.last_sent = self.last_sent.map(|(sent_us, _)| (sent_us, false));
        self.dead_us = (to == Verdict::Dead).then_some(now_us);
        match to {
            Verdict::Suspect => self.episode = self.episode.or(Some((0, now_us))),
            _ => self.episode = None,
        }
        let is_up = self.down_us.is_none() && self.is_heard;
        let is_false = is_up && self.is_quick;
        let detail = format!("peer {}, there since {} us", self.key.index(), self.up_us);
        match to {
            Verdict::Dead if is_false => Err(Violation::new(
                Law::LocalTrouble,
                "a peer that answers within the shortest timeout is called dead",
                now_us,
                detail,
            )),
            Verdict::Suspect if is_false => Err(Violation::new(
                Law::LocalTrouble,
                "a peer that answers within the shortest timeout is suspected",
                now_us,
                detail,
            )),
            _ => Ok(()),
        }
    }

    /// What has to be so after a drain at `now_us`.
    pub fn judge(&self, now_us: u64, ours: Ours) -> Result<(), Violation> {
        self.judge_blind(now_us, ours)?;
        let credit_us = ours.late_us - self.late_at_us;
        if self.down_us.is_some() {
            return self.judge_detection(now_us, credit_us);
        }
        if self.is_clean && self.blocked_us.is_none() && !self.is_seen {
            return self.judge_return(now_us, credit_us);
        }
        Ok(())
    }

    /// "when a send failed, and for one bound none succeeded and nothing proved life, ... the verdict
    /// is `Unknown`"; one that was dead before may stay so.
    fn judge_blind(&self, now_us: u64, ours: Ours) -> Result<(), Violation> {
        let (from_us, late_at_us) = self.blind_from;
        let credit_us = ours.late_us.saturating_sub(late_at_us);
        let by_us = from_us
            .saturating_add(self.bound_us)
            .saturating_add(credit_us);
        // "after more than 35 minutes ... to 1.024 ms"
        let coarse_us = if self.bound_us >> 31 > 0 { 1_024 } else { 0 };
        let by_us = by_us.saturating_add(coarse_us);
        let is_seeing = matches!(self.verdict, Verdict::Alive | Verdict::Suspect);
        if self.blocked_us.is_none() || !is_seeing || now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "peer {} is {:?}, nothing sent or heard since {from_us}, bound {}, lateness {credit_us}",
            self.key.index(),
            self.verdict,
            self.bound_us,
        );
        let kind = "nothing could be sent for a bound, and the verdict is not unknown";
        Err(Violation::new(Law::LocalTrouble, kind, now_us, detail))
    }

    fn judge_detection(&self, now_us: u64, credit_us: u64) -> Result<(), Violation> {
        let (Some(down_us), Some(first_us)) = (self.down_us, self.first_sent_us) else {
            return Ok(());
        };
        if self.verdict == Verdict::Dead || self.blocked_us.is_some() {
            return Ok(());
        }
        let base_us = self.base_us.max(first_us);
        let by_us = base_us.saturating_add(self.bound_us);
        let by_us = by_us.saturating_add(credit_us + self.unsendable_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "peer {} is {:?}, down since {down_us}, excused until {base_us}, bound {}, lateness {credit_us}, \
             unsendable {}, so dead by {by_us}",
            self.key.index(),
            self.verdict,
            self.bound_us,
            self.unsendable_us,
        );
        Err(Violation::new(
            Law::Detection,
            "a crash is not found within the bound",
            now_us,
            detail,
        ))
    }

    fn judge_return(&self, now_us: u64, credit_us: u64) -> Result<(), Violation> {
        if self.longest_rtt_us >= self.bound_us {
            return Ok(());
        }
        let interval_us = self.interval_us.max(self.dead_interval_us);
        let answers_us = interval_us.saturating_mul(self.rise);
        let by_us = self.base_us.saturating_add(answers_us);
        let by_us = by_us.saturating_add(self.longest_rtt_us + credit_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "peer {} is {:?}, there since {}, excused until {}, {} answers at {} us, round trip {} us, \
             lateness {credit_us}, so alive by {by_us}",
            self.key.index(),
            self.verdict,
            self.up_us,
            self.base_us,
            self.rise,
            self.interval_us,
            self.longest_rtt_us,
        );
        let kind = match self.verdict {
            Verdict::Unknown => "a peer that answers is not seen at first",
            _ => "a peer that is back is not seen",
        };
        Err(Violation::new(Law::NoLockOut, kind, now_us, detail))
    }
}
