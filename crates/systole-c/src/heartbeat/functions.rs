//! The functions of a heartbeat, whatever its policy.

/// Defines the functions of a heartbeat in `storage`, which `config` configures, under their names in
/// C. They differ in types and names only.
macro_rules! functions {
    (
        storage: $storage:ident,
        config: $config:ident,
        init: $init:ident,
        next_interval: $next_interval:ident,
        missed: $missed:ident,
        failed: $failed:ident,
        unsent: $unsent:ident,
        late: $late:ident,
        timeout: $timeout:ident,
        verdict: $verdict:ident,
        level: $level:ident,
        snapshot: $snapshot:ident,
    ) => {
        use core::mem::MaybeUninit;

        use crate::heartbeat::shared::{failed, init};
        use crate::machine::{ask, drive, tell};
        #[cfg(feature = "snapshot")]
        use crate::snapshot::systole_snapshot_t;
        use crate::status::{systole_error_t, systole_status_t};
        use crate::time::{micros, span};
        use crate::verdict::{raw_failure, systole_verdict_t};

        /// Initialises a heartbeat to a peer of which nothing is known.
        ///
        /// `size` is `sizeof *heartbeat`. `error` may be null.
        ///
        /// Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
        /// not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
        /// setting is refused, which `error` names. Storage that is initialised already starts
        /// over.
        #[unsafe(no_mangle)]
        #[must_use]
        pub extern "C" fn $init(
            heartbeat: Option<&mut $storage>,
            size: usize,
            config: Option<&$config>,
            error: Option<&mut MaybeUninit<systole_error_t>>,
        ) -> systole_status_t {
            init(heartbeat, size, config, error)
        }

        /// Records that the reply came after `rtt_us`. Returns the interval from the send of that
        /// probe to the send of the next: between the configured shortest and longest, jitter
        /// included.
        ///
        /// A reply that took longer than the bound counts as an RTT sample and does not change the
        /// verdict. Round trips above 71 minutes count as 71 minutes.
        #[unsafe(no_mangle)]
        pub extern "C" fn $next_interval(
            heartbeat: Option<&mut $storage>,
            rtt_us: u64,
            interval_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            drive(heartbeat, interval_us, |heart| {
                micros(heart.next_interval(span(rtt_us)))
            })
        }

        /// Records that no reply came within the timeout. Returns the interval from the send of
        /// that probe to the send of the next, which is a retry and therefore sooner. For a dead
        /// peer it returns a steady interval.
        #[unsafe(no_mangle)]
        pub extern "C" fn $missed(
            heartbeat: Option<&mut $storage>,
            interval_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            drive(heartbeat, interval_us, |heart| micros(heart.missed()))
        }

        /// Records that the probe failed `after_us` after its send: it was refused, reset, or got
        /// an invalid reply. Returns the interval from the send of that probe to the send of the
        /// next. Retries keep their spacing, however soon the failure was known.
        ///
        /// Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
        #[unsafe(no_mangle)]
        pub extern "C" fn $failed(
            heartbeat: Option<&mut $storage>,
            failure: raw_failure,
            after_us: u64,
            interval_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            failed(heartbeat, failure, after_us, interval_us)
        }

        /// Records that the probe could not be sent, for a local reason that was known after
        /// `after_us`. That is no evidence against the peer. Returns the interval from this try to
        /// the next.
        ///
        /// When none could be sent for one bound and nothing proved life, the verdict becomes
        /// `SYSTOLE_VERDICT_UNKNOWN`, and the bound counts from the next probe that is sent.
        #[unsafe(no_mangle)]
        pub extern "C" fn $unsent(
            heartbeat: Option<&mut $storage>,
            after_us: u64,
            interval_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            drive(heartbeat, interval_us, |heart| {
                micros(heart.unsent(span(after_us)))
            })
        }

        /// Records a reply, after `rtt_us`, to a probe that
        #[doc = concat!(" `", stringify!($missed), "` had given")]
        /// up. Call it before the next probe is sent. The timeout learns from late replies, so that
        /// a path that has become slower is not taken for a dead peer.
        #[unsafe(no_mangle)]
        pub extern "C" fn $late(heartbeat: Option<&mut $storage>, rtt_us: u64) -> systole_status_t {
            tell(heartbeat, |heart| heart.late(span(rtt_us)))
        }

        /// Returns how long to wait for the reply to the next probe, in microseconds.
        #[unsafe(no_mangle)]
        pub extern "C" fn $timeout(
            heartbeat: Option<&$storage>,
            timeout_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            ask(heartbeat, timeout_us, |heart| micros(heart.timeout()))
        }

        /// Returns the verdict as of the last call.
        #[unsafe(no_mangle)]
        pub extern "C" fn $verdict(
            heartbeat: Option<&$storage>,
            verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
        ) -> systole_status_t {
            ask(heartbeat, verdict, |heart| heart.verdict().into())
        }

        /// Returns the suspicion level: how improbable the present silence is, in thousandths of a
        /// decade. At 3000, one silence of a live peer in 1,000 is as long.
        #[unsafe(no_mangle)]
        pub extern "C" fn $level(
            heartbeat: Option<&$storage>,
            level_milli: Option<&mut MaybeUninit<u32>>,
        ) -> systole_status_t {
            ask(heartbeat, level_milli, |heart| heart.level().as_milli())
        }

        /// Returns what is known of the path, and what is planned. It uses floating point.
        #[cfg(feature = "snapshot")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $snapshot(
            heartbeat: Option<&$storage>,
            snapshot: Option<&mut MaybeUninit<systole_snapshot_t>>,
        ) -> systole_status_t {
            ask(heartbeat, snapshot, |heart| (&heart.snapshot()).into())
        }
    };
}

pub(super) use functions;
