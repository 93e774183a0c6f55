//! The adapter for tokio: an async closure is the probe.
//!
//! | to | use |
//! |---|---|
//! | start | [`spawn`] for one peer, [`run`] for a client that needs `&mut`, [`Builder`] for further settings, [`Builder::group`] for replicas |
//! | query | [`verdict`](Handle::verdict), [`snapshot`](Handle::snapshot), [`watch`](Handle::watch), [`until_dead`](Handle::until_dead), [`active`](Handle::active) |
//! | receive events | the [`Handle`] is a stream of events; [`events`](Handle::events) returns further streams |
//! | change the machine | [`with`](Handle::with); for a lost flow `with(Monitor::handle_flow_lost)`, unless a probe [reports it](Reply::FlowLost) |
//! | find a [lifetime](crate::pacing::Lifetime) | [`run_trials`](Handle::run_trials) leaves second flows idle; `with` restores a stored record and returns the current one |
//! | hold a lease | [`Lease`] |
//! | receive pushed heartbeats | `UdpListener` (feature `udp`) |
//! | stop | [`stop`](Handle::stop), dropping the handle, or [a future](Builder::stop_when): probes are dropped, then [`on_stop`](Builder::on_stop) runs |

mod builder;
#[cfg(feature = "udp")]
mod fleet;
mod handle;
mod lease;
mod lifetime;
mod probe_loop;
mod probes;
mod run;
#[cfg(feature = "udp")]
mod socket;
mod start;
mod stop_action;
mod timer;
#[cfg(feature = "udp")]
pub mod udp_listener;

#[cfg(feature = "udp")]
pub use fleet::UdpFleet;
#[cfg(feature = "udp")]
pub use socket::DatagramSocket;
#[cfg(feature = "udp")]
pub use udp_listener::UdpListener;

use core::future::Future;
use core::time::Duration;

use ::tokio::time::Instant as Moment;

use super::{
    DEFAULT_WINDOW, Epoch, Name, ProbeError, Recorder, Reply, Series, Shared, Trial, machine,
};
use crate::pacing::{Fixed, Fluctuation, Pacing};
use crate::{Config, Failover, Instant, Monitor};

pub use super::StopOutcome;
pub use builder::Builder;
pub use handle::{Events, Handle};
pub use lease::{Held, Lease};

/// The handle of a task that probes one peer.
pub type Heart<P = Fluctuation> = Handle<Monitor<DEFAULT_WINDOW, P>>;

/// The handle of a task that keeps one of up to `M` endpoints active.
pub type Group<const M: usize, P = Fixed> = Handle<Failover<M, DEFAULT_WINDOW, P>>;

/// Starts a task that calls `probe` whenever a probe is due.
///
/// The future returns `Ok` when the peer replied and a [`ProbeError`] otherwise. An
/// [`io::Error`](std::io::Error) converts into one. The future needs no deadline: the machine
/// detects by itself that a probe is overdue, and sends the next one while the overdue one
/// continues.
///
/// An overdue future is *not* dropped at once, because the timeout learns from late replies. It is
/// dropped one detection bound after its start, when its reply no longer proves life, or earlier if
/// it is the oldest of eight and a new probe needs its slot. If all eight outstanding probes may
/// still get their reply in time, the next probe is [due again](crate::Monitor::handle_skipped) an
/// interval later.
///
/// Each future runs in a task of its own. A panic in it or in the closure counts as a failed probe
/// ([`ProbePanicked`](crate::Failure::ProbePanicked)).
///
/// If the configuration has no seed, one is drawn from the randomness of the operating system.
///
/// # Panics
/// Panics if it is called outside of a tokio runtime whose timer is enabled, like `tokio::spawn`.
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

/// Probes a peer by a client that needs `&mut`, in a future that the caller spawns or awaits.
///
/// Returns the handle, and the future that makes the probes, one at a time. `probe` is passed the
/// time for which its reply is waited before the probe counts as overdue. The call is dropped when
/// its reply can no longer prove life, so a client that cannot continue after a dropped call has to
/// give up by itself when that time has passed.
///
/// The future may borrow, and need not be `Send`. It ends when the task stops. Where it is not
/// polled, no probe is sent, and the peer becomes overdue; where it was dropped, every probe counts
/// as not sent, which is no evidence against the peer. Everything else is as with [`spawn`] and
/// [`max_in_flight(1)`](Builder::max_in_flight).
///
/// # Panics
/// If it is called outside of a tokio runtime whose timer is enabled, like `tokio::spawn`.
///
/// ```
/// use std::time::Duration;
/// use systole::{Config, ProbeError, Verdict};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # struct Connection { requests: u32 }
/// # impl Connection { async fn ping(&mut self) -> std::io::Result<()> { self.requests += 1; Ok(()) } }
/// # let mut connection = Connection { requests: 0 };
/// let config = Config::every(Duration::from_secs(1)).build()?;
/// let (heart, probes) = systole::task::run(config, async |_timeout| connection.ping().await);
/// tokio::select! {
///     () = probes => {}
///     () = tokio::time::sleep(Duration::from_secs(60)) => {} // the work of the service
/// }
/// assert_eq!(heart.verdict(), Verdict::Alive);
/// # drop(heart);
/// # assert!(connection.requests > 30);
/// # Ok(()) }
/// ```
pub fn run<P, F, A, E>(config: Config<P>, probe: F) -> (Heart<P>, impl Future<Output = ()>)
where
    P: Pacing<State: Send> + Send + 'static,
    F: AsyncFnMut(Duration) -> Result<A, E>,
    A: 'static,
    E: Into<ProbeError>,
{
    Builder::new(config).run(probe)
}

/// Returns the current time of the runtime's clock, which tests can pause.
fn now(epoch: Epoch) -> Instant {
    epoch.moment(Moment::now().into_std())
}
