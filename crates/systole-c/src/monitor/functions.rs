//! The functions of a monitor, whatever its policy.

/// Defines the functions of a monitor in `storage`, which `config` configures, under their names in
/// C. They differ in types and names only.
macro_rules! functions {
    (
        storage: $storage:ident,
        config: $config:ident,
        init: $init:ident,
        reconfigure: $reconfigure:ident,
        poll: $poll:ident,
        handle_reply: $handle_reply:ident,
        handle_reply_with: $handle_reply_with:ident,
        handle_reply_any: $handle_reply_any:ident,
        handle_traffic: $handle_traffic:ident,
        handle_failure: $handle_failure:ident,
        handle_unsent: $handle_unsent:ident,
        handle_skipped: $handle_skipped:ident,
        handle_pushback: $handle_pushback:ident,
        probe_now: $probe_now:ident,
        restarted: $restarted:ident,
        resumed: $resumed:ident,
        resync: $resync:ident,
        verdict: $verdict:ident,
        level: $level:ident,
        next_probe_earliest: $next_probe_earliest:ident,
        snapshot: $snapshot:ident,
    ) => {
        use core::mem::MaybeUninit;

        use systole_core::{Instant, ProbeId};

        use crate::event::systole_output_t;
        use crate::machine::{ask, fill, tell};
        use crate::monitor::shared::{failed, init, reconfigure};
        #[cfg(feature = "snapshot")]
        use crate::snapshot::systole_monitor_snapshot_t;
        use crate::status::{systole_error_t, systole_status_t};
        use crate::time::{moment, span};
        use crate::verdict::{raw_failure, systole_verdict_t};

        /// Initialises a monitor of a peer of which nothing is known. Its first probe is due within
        /// one interval, at a time that follows from the seed.
        ///
        /// `size` is `sizeof *monitor`. `error` may be null.
        ///
        /// Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
        /// not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
        /// setting is refused, which `error` names: also a seed of 0. Storage that is initialised
        /// already starts over.
        #[unsafe(no_mangle)]
        #[must_use]
        pub extern "C" fn $init(
            monitor: Option<&mut $storage>,
            size: usize,
            config: Option<&$config>,
            now_us: u64,
            error: Option<&mut MaybeUninit<systole_error_t>>,
        ) -> systole_status_t {
            init(monitor, size, config, now_us, error)
        }

        /// Follows another configuration from now on. The seed stays, and so does what was
        /// measured. `error` may be null.
        #[unsafe(no_mangle)]
        #[must_use]
        pub extern "C" fn $reconfigure(
            monitor: Option<&mut $storage>,
            config: Option<&$config>,
            now_us: u64,
            error: Option<&mut MaybeUninit<systole_error_t>>,
        ) -> systole_status_t {
            reconfigure(monitor, config, now_us, error)
        }

        /// Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT` or
        /// `SYSTOLE_ACTION_IDLE`, and again at that moment and after every `handle` function.
        ///
        /// Early calls are harmless and return the same deadline. Each late call adds its lateness
        /// to the detection time.
        #[unsafe(no_mangle)]
        pub extern "C" fn $poll(
            monitor: Option<&mut $storage>,
            now_us: u64,
            output: Option<&mut MaybeUninit<systole_output_t>>,
        ) -> systole_status_t {
            fill(monitor, output, systole_output_t::NONE, |monitor, to| {
                to.take_monitor(&monitor.poll(Instant::from_micros(now_us)));
            })
        }

        /// Records that the reply to `probe` arrived at `received_at_us`: the moment the network
        /// stack names, or that of reading it. Unknown, stale and duplicate replies change nothing
        /// but counters.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_reply(
            monitor: Option<&mut $storage>,
            probe: u64,
            received_at_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_reply(ProbeId::from(probe), Instant::from_micros(received_at_us));
            })
        }

        /// Records a reply whose peer says that it held the probe for `server_delay_us`. That time
        /// is no part of the round-trip time, and the timeout waits for it.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_reply_with(
            monitor: Option<&mut $storage>,
            probe: u64,
            received_at_us: u64,
            server_delay_us: u64,
        ) -> systole_status_t {
            let received_at = Instant::from_micros(received_at_us);
            tell(monitor, |monitor| {
                monitor.handle_reply_with(ProbeId::from(probe), received_at, span(server_delay_us));
            })
        }

        /// Records a reply that does not say which probe it answers. Peers are taken to answer in
        /// order. Use numbers where round trips are longer than eight intervals.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_reply_any(
            monitor: Option<&mut $storage>,
            received_at_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_reply_any(Instant::from_micros(received_at_us));
            })
        }

        /// Records that something else arrived from the peer. It proves life as of one timeout ago,
        /// and puts off the next probe, though at most seven in eight. What is sent to the peer
        /// proves nothing.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_traffic(
            monitor: Option<&mut $storage>,
            received_at_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_traffic(Instant::from_micros(received_at_us));
            })
        }

        /// Records that `probe` failed at once: refused, reset, or answered with something invalid.
        /// It is overdue from `now_us` on.
        ///
        /// Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_failure(
            monitor: Option<&mut $storage>,
            probe: u64,
            failure: raw_failure,
            now_us: u64,
        ) -> systole_status_t {
            failed(monitor, probe, failure, now_us)
        }

        /// Records that `probe` could not be sent, for a local reason. That is no evidence against
        /// the peer.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_unsent(
            monitor: Option<&mut $storage>,
            probe: u64,
            now_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_unsent(ProbeId::from(probe), Instant::from_micros(now_us));
            })
        }

        /// Records that `probe` is not sent, as all the room there is for probes under way is taken
        /// by earlier ones that may still be answered in time. It is neither evidence nor a fault.
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_skipped(
            monitor: Option<&mut $storage>,
            probe: u64,
            now_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_skipped(ProbeId::from(probe), Instant::from_micros(now_us));
            })
        }

        /// Records that the peer asks for fewer probes: the interval doubles once, and on until the
        /// next steady probe comes no sooner than after `wait_us`, 0 where the peer names no time.
        /// The longest interval is the limit.
        #[doc = concat!(" It lasts until `", stringify!($restarted), "`.")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $handle_pushback(
            monitor: Option<&mut $storage>,
            now_us: u64,
            wait_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.handle_pushback_with(Instant::from_micros(now_us), span(wait_us));
            })
        }

        /// Probes as soon as the timeout since the last probe allows: something happened that makes
        /// an answer worth having.
        #[unsafe(no_mangle)]
        pub extern "C" fn $probe_now(
            monitor: Option<&mut $storage>,
            now_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.probe_now(Instant::from_micros(now_us));
            })
        }

        /// Notes that the peer is a new incarnation: replies to what is under way count for
        /// nothing, and the verdict starts over. The statistics of the path stay.
        #[unsafe(no_mangle)]
        pub extern "C" fn $restarted(
            monitor: Option<&mut $storage>,
            now_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.restarted(Instant::from_micros(now_us));
            })
        }

        /// Notes that this process was suspended while its clock stood still. The peer is asked at
        /// once, and has time to answer.
        #[unsafe(no_mangle)]
        pub extern "C" fn $resumed(
            monitor: Option<&mut $storage>,
            now_us: u64,
        ) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.resumed(Instant::from_micros(now_us));
            })
        }

        /// Notes that the clock had leapt forward by mistake and is right again at `now_us`.
        #[unsafe(no_mangle)]
        pub extern "C" fn $resync(monitor: Option<&mut $storage>, now_us: u64) -> systole_status_t {
            tell(monitor, |monitor| {
                monitor.resync(Instant::from_micros(now_us));
            })
        }

        /// Returns the verdict as of the last call.
        #[unsafe(no_mangle)]
        pub extern "C" fn $verdict(
            monitor: Option<&$storage>,
            verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
        ) -> systole_status_t {
            ask(monitor, verdict, |monitor| monitor.verdict().into())
        }

        /// Returns the suspicion level at `now_us`: how improbable the silence is, in thousandths
        /// of a decade. At 3000, one silence of a live peer in 1,000 is as long.
        #[unsafe(no_mangle)]
        pub extern "C" fn $level(
            monitor: Option<&$storage>,
            now_us: u64,
            level_milli: Option<&mut MaybeUninit<u32>>,
        ) -> systole_status_t {
            ask(monitor, level_milli, |monitor| {
                monitor.level(Instant::from_micros(now_us)).as_milli()
            })
        }

        /// Returns the first moment at which the next steady probe may as well be sent, by
        #[doc = concat!(" `", stringify!($probe_now), "`,")]
        /// to share a wake of the device or of the radio;
        /// `SYSTOLE_NEVER` while a probe is under way and while the peer is not alive.
        #[unsafe(no_mangle)]
        pub extern "C" fn $next_probe_earliest(
            monitor: Option<&$storage>,
            earliest_us: Option<&mut MaybeUninit<u64>>,
        ) -> systole_status_t {
            ask(monitor, earliest_us, |monitor| {
                moment(monitor.next_probe_earliest())
            })
        }

        /// Returns all that is known at `now_us`. It uses floating point.
        #[cfg(feature = "snapshot")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $snapshot(
            monitor: Option<&$storage>,
            now_us: u64,
            snapshot: Option<&mut MaybeUninit<systole_monitor_snapshot_t>>,
        ) -> systole_status_t {
            ask(monitor, snapshot, |monitor| {
                (&monitor.snapshot(Instant::from_micros(now_us))).into()
            })
        }
    };
}

pub(super) use functions;
