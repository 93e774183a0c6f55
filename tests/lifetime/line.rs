//! Under a monitor: what of an idle is counted, and how a lost flow is told from a loss, a dead peer, a suspend.

use core::time::Duration;

use systole::pacing::{Fixed, Fluctuation, Lifetime, LifetimeRange, LifetimeRecord};
use systole::{Config, Heartbeat, Instant, Monitor, Output, Verdict};

use crate::{DAY, MINUTE, SECOND, reach};

type Lifetimed = Monitor<8, Lifetime<Fixed>>;

/// A monitor whose flow is forgotten after `lifetime`, with a peer 40 ms away.
struct Line {
    monitor: Lifetimed,
    now: Instant,
    wait: Instant,
    probes: Vec<Instant>,
    /// Whether anything is answered.
    up: bool,
}

const RTT: Duration = Duration::from_millis(40);

impl Line {
    fn new(reach: LifetimeRange) -> Self {
        let config = Config::lifetime(reach)
            .jitter_percent(0)
            .seed(7)
            .without_initial_delay()
            .build()
            .unwrap();
        let now = Instant::from_secs(1);
        let mut line = Self {
            monitor: Monitor::with_window(config, now).unwrap(),
            now,
            wait: now,
            probes: Vec::new(),
            up: true,
        };
        line.drain();
        line
    }

    fn drain(&mut self) {
        loop {
            match self.monitor.poll(self.now) {
                Output::Send(id) => {
                    self.probes.push(self.now);
                    if self.up {
                        self.now = self.now.saturating_add(RTT);
                        self.monitor.handle_reply(id, self.now);
                    }
                }
                Output::Event(_) => {}
                Output::Wait(until) => {
                    self.wait = until;
                    return;
                }
                Output::Idle => unreachable!("not before the end of time"),
            }
        }
    }

    fn run_until(&mut self, end: Instant) {
        while self.wait < end {
            self.now = self.wait;
            self.drain();
        }
        self.now = end;
    }

    fn run(&mut self, span: Duration) {
        self.run_until(self.now.saturating_add(span));
    }

    const fn survived(&self) -> Duration {
        self.monitor.lifetime_record().survived()
    }

    fn interval(&self) -> Duration {
        self.monitor.snapshot(self.now).path.plan.interval()
    }
}

#[test]
fn an_answered_probe_has_survived_the_idle_before_it() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let [.., before, last] = line.probes[..] else {
        panic!("a few probes");
    };
    let idle = last.saturating_duration_since(before);
    assert_eq!(line.survived(), idle);
    assert_eq!(line.interval().as_micros(), idle.as_micros() * 17 / 16);
}

/// Before or after the reply that tells it, a lost flow is blamed on the idle before the probe.
#[test]
fn a_lost_flow_is_told_before_or_after_the_reply() {
    for before in [true, false] {
        let mut line = Line::new(reach());
        line.run(10 * MINUTE);
        let asked = line.interval();
        line.up = false;
        line.run_until(line.wait.saturating_add(SECOND * 4 / 10)); // asked, and nothing yet
        line.run(3 * SECOND / 2); // the first retry
        assert_eq!(line.monitor.verdict(), Verdict::Suspect);
        let Some(id) = retry(&mut line) else {
            panic!("a second retry");
        };
        line.now = line.now.saturating_add(RTT);
        if before {
            line.monitor.handle_flow_lost(line.now);
        }
        line.monitor.handle_reply(id, line.now);
        if !before {
            line.monitor.handle_flow_lost(line.now);
        }
        assert_eq!(line.monitor.verdict(), Verdict::Alive);
        assert_eq!(line.monitor.lifetime_record().lost(), Some(asked));
        assert!(line.interval() < asked);
    }
}

fn retry(line: &mut Line) -> Option<systole::ProbeId> {
    for _ in 0..20 {
        match line.monitor.poll(line.now) {
            Output::Send(id) => return Some(id),
            Output::Wait(until) => line.now = until,
            _ => {}
        }
    }
    None
}

#[test]
fn a_flow_that_is_closed_while_it_idles_is_asked_anew_at_once() {
    let mut line = Line::new(reach());
    line.run(20 * MINUTE);
    let last = *line.probes.last().unwrap();
    let idle = line.interval().saturating_sub(line.survived()) / 2; // longer than any before it
    let idle = Duration::from_micros(u64::try_from((line.survived() + idle).as_micros()).unwrap());
    line.run_until(last.saturating_add(idle));
    assert!(idle > line.survived(), "{idle:?}");
    line.monitor.handle_flow_lost(line.now);
    assert!(matches!(line.monitor.poll(line.now), Output::Send(_)));
    assert_eq!(line.monitor.lifetime_record().lost(), Some(idle));
}

/// A burst of loss is no lost flow: a retry is answered, and the idle counts for nothing.
#[test]
fn a_retry_that_is_answered_tells_nothing_of_the_idle() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let (known, asked) = (line.monitor.lifetime_record(), line.interval());
    line.up = false;
    line.run_until(line.wait.saturating_add(SECOND / 10));
    line.up = true;
    line.run(20 * SECOND);
    assert_eq!(line.monitor.lifetime_record(), known);
    assert_eq!(line.interval(), asked);
    line.run(2 * asked);
    assert!(line.survived() >= asked);
}

/// Who never says that flows are lost pays with verdicts, and still climbs no further.
#[test]
fn a_death_after_an_untried_idle_is_taken_for_a_lost_flow() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let asked = line.interval();
    line.up = false;
    line.run(MINUTE * 2);
    assert_eq!(line.monitor.verdict(), Verdict::Dead);
    line.up = true;
    line.run(MINUTE);
    assert_eq!(line.monitor.verdict(), Verdict::Alive);
    assert_eq!(line.monitor.lifetime_record().lost(), Some(asked));
}

/// After an idle that had been survived, the peer may as well have been away; not twice in a row.
#[test]
fn a_death_after_a_survived_idle_is_the_peers_at_first() {
    let mut line = Line::new(reach());
    line.monitor.recall(
        LifetimeRecord::new(MINUTE, Some(MINUTE * 66 / 60), 0).unwrap(),
        DAY,
        line.now,
    );
    line.run(10 * MINUTE);
    let known = line.monitor.lifetime_record();
    for death in 1..=2 {
        line.up = false;
        line.run(2 * MINUTE);
        assert_eq!(line.monitor.verdict(), Verdict::Dead);
        line.up = true;
        line.run(20 * SECOND);
        assert_eq!(line.monitor.verdict(), Verdict::Alive);
        assert_eq!(
            line.monitor.lifetime_record() == known,
            death == 1,
            "{death}"
        );
    }
}

/// Traffic may have refreshed the flow: what was survived is the rest, and probes go on unless it is said that it has.
#[test]
fn traffic_shortens_what_was_survived() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let (known, due) = (line.survived(), line.wait);
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert_eq!(line.wait, due, "not put off");
    line.run_until(due.saturating_add(SECOND));
    assert_eq!(line.survived(), known, "the rest was shorter");

    let mut line = Line::new(reach().refreshed_by_traffic());
    line.run(10 * MINUTE);
    let due = line.wait;
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert!(line.wait > due, "put off");
    let idle = line.wait.saturating_duration_since(line.now);
    line.run(30 * MINUTE);
    assert!(line.survived() >= idle);
}

/// A suspend that the clock did not see, a restart: the idle under way says nothing.
#[test]
fn an_idle_that_nobody_can_measure_counts_for_nothing() {
    for how in [Lifetimed::resumed, Lifetimed::restarted] {
        let mut line = Line::new(reach());
        line.run(10 * MINUTE);
        let known = line.monitor.lifetime_record();
        how(&mut line.monitor, line.now);
        line.monitor.handle_flow_lost(line.now);
        assert_eq!(line.monitor.lifetime_record(), known);
    }
}

/// Lateness is the peer's on observed time; a flow idles all the same.
#[test]
fn a_flow_idles_while_nobody_looks() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let late = 5 * MINUTE;
    let due = line.wait;
    let asked = line.interval();
    line.up = false;
    line.now = due.saturating_add(late);
    line.drain();
    line.monitor.handle_flow_lost(line.now);
    assert_eq!(line.monitor.lifetime_record().lost(), Some(asked + late));
}

/// What nobody looked at lies before the traffic that was found, not after it.
#[test]
fn traffic_that_is_read_late_shortens_it_too() {
    let mut line = Line::new(reach());
    line.run(10 * MINUTE);
    let known = line.survived();
    line.now = line.wait.saturating_add(5 * MINUTE);
    line.monitor.handle_traffic(line.now);
    line.drain();
    assert_eq!(line.survived(), known);
}

/// A trial that fails shortens the idle under way too, and calls nobody dead for it.
#[test]
fn a_trial_that_fails_is_acted_on_at_once() {
    let mut line = Line::new(reach().with_second_flow());
    let long = 40 * MINUTE;
    line.monitor.handle_trial_survived(long, line.now);
    line.run(2 * DAY);
    let interval = line.interval();
    assert!(interval > 30 * MINUTE);
    let last = *line.probes.last().unwrap();
    line.run_until(last.saturating_add(25 * MINUTE));
    let quarter = 10 * MINUTE;
    for _ in 0..8 {
        let trial = line.monitor.trial().unwrap_or(quarter);
        line.monitor.handle_trial_lost(trial.min(quarter), line.now);
    }
    assert!(line.interval() < quarter);
    line.drain();
    assert_eq!(
        line.probes.last(),
        Some(&line.now.saturating_sub(RTT)),
        "asked at once"
    );
    assert_eq!(line.monitor.verdict(), Verdict::Alive);
}

#[test]
fn a_monitor_says_how_long_a_second_flow_is_to_idle() {
    let line = Line::new(reach().with_second_flow());
    assert_eq!(line.monitor.trial(), Some(30 * SECOND));
    assert_eq!(Line::new(reach()).monitor.trial(), None);
}

/// So that a lost probe may be asked again; but not while nothing was lost, and not of what is tried.
#[test]
fn a_timeout_is_left_of_an_interval_that_is_kept() {
    let kept = |reach: LifetimeRange, lost: Option<Duration>| {
        let mut line = Line::new(reach);
        let memory = LifetimeRecord::new(8 * MINUTE, lost, 0).unwrap();
        line.monitor.recall(memory, Duration::ZERO, line.now);
        let plan = line.monitor.snapshot(line.now).path.plan;
        (plan.interval(), plan.timeout())
    };
    let second = reach().with_second_flow();
    assert_eq!(kept(second, None).0, 7 * MINUTE);
    let (interval, timeout) = kept(second, Some(8 * MINUTE + SECOND));
    assert_eq!(interval + timeout, 7 * MINUTE);
    assert_eq!(kept(reach(), Some(20 * MINUTE)).0, 17 * MINUTE / 2);
}

#[test]
fn the_slack_of_a_probe_is_its_shortest_interval() {
    let mut line = Line::new(reach());
    line.run(20 * MINUTE);
    let last = *line.probes.last().unwrap();
    assert_eq!(
        line.monitor.next_probe_earliest(),
        Some(last.saturating_add(15 * SECOND))
    );
    assert!(line.wait > last.saturating_add(MINUTE));
    line.up = false;
    line.run_until(line.wait.saturating_add(SECOND / 10));
    assert_eq!(
        line.monitor.next_probe_earliest(),
        None,
        "a probe is under way"
    );
    line.run(2 * SECOND);
    assert_eq!(line.monitor.verdict(), Verdict::Suspect);
    assert_eq!(
        line.monitor.next_probe_earliest(),
        None,
        "an overdue one is not to be waited for"
    );
}

/// What arrives does not refresh a flow, unless that is stated.
#[test]
fn traffic_puts_off_no_renewal() {
    let every = *Config::<Fluctuation>::every(5 * SECOND)
        .build()
        .unwrap()
        .policy();
    let config =
        Config::with_policy(Lifetime::at_most(every, 3 * SECOND), SECOND, 10 * SECOND).build();
    let config = config
        .unwrap()
        .into_builder()
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut now = Instant::from_secs(1);
    let mut monitor = Monitor::<8, _>::with_window(config, now).unwrap();
    let mut last = now;
    while now < Instant::from_secs(600) {
        monitor.handle_traffic(now);
        now = match monitor.poll(now) {
            Output::Send(id) => {
                assert!(now.saturating_duration_since(last) <= 3 * SECOND);
                last = now;
                monitor.handle_reply(id, now.saturating_add(RTT));
                now.saturating_add(RTT)
            }
            Output::Wait(until) => until.min(now.saturating_add(SECOND / 2)),
            _ => now,
        };
    }
}

/// The clockless machine finds it too.
#[test]
fn a_heart_without_a_clock_finds_a_lifetime() {
    let config = Config::lifetime(reach()).jitter_percent(0).build().unwrap();
    let mut heart = Heartbeat::<8, _>::with_window(config);
    let (mut interval, mut lost) = (Duration::ZERO, 0);
    for _ in 0..200 {
        if interval > 5 * MINUTE {
            heart.flow_lost();
            lost += 1;
        }
        interval = heart.next_interval(RTT);
    }
    assert_eq!(lost, 1);
    assert!(
        interval > 4 * MINUTE && interval < 5 * MINUTE,
        "{interval:?}"
    );

    let memory = heart.lifetime_record();
    let reach = reach().with_second_flow();
    let mut heart = Heartbeat::<8, _>::with_window(Config::lifetime(reach).build().unwrap());
    heart.recall(memory, DAY);
    let trial = heart.trial().unwrap();
    assert!(trial > memory.survived());
    heart.trial_survived(trial);
    assert_eq!(heart.lifetime_record().survived(), trial);

    let mut heart = Heartbeat::<8, _>::with_window(Config::lifetime(reach).build().unwrap());
    let trial = heart.trial().unwrap();
    heart.trial_lost(trial);
    assert_eq!(heart.lifetime_record().lost(), Some(trial));
}
