//! What the options and the file of a listener ask for.

use std::time::Duration;

use systole::listener;

use super::file::{ConfigFile, Expected};
use crate::args;
use crate::hooks::Program;
use crate::push::KeyFile;
use crate::trouble::Trouble;

/// How many unknown senders are admitted, and how many heartbeats a second of one address without a
/// tag, unless stated.
const ADMIT: usize = 10_000;
const RATE_LIMIT: u32 = 50_000;
/// The shortest interval, and the least longest one, that a sender may advertise.
const INTERVAL_MIN: Duration = Duration::from_millis(1);
const INTERVAL_MAX: Duration = Duration::from_secs(3_600);

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) config: listener::Config,
    pub(super) senders: Vec<Expected>,
    pub(super) keys: Option<KeyFile>,
    /// The id of this listener; 0 where it has no name.
    pub(super) recipient: u64,
    pub(super) admit: usize,
    pub(super) rate_limit: u32,
    pub(super) on_change: Option<Program>,
}

impl Settings {
    pub(super) fn read(options: &args::Listen) -> Result<Self, Trouble> {
        let file = options
            .config
            .as_deref()
            .map(ConfigFile::read)
            .transpose()?;
        let file = file.unwrap_or_default();
        let key_file = options.key_file.as_ref().or(file.key_file.as_ref());
        let keys = key_file.map(|path| KeyFile::read(path)).transpose()?;
        let senders = with_keys(file.senders, keys.as_ref());
        if let (Some(path), None) = (&options.config, &keys)
            && let Some(job) = senders.iter().find(|sender| sender.overdue.is_some())
        {
            let what = format!("{}: a job with overdue needs a key (key_file)", job.name);
            return Err(Trouble::Line(path.clone(), 1, what));
        }
        Ok(Self {
            config: config(
                options.detect_within.or(file.detect_within),
                file.losses,
                &senders,
                keys.is_some(),
            )?,
            senders,
            keys,
            recipient: options.name.as_ref().map_or(0, crate::push::Name::id),
            admit: options.admit.or(file.admit).unwrap_or(ADMIT),
            rate_limit: file.rate_limit.unwrap_or(RATE_LIMIT),
            on_change: file.on_change,
        })
    }

    /// Returns how many senders there may be in all.
    pub(super) const fn limit(&self) -> usize {
        self.senders.len().saturating_add(self.admit)
    }
}

fn config(
    bound: Option<Duration>,
    losses: Option<u8>,
    senders: &[Expected],
    is_keyed: bool,
) -> Result<listener::Config, Trouble> {
    let longest = senders.iter().filter_map(|sender| sender.every).max();
    let most = longest.unwrap_or_default().max(INTERVAL_MAX);
    let mut builder = listener::Config::builder().intervals_between(INTERVAL_MIN, most);
    if let Some(bound) = bound {
        builder = builder.detect_within(bound);
    }
    if let Some(losses) = losses {
        builder = builder.losses(losses);
    }
    if is_keyed {
        builder = builder.authenticated();
    }
    Ok(builder.build()?)
}

/// Adds the senders that only the key file names: they need not come.
fn with_keys(mut senders: Vec<Expected>, keys: Option<&KeyFile>) -> Vec<Expected> {
    let known: std::collections::HashSet<u64> = senders.iter().map(|it| it.name.id()).collect();
    let names = keys.map(|keys| keys.names.iter()).into_iter().flatten();
    let more = names.filter(|name| !known.contains(&name.id()));
    senders.extend(more.map(|name| Expected {
        name: name.clone(),
        every: None,
        label: None,
        overdue: None,
    }));
    senders
}
