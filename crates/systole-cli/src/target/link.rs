//! A link: what talks to a peer. It is passed probes to send, and returns their results to the inbox.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use systole::{Failure, ProbeError, ProbeId, Reply};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant as Moment;
use tokio_util::task::AbortOnDropHandle;

use super::descriptors::Share;
use super::expiry::Expiry;
use crate::report::plain_text;
use crate::trouble::Trouble;

/// A probe to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) id: ProbeId,
    /// When the machine asked for it. The time until it is sent is no part of the round trip.
    pub(super) asked: Moment,
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
    /// The peer replied that it is not ready before this time has passed.
    Busy {
        note: String,
        wait: Duration,
    },
    /// The probe could not be sent, for this reason, which is a local one.
    Unsent(String),
}

impl Miss {
    pub(crate) const fn fault(&self) -> ProbeError {
        match self {
            Self::ProbeError(fault) => *fault,
            Self::Unhealthy(_) | Self::Untrusted(_) | Self::Busy { .. } => {
                ProbeError::Failed(Failure::Unhealthy)
            }
            Self::Unsent(_) => ProbeError::Unsent,
        }
    }

    /// Returns the same with an explanation that is fit for any output.
    fn in_plain_text(self) -> Self {
        match self {
            Self::Unhealthy(note) => Self::Unhealthy(plain_text(&note)),
            Self::Untrusted(note) => Self::Untrusted(plain_text(&note)),
            Self::Unsent(note) => Self::Unsent(plain_text(&note)),
            Self::Busy { note, wait } => Self::Busy {
                note: plain_text(&note),
                wait,
            },
            Self::ProbeError(_) => self,
        }
    }

    /// Returns the explanation that came with it.
    pub(crate) fn note(&self) -> Option<&str> {
        match self {
            Self::ProbeError(_) => None,
            Self::Unhealthy(note)
            | Self::Untrusted(note)
            | Self::Busy { note, .. }
            | Self::Unsent(note) => Some(note),
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

#[derive(Debug)]
pub(crate) enum LinkEvent {
    Arrival(Arrival),
    /// The link of this peer was opened, or cannot be.
    Opened {
        peer: usize,
        link: Result<Link, Trouble>,
    },
    /// What a program of `on_change` said about this peer.
    Hook {
        peer: usize,
        said: String,
    },
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

/// A link to a peer. Its tasks end when it is dropped.
pub(crate) struct Link {
    talk: Talk,
    news: Herald,
    certificate: Option<Expiry>,
    _share: Share,
    /// The tasks of probes that have not ended, the oldest first.
    under_way: Vec<(ProbeId, AbortOnDropHandle<()>)>,
}

/// How a link sends a probe.
enum Talk {
    /// In a task of its own, which may open a connection.
    Tasks(Box<dyn Fn(Request, Herald) -> JoinHandle<()> + Send>),
    /// Through the one task of the link, which holds a socket.
    Socket {
        requests: UnboundedSender<Request>,
        ignored: Ignored,
        _task: AbortOnDropHandle<()>,
    },
}

/// The channels of the task of a link that holds a socket.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) requests: UnboundedReceiver<Request>,
    pub(super) news: Herald,
    pub(super) ignored: Ignored,
}

/// How many datagrams came that are not the first echo of a probe.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored(Arc<AtomicU64>);

impl Ignored {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Link {
    /// Returns a link that runs `probe` in a task of its own for each probe.
    pub(super) fn of_tasks<F>(
        news: Herald,
        probe: impl Fn(Request, Herald) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let start = move |request, news| tokio::spawn(probe(request, news));
        Self::new(Talk::Tasks(Box::new(start)), news)
    }

    /// Starts `talk` as the only task of a link.
    pub(super) fn of_socket<F>(news: Herald, talk: impl FnOnce(Post) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (requests, asked) = unbounded_channel();
        let ignored = Ignored::default();
        let spawned = tokio::spawn(talk(Post {
            requests: asked,
            news: news.clone(),
            ignored: ignored.clone(),
        }));
        let of_socket = Talk::Socket {
            requests,
            ignored,
            _task: AbortOnDropHandle::new(spawned),
        };
        Self::new(of_socket, news)
    }

    fn new(talk: Talk, news: Herald) -> Self {
        Self {
            talk,
            news,
            certificate: None,
            _share: Share::new(),
            under_way: Vec::new(),
        }
    }

    /// Has the link tell what is noted in `certificate`.
    pub(super) fn with_certificate(self, certificate: Option<Expiry>) -> Self {
        Self {
            certificate,
            ..self
        }
    }

    /// Returns when the certificate of the peer expires, if it has shown one.
    pub(crate) fn certificate_expires(&self) -> Option<SystemTime> {
        self.certificate.as_ref()?.get()
    }

    /// Sends a probe, whose result comes to the inbox. Returns `false` if that is impossible.
    pub(crate) fn send(&mut self, id: ProbeId, reply_window: Duration) -> bool {
        let request = Request {
            id,
            asked: Moment::now(),
            reply_window,
        };
        match &self.talk {
            Talk::Tasks(start) => {
                let task = start(request, self.news.clone());
                self.under_way.push((id, AbortOnDropHandle::new(task)));
                true
            }
            Talk::Socket { requests, .. } => requests.send(request).is_ok(),
        }
    }

    /// Returns the probes that hold a connection, the oldest first. A probe whose reply has come
    /// may still be reading the rest of it.
    pub(crate) fn under_way(&mut self) -> impl ExactSizeIterator<Item = ProbeId> {
        self.under_way.retain(|(_, task)| !task.is_finished());
        self.under_way.iter().map(|&(id, _)| id)
    }

    /// Returns how many datagrams came that are not the first echo of a probe.
    pub(crate) fn ignored(&self) -> u64 {
        match &self.talk {
            Talk::Tasks(_) => 0,
            Talk::Socket { ignored, .. } => ignored.0.load(Ordering::Relaxed),
        }
    }

    /// Drops a probe and its connection.
    pub(crate) fn cancel(&mut self, id: ProbeId) {
        self.under_way.retain(|&(other, _)| other != id);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
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
            result: result.map_err(Miss::in_plain_text),
            at,
            setup,
        })); // fails if the watch has ended
    }

    /// Hands over the link of the peer, or the reason why there is none.
    pub(crate) fn opened(&self, link: Result<Link, Trouble>) {
        let peer = self.peer;
        let _ = self.news.send(LinkEvent::Opened { peer, link }); // fails if the watch has ended
    }

    /// Tells what a program of `on_change` said.
    pub(crate) fn hook(&self, said: &str) {
        let (peer, said) = (self.peer, plain_text(said));
        let _ = self.news.send(LinkEvent::Hook { peer, said }); // fails if the watch has ended
    }

    pub(super) fn scene(&self, says: &'static str) -> bool {
        self.news.send(LinkEvent::Scene(says)).is_ok()
    }
}
