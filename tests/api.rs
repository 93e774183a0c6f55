//! What every type of the crate promises by its shape, checked when this file is compiled.

use core::convert::Infallible;
use core::fmt::{Debug, Display};
use core::time::Duration;
use std::sync::Mutex;

use systole::pacing::{Answer, EpisodeEnd, Fixed, Fluctuation, Outcome};
use systole::{
    Beat, Config, ConfigError, Event, Failure, Heartbeat, Instant, Listener, Monitor, Output,
    ProbeId, Reason, Retries, Sender, Snapshot, TickClock, Transition, Verdict,
    config::Setting,
    listener, monitor,
    pacing::Statistics,
    path::{LossRate, Moments, RttWindow, SuspicionLevel},
    peer::{Counters, RelaxedBy},
    plan::Plan,
    wire,
};

const fn is_plain<T: Clone + Debug + PartialEq + Send + Sync + Unpin + 'static>() {}
const fn is_copy<T: Copy>() {}
const fn is_shown<T: Display>() {}

const _: () = {
    is_plain::<Config>();
    is_plain::<Config<Fixed>>();
    is_plain::<ConfigError>();
    is_plain::<Setting>();
    is_plain::<Heartbeat<32>>();
    is_plain::<Heartbeat<1, Fixed>>();
    is_plain::<Monitor<32>>();
    is_plain::<Monitor<1_024, Fixed>>();
    is_plain::<Beat>();
    is_plain::<Sender>();
    is_plain::<Output<Beat, Infallible>>();
    is_plain::<Listener<32>>();
    is_plain::<listener::Config>();
    is_plain::<Output<Infallible>>();
    is_plain::<listener::Snapshot>();
    is_plain::<listener::Counters>();
    is_plain::<wire::WireError>();
    is_plain::<Output<ProbeId>>();
    is_plain::<Event>();
    is_plain::<Transition>();
    is_plain::<RelaxedBy>();
    is_plain::<Failure>();
    is_plain::<Reason>();
    is_plain::<Verdict>();
    is_plain::<Snapshot>();
    is_plain::<monitor::Snapshot>();
    is_plain::<Counters>();
    is_plain::<SuspicionLevel>();
    is_plain::<Plan>();
    is_plain::<Retries>();
    is_plain::<ProbeId>();
    is_plain::<Instant>();
    is_plain::<TickClock>();
    is_plain::<RttWindow<32>>();
    is_plain::<Moments>();
    is_plain::<LossRate>();
    is_plain::<Fluctuation>();
    is_plain::<Fixed>();
    is_plain::<Answer>();
    is_plain::<EpisodeEnd>();
    is_plain::<Outcome>();
};

/// A view that a policy is lent; it cannot be compared, and need not be.
const _: () = {
    const fn is_lent<T: Copy + Debug + Send + Sync>() {}
    is_lent::<Statistics<'_>>();
};

const _: () = {
    is_copy::<Config>();
    is_copy::<Plan>();
    is_copy::<Instant>();
    is_copy::<ProbeId>();
    is_copy::<Event>();
    is_copy::<Output<ProbeId>>();
    is_copy::<Snapshot>();
    is_copy::<monitor::Snapshot>();
    is_copy::<Beat>();
    is_copy::<listener::Config>();
    is_copy::<listener::Snapshot>();
};

const _: () = {
    is_shown::<ConfigError>();
    is_shown::<wire::WireError>();
    is_shown::<Instant>();
    is_shown::<ProbeId>();
    is_shown::<Verdict>();
    is_shown::<Reason>();
    is_shown::<Failure>();
    is_shown::<SuspicionLevel>();
};

const fn is_error<T: core::error::Error>() {}
const _: () = is_error::<ConfigError>();
const _: () = is_error::<wire::WireError>();

const CONFIG: Config = match Config::every(Duration::from_secs(5)).build() {
    Ok(config) => config,
    Err(_) => panic!("five seconds are in range"),
};

/// On a device without a heap the machine lives in a `static`.
static HEART: Mutex<Heartbeat<32>> = Mutex::new(Heartbeat::new(CONFIG));

#[test]
fn a_heartbeat_fits_a_static() {
    let mut heart = HEART.lock().unwrap();
    assert!(heart.next_interval(Duration::from_millis(40)) <= Duration::from_secs(5));
    assert_eq!(heart.verdict(), Verdict::Alive);
}

#[test]
fn a_copy_goes_on_like_the_original() {
    let mut heart = Heartbeat::<8>::with_window(CONFIG);
    heart.next_interval(Duration::from_millis(3));
    let mut copy = heart.clone();
    assert_eq!(heart, copy);
    for ms in [9, 0, 700] {
        let rtt = Duration::from_millis(ms);
        assert_eq!(heart.next_interval(rtt), copy.next_interval(rtt));
        assert_eq!(heart.missed(), copy.missed());
    }
    assert_eq!(heart, copy);
}

#[test]
fn sizes_are_those_of_the_documentation() {
    assert!(size_of::<Heartbeat<32, Fluctuation>>() <= 320);
    assert!(size_of::<Monitor<32, Fluctuation>>() <= 704);
    assert!(size_of::<Listener<32>>() <= 704);
    assert!(size_of::<Sender>() <= 48);
    assert!(size_of::<RttWindow<32>>() <= 4 * 32 + 32);
    assert_eq!(size_of::<Instant>(), 8);
    assert_eq!(size_of::<ProbeId>(), 8);
}

#[test]
fn words_for_people_read_as_sentences() {
    assert_eq!(Verdict::Dead.to_string(), "dead");
    assert_eq!(Verdict::Left.to_string(), "left");
    assert_eq!(
        wire::WireError::Length(3).to_string(),
        "3 bytes are no beat"
    );
    assert_eq!(Reason::NeverHeard.to_string(), "never heard");
    assert_eq!(Reason::Failed(Failure::Refused).to_string(), "refused");
    assert_eq!(format!("{:>8}|", Verdict::Alive), "   alive|");
    assert_eq!(Instant::from_micros(1).to_string(), "0.000001s");
    assert_eq!(SuspicionLevel::ZERO.to_string(), "0.0");
    assert_eq!(ProbeId::from(0xabc).to_string(), "0000000000000abc");
}
