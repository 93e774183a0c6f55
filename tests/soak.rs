//! Ten minutes of chance: something befalls one of three servers every few seconds, under `SYSTOLE_DEEP=1`. In a process of its own,
//! since it looks at that one's memory.
#![cfg(all(feature = "tokio", target_os = "linux"))]

use std::time::Duration;
use systole_testkit::deep;

use systole_testkit::servers::replicas::{Blow, QUARANTINE, Replicas, impatient};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the servers.
const SLACK: Duration = Duration::from_millis(500);
const BLOWS: [Blow; 4] = [Blow::Stop, Blow::Kill, Blow::Hole, Blow::Slow];

/// Whenever it is the active one, and for longer than the bound, it is left.
#[tokio::test]
async fn ten_minutes_of_chance() {
    if !deep::asked_for("no ten minutes of chance") {
        return;
    }
    let Some(mut replicas) = Replicas::<3>::start(impatient()).await else {
        return;
    };
    let (mut chance, mut settled, mut left) = (Chance(0x5eed), None, 0);
    let born = Instant::now();
    while born.elapsed() < 600 * SECOND {
        left += u32::from(something_happens(&mut replicas, &mut chance).await);
        if settled.is_none() && born.elapsed() > 60 * SECOND {
            settled = Some(resident_kib());
        }
    }
    let grown = resident_kib() - settled.unwrap();
    let switches = replicas.group.with(|group, _| group.switches());
    eprintln!("the active server was lost {left} times; {switches} switches; {grown} KiB more");
    assert!(left > 10 && switches >= left);
    assert!(grown < 1024, "{grown} KiB");
}

/// Whether it was the active server, for long enough.
async fn something_happens(replicas: &mut Replicas<3>, chance: &mut Chance) -> bool {
    let blow = BLOWS[chance.below(4)];
    let active = replicas.group.active();
    let struck = if chance.below(3) == 0 {
        chance.below(3)
    } else {
        active
    };
    let span = Duration::from_millis(500) + SECOND * u32::try_from(chance.below(7)).unwrap();
    replicas.strike(struck, blow);
    replicas.listen(span).await;
    let lost = struck == active && span > impatient().bound() + SLACK;
    assert!(
        !lost || replicas.group.active() != struck,
        "{struck} is not left: {blow:?}"
    );
    replicas.heal(struck, blow);
    replicas
        .listen(Duration::from_millis(500) + 2 * QUARANTINE)
        .await;
    lost
}

/// An xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// What this process keeps in memory.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
