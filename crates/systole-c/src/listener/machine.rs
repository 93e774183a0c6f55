//! The receiving side of pushed heartbeats.

use core::mem::MaybeUninit;

use systole_core::listener::Config;
use systole_core::{Beat, Instant, Listener};

use crate::WINDOW;
use crate::beat::{systole_beat_outcome_t, systole_beat_t};
use crate::config::given;
use crate::event::systole_output_t;
#[cfg(feature = "snapshot")]
use crate::listener::snapshot::systole_listener_snapshot_t;
use crate::machine::{ask, fill, give, handle, install, tell};
use crate::status::systole_error_t;
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NULL};
use crate::storage::storage;
use crate::time::{micros, span};
use crate::verdict::systole_verdict_t;

/// The 8-byte words of a `systole_listener_t`.
pub const SYSTOLE_LISTENER_WORDS: usize = 89;

/// Listens to one peer that sends heartbeats unasked, and judges from the last arrivals whether it
/// is alive. It opens no socket and sends nothing.
///
/// Hand in what arrived. Then call `systole_listener_poll` until it returns `SYSTOLE_ACTION_WAIT`,
/// which is the deadline to sleep until.
///
/// `SYSTOLE_VERDICT_DEAD` comes at most the bound in force, the delay of the newest heartbeat and
/// the local lateness after the crash. A heartbeat of another incarnation is not believed at once:
/// a second one has to follow it at the right pace, and the known incarnation has to be overdue.
#[repr(C)]
pub struct systole_listener_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_LISTENER_WORDS],
}

storage!(systole_listener_t, Listener<WINDOW>, 4);

/// The settings of a listener. Fill it with `systole_listener_config` and then change what differs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_listener_config_t {
    /// The size of this structure, as `systole_listener_config` sets it.
    pub size: u32,
    /// The smallest incarnation that an authenticated listener accepts.
    pub incarnations_from: u32,
    /// The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time, the delay of the
    /// newest heartbeat on top: 1 us to 12.7 days; 0: it follows from what the peer advertises.
    pub detect_within_us: u64,
    /// The shortest interval and deadline that a peer may advertise.
    pub interval_min_us: u64,
    /// The longest interval and deadline that a peer may advertise, up to 12.7 days.
    pub interval_max_us: u64,
    /// How long the first heartbeat is waited for; 0: the stated bound, else the longest interval.
    pub first_within_us: u64,
    /// From which lateness of this process on `SYSTOLE_EVENT_PAUSED` is reported. All lateness is
    /// credited to the peer in any case.
    pub report_pauses_over_us: u64,
    /// How many heartbeats in a row may be lost where no bound is stated: 0 to 100.
    pub losses: u8,
    /// How many heartbeats bring a dead peer back: 1 to 255.
    pub rise: u8,
    /// Whether only authentic heartbeats are accepted: 0 or 1.
    pub authenticated: u8,
}

impl systole_listener_config_t {
    #[allow(clippy::cast_possible_truncation)] // some dozens
    const SIZE: u32 = size_of::<Self>() as u32;

    const DEFAULT: Self = Self {
        size: Self::SIZE,
        incarnations_from: 0,
        detect_within_us: 0,
        interval_min_us: 1_000,
        interval_max_us: 3_600_000_000,
        first_within_us: 0,
        report_pauses_over_us: 1_000_000,
        losses: 3,
        rise: 1,
        authenticated: 0,
    };

    fn build(&self) -> Result<Config, systole_error_t> {
        if self.size != Self::SIZE {
            return Err(systole_error_t::size(self.size.into(), size_of::<Self>()));
        }
        let mut builder = Config::builder()
            .intervals_between(span(self.interval_min_us), span(self.interval_max_us))
            .report_pauses_over(span(self.report_pauses_over_us))
            .incarnations_from(self.incarnations_from)
            .losses(self.losses)
            .rise(self.rise);
        if self.detect_within_us != 0 {
            builder = builder.detect_within(span(self.detect_within_us));
        }
        if self.first_within_us != 0 {
            builder = builder.first_within(span(self.first_within_us));
        }
        if self.authenticated != 0 {
            builder = builder.authenticated();
        }
        Ok(builder.build()?)
    }
}

/// Fills `config` with the defaults of a listener: no stated bound, 3 losses in a row, intervals of
/// 1 ms to 1 h.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_config(
    config: Option<&mut MaybeUninit<systole_listener_config_t>>,
) -> systole_status_t {
    give(config, || systole_listener_config_t::DEFAULT)
}

/// Initialises a listener to a peer of which nothing is known.
///
/// `size` is `sizeof *listener`. `error` may be null. Answers as `systole_heartbeat_init`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_listener_init(
    listener: Option<&mut systole_listener_t>,
    size: usize,
    config: Option<&systole_listener_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    install(listener, size, error, || {
        let config = given(config)?.build()?;
        Ok(Listener::with_window(config, Instant::from_micros(now_us)))
    })
}

/// Records that `beat` arrived at `received_at_us`: the moment the network stack names, or that of
/// reading it. `outcome`, which may be null, says what became of it.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_handle_beat(
    listener: Option<&mut systole_listener_t>,
    beat: Option<&systole_beat_t>,
    received_at_us: u64,
    outcome: Option<&mut MaybeUninit<systole_beat_outcome_t>>,
) -> systole_status_t {
    let Some(beat) = beat else {
        return SYSTOLE_STATUS_NULL;
    };
    handle(listener, outcome, |listener| {
        listener.handle_beat(&Beat::from(beat), Instant::from_micros(received_at_us))
    })
}

/// Returns what to do at `now_us`: an event, or until when there is nothing to do. A listener never
/// asks to send anything.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_poll(
    listener: Option<&mut systole_listener_t>,
    now_us: u64,
    output: Option<&mut MaybeUninit<systole_output_t>>,
) -> systole_status_t {
    fill(listener, output, systole_output_t::NONE, |listener, to| {
        to.take_listener(&listener.poll(Instant::from_micros(now_us)));
    })
}

/// Notes that this process was suspended while its clock stood still. From now on a live peer has a
/// whole bound to be heard.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_resumed(
    listener: Option<&mut systole_listener_t>,
    now_us: u64,
) -> systole_status_t {
    tell(listener, |listener| {
        listener.resumed(Instant::from_micros(now_us));
    })
}

/// Notes that the clock had leapt forward by mistake and is right again at `now_us`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_resync(
    listener: Option<&mut systole_listener_t>,
    now_us: u64,
) -> systole_status_t {
    tell(listener, |listener| {
        listener.resync(Instant::from_micros(now_us));
    })
}

/// Returns the verdict as of the last call.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_verdict(
    listener: Option<&systole_listener_t>,
    verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
) -> systole_status_t {
    ask(listener, verdict, |listener| listener.verdict().into())
}

/// Returns the suspicion level at `now_us`, in thousandths of a decade.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_level(
    listener: Option<&systole_listener_t>,
    now_us: u64,
    level_milli: Option<&mut MaybeUninit<u32>>,
) -> systole_status_t {
    ask(listener, level_milli, |listener| {
        listener.level(Instant::from_micros(now_us)).as_milli()
    })
}

/// Returns the bound in force, in microseconds.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_bound(
    listener: Option<&systole_listener_t>,
    bound_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(listener, bound_us, |listener| micros(listener.bound()))
}

/// Returns the load that the newest heartbeat reports, 0 idle to 255 full; -1 where it reports
/// none.
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_load(
    listener: Option<&systole_listener_t>,
    out: Option<&mut MaybeUninit<i32>>,
) -> systole_status_t {
    ask(listener, out, |listener| {
        listener.load().map_or(-1, i32::from)
    })
}

/// Returns all that is known at `now_us`. It uses floating point.
#[cfg(feature = "snapshot")]
#[unsafe(no_mangle)]
pub extern "C" fn systole_listener_snapshot(
    listener: Option<&systole_listener_t>,
    now_us: u64,
    snapshot: Option<&mut MaybeUninit<systole_listener_snapshot_t>>,
) -> systole_status_t {
    ask(listener, snapshot, |listener| {
        (&listener.snapshot(Instant::from_micros(now_us))).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_crate() {
        let own = Config::builder().build().unwrap();
        assert_eq!(systole_listener_config_t::DEFAULT.build().unwrap(), own);
    }
}
