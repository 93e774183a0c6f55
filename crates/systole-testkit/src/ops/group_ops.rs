//! Everything that can be done to a group: one alphabet for the property tests and the fuzz target.

use systole::{
    Instant, ProbeId, RetryBudget,
    failover::{self, Endpoint, EndpointMode},
};

use crate::ops::group::{M, Path, World, micros};

/// What spans are taken modulo of: more would reach the end of time within a few steps.
const LONGEST_US: u64 = 1 << 50;

/// What can happen to a group. Spans are microseconds; an endpoint that there is not is named, too.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    Beat(u8),
    Late(u64),
    Early(u16),
    Path(u8, Path),
    All(Path),
    EndpointMode(u8, u8),
    SwitchTo(u8),
    Traffic(u8),
    Load(u8, Option<u8>),
    FlowLost(u8),
    Pushback(u8),
    Restarted(u8),
    ProbeNow(u8),
    Forged(u8, u64),
    Resumed,
    /// Another configuration: the request timeout and the hold-down in milliseconds.
    Reconfigure(u16, u16),
    ClockBack(u32),
    Leap(u64),
    /// Holds retries to a share and a reserve from now on.
    Budget(u8, u8),
}

/// Which endpoint a number names: one of those there are, or one more.
fn named(which: u8) -> usize {
    usize::from(which) % (M + 1)
}

pub fn apply(world: &mut World, op: &Op) {
    let now = world.now;
    match *op {
        Op::Beat(times) => (0..times).for_each(|_| world.beat(0, Instant::MAX)),
        Op::Late(us) => world.beat(us % LONGEST_US, Instant::MAX),
        Op::Early(us) => world.look_at(world.wait.min(now.saturating_add(micros(us.into())))),
        Op::Path(which, path) => world.paths[usize::from(which) % M] = path,
        Op::All(path) => world.paths = [path; M],
        Op::EndpointMode(which, duty) => {
            let duty = [
                EndpointMode::Normal,
                EndpointMode::Pinned,
                EndpointMode::Disabled,
            ][usize::from(duty % 3)];
            world.group.set_mode(named(which), duty, now);
        }
        Op::SwitchTo(which) => {
            let done = world.group.switch_to(named(which), now);
            assert_eq!(done, world.group.active() == named(which));
        }
        Op::Traffic(which) => world.group.handle_traffic(named(which), now),
        Op::Load(which, load) => world.group.handle_load(named(which), load, now),
        Op::FlowLost(which) => world.group.handle_flow_lost(named(which), now),
        Op::Pushback(which) => world.group.handle_pushback(named(which), now),
        Op::Restarted(which) => world.group.restarted(named(which), now),
        Op::ProbeNow(which) => world.group.probe_now(named(which), now),
        Op::Forged(which, id) => {
            let id = ProbeId::from(id);
            world.group.handle_reply(named(which), id, now);
        }
        Op::Resumed => world.group.resumed(now),
        Op::Reconfigure(request_ms, hold_ms) => reconfigure(world, request_ms, hold_ms),
        Op::ClockBack(us) => {
            world.drain();
            let before = world.wait;
            world.now = now.saturating_sub(micros(us.into()));
            world.drain();
            assert_eq!(
                world.wait, before,
                "time running backwards is no time passed"
            );
            world.now = now;
        }
        Op::Budget(percent, reserve) => {
            world.budget = Some(RetryBudget::new(percent, reserve.into()));
        }
        Op::Leap(us) => {
            world.now = now.saturating_add(micros(us % LONGEST_US));
            world.drain();
            world.group.resync(now);
            world.now = now;
        }
    }
    world.drain();
}

/// A configuration keeps the active endpoint, and what is known of all.
fn reconfigure(world: &mut World, request_ms: u16, hold_ms: u16) {
    let config = failover::Config::builder()
        .request_timeout(micros(u64::from(request_ms.max(1)) * 1_000))
        .hold_down(micros(u64::from(hold_ms) * 1_000));
    let Ok(config) = config.build() else { return };
    let before = (world.group.active(), world.group.switches());
    let conditions = [0, 1, 2, 3].map(|endpoint| world.group.condition(endpoint));
    world.group.reconfigure(&config, world.now);
    assert_eq!((world.group.active(), world.group.switches()), before);
    let after = [0, 1, 2, 3].map(|endpoint| world.group.condition(endpoint));
    assert_eq!(after, conditions);
}

pub fn played(config: failover::Config, count: usize, ops: &[Op]) -> World {
    let mut world = World::new(config, &[Endpoint::new(); M][..count]);
    for op in ops {
        apply(&mut world, op);
    }
    world
}
