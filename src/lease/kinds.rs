//! The kinds of deadline, each with the rule of its protocol.

use core::time::Duration;

use crate::lease::config::{Builder, Config};
use crate::time::micros;

/// # Kinds of deadline
///
/// | constructor | protocols | what renews | rule and source |
/// |---|---|---|---|
/// | [`renewed`](Self::renewed) | Redis, SQL, and others | a request that the server acknowledges | the server counts the TTL from the moment at which it processes the request |
/// | [`renewed_in_seconds`](Self::renewed_in_seconds) | etcd, Consul, Kubernetes | the same | the server stores whole seconds |
/// | [`keep_alive`](Self::keep_alive) | MQTT | what the client sends; a PINGRESP, PUBACK or SUBACK acknowledges it | the client sends within the keep-alive; the server closes the connection after 1.5 times that without a packet (MQTT 5.0, 3.1.2.10) |
/// | [`idle_timeout`](Self::idle_timeout) | QUIC | an ack-eliciting packet that the peer acknowledges | each side restarts its timer when it receives, and when it sends the first ack-eliciting packet since (RFC 9000, 10.1) |
/// | [`session`](Self::session) | Kafka, `ZooKeeper` | a heartbeat that the broker answers | the broker ends the session after its timeout without a heartbeat (Kafka: `session.timeout.ms`, `heartbeat.interval.ms`) |
///
/// What the application sends anyway renews too, where the protocol says so: see
/// [`handle_sent`](crate::lease::Lease::handle_sent).
///
/// A protocol without any acknowledgement is no lease in this sense: nobody can know that the
/// server heard anything. Heartbeat frames of AMQP 0-9-1 are of that kind; there, renew by a method
/// that the broker answers, such as a passive `queue.declare`.
impl Config {
    /// Starts with a lease of `ttl` that requests renew and the server acknowledges.
    ///
    /// The resolution of 1 ms suits Redis, whose expiry has milliseconds, and an SQL server that
    /// compares with `clock_timestamp()`.
    ///
    /// # Errors
    /// [`Builder::build`] refuses a TTL of zero or above [`TTL_MAX`](crate::lease::TTL_MAX).
    pub const fn renewed(ttl: Duration) -> Builder {
        Self::with_ttl_us(micros(ttl))
    }

    /// Starts with the same lease on a server that stores whole seconds, and may therefore end it
    /// up to a second early: the TTL of etcd and Consul, `leaseDurationSeconds` of Kubernetes.
    /// State a TTL of whole seconds.
    ///
    /// etcd rounds up, so that [`resolution`](Builder::resolution) may be lowered there where the
    /// server is known.
    ///
    /// # Errors
    /// [`Builder::build`] refuses a TTL of less than about 1 s or above
    /// [`TTL_MAX`](crate::lease::TTL_MAX).
    pub const fn renewed_in_seconds(ttl: Duration) -> Builder {
        Self::renewed(ttl).resolution(Duration::from_secs(1))
    }

    /// Starts with the keep-alive of MQTT. The client sends a packet within every `keep_alive`; the
    /// server closes the connection and publishes the will after one and a half times that.
    ///
    /// The lease is the server's grace: 1.5 times the keep-alive from the send of the last packet
    /// that the server acknowledged. Use the keep-alive of the CONNACK where it has one
    /// (`Server Keep Alive`, MQTT 5.0, 3.2.2.3.14), by
    /// [`reconfigure`](crate::lease::Lease::reconfigure).
    ///
    /// # Errors
    /// [`Builder::build`] refuses a keep-alive of zero, which turns it off, and one above 65,535 s.
    pub const fn keep_alive(keep_alive: Duration) -> Builder {
        let us = micros(keep_alive);
        let ttl_us = us.saturating_add(us / 2);
        Self::with_ttl_us(ttl_us).send_within(keep_alive)
    }

    /// Starts with the idle timeout of a QUIC connection: the shorter one of the two that the
    /// endpoints advertised (`max_idle_timeout`). Send a PING frame for each renewal, and hand in
    /// the acknowledgement of its packet. Where the timeout is below three probe timeouts, QUIC uses
    /// those instead.
    ///
    /// Our own timer needs no watching: it restarts with every packet received, and with the first
    /// ack-eliciting packet sent since, so it ends no earlier than the peer's can be believed.
    ///
    /// # Errors
    /// [`Builder::build`] refuses a timeout of zero, which means none, or above
    /// [`TTL_MAX`](crate::lease::TTL_MAX).
    pub const fn idle_timeout(timeout: Duration) -> Builder {
        Self::with_ttl_us(micros(timeout))
    }

    /// Starts with a session that ends after `timeout` without a heartbeat, where heartbeats also
    /// carry news from the broker and are therefore sent at least every `heartbeat`.
    ///
    /// Kafka's defaults are 45 s and 3 s; a consumer learns of a rebalance by the answers.
    /// `ZooKeeper` negotiates the timeout: hand in the one that the server granted.
    ///
    /// # Errors
    /// [`Builder::build`] refuses a timeout of zero or above [`TTL_MAX`](crate::lease::TTL_MAX), and
    /// a `heartbeat` below 1 ms.
    pub const fn session(timeout: Duration, heartbeat: Duration) -> Builder {
        Self::with_ttl_us(micros(timeout)).send_within(heartbeat)
    }
}

#[cfg(test)]
mod tests;
