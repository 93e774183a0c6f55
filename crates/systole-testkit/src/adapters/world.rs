//! What the worlds of adapters share: how they are drawn, and a recorder for each.

use super::exporter::Exporter;
use super::plan::AdapterPlan;
use crate::world::{Journal, Random, Violation, World};

/// The world of an adapter.
pub trait AdapterWorld {
    /// See [`World::NAME`].
    const NAME: &'static str;

    /// See [`World::SITUATIONS`].
    const SITUATIONS: &'static [&'static str];

    /// How many peers there are at the most.
    const MOST: u32;

    /// Runs a world to its end, with a recorder that is in place while it runs.
    ///
    /// # Errors
    /// The first law that it saw broken.
    fn run(plan: &AdapterPlan, exporter: &Exporter, journal: &mut Journal)
    -> Result<(), Violation>;
}

impl<W: AdapterWorld> World for W {
    const NAME: &'static str = <W as AdapterWorld>::NAME;

    type Plan = AdapterPlan;

    const SITUATIONS: &'static [&'static str] = <W as AdapterWorld>::SITUATIONS;

    fn plan(random: &mut Random) -> AdapterPlan {
        AdapterPlan::draw(random, W::MOST)
    }

    fn simpler(plan: &AdapterPlan) -> Vec<AdapterPlan> {
        plan.simpler()
    }

    fn run(plan: &AdapterPlan, journal: &mut Journal) -> Result<(), Violation> {
        let exporter = Exporter::default();
        let _guard = metrics::set_default_local_recorder(&exporter);
        <W as AdapterWorld>::run(plan, &exporter, journal)
    }
}
