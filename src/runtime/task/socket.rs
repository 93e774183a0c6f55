//! The socket interface of fleets and listeners, which lets them run on another transport or on a
//! simulated one.

use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;
mod udp;

pub(super) use udp::KernelSocket;

/// A datagram socket over which a [`UdpFleet`](super::UdpFleet) probes or a
/// [`UdpListener`](super::UdpListener) listens; see [`spawn_on`](super::UdpFleet::spawn_on).
///
/// [`spawn`](super::UdpFleet::spawn) wraps a socket of tokio. Implement this trait for another
/// transport, or for a simulated network: the task reads only the clock of the runtime, so under
/// tokio's paused clock a test needs no real time.
///
/// No method blocks, and only the task calls them. A listener sends nothing. The methods that return a [`Poll`] are
/// cancel safe: they store the waker of the latest call, and nothing is lost if the future that
/// calls them is dropped.
///
/// ```
/// use std::collections::VecDeque;
/// use std::io;
/// use std::net::SocketAddr;
/// use std::task::{Context, Poll, Waker};
/// use std::time::Duration;
/// use systole::Config;
/// use systole::task::{DatagramSocket, UdpFleet};
/// use tokio_stream::StreamExt;
///
/// /// A network that replies to every datagram at once.
/// #[derive(Default)]
/// struct Mirror {
///     replies: VecDeque<(Vec<u8>, SocketAddr)>,
///     reader: Option<Waker>,
/// }
///
/// impl DatagramSocket for Mirror {
///     fn try_send(&mut self, payload: &[u8], to: SocketAddr) -> io::Result<()> {
///         self.replies.push_back((payload.to_vec(), to));
///         if let Some(reader) = self.reader.take() {
///             reader.wake();
///         }
///         Ok(())
///     }
///
///     fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
///         let (payload, from) = self.replies.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
///         let length = payload.len().min(buffer.len());
///         buffer[..length].copy_from_slice(&payload[..length]);
///         Ok((length, from))
///     }
///
///     fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
///         if !self.replies.is_empty() {
///             return Poll::Ready(Ok(()));
///         }
///         self.reader = Some(context.waker().clone());
///         Poll::Pending
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::every(Duration::from_secs(5)).seed(0xd1ce).build()?;
/// let mut fleet = UdpFleet::spawn_on(config, Mirror::default())?;
/// fleet.add("192.0.2.7:7".parse()?);
/// println!("{:?}", fleet.next().await); // Unknown -> Alive
/// assert_eq!(fleet.census().alive, 1);
/// # Ok(()) }
/// ```
pub trait DatagramSocket: Send + 'static {
    /// Sends `payload`, a probe of 16 bytes, to `to`. A datagram is sent whole or not at all.
    ///
    /// # Errors
    /// Returns an error whose kind states whether the probe failed or was not sent, as for a
    /// [`ProbeError`](crate::ProbeError). [`WouldBlock`](io::ErrorKind::WouldBlock) means that the
    /// send buffer is full.
    fn try_send(&mut self, payload: &[u8], to: SocketAddr) -> io::Result<()>;

    /// Receives the next waiting datagram. Returns its length and its sender. `buffer` is longer
    /// than any reply. The part of a datagram that does not fit is cut off.
    ///
    /// # Errors
    /// Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram waits. The fleet ignores
    /// any other error and tries again, since an earlier probe caused it.
    fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    /// Returns how many datagrams were dropped because the receive buffer was full, before the one
    /// that [`try_receive`](Self::try_receive) returned last. The number wraps around.
    ///
    /// The default returns 0, for sockets that cannot report this. Dropped replies then count as
    /// evidence against peers.
    fn receive_drops(&self) -> u32 {
        0
    }

    /// Waits until [`try_receive`](Self::try_receive) may return a datagram.
    ///
    /// # Errors
    /// After an error the fleet does not call this method again before it has something to send.
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Waits until [`try_send`](Self::try_send) may succeed. The fleet calls it once, before its
    /// first probe.
    ///
    /// # Errors
    /// After an error the fleet sends its probes all the same, and learns from each whether it was
    /// sent.
    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = context;
        Poll::Ready(Ok(()))
    }
}
