//! A link: the task that talks to a peer, which receives probes to send and returns their results.

use std::time::{Duration, Instant};

use systole::{Failure, ProbeError, ProbeId, Reply};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;

/// A probe to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) id: ProbeId,
    /// The time after which a reply proves nothing any more.
    pub(super) reply_window: Duration,
}

/// A reply that proves life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Fine,
    /// The peer asks for fewer probes, and not to be probed for this time; zero if it does not say.
    Pushback {
        wait: Duration,
    },
}

/// The reason why there was no reply that proves life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    ProbeError(ProbeError),
    /// The peer replied that it is unhealthy.
    Unhealthy(String),
    /// The certificate is not trusted, which no further probe will change.
    Untrusted(String),
}

impl Miss {
    pub(crate) const fn fault(&self) -> ProbeError {
        match self {
            Self::ProbeError(fault) => *fault,
            Self::Unhealthy(_) | Self::Untrusted(_) => ProbeError::Failed(Failure::Unhealthy),
        }
    }

    /// Returns the explanation that came with it.
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

/// The result of a probe.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The link that it belongs to.
    pub(crate) peer: usize,
    pub(crate) id: ProbeId,
    pub(crate) result: Result<Answer, Miss>,
    pub(crate) at: Instant,
    /// The time that the probe spent before the round trip: resolving, connecting, TLS, login.
    pub(crate) setup: Duration,
}

impl Arrival {
    /// Returns the result in the type of the machine.
    pub(crate) const fn result(&self) -> Result<Reply, ProbeError> {
        match &self.result {
            Ok(Answer::Fine) => Ok(Reply::Ok),
            Ok(Answer::Pushback { wait }) => Ok(Reply::Pushback { wait: *wait }),
            Err(miss) => Err(miss.fault()),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum LinkEvent {
    Arrival(Arrival),
    /// The demo peer announces its next behaviour.
    Scene(&'static str),
}

/// The channel in which the results of all links arrive.
pub(crate) type Inbox = UnboundedReceiver<LinkEvent>;

/// The sending end of the inbox, for one link.
#[derive(Clone, Debug)]
pub(crate) struct Herald {
    news: UnboundedSender<LinkEvent>,
    peer: usize,
}

pub(crate) fn inbox() -> (Herald, Inbox) {
    let (news, inbox) = unbounded_channel();
    (Herald { news, peer: 0 }, inbox)
}

/// The handle of a link. Its task ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    requests: UnboundedSender<Request>,
    _task: AbortOnDropHandle<()>,
}

/// The channels of the task of a [`Link`].
#[derive(Debug)]
pub(super) struct Post {
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) news: Herald,
}

impl Link {
    /// Starts `talk` as the task of a new link.
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

    /// Passes a probe to the task. Returns `false` if the task has ended.
    pub(crate) fn send(&self, id: ProbeId, reply_window: Duration) -> bool {
        self.requests.send(Request { id, reply_window }).is_ok()
    }
}

impl Herald {
    /// Returns the sending end for link `peer`.
    pub(crate) fn of(&self, peer: usize) -> Self {
        Self {
            news: self.news.clone(),
            peer,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a reply counts as arrived when it is read"
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
        })); // fails if the watch has ended
    }

    pub(super) fn scene(&self, says: &'static str) -> bool {
        self.news.send(LinkEvent::Scene(says)).is_ok()
    }
}
