//! What an error of the operating system says of a peer.

use std::io;

use super::ProbeError;
use crate::Failure;

/// What we lack ourselves is [`ProbeError::Unsent`]: permission (`EPERM`, `EACCES`), an address or a port (`EADDRNOTAVAIL`, `EADDRINUSE`), an interface that is up
/// (`ENETDOWN`), files (`EMFILE`, `ENFILE`), memory (`ENOMEM`) and room in the queue of the interface (`ENOBUFS`). No router between us
/// and the peer can cause one of them by an ICMP message over IPv4; over IPv6 one that prohibits the traffic is told as `EACCES` to a connected socket.
///
/// A socket that would block is [`ProbeError::Missed`], since a receive that timed out says the same.
impl From<io::Error> for ProbeError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        if error.raw_os_error().is_some_and(is_shortage) {
            return Self::Unsent; // or a prober with a leak would call all its peers dead
        }
        match error.kind() {
            Kind::ConnectionRefused => Self::Failed(Failure::Refused),
            Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::UnexpectedEof => Self::Failed(Failure::Reset),
            Kind::HostUnreachable | Kind::NetworkUnreachable => Self::Failed(Failure::Unreachable),
            Kind::InvalidData => Self::Failed(Failure::InvalidReply),
            Kind::NetworkDown
            | Kind::AddrInUse
            | Kind::AddrNotAvailable
            | Kind::PermissionDenied
            | Kind::OutOfMemory => Self::Unsent,
            _ => Self::Missed,
        }
    }
}

/// Files or buffers that the system has no more of, which [`io::ErrorKind`] has no name for: `ENFILE`, `EMFILE` and `ENOBUFS`.
const fn is_shortage(code: i32) -> bool {
    if cfg!(windows) {
        matches!(code, 4 | 10_024 | 10_055) // ERROR_TOO_MANY_OPEN_FILES, WSAEMFILE, WSAENOBUFS
    } else {
        cfg!(unix) && (matches!(code, 23 | 24) || code == NO_BUFFERS)
    }
}

/// `ENOBUFS`: System V numbers it otherwise than BSD, and Linux otherwise than both, though not on MIPS and SPARC.
const NO_BUFFERS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    if cfg!(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "mips32r6",
        target_arch = "mips64r6"
    )) {
        132
    } else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
        55
    } else {
        105
    }
} else if cfg!(any(target_os = "solaris", target_os = "illumos")) {
    132
} else {
    55
};

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_we_lack_was_not_sent() {
        // EPERM, ENOMEM, EACCES, ENFILE, EMFILE, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENOBUFS
        for code in [1, 12, 13, 23, 24, 98, 99, 100, 105] {
            let fault = ProbeError::from(io::Error::from_raw_os_error(code));
            assert_eq!(fault, ProbeError::Unsent, "{code}");
        }
    }

    /// All that `icmp_err_convert` of Linux makes of an ICMP message, and a socket that would block.
    #[test]
    fn what_a_router_may_say_was_sent() {
        // ENONET, EPROTO, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP, ENETUNREACH, ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EAGAIN
        for code in [64, 71, 90, 92, 95, 101, 111, 112, 113, 11] {
            let fault = ProbeError::from(io::Error::from_raw_os_error(code));
            assert_ne!(fault, ProbeError::Unsent, "{code}");
        }
    }
}
