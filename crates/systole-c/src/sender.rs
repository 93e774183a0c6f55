//! The sending side of pushed heartbeats.

use core::mem::MaybeUninit;

use systole_core::{Instant, Sender};

use crate::beat::systole_beat_t;
use crate::config::{answer, given};
use crate::event::systole_sender_output_t;
use crate::machine::{ask, drive, fill, give, install, tell};
use crate::status::systole_error_t;
use crate::status::systole_status_t;
use crate::storage::{machine_mut, storage};
use crate::time::{micros, span};

/// The 8-byte words of a `systole_sender_t`.
pub const SYSTOLE_SENDER_WORDS: usize = 8;

/// Schedules heartbeats to a listener. It opens no socket: the caller sends what `poll` returns.
///
/// Slots follow each other at a fixed interval. The schedule does not drift, and slots that were
/// missed are left out. A shorter interval takes effect with the next heartbeat. Before a longer
/// one takes effect, some heartbeats announce it, so that a listener that loses a few goes on
/// waiting.
#[repr(C)]
pub struct systole_sender_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_SENDER_WORDS],
}

storage!(systole_sender_t, Sender, 5);

/// The settings of a sender. Fill it with `systole_sender_config` and then change what differs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_sender_config_t {
    /// The size of this structure, as `systole_sender_config` sets it.
    pub size: u32,
    /// Which life of the sender this is, different from all others. Where heartbeats are tagged it
    /// has to rise from one life to the next: a count of starts in flash, or the clock's seconds.
    /// Where they are not, it comes from a random source.
    pub incarnation: u32,
    /// The time from one heartbeat to the next: 1 us to 12.7 days.
    pub interval_us: u64,
    /// Delays the first heartbeat by a part of the interval that follows from this number, so that
    /// a fleet does not send in step; 0: the first is due at once.
    pub spread_seed: u64,
    /// How many losses in a row the announcement of a longer interval survives: 0 to 100.
    pub losses: u8,
}

impl systole_sender_config_t {
    #[allow(clippy::cast_possible_truncation)] // some dozens
    const SIZE: u32 = size_of::<Self>() as u32;

    fn build(&self, now: Instant) -> Result<Sender, systole_error_t> {
        if self.size != Self::SIZE {
            return Err(systole_error_t::size(self.size.into(), size_of::<Self>()));
        }
        let sender = Sender::new(span(self.interval_us), self.incarnation, now)?;
        let sender = sender.losses(self.losses)?;
        Ok(match self.spread_seed {
            0 => sender,
            seed => sender.spread(seed),
        })
    }
}

/// Fills `config` with the defaults of a sender.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_config(
    config: Option<&mut MaybeUninit<systole_sender_config_t>>,
    interval_us: u64,
    incarnation: u32,
) -> systole_status_t {
    give(config, || systole_sender_config_t {
        size: systole_sender_config_t::SIZE,
        incarnation,
        interval_us,
        spread_seed: 0,
        losses: 3,
    })
}

/// Initialises a sender whose first heartbeat is due at `now_us`.
///
/// `size` is `sizeof *sender`. `error` may be null. Answers as `systole_heartbeat_init`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_sender_init(
    sender: Option<&mut systole_sender_t>,
    size: usize,
    config: Option<&systole_sender_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    install(sender, size, error, || {
        given(config)?.build(Instant::from_micros(now_us))
    })
}

/// Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT`, and again at
/// that moment.
///
/// A late call makes the heartbeat late. Heartbeats that are late by an interval or more are left
/// out.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_poll(
    sender: Option<&mut systole_sender_t>,
    now_us: u64,
    output: Option<&mut MaybeUninit<systole_sender_output_t>>,
) -> systole_status_t {
    fill(
        sender,
        output,
        systole_sender_output_t::NONE,
        |sender, to| {
            to.take(&sender.poll(Instant::from_micros(now_us)));
        },
    )
}

/// Changes the interval. A shorter one takes effect with the next heartbeat, which is due at most
/// one new interval from `now_us`. A longer one takes effect after some heartbeats have announced
/// it. `error` may be null.
///
/// Answers `SYSTOLE_STATUS_RANGE` where `interval_us` is below 1 us or above 12.7 days. The old
/// interval stays.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_set_interval(
    sender: Option<&mut systole_sender_t>,
    interval_us: u64,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    let set = |sender: &mut Sender| {
        let now = Instant::from_micros(now_us);
        Ok(sender.set_interval(span(interval_us), now)?)
    };
    let sender = machine_mut(sender).map_err(systole_error_t::of);
    answer(sender.and_then(set), error)
}

/// Sets the load that heartbeats report from the next one on: 0 idle to 255 full; below 0 they
/// report none, and above 255 they report 255.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_set_load(
    sender: Option<&mut systole_sender_t>,
    load: i32,
) -> systole_status_t {
    let load = u8::try_from(load.min(255)).ok();
    tell(sender, |sender| sender.set_load(load))
}

/// Returns the last heartbeat, which says that this sender leaves. Send it now, and more than once
/// where heartbeats may be lost. `poll` returns `SYSTOLE_ACTION_IDLE` afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_goodbye(
    sender: Option<&mut systole_sender_t>,
    beat: Option<&mut MaybeUninit<systole_beat_t>>,
) -> systole_status_t {
    drive(sender, beat, |sender| (&sender.goodbye()).into())
}

/// Returns the interval in force, in microseconds.
#[unsafe(no_mangle)]
pub extern "C" fn systole_sender_interval(
    sender: Option<&systole_sender_t>,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(sender, interval_us, |sender| micros(sender.interval()))
}
