//! `systole hold`: runs a command while a lease is held.
//!
//! Three processes stand behind the command. The supervisor drives the lease. The guard ends the
//! command in time, whatever becomes of the supervisor. The first process of the command, where
//! there is a PID namespace, adopts what others leave behind.

mod address;
mod clock;
mod confinement;
mod deadline;
mod ending;
mod etcd;
mod exit_code;
mod fence_file;
mod guard;
mod guarded;
mod init;
mod last_resort;
mod message;
mod postgres;
mod redis;
mod settings;
mod signals;
mod stage;
mod stop;
mod store;
mod supervisor;
mod token;
mod voice;

use std::io::{Write, stderr};
use std::process::ExitCode;

use self::address::Kind;
use self::etcd::EtcdStore;
use self::postgres::PostgresStore;
use self::redis::RedisStore;
use self::settings::{Settings, Unusable};
use self::stop::Stop;
use self::store::{Desk, Store};
use self::supervisor::Supervisor;
use self::voice::Voice;
use crate::args;
use crate::target::{Etcd, Postgres, Redis, Trust};

pub(crate) use exit_code::USAGE;
pub(crate) use guard::run as guard;
pub(crate) use init::run as init;

/// Runs the command of `options`; returns the exit status.
pub(crate) fn run(options: &args::Hold) -> ExitCode {
    let code = hold(options).unwrap_or_else(|Unusable(code, why)| {
        let _ = writeln!(stderr(), "systole: {why}"); // the exit status says the same
        code
    });
    ExitCode::from(code)
}

fn hold(options: &args::Hold) -> Result<u8, Unusable> {
    let (token, seed) = token::new()?;
    let settings = Settings::of(options, seed)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let trust = Trust {
        ca: settings.ca.clone(),
    };
    let server = &settings.address.server;
    let name = &settings.address.name;
    runtime.block_on(async {
        match settings.address.kind() {
            Kind::Redis => {
                let client = Redis::new(server, &trust)?;
                supervise(&settings, RedisStore::new(client, name), token).await
            }
            Kind::Etcd => {
                let client = Etcd::new(server, &trust)?;
                supervise(&settings, EtcdStore::new(client, name), token).await
            }
            Kind::Postgres => {
                let client = Postgres::new(server, &trust)?;
                supervise(&settings, PostgresStore::new(client, name), token).await
            }
        }
    })
}

async fn supervise<S: Store>(settings: &Settings, store: S, token: String) -> Result<u8, Unusable> {
    let mut voice = Voice::open(settings.quiet)?;
    let stop = Stop::new()?;
    let desk = Desk::new(store, settings.address.server.places());
    let supervisor = Supervisor::new(settings, desk, token, &mut voice);
    let code = supervisor.run(stop).await;
    voice.finish().await;
    Ok(code)
}
