//! What every server of leases does, and the requests that are under way to one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use systole::lease::{Action, Refusal, RenewalId, Request};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::report::plain_text;
use crate::target::{Miss, Place};

/// The most requests that wait for an answer at once, each on a connection of its own. The oldest is
/// given up for a further one.
const UNDER_WAY_MAX: usize = 4;
/// The share of the TTL that a connection may take.
const CONNECT_PART: u32 = 4;

/// A request to a server.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) action: Action,
    pub(super) ttl: Duration,
    /// Tells this holding apart from all others.
    pub(super) token: String,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Granted {
        ttl: Duration,
        epoch: u64,
    },
    /// The reason, and the token of who holds the lease.
    Refused(Refusal, Option<String>),
    Released,
}

/// A kind of server.
pub(super) trait Store: Send + Sync + 'static {
    type Session: Send + 'static;

    /// Sets up a connection to one place, up to the first request.
    fn open(&self, place: &Place) -> impl Future<Output = Result<Self::Session, Miss>> + Send;

    /// Asks once. After an error the connection is not used again.
    fn ask(
        &self,
        session: &mut Self::Session,
        ask: &Ask,
    ) -> impl Future<Output = Result<Answer, Miss>> + Send;
}

/// The result of a request: an answer, or why there is none.
pub(super) type Outcome = (RenewalId, Result<Answer, String>);

/// Why there is no answer.
struct Unanswered {
    why: String,
    /// Whether the server may have taken the request.
    sent: bool,
}

impl Unanswered {
    fn after_it_was_sent(miss: &Miss) -> Self {
        let why = why(miss);
        Self { why, sent: true }
    }
}

/// The connections to a server, and the requests that are under way.
pub(super) struct Desk<S: Store> {
    line: Arc<Line<S>>,
    under_way: VecDeque<AbortOnDropHandle<()>>,
    outcomes: UnboundedSender<Outcome>,
    /// The requests that the server may have taken.
    asked: Arc<AtomicU64>,
}

struct Line<S: Store> {
    store: S,
    places: Vec<Place>,
    /// The connection that waits for the next request.
    idle: Mutex<Option<S::Session>>,
}

impl<S: Store> Desk<S> {
    pub(super) fn new(store: S, places: Vec<Place>) -> (Self, UnboundedReceiver<Outcome>) {
        let (outcomes, received) = unbounded_channel();
        let line = Line {
            store,
            places,
            idle: Mutex::default(),
        };
        let desk = Self {
            line: Arc::new(line),
            under_way: VecDeque::new(),
            outcomes,
            asked: Arc::default(),
        };
        (desk, received)
    }

    /// Returns whether the server may have taken a request.
    pub(super) fn may_have_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > 0
    }

    /// Sends a request, whose outcome follows.
    pub(super) fn send(&mut self, request: &Request, token: String) {
        self.under_way.retain(|task| !task.is_finished());
        if self.under_way.len() >= UNDER_WAY_MAX {
            self.under_way.pop_front();
        }
        let ask = Ask {
            action: request.action,
            ttl: request.ttl,
            token,
        };
        let (line, outcomes, id) = (Arc::clone(&self.line), self.outcomes.clone(), request.id);
        let asked = Arc::clone(&self.asked);
        asked.fetch_add(1, Ordering::Relaxed);
        let task = tokio::spawn(async move {
            let outcome = match timeout(ask.ttl, line.ask(&ask)).await {
                Ok(outcome) => outcome.map_err(|unanswered| {
                    asked.fetch_sub(u64::from(!unanswered.sent), Ordering::Relaxed);
                    unanswered.why
                }),
                Err(_) => Err("the server does not answer".into()),
            };
            let _ = outcomes.send((id, outcome)); // fails if nobody waits any more
        });
        self.under_way.push_back(AbortOnDropHandle::new(task));
    }
}

impl<S: Store> Line<S> {
    /// Asks over the connection that waits, and if that has been closed, over a new one.
    async fn ask(&self, ask: &Ask) -> Result<Answer, Unanswered> {
        let kept = self.take();
        let sent = kept.is_some();
        if let Some(session) = kept {
            match self.ask_over(session, ask).await {
                Ok(answer) => return Ok(answer),
                // it did answer
                Err(miss) if miss.note().is_some() => {
                    return Err(Unanswered::after_it_was_sent(&miss));
                }
                Err(_) => {}
            }
        }
        let session = self.open(ask.ttl / CONNECT_PART).await;
        let session = session.map_err(|why| Unanswered { why, sent })?;
        let answer = self.ask_over(session, ask).await;
        answer.map_err(|miss| Unanswered::after_it_was_sent(&miss))
    }

    async fn ask_over(&self, mut session: S::Session, ask: &Ask) -> Result<Answer, Miss> {
        let answer = self.store.ask(&mut session, ask).await?;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        Ok(answer)
    }

    fn take(&self) -> Option<S::Session> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Tries the places in turn, each for its share of `span`.
    async fn open(&self, span: Duration) -> Result<S::Session, String> {
        let share = span / u32::try_from(self.places.len()).unwrap_or(1).max(1);
        let mut last = "it has no host".to_owned();
        for place in &self.places {
            match timeout(share, self.store.open(place)).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(miss)) => last = why(&miss),
                Err(_) => last = "no connection: the server does not answer".into(),
            }
        }
        Err(last)
    }
}

/// Returns why there is no answer, in one line that is fit for any output.
fn why(miss: &Miss) -> String {
    match miss.note() {
        Some(note) => plain_text(note),
        None => format!("no answer: {}", miss.fault()),
    }
}
