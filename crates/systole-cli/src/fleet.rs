//! `systole watch --fleet hosts.txt`: monitors very many echo services over one socket, and prints
//! a table of the worst peers once a second.

pub mod hosts;
mod names;

pub(crate) use hosts::HostsError;

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;
use systole::Verdict;
use systole::fleet::{Census, PeerKey, PeerStatus};
use systole::task::UdpFleet;
use systole::telemetry::FleetSeries;
use tokio::net::UdpSocket;
use tokio::select;
use tokio::time::{MissedTickBehavior, interval};

use self::hosts::Host;
use self::names::Names;
use crate::args;
use crate::config_file::read_bytes;
use crate::metrics;
use crate::report::Outlet;
use crate::trouble::Trouble;
use crate::watch::settings;
use crate::watch::signals::stop_signal;

/// The number of worst peers that are shown, and the time between two tables.
const WORST: usize = 10;
const PERIOD: Duration = Duration::from_secs(1);
/// The longest file of peers, in bytes.
const FILE_MAX: u64 = 256 << 20;
/// How long the last table may take to be written.
const END_MAX: Duration = Duration::from_millis(500);

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
    let mut peers = Peers::read(file)?;
    peers.enlist(&fleet);
    let mut outlet = Outlet::open(io::stdout())?;
    let began = Instant::now();
    let mut stop = std::pin::pin!(stop_signal().map_err(Trouble::System)?);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while options.span.is_none_or(|span| began.elapsed() < span) && !outlet.is_closed() {
        select! {
            () = &mut stop => break,
            Some(scrape) = metrics::next(&mut scrapes) => {
                if let Some(series) = &series {
                    fleet.with(|fleet, now| series.record(fleet, now));
                }
                let _ = scrape.send(()); // fails if the client has gone
                continue;
            }
            (host, address) = peers.unknown.next() => {
                peers.add(&fleet, &host, address);
                continue;
            }
            _ = ticks.tick() => {}
        }
        let table = Table::of(&fleet, &peers, began.elapsed());
        outlet.push(|out| table.write(out, options.json));
        outlet.flush(); // a table that is dropped is followed by a newer one
    }
    outlet.finish(tokio::time::Instant::now() + END_MAX).await;
    let Census { unknown, dead, .. } = fleet.census();
    Ok(if unknown + dead + peers.unknown.unknown() > 0 {
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

/// The peers of a file.
struct Peers {
    /// Those that the file names by their addresses, until they are added.
    addressed: Vec<(Host, SocketAddr)>,
    /// Those whose addresses are not known.
    unknown: Names,
    /// The names of those that are in the fleet, as shown.
    names: HashMap<PeerKey, String>,
}

impl Peers {
    fn read(file: &Path) -> Result<Self, Trouble> {
        let bytes =
            read_bytes(file, FILE_MAX).map_err(|error| Trouble::Read(file.into(), error))?;
        let hosts = hosts::parse(&bytes).map_err(|error| Trouble::Hosts(file.into(), error))?;
        let (mut addressed, mut unknown) = (Vec::new(), Names::default());
        for (_, host) in hosts {
            let address = unknown.take(&host);
            addressed.extend(address.map(|address| (host, address)));
        }
        Ok(Self {
            addressed,
            unknown,
            names: HashMap::new(),
        })
    }

    fn enlist(&mut self, fleet: &UdpFleet) {
        for (host, address) in std::mem::take(&mut self.addressed) {
            self.add(fleet, &host, address);
        }
    }

    fn add(&mut self, fleet: &UdpFleet, host: &Host, address: SocketAddr) {
        self.names.insert(fleet.add(address), host.to_string());
    }
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
    peer: String,
    verdict: String,
    silent_s: f64,
    /// Why the peer cannot be probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Table<'a> {
    /// Returns the table: first the worst peers, then those that cannot be probed.
    fn of(fleet: &UdpFleet, peers: &'a Peers, elapsed: Duration) -> Self {
        let Census {
            alive,
            suspect,
            dead,
            unknown,
            ..
        } = fleet.census();
        let row = |status: PeerStatus| Row {
            peer: peers.names.get(&status.peer).cloned().unwrap_or_default(),
            verdict: status.path.verdict.to_string(),
            silent_s: status.silent.as_secs_f64(),
            reason: None,
        };
        let failed = peers.unknown.failed().map(|(peer, why)| Row {
            peer,
            verdict: Verdict::Unknown.to_string(),
            silent_s: elapsed.as_secs_f64(),
            reason: Some(why),
        });
        let worst = fleet.worst(WORST).into_iter().map(row);
        Self {
            elapsed_s: elapsed.as_secs_f64(),
            alive,
            suspect,
            dead,
            unknown: unknown + peers.unknown.unknown(),
            worst: worst.chain(failed).take(WORST).collect(),
        }
    }

    fn write(&self, out: &mut Vec<u8>, json: bool) {
        let written = if json {
            let object = serde_json::to_writer(&mut *out, self).map_err(io::Error::from);
            object.and_then(|()| writeln!(out))
        } else {
            self.write_lines(out)
        };
        debug_assert!(written.is_ok(), "writing to a vector cannot fail");
    }

    fn write_lines(&self, out: &mut Vec<u8>) -> io::Result<()> {
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
            reason,
        } in worst
        {
            write!(out, "            {verdict:<8} {silent_s:9.1} s  {peer}")?;
            match reason {
                Some(reason) => writeln!(out, ": {reason}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}
