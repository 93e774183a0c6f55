//! The settings of a watch, from the command line and from a file. The command line takes
//! precedence.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use systole::config::Builder;
use systole::pacing::Fluctuation;
use systole::{Config, ConfigError, Instant, Retries, config::Setting, failover};

use super::unit::{Plan, UnitId};
use crate::args;
use crate::config_file::{ConfigFile, Entry};
use crate::hooks::Program;
use crate::labels::Labels;
use crate::target::{Target, Trust};
use crate::trouble::Trouble;

/// The settings of the demo, fast enough to show every verdict in half a minute.
const DEMO_EVERY: Duration = Duration::from_millis(250);
const DEMO_BOUND: Duration = Duration::from_millis(1_500);
const DEMO_SPAN: Duration = Duration::from_secs(28);

/// The name of the group of replicas of `--failover`.
const GROUP: &str = "watch";
/// The default timeout and retries of a group. The timeout is shorter if a stated bound leaves less
/// room.
const GROUP_TIMEOUT: Duration = Duration::from_millis(800);
const GROUP_RETRIES: u8 = 2;
/// How much longer than the active one's the interval of other endpoints is.
const STANDBY: u32 = 5;
/// The largest quarantine, as a multiple of the first one.
const QUARANTINE_GROWTH: u32 = 10;

/// The settings, which are valid as a whole.
#[derive(Debug)]
pub(super) struct Settings {
    /// What is watched; if this is empty, the demo peer runs.
    pub(super) units: Vec<UnitSettings>,
    pub(super) trust: Trust,
    /// The content of the file with further authorities.
    pub(super) authorities: Option<Vec<u8>>,
    /// The program that runs when a verdict or an active target changes.
    pub(super) on_change: Option<Program>,
    /// The settings of a peer, if nothing else is said of it.
    pub(super) config: Config,
}

/// The settings of a machine and of its peers.
#[derive(Clone, Debug)]
pub(super) struct UnitSettings {
    pub(super) id: UnitId,
    pub(super) plan: Plan,
    pub(super) targets: Vec<Watched>,
}

/// A target, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) target: Target,
    pub(super) alias: Option<String>,
    /// What tells it from another one that is shown the same way.
    pub(super) mark: Option<String>,
    pub(super) labels: Labels,
}

impl Watched {
    /// Returns the name in all output.
    pub(super) fn name(&self) -> String {
        let target = || match &self.mark {
            Some(mark) => format!("{} ({mark})", self.target),
            None => self.target.to_string(),
        };
        self.alias.clone().unwrap_or_else(target)
    }
}

impl Settings {
    /// Reads the command line, and the file if there is one.
    pub(super) fn read(options: &args::Watch) -> Result<Self, Trouble> {
        let mut file = options
            .config
            .as_deref()
            .map_or(Ok(ConfigFile::default()), ConfigFile::read)?;
        let targets = targets(options, std::mem::take(&mut file.targets))?;
        let wishes = Wishes::of(options, &file, None);
        let blame_all = |error| blame(options, &file, None, error);
        let config = wishes.config().map_err(blame_all)?;
        let is_group = options.failover || file.failover_enabled.unwrap_or(false);
        let mut units = if is_group && !targets.is_empty() {
            vec![group(&wishes, GROUP, targets, &Labels::default()).map_err(blame_all)?]
        } else {
            let singles = targets.into_iter();
            singles
                .map(|one| single(config, one, None, Labels::default()))
                .collect()
        };
        if options.targets.is_empty() {
            units.extend(own_units(options, &file)?);
        }
        tell_apart(&mut units);
        unique(&units)?;
        if units.is_empty() && (options.failover || options.config.is_some()) {
            return Err(Trouble::NoTargets);
        }
        let trust = Trust {
            ca: options.ca.clone().or(file.ca),
        };
        Ok(Self {
            units,
            authorities: trust.content()?,
            trust,
            on_change: file.on_change,
            config,
        })
    }

    /// Returns the width of the longest name, or 0 if lines need not say which target they are about.
    pub(super) fn width(&self, options: &args::Watch) -> usize {
        let names = || self.units.iter().flat_map(|unit| &unit.targets);
        let lengths = names().map(|one| one.name().chars().count());
        if names().count() > 1 || options.config.is_some() {
            lengths.max().unwrap_or_default()
        } else {
            0
        }
    }

    /// Returns whether other certificates are trusted than before.
    pub(super) fn trusts_others_than(&self, before: &Self) -> bool {
        self.trust != before.trust || self.authorities != before.authorities
    }

    /// Returns the time after which the watch ends by itself.
    pub(super) fn span(&self, options: &args::Watch) -> Option<Duration> {
        options.span.or(self.units.is_empty().then_some(DEMO_SPAN))
    }
}

/// Returns the targets and groups of the file that have settings of their own.
fn own_units(options: &args::Watch, file: &ConfigFile) -> Result<Vec<UnitSettings>, Trouble> {
    let mut units = Vec::new();
    for entry in &file.singles {
        let wishes = Wishes::of(options, file, Some(entry));
        let config = wishes.config();
        let config = config.map_err(|error| blame(options, file, Some(entry), error))?;
        let target = entry.targets.iter().cloned();
        let labels = || entry.labels.clone();
        units.extend(target.map(|target| single(config, target, entry.name.clone(), labels())));
    }
    for entry in &file.groups {
        let wishes = Wishes::of(options, file, Some(entry));
        let name = entry.name.as_deref().unwrap_or_default();
        let unit = group(&wishes, name, entry.targets.clone(), &entry.labels);
        units.push(unit.map_err(|error| blame(options, file, Some(entry), error))?);
    }
    Ok(units)
}

/// Marks targets that would be shown like an earlier one: members of a group with its name, others
/// with a number. What tells them apart may be secret, such as a query.
fn tell_apart(units: &mut [UnitSettings]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let (groups, singles): (Vec<_>, Vec<_>) = units
        .iter_mut()
        .partition(|unit| matches!(unit.id, UnitId::Group(_)));
    for unit in singles.into_iter().chain(groups) {
        let group = match &unit.id {
            UnitId::Group(name) => Some(name.clone()),
            UnitId::Single(_) => None,
        };
        for one in unit.targets.iter_mut().filter(|one| one.alias.is_none()) {
            let times = seen.entry(one.target.to_string()).or_default();
            *times += 1;
            one.mark = match (&group, *times) {
                (_, 1) => None,
                (Some(name), _) => Some(name.clone()),
                (None, times) => Some(times.to_string()),
            };
        }
    }
}

/// Refuses what is watched twice, or is called like something else: it could not be told apart.
fn unique(units: &[UnitSettings]) -> Result<(), Trouble> {
    let mut ids = HashSet::new();
    let twice = units.iter().find(|unit| !ids.insert(&unit.id));
    let twice = twice.map(|unit| match &unit.id {
        UnitId::Single(target) => target.to_string(),
        UnitId::Group(name) => name.clone(),
    });
    let groups = units.iter().filter_map(|unit| match &unit.id {
        UnitId::Group(name) if name != GROUP => Some(name.clone()),
        _ => None,
    });
    let names = units.iter().flat_map(|unit| &unit.targets);
    let mut seen = HashSet::new();
    let mut names = groups.chain(names.map(Watched::name));
    twice
        .or_else(|| names.find(|name| !seen.insert(name.clone())))
        .map_or(Ok(()), |twice| Err(Trouble::Twice(twice)))
}

fn single(config: Config, target: Target, alias: Option<String>, labels: Labels) -> UnitSettings {
    UnitSettings {
        id: UnitId::Single(target.clone()),
        plan: Plan::Single(config),
        targets: vec![Watched {
            target,
            alias,
            mark: None,
            labels,
        }],
    }
}

fn group(
    wishes: &Wishes,
    name: &str,
    targets: Vec<Target>,
    labels: &Labels,
) -> Result<UnitSettings, ConfigError> {
    let plan = Plan::Group(wishes.group()?);
    plan.machine(targets.len(), Instant::ZERO)?; // refuses too many
    let watched = |target| Watched {
        target,
        alias: None,
        mark: None,
        labels: labels.clone(),
    };
    Ok(UnitSettings {
        id: UnitId::Group(name.into()),
        plan,
        targets: targets.into_iter().map(watched).collect(),
    })
}

/// Returns the error for a setting that is refused. It names the line if the setting comes from the
/// file and the command line does not override it.
fn blame(
    options: &args::Watch,
    file: &ConfigFile,
    entry: Option<&Entry>,
    error: ConfigError,
) -> Trouble {
    let wins = match error.setting() {
        Setting::Interval => options.every,
        Setting::IntervalMin => options.min.or(options.every),
        Setting::IntervalMax => options.max.or(options.min),
        Setting::DetectWithin => options.detect_within,
        _ => None,
    };
    let line = file.line_of(&error, entry).filter(|_| wins.is_none());
    match (&options.config, line) {
        (Some(path), Some(line)) => Trouble::Line(path.clone(), line, error.to_string()),
        _ => error.into(),
    }
}

/// Returns the targets of the command line, or else those of the file.
fn targets(options: &args::Watch, of_file: Vec<Target>) -> Result<Vec<Target>, Trouble> {
    let parse = |text: &String| Target::of_argument(text);
    let mut targets = options
        .targets
        .iter()
        .map(parse)
        .collect::<Result<Vec<_>, _>>()?;
    if targets.is_empty() {
        targets = of_file;
    }
    let mut seen = HashSet::new();
    if let Some(twice) = targets.iter().find(|&target| !seen.insert(target)) {
        return Err(Trouble::Twice(twice.to_string()));
    }
    Ok(targets)
}

/// Returns the configuration of every peer of a fleet. The first probes are spread over an
/// interval.
pub(crate) fn of_fleet(options: &args::Watch) -> Result<Config, ConfigError> {
    let wishes = Wishes::of(options, &ConfigFile::default(), None);
    let config = wishes.bounded(wishes.intervals()?).build()?;
    Ok(config.seeded())
}

/// The settings as given, not yet validated.
#[derive(Clone, Copy, Debug)]
struct Wishes {
    every: Duration,
    min: Option<Duration>,
    max: Option<Duration>,
    bound: Option<Duration>,
    timeout: Option<Duration>,
    retries: Option<u8>,
    quarantine: Option<Duration>,
}

impl Wishes {
    /// The command line comes before `entry`, and that before what the file says for all targets.
    fn of(options: &args::Watch, file: &ConfigFile, entry: Option<&Entry>) -> Self {
        let none = Entry::default();
        let own = entry.unwrap_or(&none);
        let demo =
            options.targets.is_empty() && options.config.is_none() && options.fleet.is_none();
        let every = options.every.or(own.every).or(file.every);
        let min = options.min.or(own.min).or(file.min);
        let untouched = demo && every.is_none() && min.is_none();
        let base = if demo {
            DEMO_EVERY
        } else {
            Duration::from_secs(1)
        };
        Self {
            every: every.unwrap_or(base),
            min,
            max: options.max.or(own.max).or(file.max),
            bound: options
                .detect_within
                .or(own.detect_within)
                .or(file.detect_within)
                .or(untouched.then_some(DEMO_BOUND)),
            timeout: own.timeout.or(file.timeout),
            retries: own.retry_attempts.or(file.retry_attempts),
            quarantine: own.quarantine.or(file.quarantine),
        }
    }

    fn config(&self) -> Result<Config, ConfigError> {
        let mut builder = self.intervals()?.without_initial_delay();
        if let Some(timeout) = self.timeout {
            builder = builder.timeouts(timeout, timeout, timeout);
        }
        if let Some(retries) = self.retries {
            builder = builder.retries(Retries::fixed(retries));
        }
        self.bounded(builder).build()
    }

    /// Returns the settings of a group. Its intervals grow beyond the base only on request, since
    /// detection would take longer.
    fn group(&self) -> Result<failover::Config<Fluctuation>, ConfigError> {
        let steady = Self {
            max: self.max.or(Some(self.every)),
            ..*self
        };
        let slower = Self {
            every: self.every.saturating_mul(STANDBY),
            min: None,
            max: Some(self.every.saturating_mul(STANDBY)),
            ..*self
        };
        let retries = self.retries.unwrap_or(GROUP_RETRIES);
        let room = self.room_for_timeouts(&steady, retries);
        let timeout = self.timeout.unwrap_or(GROUP_TIMEOUT.min(room));
        let active = steady
            .intervals()?
            .without_initial_delay()
            .timeouts(timeout, timeout, timeout)
            .retries(Retries::fixed(retries));
        let active = self.bounded(active).build()?;
        let standby = slower.intervals()?.without_initial_delay().build()?;
        let mut group = failover::Config::probing(active, standby)
            .request_timeout(timeout)
            .retries(retries);
        if let Some(first) = self.quarantine {
            group = group.quarantine(first, first.saturating_mul(QUARANTINE_GROWTH));
        }
        group.build()
    }

    /// Returns the longest timeout with which a probe and all its retries fit into the stated bound
    /// after the longest interval.
    fn room_for_timeouts(&self, steady: &Self, retries: u8) -> Duration {
        let Some(bound) = self.bound else {
            return Duration::MAX;
        };
        let longest = steady.max.unwrap_or(self.every);
        let room = bound.saturating_sub(longest) / (u32::from(retries) + 1);
        if room.is_zero() { Duration::MAX } else { room } // else the bound is refused, not the timeout
    }

    fn intervals(&self) -> Result<Builder, ConfigError> {
        let builder = Config::every(self.every);
        if self.min.is_none() && self.max.is_none() {
            return Ok(builder);
        }
        let config = builder.build()?;
        let min = self.min.unwrap_or_else(|| config.interval_min());
        let max = self.max.unwrap_or_else(|| config.interval_max());
        Ok(builder.interval_between(min, max))
    }

    const fn bounded(&self, builder: Builder) -> Builder {
        match self.bound {
            Some(bound) => builder.detect_within(bound),
            None => builder,
        }
    }
}
