//! Probes go in, news comes out: the task that talks to a peer, and both ends of it.

use std::time::{Duration, Instant};

use systole::{Failure, ProbeError, ProbeId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;

/// A probe to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) id: ProbeId,
    /// After this long its answer proves nothing any more.
    pub(super) reply_window: Duration,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Fine,
    /// It asks for fewer probes, and wants to be left alone for so long; zero where it does not say.
    Pushback {
        wait: Duration,
    },
}

/// Why there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    ProbeError(ProbeError),
    /// The peer answers and says that it is of no use.
    Unhealthy(String),
    /// A certificate that nobody vouches for, which no further probe will change.
    Untrusted(String),
}

impl Miss {
    pub(crate) const fn fault(&self) -> ProbeError {
        match self {
            Self::ProbeError(fault) => *fault,
            Self::Unhealthy(_) | Self::Untrusted(_) => ProbeError::Failed(Failure::Unhealthy),
        }
    }

    /// The words of the peer.
    pub(crate) fn note(&self) -> Option<&str> {
        match self {
            Self::ProbeError(_) => None,
            Self::Unhealthy(note) | Self::Untrusted(note) => Some(note),
        }
    }
}

impl<F: Into<ProbeError>> From<F> for Miss {
    fn from(fault: F) -> Self {
        Self::ProbeError(fault.into())
    }
}

/// What became of a probe.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Of which link.
    pub(crate) peer: usize,
    pub(crate) id: ProbeId,
    pub(crate) result: Result<Answer, Miss>,
    pub(crate) at: Instant,
    /// What went before it on the same probe and is no round trip: resolving, connecting, TLS, logging in.
    pub(crate) setup: Duration,
}

impl Arrival {
    /// In the words of the machine.
    pub(crate) const fn result(&self) -> Result<(), ProbeError> {
        match &self.result {
            Ok(Answer::Fine) => Ok(()),
            Ok(Answer::Pushback { wait }) => Err(ProbeError::Pushback { wait: *wait }),
            Err(miss) => Err(miss.fault()),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum LinkEvent {
    Arrival(Arrival),
    /// The peer that is played says what it does next.
    Scene(&'static str),
}

/// Where the news of all links arrives.
pub(crate) type Inbox = UnboundedReceiver<LinkEvent>;

/// A link's end of the inbox.
#[derive(Clone, Debug)]
pub(crate) struct Herald {
    news: UnboundedSender<LinkEvent>,
    peer: usize,
}

pub(crate) fn inbox() -> (Herald, Inbox) {
    let (news, inbox) = unbounded_channel();
    (Herald { news, peer: 0 }, inbox)
}

/// Its task ends with it.
#[derive(Debug)]
pub(crate) struct Link {
    requests: UnboundedSender<Request>,
    _task: AbortOnDropHandle<()>,
}

/// The task's end of a [`Link`].
#[derive(Debug)]
pub(super) struct Post {
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) news: Herald,
}

impl Link {
    /// Runs `talk` as the task of a new link.
    pub(super) fn start<F>(news: Herald, talk: impl FnOnce(Post) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (requests, asked) = unbounded_channel();
        let spawned = tokio::spawn(talk(Post {
            requests: asked,
            news,
        }));
        Self {
            requests,
            _task: AbortOnDropHandle::new(spawned),
        }
    }

    /// False where the task is gone.
    pub(crate) fn send(&self, id: ProbeId, reply_window: Duration) -> bool {
        self.requests.send(Request { id, reply_window }).is_ok()
    }
}

impl Herald {
    /// Speaks for link `peer`.
    pub(crate) fn of(&self, peer: usize) -> Self {
        Self {
            news: self.news.clone(),
            peer,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the moment of reading is that of arrival"
    )]
    pub(super) fn settled(&self, id: ProbeId, result: Result<Answer, Miss>) {
        self.settled_at(id, result, Instant::now(), Duration::ZERO);
    }

    pub(super) fn settled_at(
        &self,
        id: ProbeId,
        result: Result<Answer, Miss>,
        at: Instant,
        setup: Duration,
    ) {
        let peer = self.peer;
        let _ = self.news.send(LinkEvent::Arrival(Arrival {
            peer,
            id,
            result,
            at,
            setup,
        })); // nobody listens any more: the watch is over
    }

    pub(super) fn scene(&self, says: &'static str) -> bool {
        self.news.send(LinkEvent::Scene(says)).is_ok()
    }
}
