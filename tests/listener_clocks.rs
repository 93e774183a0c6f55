//! Senders whose clocks run at another rate than ours, or whose real interval is not the announced one. Nothing is lost, and polls
//! are on time.
//!
//! The whole of it, ten days of each sender: `SYSTOLE_DEEP=1 cargo test --release --test listener_clocks`.

use core::time::Duration;
use systole_testkit::deep;

use systole::{Beat, Event, EventKind, Instant, Listener, Output, Verdict, listener};

const SECOND: Duration = Duration::from_secs(1);
/// The delay of the quickest beat.
const LEAST: Duration = Duration::from_millis(20);

/// A sender that announces an interval of 1 s.
#[derive(Clone, Copy, Debug)]
struct Sender {
    /// Its interval on its own clock.
    interval: Duration,
    /// How much slower its clock is than ours, in parts per million.
    ppm: i64,
    /// Delays are uniform from [`LEAST`] to that much more.
    jitter: Duration,
}

impl Sender {
    const fn announcing_a_second(permille: u64, ppm: i64, jitter_ms: u64) -> Self {
        Self {
            interval: Duration::from_millis(permille),
            ppm,
            jitter: Duration::from_millis(jitter_ms),
        }
    }

    /// When a beat is sent, on our clock.
    fn sends(&self, sequence: u32) -> Instant {
        let own = u128::from(sequence) * self.interval.as_micros();
        let ours = own * u128::try_from(1_000_000 + self.ppm).unwrap() / 1_000_000;
        Instant::from_secs(5).saturating_add(Duration::from_micros(u64::try_from(ours).unwrap()))
    }
}

/// What a listener made of a live sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mistakes {
    dead: u32,
    /// After 16 beats.
    suspect: u32,
    /// Crashes that would have been found too late, of every 101st beat.
    late: u32,
}

struct Watched {
    listener: Listener<32>,
    now: Instant,
    mistakes: Mistakes,
    random: u64,
}

impl Watched {
    fn new(config: listener::Config) -> Self {
        Self {
            listener: Listener::new(config, Instant::ZERO),
            now: Instant::ZERO,
            mistakes: Mistakes::default(),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// Looks at every deadline before `until`, and then there.
    fn look_on(&mut self, until: Instant, sequence: u32) {
        loop {
            match self.listener.poll(self.now) {
                Output::Event(Event {
                    kind: EventKind::Transition(told),
                    ..
                }) if sequence > 0 => {
                    let suspect = told.to == Verdict::Suspect && sequence > 16;
                    self.mistakes.suspect += u32::from(suspect);
                    self.mistakes.dead += u32::from(told.to == Verdict::Dead);
                }
                Output::Event(_) => {}
                Output::Wait(next) if next < until => self.now = next,
                _ => break,
            }
        }
        self.now = until;
    }

    fn delay(&mut self, sender: &Sender) -> Duration {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005);
        self.random = self.random.wrapping_add(1_442_695_040_888_963_407);
        let share = u32::try_from(self.random >> 32).unwrap();
        LEAST + sender.jitter * (share >> 16) / 65_535
    }

    fn hear(&mut self, sender: &Sender, sequence: u32, sent: Instant) {
        let at = sent.saturating_add(self.delay(sender));
        self.look_on(at, sequence);
        let beat = Beat::new(sequence, SECOND).with_deadline(SECOND * 9 / 8);
        self.listener.handle_beat(&beat.with_incarnation(7), at);
        if sequence % 101 == 100 {
            let latest = sent.saturating_add(self.listener.bound() + LEAST + sender.jitter);
            let dead_at = self.listener.snapshot(at).dead_at;
            self.mistakes.late += u32::from(dead_at.is_some_and(|at| at > latest));
        }
    }
}

fn hear(config: listener::Config, sender: &Sender, beats: u32) -> Mistakes {
    let mut watched = Watched::new(config);
    for sequence in 0..beats {
        watched.hear(sender, sequence, sender.sends(sequence));
    }
    watched.mistakes
}

fn within(bound: Duration) -> listener::Config {
    listener::Config::builder()
        .detect_within(bound)
        .build()
        .unwrap()
}

/// Every interval, drift and jitter, with a bound of two and a half intervals and without.
fn all_are_understood(intervals: &[u64], drifts: &[i64], beats: u32) {
    for (&permille, &ppm) in intervals
        .iter()
        .flat_map(|interval| drifts.iter().map(move |drift| (interval, drift)))
    {
        for jitter_ms in [0, 5, 50] {
            for config in [
                within(SECOND * 5 / 2),
                listener::Config::builder().build().unwrap(),
            ] {
                let sender = Sender::announcing_a_second(permille, ppm, jitter_ms);
                let mistakes = hear(config, &sender, beats);
                assert_eq!(mistakes, Mistakes::default(), "{sender:?}, {config:?}");
            }
        }
    }
}

#[test]
fn a_live_sender_a_fifth_faster_to_a_quarter_slower_than_announced_is_never_suspect() {
    if deep::asked_for("four intervals, two drifts, some hours") {
        let intervals = [
            800, 900, 950, 990, 999, 1_000, 1_001, 1_010, 1_050, 1_080, 1_150, 1_240,
        ];
        let ten_days = 1_080_000;
        all_are_understood(&intervals, &[0, 100, 250, 500, -250, -500], ten_days);
    } else {
        all_are_understood(&[800, 1_000, 1_050, 1_240], &[0, 500], 12_000);
    }
}

/// With the least number of tolerated losses, the bound follows the sender's real interval.
#[test]
fn without_tolerated_losses_a_slow_sender_is_dead_at_its_first_beats_alone() {
    for permille in [1_050, 1_240] {
        let sender = Sender::announcing_a_second(permille, 0, 5);
        let config = listener::Config::builder().losses(0).build().unwrap();
        let mistakes = hear(config, &sender, 10_000);
        assert!(mistakes.dead <= 4, "{sender:?}: {mistakes:?}");
    }
}

/// So many beats after a lasting step, no mistake is made any more: a stated number.
const UNDERSTOOD: u32 = 1_024;

/// So many beats of one sender, and then of another whose beats take `delay` longer: the mistakes about the second one after
/// [`UNDERSTOOD`] beats.
fn mistakes_after_step(
    config: listener::Config,
    beats: u32,
    steps: [Sender; 2],
    delay: Duration,
) -> Mistakes {
    let mut watched = Watched::new(config);
    let [before, after] = steps;
    for sequence in 0..beats {
        watched.hear(&before, sequence, before.sends(sequence));
    }
    let step = before.sends(beats).saturating_add(delay);
    for sequence in beats..beats + 3 * UNDERSTOOD {
        if sequence == beats + UNDERSTOOD {
            watched.mistakes = Mistakes::default();
            assert_eq!(watched.listener.verdict(), Verdict::Alive, "{steps:?}");
        }
        let since = after
            .sends(sequence - beats)
            .saturating_duration_since(after.sends(0));
        watched.hear(&after, sequence, step.saturating_add(since));
    }
    watched.mistakes
}

/// Law 5.
#[test]
fn after_a_lasting_step_in_interval_delay_or_clock_rate_mistakes_cease() {
    let deep = deep::asked_for("some steps, at one time each");
    let all = [
        ((1_000, 0), (1_240, 0)),
        ((1_000, 0), (1_000, 0)),
        ((1_240, 0), (800, 0)),
        ((800, 0), (1_240, 0)),
        ((1_000, -500), (1_000, 500)),
        ((1_000, 500), (1_000, -500)),
        ((1_000, 0), (1_050, 0)),
        ((800, 0), (1_000, 0)),
    ];
    let (times, jitters): (&[u32], &[u64]) = if deep {
        (&[1, 3, 40, 700, 1_500, 5_000], &[0, 5, 50])
    } else {
        (&[700], &[50])
    };
    let configs = [
        within(SECOND * 5 / 2),
        within(SECOND * 10),
        within(SECOND * 60),
        listener::Config::builder().build().unwrap(),
    ];
    let all = if deep { &all[..] } else { &all[..4] };
    for config in configs {
        for steps in all {
            for &beats in times {
                for &jitter in jitters {
                    no_mistake_stays(config, beats, *steps, jitter);
                }
            }
        }
    }
}

type Rate = (u64, i64);

fn no_mistake_stays(
    config: listener::Config,
    beats: u32,
    (before, after): (Rate, Rate),
    jitter_ms: u64,
) {
    let senders = [before, after]
        .map(|(permille, ppm)| Sender::announcing_a_second(permille, ppm, jitter_ms));
    for delay_s in [0, 1, 5, 40] {
        let mut mistakes = mistakes_after_step(config, beats, senders, SECOND * delay_s);
        mistakes.late = 0; // the delay from before the step is not that of now
        let case = format!("{delay_s} s more after {beats} beats: {senders:?}, {config:?}");
        assert_eq!(mistakes, Mistakes::default(), "{case}");
    }
}
