//! Configurations of leases.

use core::mem::MaybeUninit;

use systole_core::lease::Config;

use crate::config::{answer, given};
use crate::machine::give;
use crate::status::{systole_error_t, systole_status_t};
use crate::time::span;

/// The settings of a lease. Fill it with the function of its protocol, such as
/// `systole_lease_config_renewed`, and then change what differs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_lease_config_t {
    /// The size of this structure, as the functions that fill it set it.
    pub size: u32,
    /// How far the clocks of holder and server may drift apart, in millionths of the TTL: 0 to
    /// 100000. 1000 covers two clocks that are off by 500 ppm each, in opposite directions.
    pub drift_ppm: u32,
    /// The TTL that is asked for, up to 98302.5 s.
    pub ttl_us: u64,
    /// The least expected time from one lapse to the next, from ten TTLs to a century; 0: a day, or
    /// ten TTLs where those are longer. A lapse is a moment at which the fence passes although the
    /// server could have been reached.
    pub lapses_at_most_one_per_us: u64,
    /// By how much the server may end a lease too early because its clock, or the TTL that it
    /// stores, is coarse.
    pub resolution_us: u64,
    /// How long the holder needs to stop. Renewals are planned to succeed so long before the fence,
    /// and `systole_lease_stop_at` is so much earlier.
    pub stop_within_us: u64,
    /// The longest time without anything sent, where the protocol demands that of a client: 1 ms or
    /// more; 0: no limit.
    pub send_within_us: u64,
    /// From what the jitter follows: another one for each holder.
    pub seed: u64,
    /// By how much jitter may shorten an interval, in per cent: 0 to 50.
    pub jitter_percent: u8,
}

impl systole_lease_config_t {
    #[allow(clippy::cast_possible_truncation)] // some dozens
    const SIZE: u32 = size_of::<Self>() as u32;

    const fn new(ttl_us: u64) -> Self {
        Self {
            size: Self::SIZE,
            drift_ppm: 1_000,
            ttl_us,
            lapses_at_most_one_per_us: 0,
            resolution_us: 1_000,
            stop_within_us: 0,
            send_within_us: 0,
            seed: 0,
            jitter_percent: 10,
        }
    }

    /// Checks the settings and returns the configuration of the crate.
    #[inline(never)] // one copy for all functions
    pub(crate) fn build(&self) -> Result<Config, systole_error_t> {
        if self.size != Self::SIZE {
            return Err(systole_error_t::size(self.size.into(), size_of::<Self>()));
        }
        let mut builder = Config::renewed(span(self.ttl_us))
            .drift_ppm(self.drift_ppm)
            .resolution(span(self.resolution_us))
            .stop_within(span(self.stop_within_us))
            .jitter_percent(self.jitter_percent)
            .seed(self.seed);
        if self.lapses_at_most_one_per_us != 0 {
            builder = builder.lapses_at_most_one_per(span(self.lapses_at_most_one_per_us));
        }
        if self.send_within_us != 0 {
            builder = builder.send_within(span(self.send_within_us));
        }
        Ok(builder.build()?)
    }
}

/// Fills `config` with a lease of `ttl_us` that requests renew and the server acknowledges: a Redis
/// lock, a row of an SQL server. The server's clock has milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_config_renewed(
    config: Option<&mut MaybeUninit<systole_lease_config_t>>,
    ttl_us: u64,
) -> systole_status_t {
    give(config, || systole_lease_config_t::new(ttl_us))
}

/// Fills `config` with the same lease on a server that stores whole seconds, and may therefore end
/// it up to a second early: etcd, Consul, Kubernetes. State a TTL of whole seconds.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_config_renewed_in_seconds(
    config: Option<&mut MaybeUninit<systole_lease_config_t>>,
    ttl_us: u64,
) -> systole_status_t {
    give(config, || systole_lease_config_t {
        resolution_us: 1_000_000,
        ..systole_lease_config_t::new(ttl_us)
    })
}

/// Fills `config` with the keep-alive of MQTT: the client sends a packet within every
/// `keep_alive_us`, and the server closes the connection after one and a half times that. Use the
/// keep-alive of the CONNACK where it has one.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_config_keep_alive(
    config: Option<&mut MaybeUninit<systole_lease_config_t>>,
    keep_alive_us: u64,
) -> systole_status_t {
    give(config, || systole_lease_config_t {
        send_within_us: keep_alive_us,
        ..systole_lease_config_t::new(keep_alive_us.saturating_add(keep_alive_us / 2))
    })
}

/// Fills `config` with the idle timeout of a QUIC connection: the shorter one of the two that the
/// endpoints advertised. Each renewal is a PING frame, granted by the acknowledgement of its packet.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_config_idle_timeout(
    config: Option<&mut MaybeUninit<systole_lease_config_t>>,
    timeout_us: u64,
) -> systole_status_t {
    give(config, || systole_lease_config_t::new(timeout_us))
}

/// Fills `config` with a session that ends after `timeout_us` without a heartbeat, where heartbeats
/// are sent at least every `heartbeat_us` because their answers carry news: Kafka, `ZooKeeper`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_config_session(
    config: Option<&mut MaybeUninit<systole_lease_config_t>>,
    timeout_us: u64,
    heartbeat_us: u64,
) -> systole_status_t {
    give(config, || systole_lease_config_t {
        send_within_us: heartbeat_us,
        ..systole_lease_config_t::new(timeout_us)
    })
}

/// Checks a configuration without building a machine. `error` may be null.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_lease_config_check(
    config: Option<&systole_lease_config_t>,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    let built = given(config).and_then(systole_lease_config_t::build);
    answer(built.map(|_| ()), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    use systole_core::lease::Builder;

    use crate::status::systole_setting_t;
    use crate::status::systole_status_t::SYSTOLE_STATUS_OK;

    const MINUTE: Duration = Duration::from_secs(60);
    const MINUTE_US: u64 = 60_000_000;

    type Filled<'a> = Option<&'a mut MaybeUninit<systole_lease_config_t>>;

    fn filled(fill: impl FnOnce(Filled<'_>) -> systole_status_t) -> systole_lease_config_t {
        let none = systole_lease_config_t::new(0);
        let mut config = MaybeUninit::new(none);
        assert_eq!(fill(Some(&mut config)), SYSTOLE_STATUS_OK);
        // SAFETY: it was initialised above.
        unsafe { config.assume_init() }
    }

    fn assert_same(config: systole_lease_config_t, own: Builder) {
        assert_eq!(config.build().unwrap(), own.build().unwrap());
    }

    #[test]
    fn the_rules_of_each_protocol_are_those_of_the_crate() {
        assert_same(
            filled(|config| systole_lease_config_renewed(config, MINUTE_US)),
            Config::renewed(MINUTE),
        );
        assert_same(
            filled(|config| systole_lease_config_renewed_in_seconds(config, MINUTE_US)),
            Config::renewed_in_seconds(MINUTE),
        );
        assert_same(
            filled(|config| systole_lease_config_keep_alive(config, MINUTE_US)),
            Config::keep_alive(MINUTE),
        );
        assert_same(
            filled(|config| systole_lease_config_idle_timeout(config, MINUTE_US)),
            Config::idle_timeout(MINUTE),
        );
        assert_same(
            filled(|config| systole_lease_config_session(config, MINUTE_US, 3_000_000)),
            Config::session(MINUTE, Duration::from_secs(3)),
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = systole_lease_config_t::new(MINUTE_US);
        let refused = |config: systole_lease_config_t| config.build().unwrap_err().setting;
        let ttl_us = 0;
        let drift_ppm = 100_001;
        let stop_within_us = u64::MAX;
        let send_within_us = 1;
        let lapses_at_most_one_per_us = 1;
        for (config, setting) in [
            (
                systole_lease_config_t { ttl_us, ..good },
                systole_setting_t::SYSTOLE_SETTING_TTL,
            ),
            (
                systole_lease_config_t { drift_ppm, ..good },
                systole_setting_t::SYSTOLE_SETTING_DRIFT,
            ),
            (
                systole_lease_config_t {
                    stop_within_us,
                    ..good
                },
                systole_setting_t::SYSTOLE_SETTING_STOP_WITHIN,
            ),
            (
                systole_lease_config_t {
                    send_within_us,
                    ..good
                },
                systole_setting_t::SYSTOLE_SETTING_SEND_WITHIN,
            ),
            (
                systole_lease_config_t {
                    lapses_at_most_one_per_us,
                    ..good
                },
                systole_setting_t::SYSTOLE_SETTING_LAPSE_RECURRENCE,
            ),
            (
                systole_lease_config_t { size: 8, ..good },
                systole_setting_t::SYSTOLE_SETTING_SIZE,
            ),
        ] {
            assert_eq!(refused(config), setting);
        }
    }
}
