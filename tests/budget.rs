//! A retry budget that many monitors share.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Retries, RetryBudget, Verdict};

const PEERS: u64 = 200;
const SECOND: Duration = Duration::from_secs(1);

/// Many monitors of one server, which answers at once or not at all, seen every 10 ms.
struct Crowd {
    monitors: Vec<Monitor<8>>,
    due: Vec<Instant>,
    budget: Option<RetryBudget>,
    now: Instant,
    up: bool,
    probes: usize,
}

impl Crowd {
    fn new(budget: Option<RetryBudget>) -> Self {
        let config = Config::every(SECOND)
            .detect_within(5 * SECOND)
            .retries(Retries::fixed(8))
            .build()
            .unwrap();
        Self::of(config, budget)
    }

    fn of(config: Config, budget: Option<RetryBudget>) -> Self {
        let monitors = (1..=PEERS).map(|seed| {
            Monitor::with_window(
                config.into_builder().seed(seed).build().unwrap(),
                Instant::ZERO,
            )
        });
        let monitors: Vec<_> = monitors.map(Result::unwrap).collect();
        Self {
            due: vec![Instant::ZERO; monitors.len()],
            monitors,
            budget,
            now: Instant::ZERO,
            up: true,
            probes: 0,
        }
    }

    /// Probes sent in the next `seconds`.
    fn run(&mut self, seconds: u64) -> usize {
        self.run_for(Duration::from_secs(seconds))
    }

    fn run_for(&mut self, span: Duration) -> usize {
        let (until, before) = (self.now.saturating_add(span), self.probes);
        while self.now < until {
            self.now = self.now.saturating_add(Duration::from_millis(10));
            for which in 0..self.monitors.len() {
                if self.due[which] <= self.now {
                    self.drain(which);
                }
            }
        }
        self.probes - before
    }

    fn drain(&mut self, which: usize) {
        for _ in 0..Monitor::<8>::MAX_DRAIN {
            let monitor = &mut self.monitors[which];
            let output = match &self.budget {
                Some(budget) => monitor.poll_with_budget(self.now, budget),
                None => monitor.poll(self.now),
            };
            match output {
                Output::Send(id) => self.sent(which, id),
                Output::Wait(until) => {
                    assert!(until > self.now);
                    self.due[which] = until;
                    return;
                }
                _ => {}
            }
        }
        panic!("the drain does not end");
    }

    fn sent(&mut self, which: usize, id: ProbeId) {
        self.probes += 1;
        if self.up {
            self.monitors[which].handle_reply(id, self.now);
        }
    }

    fn all(&self, verdict: Verdict) -> bool {
        self.monitors
            .iter()
            .all(|monitor| monitor.verdict() == verdict)
    }
}

#[test]
fn retries_of_all_are_held_to_the_budget_and_verdicts_fall_all_the_same() {
    let mut free = Crowd::new(None);
    let mut held = Crowd::new(Some(RetryBudget::new(10, 20)));
    for crowd in [&mut free, &mut held] {
        crowd.run(20);
        assert!(crowd.all(Verdict::Alive));
        crowd.up = false;
    }
    let steady = 5 * 212; // intervals are shortened by 5 % on average
    let (free_probes, held_probes) = (free.run(5), held.run(5));
    assert!(
        free_probes > steady * 3 / 2,
        "{free_probes}: there is nothing to hold"
    );
    assert!(
        held_probes <= steady * 110 / 100 + 20,
        "{held_probes} over {steady}"
    );
    for crowd in [&mut free, &mut held] {
        crowd.run(1); // every look is up to 10 ms late, which is credited
        assert!(crowd.all(Verdict::Dead));
        crowd.up = true;
        crowd.run(2);
        assert!(crowd.all(Verdict::Alive));
    }
}

#[test]
fn a_budget_of_nothing_leaves_the_steady_probes() {
    let mut crowd = Crowd::new(Some(RetryBudget::new(0, 0)));
    crowd.run(20);
    crowd.up = false;
    let probes = crowd.run(4);
    assert!((780..=900).contains(&probes), "{probes}");
}

/// Half of them would have a retry at once, and the others in time; whenever it happens.
#[test]
fn a_retry_that_is_not_granted_is_asked_for_again() {
    let config = Config::every(SECOND).build().unwrap();
    let mut worst = 0;
    for phase in 0..10 {
        let mut crowd = Crowd::of(config, Some(RetryBudget::new(50, 1)));
        crowd.run(20);
        crowd.run_for(SECOND / 10 * phase);
        crowd.up = false;
        let lost = crowd.run_for(SECOND / 10);
        worst = worst.max(lost);
        crowd.up = true;
        crowd.run(2);
        let deaths = crowd
            .monitors
            .iter()
            .map(|monitor| monitor.snapshot(crowd.now).counters.dead);
        assert_eq!(deaths.sum::<u32>(), 0, "phase {phase}, {lost} lost");
    }
    assert!(worst > 15, "{worst}");
}
