//! A monitor and its model, side by side.

use systole::pacing::Fixed;
use systole::{Config, Instant, Retries};

use crate::ops::model::{Constant, Model};
use crate::ops::monitor::{Op, World, micros};

fn configured(plan: &Constant, seed: u64) -> Config<Fixed> {
    let timeout = micros(plan.timeout);
    let config = Config::fixed(micros(plan.interval))
        .timeouts(timeout, timeout, timeout)
        .retries(Retries::exponential(plan.retries as u8))
        .rise(plan.rise as u8)
        .seed(seed)
        .report_pauses_over(micros(plan.pause))
        .without_initial_delay()
        .build()
        .unwrap();
    match plan.stated {
        Some(bound) => config
            .into_builder()
            .detect_within(micros(bound))
            .build()
            .unwrap(),
        None => config,
    }
}

pub struct Pair {
    pub world: World<Fixed>,
    model: Model,
}

impl Pair {
    pub fn new(plan: Constant, seed: u64) -> Self {
        let world = World::recorded(configured(&plan, seed));
        let model = Model::new(plan, Instant::from_secs(1));
        let mut pair = Self { world, model };
        pair.compare();
        pair
    }

    /// Applies `op` to the monitor, and compares every call that this made.
    pub fn apply(&mut self, op: &Op) {
        self.world.apply(op);
        self.compare();
    }

    fn compare(&mut self) {
        for record in self
            .world
            .transcript
            .iter_mut()
            .flat_map(|all| all.drain(..))
        {
            self.model.follow(&record);
        }
    }
}
