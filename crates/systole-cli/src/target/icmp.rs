//! ICMP: a probe is an echo request (`ping`) with the id of the probe.
//!
//! A socket for datagrams is tried first, which Linux grants to the groups in
//! `net.ipv4.ping_group_range`; then a raw one, which needs `CAP_NET_RAW`.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use systole::ProbeId;
use tokio::net::UdpSocket;

use super::datagram::Echo;
use super::link::Miss;

const DENIED: &str = "no right to send ICMP: add a group of this user to the sysctl \
     net.ipv4.ping_group_range, or give the program CAP_NET_RAW";

/// Types of messages (RFC 792, RFC 4443).
const REQUEST: u8 = 8;
const REPLY: u8 = 0;
const REQUEST_V6: u8 = 128;
const REPLY_V6: u8 = 129;

/// The bytes before the payload, and all bytes of a probe.
const HEADER: usize = 8;
const LENGTH: usize = HEADER + 8;
/// The longest header of IPv4, which a raw socket receives too.
const IP_MAX: usize = 60;

#[derive(Debug)]
pub(super) struct Pinger {
    /// Receives from one address. What it sends are messages of ICMP: the type of the standard
    /// library for sockets of datagrams fits those too.
    socket: UdpSocket,
    is_v6: bool,
    /// Whether the header of IPv4 is received, and the checksum is ours to compute.
    is_raw: bool,
}

impl Echo for Pinger {
    async fn open(address: SocketAddr) -> Result<Self, Miss> {
        let is_v6 = address.is_ipv6();
        let (socket, is_raw) = socket(is_v6)?;
        socket.set_nonblocking(true)?;
        socket.connect(&address.into())?;
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
            is_v6,
            is_raw: is_raw && !is_v6,
        })
    }

    async fn send(&self, id: ProbeId) -> io::Result<()> {
        self.socket.send(&request(id, self.is_v6)).await.map(drop)
    }

    async fn receive(&self) -> io::Result<Option<ProbeId>> {
        let mut packet = [0; IP_MAX + LENGTH + 1]; // one byte more than a reply has
        let length = self.socket.recv(&mut packet).await?;
        let packet = packet.get(..length).unwrap_or_default();
        Ok(reply(packet, self.is_v6, self.is_raw))
    }
}

/// Returns a socket for ICMP, and whether it is a raw one.
fn socket(is_v6: bool) -> Result<(Socket, bool), Miss> {
    let (domain, protocol) = if is_v6 {
        (Domain::IPV6, Protocol::ICMPV6)
    } else {
        (Domain::IPV4, Protocol::ICMPV4)
    };
    let open = |kind| Socket::new(domain, kind, Some(protocol));
    let is_denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    match open(Type::DGRAM) {
        Ok(socket) => Ok((socket, false)),
        Err(_) => match open(Type::RAW) {
            Ok(socket) => Ok((socket, true)),
            Err(error) if is_denied(&error) => Err(Miss::Unsent(DENIED.into())),
            Err(error) => Err(error.into()),
        },
    }
}

/// Returns an echo request. Where the system numbers the requests of a socket, it replaces the
/// identifier; the payload tells probes apart.
fn request(id: ProbeId, is_v6: bool) -> [u8; LENGTH] {
    let mut packet = [0; LENGTH];
    let kind = if is_v6 { REQUEST_V6 } else { REQUEST };
    let whole = [kind, 0, 0, 0, 0x53, 0x79, 0, 0]
        .into_iter()
        .chain(id.to_be_bytes());
    packet
        .iter_mut()
        .zip(whole)
        .for_each(|(to, byte)| *to = byte);
    let [high, low] = checksum(&packet).to_be_bytes();
    let [_, _, a, b, ..] = &mut packet;
    (*a, *b) = (high, low); // the system does this for all but raw sockets of IPv4
    packet
}

/// Returns the ones' complement sum of 16-bit words (RFC 1071).
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        _ => 0,
    });
    !words.fold(0, |sum, word| {
        let (sum, carry) = u16::overflowing_add(sum, word);
        sum + u16::from(carry) // at most 0xffff: a sum with a carry is at most 0xfffe
    })
}

/// Returns the id in an echo reply, or `None` if the packet is something else.
fn reply(packet: &[u8], is_v6: bool, is_raw: bool) -> Option<ProbeId> {
    let before = match packet.first() {
        Some(first) if is_raw => usize::from(first & 0x0f) * 4,
        _ => 0,
    };
    let message = packet.get(before..)?;
    let kind = if is_v6 { REPLY_V6 } else { REPLY };
    let (head, payload) = message.split_at_checked(HEADER)?;
    let is_reply = head.first() == Some(&kind);
    let id = payload.try_into().ok().filter(|_| is_reply)?;
    Some(ProbeId::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ProbeId = ProbeId::from_be_bytes([1, 2, 3, 4, 5, 6, 7, 8]);

    #[test]
    fn a_request_adds_up_to_nothing() {
        assert_eq!(checksum(&request(ID, false)), 0);
        assert_eq!(
            checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
            !0xddf2
        ); // RFC 1071, 3
    }

    #[test]
    fn only_an_echo_is_a_reply() {
        let mut echo = request(ID, false);
        assert_eq!(reply(&echo, false, false), None, "our own request");
        echo[0] = REPLY;
        assert_eq!(reply(&echo, false, false), Some(ID));
        let whole = [&[0x45; 1][..], &[0; 19], &echo].concat();
        assert_eq!(reply(&whole, false, true), Some(ID));
        for other in [
            &b""[..],
            &echo[..15],
            &[&echo[..], &[0]].concat(),
            &[0x4f; 20],
        ] {
            assert_eq!(reply(other, false, true), None, "{other:?}");
        }
        echo[0] = REPLY_V6;
        assert_eq!(reply(&echo, true, false), Some(ID));
    }

    #[tokio::test]
    async fn this_machine_answers() {
        let pinger = match Pinger::open(SocketAddr::from(([127, 0, 0, 1], 0))).await {
            Ok(pinger) => pinger,
            Err(miss) => return assert_eq!(miss, Miss::Unsent(DENIED.into())), // told as it must be
        };
        pinger.send(ID).await.unwrap();
        let received = async {
            loop {
                if let Some(id) = pinger.receive().await.unwrap() {
                    return id;
                }
            }
        };
        assert_eq!(received.await, ID);
    }
}
