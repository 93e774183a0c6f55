//! What an error of the operating system shows about a peer.

use std::io;

use super::ProbeError;
use crate::Failure;

/// Converts an error by its kind.
///
/// A lack of local resources becomes [`ProbeError::Unsent`]: no permission (`EPERM`, `EACCES`), no
/// address or port (`EADDRNOTAVAIL`, `EADDRINUSE`), no interface that is up (`ENETDOWN`), no file
/// descriptors (`EMFILE`, `ENFILE`), no memory (`ENOMEM`) and no room in the queue of the interface
/// (`ENOBUFS`). Over IPv4, no router on the path can cause one of these errors by an ICMP message.
/// Over IPv6, an ICMP message that prohibits the traffic reaches a connected socket as `EACCES`.
///
/// A socket that would block becomes [`ProbeError::Missed`], since a receive that timed out returns
/// the same error.
pub(super) fn of(error: &io::Error) -> ProbeError {
    use io::ErrorKind as Kind;
    if error.raw_os_error().is_some_and(is_shortage) {
        // Otherwise a process that leaks descriptors would call all peers dead.
        return ProbeError::Unsent;
    }
    match error.kind() {
        Kind::ConnectionRefused => ProbeError::Failed(Failure::Refused),
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::NotConnected
        | Kind::UnexpectedEof => ProbeError::Failed(Failure::Reset),
        Kind::HostUnreachable | Kind::NetworkUnreachable => {
            ProbeError::Failed(Failure::Unreachable)
        }
        Kind::InvalidData => ProbeError::Failed(Failure::InvalidReply),
        Kind::NetworkDown
        | Kind::AddrInUse
        | Kind::AddrNotAvailable
        | Kind::PermissionDenied
        | Kind::OutOfMemory => ProbeError::Unsent,
        _ => ProbeError::Missed,
    }
}

/// Returns whether the system has run out of files or buffers. [`io::ErrorKind`] has no names for
/// these errors: `ENFILE`, `EMFILE` and `ENOBUFS`.
const fn is_shortage(code: i32) -> bool {
    if cfg!(windows) {
        matches!(code, 4 | 10_024 | 10_055) // ERROR_TOO_MANY_OPEN_FILES, WSAEMFILE, WSAENOBUFS
    } else {
        cfg!(unix) && (matches!(code, 23 | 24) || code == NO_BUFFERS)
    }
}

/// The number of `ENOBUFS`. System V and BSD number it differently, and Linux differs from both
/// except on MIPS and SPARC.
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
mod tests;
