//! A lifetime found by a task: lost flows are told by probes, second flows idle beside them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use systole::pacing::{Fixed, Lifetime, LifetimeRange};
use systole::task::{Builder, Heart};
use systole::{Config, Monitor, ProbeError, Reply, machine::Trial};
use tokio::time::{Instant, sleep, timeout};

use crate::{SECOND, ms};

const MINUTE: Duration = Duration::from_secs(60);
const FORGETS_AFTER: Duration = Duration::from_secs(300);

type Lifetimed = Heart<Lifetime<Fixed>>;

/// One flow through a NAT that forgets it.
#[derive(Clone, Default)]
struct Flow(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    refreshed: Option<Instant>,
    lost: u32,
}

impl Flow {
    /// Sends a packet; tells whether it goes over the binding that the one before went over.
    fn pass(&self) -> bool {
        let (mut state, now) = (self.0.lock().unwrap(), Instant::now());
        let before = state.refreshed.replace(now);
        let there = before.is_none_or(|before| now - before < FORGETS_AFTER);
        state.lost += u32::from(!there);
        there
    }

    fn lost(&self) -> u32 {
        self.0.lock().unwrap().lost
    }

    /// A probe, answered after 40 ms with the address that it came from.
    fn probe(&self) -> impl Future<Output = Result<Reply, ProbeError>> + use<> {
        let there = self.pass();
        async move {
            sleep(ms(40)).await;
            if there {
                Ok(Reply::Ok)
            } else {
                Ok(Reply::FlowLost)
            }
        }
    }

    async fn idle(&self, span: Duration) -> Trial {
        self.pass();
        sleep(span).await;
        if self.pass() {
            Trial::Survived(span)
        } else {
            Trial::Lost(span)
        }
    }
}

fn reach() -> LifetimeRange {
    LifetimeRange::between(MINUTE / 2, 60 * MINUTE).unwrap()
}

fn heart(reach: LifetimeRange, flow: &Flow) -> Lifetimed {
    let config = Config::lifetime(reach)
        .without_initial_delay()
        .build()
        .unwrap();
    let flow = flow.clone();
    Builder::new(config).spawn(move || flow.probe())
}

fn interval(heart: &Lifetimed) -> Duration {
    heart.snapshot().path.plan.interval()
}

#[tokio::test(start_paused = true)]
async fn a_probe_says_that_the_flow_was_lost() {
    let flow = Flow::default();
    let heart = heart(reach(), &flow);
    sleep(24 * 60 * MINUTE).await;
    assert_eq!(flow.lost(), 1, "one is given up to learn it");
    let found = interval(&heart);
    assert!(
        found > FORGETS_AFTER * 9 / 10 && found < FORGETS_AFTER,
        "{found:?}"
    );
    assert_eq!(heart.snapshot().counters.dead, 0);
}

#[tokio::test(start_paused = true)]
async fn second_flows_idle_beside_the_probes() {
    let (flow, second) = (Flow::default(), Flow::default());
    let heart = heart(reach().with_second_flow(), &flow);
    let trials = heart.run_trials(async |span| second.idle(span).await);
    assert!(
        timeout(24 * 60 * MINUTE, trials).await.is_err(),
        "they go on"
    );
    assert_eq!(flow.lost(), 0, "none is given up");
    assert!(second.lost() > 0, "what is too long was tried");
    let found = interval(&heart);
    assert!(
        found > FORGETS_AFTER * 8 / 10 && found < FORGETS_AFTER,
        "{found:?}"
    );
}

/// Paused time moves only when every task sleeps: trials that come to nothing at once would hang this test if they were asked for again at once.
#[tokio::test(start_paused = true)]
async fn trials_that_come_to_nothing_wait_and_count_for_nothing() {
    let flow = Flow::default();
    let heart = heart(reach().with_second_flow(), &flow);
    let mut asked = 0_u32;
    let trials = heart.run_trials(async |_| {
        asked += 1;
        Trial::Inconclusive
    });
    assert!(timeout(60 * MINUTE, trials).await.is_err());
    assert!((60..=121).contains(&asked), "{asked}: once an interval");
    assert_eq!(
        heart.with(|monitor, _| monitor.lifetime_record().lost()),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn trials_end_with_the_task() {
    let flow = Flow::default();
    let config = Config::lifetime(reach().with_second_flow())
        .without_initial_delay()
        .build()
        .unwrap();
    let token = tokio_util::sync::CancellationToken::new();
    let probe = flow.clone();
    let heart = Builder::new(config).stop_when(token.clone().cancelled_owned());
    let heart = heart.spawn(move || probe.probe());
    let trials = heart.run_trials(async |span| flow.idle(span).await);
    let stop = async {
        sleep(10 * MINUTE).await;
        token.cancel();
    };
    let both = async { tokio::join!(trials, stop) };
    assert!(timeout(10 * MINUTE + SECOND, both).await.is_ok());
}

/// What a probe cannot know is told through the handle: a flow that was closed while it idled, and what was learnt of this network before.
#[tokio::test(start_paused = true)]
async fn the_owner_tells_what_probes_cannot() {
    let flow = Flow::default();
    let heart = heart(reach(), &flow);
    sleep(60 * MINUTE).await;
    let probes = || heart.snapshot().counters.probes;
    let last = probes();
    while probes() == last {
        sleep(SECOND).await;
    }
    let survived = heart.with(|monitor, _| monitor.lifetime_record().survived());
    let before = interval(&heart);
    assert!(before >= survived);
    let lost_at = || heart.with(|monitor, _| monitor.lifetime_record().lost());
    let mut told = 0;
    while lost_at().is_none() && told < 8 {
        sleep(interval(&heart) / 2).await;
        heart.with(Monitor::handle_flow_lost); // of an idle that was survived, which one loss does not outweigh
        told += 1;
    }
    assert!(
        lost_at().is_some() && interval(&heart) < before,
        "told {told} times"
    );
    let memory = heart.with(|monitor, _| monitor.lifetime_record());

    let other = self::heart(reach(), &Flow::default());
    sleep(SECOND).await;
    other.with(|monitor, now| monitor.recall(memory, MINUTE, now));
    assert!(Some(interval(&other)) < memory.lost() && interval(&other) >= memory.survived());
}
