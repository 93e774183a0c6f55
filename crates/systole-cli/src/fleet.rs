//! `systole watch --fleet hosts.txt`: monitors very many echo services over one socket, and prints
//! a table of the worst peers once a second.

pub mod hosts;

pub(crate) use hosts::HostsError;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;
use systole::fleet::{Census, PeerKey, PeerStatus};
use systole::task::UdpFleet;
use systole::telemetry::FleetSeries;
use tokio::net::{UdpSocket, lookup_host};
use tokio::select;
use tokio::time::{MissedTickBehavior, interval};

use crate::args;
use crate::metrics;
use crate::trouble::Trouble;
use crate::watch::settings;
use crate::watch::signals::stop_signal;

/// The number of worst peers that are shown, and the time between two tables.
const WORST: usize = 10;
const PERIOD: Duration = Duration::from_secs(1);

#[allow(
    clippy::disallowed_methods,
    reason = "the length of the watch is measured in real time"
)]
pub(crate) async fn run(options: &args::Watch, file: &Path) -> Result<ExitCode, Trouble> {
    let mut scrapes = options.metrics.map(metrics::serve).transpose()?;
    let series = options.metrics.map(|_| FleetSeries::new("watch"));
    let fleet = UdpFleet::spawn(
        settings::of_fleet(options)?,
        socket().await.map_err(Trouble::System)?,
    );
    let fleet = fleet.map_err(Trouble::System)?;
    let names = enlist(&fleet, file).await?;
    let began = Instant::now();
    let mut stop = std::pin::pin!(stop_signal().map_err(Trouble::System)?);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while options.span.is_none_or(|span| began.elapsed() < span) {
        select! {
            () = &mut stop => break,
            Some(scrape) = metrics::next(&mut scrapes) => {
                if let Some(series) = &series {
                    fleet.with(|fleet, now| series.record(fleet, now));
                }
                let _ = scrape.send(()); // fails if the client has gone
                continue;
            }
            _ = ticks.tick() => {}
        }
        let table = Table::of(&fleet, &names, began.elapsed());
        match table.tell(options.json) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break, // `| head`
            told => told.map_err(Trouble::System)?,
        }
    }
    let Census { unknown, dead, .. } = fleet.census();
    Ok(if unknown + dead > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Returns a socket for IPv4 and IPv6, or for IPv4 alone if the system lacks IPv6.
async fn socket() -> io::Result<UdpSocket> {
    match UdpSocket::bind("[::]:0").await {
        Err(_) => UdpSocket::bind("0.0.0.0:0").await,
        bound => bound,
    }
}

/// Adds the peers that `file` names; returns their names as shown.
async fn enlist(fleet: &UdpFleet, file: &Path) -> Result<HashMap<PeerKey, String>, Trouble> {
    let bytes = fs::read(file).map_err(|error| Trouble::Read(file.into(), error))?;
    let hosts = hosts::parse(&bytes).map_err(|error| Trouble::Hosts(file.into(), error))?;
    let mut names = HashMap::new();
    for (line, host) in hosts {
        let failed = |error| Trouble::Host(format!("{} in line {line}", host.name), error);
        let mut found = lookup_host((host.name.as_str(), host.port))
            .await
            .map_err(failed)?;
        let address = found
            .next()
            .ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        names.insert(fleet.add(address), format!("{}:{}", host.name, host.port));
    }
    Ok(names)
}

/// The state of the fleet as shown.
#[derive(Debug, Serialize)]
struct Table<'a> {
    elapsed_s: f64,
    alive: usize,
    suspect: usize,
    dead: usize,
    unknown: usize,
    worst: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    peer: &'a str,
    verdict: String,
    silent_s: f64,
}

impl<'a> Table<'a> {
    fn of(fleet: &UdpFleet, names: &'a HashMap<PeerKey, String>, elapsed: Duration) -> Self {
        let Census {
            alive,
            suspect,
            dead,
            unknown,
            ..
        } = fleet.census();
        let row = |status: PeerStatus| Row {
            peer: names.get(&status.peer).map_or("", String::as_str),
            verdict: status.path.verdict.to_string(),
            silent_s: status.silent.as_secs_f64(),
        };
        let worst = fleet.worst(WORST).into_iter().map(row).collect();
        Self {
            elapsed_s: elapsed.as_secs_f64(),
            alive,
            suspect,
            dead,
            unknown,
            worst,
        }
    }

    fn tell(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer(&mut out, self)?;
            return writeln!(out);
        }
        let Self {
            elapsed_s,
            alive,
            suspect,
            dead,
            unknown,
            worst,
        } = self;
        writeln!(
            out,
            "{elapsed_s:8.1} s  {alive} alive, {suspect} suspect, {dead} dead, {unknown} unknown"
        )?;
        if !worst.is_empty() {
            writeln!(out, "            verdict   silent for  peer")?;
        }
        for Row {
            peer,
            verdict,
            silent_s,
        } in worst
        {
            writeln!(out, "            {verdict:<8} {silent_s:9.1} s  {peer}")?;
        }
        Ok(())
    }
}
