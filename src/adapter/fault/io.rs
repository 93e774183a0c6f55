//! What an error of the operating system says of a peer.

use std::io;

use super::Fault;
use crate::Failure;

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        if error.raw_os_error().is_some_and(is_out_of_files) {
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
            Kind::InvalidData => Self::Failed(Failure::Garbage),
            Kind::NetworkDown
            | Kind::AddrInUse
            | Kind::AddrNotAvailable
            | Kind::PermissionDenied
            | Kind::OutOfMemory => Self::Unsent,
            _ => Self::Missed,
        }
    }
}

/// `ENFILE` and `EMFILE`, which [`io::ErrorKind`] has no name for.
const fn is_out_of_files(code: i32) -> bool {
    (cfg!(unix) && matches!(code, 23 | 24)) || (cfg!(windows) && code == 10_024)
}
