use super::*;

#[test]
fn what_we_lack_was_not_sent() {
    // EPERM, ENOMEM, EACCES, ENFILE, EMFILE, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENOBUFS
    for code in [1, 12, 13, 23, 24, 98, 99, 100, 105] {
        let fault = ProbeError::from(io::Error::from_raw_os_error(code));
        assert_eq!(fault, ProbeError::Unsent, "{code}");
    }
}

/// The errors that `icmp_err_convert` of Linux returns for ICMP messages, and that of a socket
/// that would block.
#[test]
fn what_a_router_may_say_was_sent() {
    // ENONET, EPROTO, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP, ENETUNREACH, ECONNREFUSED, EHOSTDOWN,
    // EHOSTUNREACH, EAGAIN
    for code in [64, 71, 90, 92, 95, 101, 111, 112, 113, 11] {
        let fault = ProbeError::from(io::Error::from_raw_os_error(code));
        assert_ne!(fault, ProbeError::Unsent, "{code}");
    }
}
