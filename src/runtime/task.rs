//! A heart on a tokio task: your async closure is the probe.
//!
//! | | |
//! |---|---|
//! | start | [`spawn`] for one peer, [`Builder`] for more than a closure, [`Builder::group`] for replicas |
//! | ask | [`verdict`](Handle::verdict), [`snapshot`](Handle::snapshot), [`watch`](Handle::watch), [`until_dead`](Handle::until_dead), [`active`](Handle::active) |
//! | listen | the [`Handle`] is a stream of events, [`events`](Handle::events) gives further ones |
//! | tell | [`with`](Handle::with); `with(Monitor::handle_flow_lost)`, where a probe does not [say so](ProbeError::FlowLost) |
//! | find a [lifetime](crate::pacing::Lifetime) | [`run_trials`](Handle::run_trials) lets second flows idle; `with` to recall a memory and ask for one |
//! | stop | [`stop`](Handle::stop), dropping the handle, or a token: probes are dropped, then [`on_stop`](Builder::on_stop) runs |

mod builder;
#[cfg(feature = "udp")]
mod fleet;
mod handle;
mod lifetime;
mod probe_loop;
mod probes;
mod start;
mod stop_action;
mod timer;

#[cfg(feature = "udp")]
pub use fleet::{DatagramSocket, UdpFleet};

use core::future::Future;

use ::tokio::time::Instant as Moment;

use super::{DEFAULT_WINDOW, Epoch, Name, ProbeError, Recorder, Series, Shared, Trial, machine};
use crate::pacing::{Fixed, Fluctuation, Pacing};
use crate::{Config, Failover, Instant, Monitor};

pub use super::StopOutcome;
pub use builder::Builder;
pub use handle::{Events, Handle};

/// The handle of a task that probes one peer.
pub type Heart<P = Fluctuation> = Handle<Monitor<DEFAULT_WINDOW, P>>;

/// The handle of a task that keeps one of up to `M` endpoints active.
pub type Group<const M: usize, P = Fixed> = Handle<Failover<M, DEFAULT_WINDOW, P>>;

/// Starts a task that calls `probe` whenever a probe is due.
///
/// The future is `Ok` when the peer answered and a [`ProbeError`] when not; an [`io::Error`](std::io::Error) will do. It needs no deadline: the machine
/// calls it overdue by itself, and asks again beside it. An overdue future is *not* dropped yet, since a late answer is the news
/// the timeout learns from; it is dropped a bound after its start, when its answer could no longer prove life, or, as the oldest of
/// eight, for a new one. Where eight are under way that may still be answered in time, the next probe is
/// [due again](crate::Monitor::handle_skipped) an interval later. Every future runs as a task of its own; a panic in it or in the closure is a failed probe
/// ([`ProbePanicked`](crate::Failure::ProbePanicked)).
///
/// A missing seed is drawn from the randomness of the operating system.
///
/// # Panics
/// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
///
/// ```
/// use std::time::Duration;
/// use systole::{Config, ProbeError, Verdict};
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # #[derive(Clone)] struct Client;
/// # impl Client { async fn ping(self) -> Result<(), ProbeError> { tokio::time::sleep(Duration::from_millis(20)).await; Ok(()) } }
/// # let client = Client;
/// let config = Config::every(Duration::from_secs(1)).build()?;
/// let mut heart = systole::task::spawn(config, move || client.clone().ping());
///
/// println!("{:?}", heart.next().await); // Unknown -> Alive
/// assert_eq!(heart.verdict(), Verdict::Alive);
/// heart.stop().await;
/// # Ok(()) }
/// ```
pub fn spawn<P, F, Fut, A, E>(config: Config<P>, probe: F) -> Heart<P>
where
    P: Pacing<State: Send> + Send + 'static,
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<A, E>> + Send + 'static,
    A: 'static,
    E: Into<ProbeError> + 'static,
{
    Builder::new(config).spawn(probe)
}

fn now(epoch: Epoch) -> Instant {
    epoch.moment(Moment::now().into_std())
}
