//! `systole watch`: drives the machines and the links, and reports all events.

mod agenda;
mod arrival;
mod certificate;
mod change;
mod drive;
mod engine;
mod members;
mod peer;
mod record;
mod regroup;
mod reload;
mod series;
mod service;
pub(crate) mod settings;
pub(crate) mod signals;
mod unit;

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use std::sync::Arc;

use systole::{Epoch, Instant, Verdict};

use self::agenda::Agenda;
use self::engine::{Decision, Engine};
use self::series::Series;
use self::service::Service;
use self::settings::Settings;
use self::signals::stop_signal;
use self::unit::Plan;
use crate::args;
use crate::hooks::Hooks;
use crate::metrics;
use crate::report::Report;
use crate::target::{Link, inbox, raise_limit};
use crate::trouble::Trouble;

pub(crate) async fn run(options: &args::Watch) -> Result<ExitCode, Trouble> {
    let settings = Settings::read(options)?;
    let stop = stop_signal()?;
    let report = Report::new(options, settings.width(options))?;
    let mut engine = Engine::open(options, settings, report).await?;
    // In a task of its own, since only tasks take turns: the others run before it runs again.
    let run = tokio::spawn(async move {
        let ended = engine.run(stop).await;
        ended.map(|()| engine.is_well() || engine.report.is_closed()) // `| head` is no failure
    });
    let is_well = run.await.map_err(std::io::Error::other)??;
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Watches one target until a verdict, or until it is alive. Returns whether it is alive, and the
/// verdict in one line.
pub(crate) async fn check(
    options: &args::Watch,
    until_alive: bool,
) -> Result<(bool, String), Trouble> {
    let settings = Settings::read(options)?;
    let stop = stop_signal()?;
    let mut engine = Engine::open(options, settings, Report::of_one_verdict()?).await?;
    engine.decision = Some(if until_alive {
        Decision::Alive
    } else {
        Decision::Verdict
    });
    engine.run(stop).await?;
    Ok(engine.conclusion())
}

impl Engine {
    /// Starts the clock, and begins to open all links.
    async fn open(
        options: &args::Watch,
        settings: Settings,
        report: Report,
    ) -> Result<Self, Trouble> {
        raise_limit();
        let (herald, inbox) = inbox();
        let hooks = Hooks::new(herald.clone());
        let demo = if settings.units.is_empty() {
            Some(Link::demo(options.port, herald.of(0)).await?)
        } else {
            None
        };
        let scrapes = options.metrics.map(metrics::serve).transpose()?;
        let epoch = Epoch::start();
        let end = settings.span(options);
        let mut engine = Self {
            options: Arc::new(options.clone()),
            report,
            settings,
            peers: HashMap::new(),
            order: Vec::new(),
            units: BTreeMap::new(),
            agenda: Agenda::default(),
            keys: 1..,
            herald,
            inbox,
            series: scrapes.is_some().then(Series::default),
            scrapes,
            end: end.map_or(Instant::MAX, |span| epoch.now().saturating_add(span)),
            hooks,
            service: Service::of_environment(),
            decision: None,
            epoch,
        };
        match demo {
            Some(demo) => engine.add_demo(Plan::Single(engine.settings.config), 0, demo),
            None => engine.add_those_of_the_settings(),
        }
        Ok(engine)
    }

    /// Returns whether the first peer is alive, and the verdict on it in one line.
    fn conclusion(&self) -> (bool, String) {
        let key = self.order.first().copied().unwrap_or_default();
        let name = self.peers.get(&key).map_or("", |peer| &*peer.name);
        match self.known_of(key, self.epoch.now()) {
            Some(known) => {
                let is_alive = known.path.verdict == Verdict::Alive;
                (is_alive, self.report.verdict(name, &known))
            }
            None => (false, format!("{name}: unknown, its link is being opened")),
        }
    }

    fn add_those_of_the_settings(&mut self) {
        let units = self.settings.units.clone();
        let added = self.add_all(&units.iter().collect::<Vec<_>>());
        self.arrange(&added);
    }
}
