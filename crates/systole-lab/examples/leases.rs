//! Renewals and lapses of leases: `systole::lease` beside fixed rules, over recorded and synthetic
//! networks. Prints the tables of `docs/leases.md`.
//!
//! ```text
//! SYSTOLE_TRACES=FOLDER cargo run --release -p systole-lab --example leases
//! ```
//!
//! A lapse is a moment at which the server's TTL ends. It is *avoidable* where a renewal every 10 ms
//! would have kept the lease. A renewal reaches the server after half of its round trip; one that is
//! lost never does. Every figure is the mean of four start offsets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use systole::lease::{Action, Config, EventKind, Lease, Refusal, RenewalId};
use systole::{Instant, Output};
use systole_lab::{Network, Trace, network};

const OFFSETS: u64 = 4;
const SECOND: u64 = 1_000_000;

/// What renews a lease.
trait Renewer {
    /// Returns what to send at `now`, whether that may acquire, or when to ask again.
    fn poll(&mut self, now: Instant) -> Next;
    fn answered(&mut self, id: u32, sent: u64, granted: bool, now: Instant);
    /// Returns how often the holder was told to stop.
    fn fenced(&self) -> u64 {
        0
    }
    /// Returns whether the path does not allow what was stated.
    fn is_infeasible(&self) -> bool {
        false
    }
}

enum Next {
    Send { id: u32, acquires: bool },
    Wait(u64),
}

/// The machine of this crate.
struct Ours {
    lease: Lease,
    ttl: Duration,
    fenced: u64,
}

impl Renewer for Ours {
    fn poll(&mut self, now: Instant) -> Next {
        loop {
            match self.lease.poll(now) {
                Output::Send(request) => {
                    let acquires = request.action == Action::Acquire;
                    return Next::Send {
                        id: request.id.into(),
                        acquires,
                    };
                }
                Output::Event(event) => {
                    self.fenced += u64::from(matches!(event.kind, EventKind::Fenced { .. }));
                }
                Output::Wait(until) => return Next::Wait(until.as_micros()),
                Output::Idle => return Next::Wait(u64::MAX),
            }
        }
    }

    fn answered(&mut self, id: u32, _: u64, granted: bool, now: Instant) {
        let id = RenewalId::from(id);
        if granted {
            self.lease.handle_granted(id, self.ttl, 1, now);
        } else {
            self.lease.handle_refused(id, Refusal::Expired, now);
        }
    }

    fn fenced(&self) -> u64 {
        self.fenced
    }

    fn is_infeasible(&self) -> bool {
        self.lease.promise().infeasible.is_some()
    }
}

/// Renews so long after the send of the last acknowledged renewal, and retries at a fixed interval.
struct Fixed {
    every_us: u64,
    retry_us: u64,
    acknowledged: u64,
    sent: Option<u64>,
    number: u32,
}

impl Renewer for Fixed {
    fn poll(&mut self, now: Instant) -> Next {
        let now = now.as_micros();
        let due = match self.sent {
            None => 0,
            Some(sent) if sent > self.acknowledged => sent + self.retry_us,
            Some(_) => self.acknowledged + self.every_us,
        };
        if now < due {
            return Next::Wait(due);
        }
        self.sent = Some(now);
        self.number += 1;
        Next::Send {
            id: self.number,
            acquires: true,
        }
    }

    fn answered(&mut self, _: u32, sent: u64, _: bool, _: Instant) {
        self.acknowledged = self.acknowledged.max(sent);
    }
}

/// A network with its name.
struct Case {
    name: String,
    network: Box<dyn Network>,
    /// The stretches in which no renewals keep the lease, at this TTL.
    unavoidable: Vec<(u64, u64)>,
}

impl Case {
    fn hours(&self) -> f64 {
        let us = self.network.end().as_micros() - self.network.start().as_micros();
        us as f64 / 3_600e6
    }
}

/// What came of a rule on a network.
#[derive(Clone, Copy, Default)]
struct Tally {
    renewals_per_s: f64,
    avoidable: f64,
    lapses: f64,
    fenced: f64,
    infeasible: bool,
}

/// What is under way: the moment of arrival, then what arrives.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Travelling {
    ToServer {
        at: u64,
        sent: u64,
        id: u32,
        acquires: bool,
        back_us: u64,
    },
    ToHolder {
        at: u64,
        sent: u64,
        id: u32,
        granted: bool,
    },
}

impl Travelling {
    fn at(&self) -> u64 {
        match self {
            Self::ToServer { at, .. } | Self::ToHolder { at, .. } => *at,
        }
    }
}

/// The server, with the stretches in which the lease had lapsed.
#[derive(Default)]
struct Server {
    expires: Option<u64>,
    lapses: Vec<(u64, u64)>,
}

impl Server {
    /// Takes a renewal that arrives at `at`. Returns whether it is granted.
    fn take(&mut self, at: u64, acquires: bool, ttl_us: u64) -> bool {
        let lapsed = self.expires.filter(|expires| *expires <= at);
        if lapsed.is_some() && !acquires {
            return false;
        }
        if let Some(expired) = lapsed {
            self.lapses.push((expired, at));
        }
        self.expires = Some(self.expires.unwrap_or(0).max(at + ttl_us));
        true
    }
}

fn run(case: &Case, ttl_us: u64, offset_us: u64, mut rule: impl Renewer) -> Tally {
    let start = case.network.start().as_micros() + offset_us;
    let end = case.network.end().as_micros();
    let (mut server, mut renewals, mut wake) = (Server::default(), 0_u64, start);
    let mut travelling = BinaryHeap::<Reverse<(u64, Travelling)>>::new();
    loop {
        let arrival = travelling.peek().map_or(u64::MAX, |Reverse((at, _))| *at);
        let now = wake.min(arrival);
        if now >= end {
            break;
        }
        if arrival == now {
            let Some(Reverse((_, what))) = travelling.pop() else {
                break;
            };
            match what {
                Travelling::ToServer {
                    at,
                    sent,
                    id,
                    acquires,
                    back_us,
                } => {
                    let granted = server.take(at, acquires, ttl_us);
                    let back = Travelling::ToHolder {
                        at: at + back_us,
                        sent,
                        id,
                        granted,
                    };
                    travelling.push(Reverse((back.at(), back)));
                    continue;
                }
                Travelling::ToHolder {
                    sent, id, granted, ..
                } => {
                    rule.answered(id, sent, granted, Instant::from_micros(now));
                }
            }
        }
        loop {
            match rule.poll(Instant::from_micros(now)) {
                Next::Wait(until) => break wake = until.max(now + 1),
                Next::Send { id, acquires } => {
                    renewals += 1;
                    let Some(rtt) = case.network.answer(Instant::from_micros(now)) else {
                        continue;
                    };
                    let rtt_us = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX / 4);
                    let (at, back_us) = (now + rtt_us / 2, rtt_us - rtt_us / 2);
                    let what = Travelling::ToServer {
                        at,
                        sent: now,
                        id,
                        acquires,
                        back_us,
                    };
                    travelling.push(Reverse((at, what)));
                }
            }
        }
    }
    tally(case, &server, renewals, (end - start) as f64 / 1e6, &rule)
}

fn tally(case: &Case, server: &Server, renewals: u64, secs: f64, rule: &impl Renewer) -> Tally {
    let overlaps = |lapse: &&(u64, u64)| {
        let by = |span: &(u64, u64)| span.0 < lapse.1 && lapse.0 < span.1;
        !case.unavoidable.iter().any(by)
    };
    Tally {
        renewals_per_s: renewals as f64 / secs,
        avoidable: server.lapses.iter().filter(overlaps).count() as f64,
        lapses: server.lapses.len() as f64,
        fenced: rule.fenced() as f64,
        infeasible: rule.is_infeasible(),
    }
}

/// Returns the mean over the start offsets.
fn mean<R: Renewer>(case: &Case, ttl_us: u64, rule: impl Fn(Instant) -> R) -> Tally {
    let mut sum = Tally::default();
    for n in 0..OFFSETS {
        let offset_us = ttl_us * n / OFFSETS;
        let start = Instant::from_micros(case.network.start().as_micros() + offset_us);
        let one = run(case, ttl_us, offset_us, rule(start));
        sum.renewals_per_s += one.renewals_per_s / OFFSETS as f64;
        sum.avoidable += one.avoidable / OFFSETS as f64;
        sum.lapses += one.lapses / OFFSETS as f64;
        sum.fenced += one.fenced / OFFSETS as f64;
        sum.infeasible |= one.infeasible;
    }
    sum
}

fn fixed(every_us: u64, retry_us: u64) -> impl Fn(Instant) -> Fixed {
    move |_| Fixed {
        every_us,
        retry_us,
        acknowledged: 0,
        sent: None,
        number: 0,
    }
}

fn ours(ttl_us: u64, apart_us: u64) -> impl Fn(Instant) -> Ours {
    let ttl = Duration::from_micros(ttl_us);
    let config = Config::renewed(ttl)
        .lapses_at_most_one_per(Duration::from_micros(apart_us))
        .build()
        .expect("within range");
    move |start| Ours {
        lease: Lease::new(config, start),
        ttl,
        fenced: 0,
    }
}

/// Where a renewal every 10 ms would not keep the lease either.
fn unavoidable(network: &dyn Network, ttl_us: u64) -> Vec<(u64, u64)> {
    let (start, end) = (network.start().as_micros(), network.end().as_micros());
    let mut arrivals: Vec<u64> = (start..end)
        .step_by(10_000)
        .filter_map(|sent| {
            let rtt = network.answer(Instant::from_micros(sent))?;
            Some(sent + u64::try_from(rtt.as_micros()).ok()? / 2)
        })
        .collect();
    arrivals.push(start);
    arrivals.sort_unstable();
    let gaps = arrivals
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > ttl_us);
    gaps.map(|pair| (pair[0] + ttl_us, pair[1])).collect()
}

/// Recordings by the shortest and longest TTL in seconds at which their README allows to judge them.
const RECORDED: [(&str, u64, u64); 16] = [
    ("us5g_drive_verizon", 0, 10),
    ("us5g_drive_tmobile", 0, 10),
    ("us5g_drive_atnt", 0, 10),
    ("us5g_drive2_verizon", 0, 10),
    ("us5g_drive2_tmobile", 0, 10),
    ("us5g_drive2_atnt", 0, 10),
    ("cicv5g_public5g_n78_urban", 0, 30),
    ("cicv5g_public5g_n78_arterial", 0, 30),
    ("cicv5g_private5g_n8_handoff_w2s", 0, 30),
    ("cicv5g_private5g_n8_rural_weak", 0, 30),
    ("cicv5g_private5g_n8_urban", 0, 30),
    ("cicv5g_private5g_n8_w2s_v50", 0, 30),
    ("lan_ethernet_ros2_rpi4", 0, 30),
    ("starlink_seattle_noisl", 10, 30),
    ("starlink_lagos_isl", 30, 30),
    ("campus_pc_to_8888", 30, 30),
];

fn recorded(secs: u64) -> Vec<Case> {
    let Some(folder) = std::env::var_os("SYSTOLE_TRACES") else {
        eprintln!("SYSTOLE_TRACES names no folder of recorded networks");
        return Vec::new();
    };
    let usable = RECORDED
        .iter()
        .filter(|(_, from, to)| (*from..=*to).contains(&secs));
    let load = |name: &str| {
        let file = std::path::Path::new(&folder).join(format!("{name}.csv"));
        Trace::load(file)
            .map_err(|error| eprintln!("{name}: {error}"))
            .ok()
    };
    usable
        .filter_map(|(name, ..)| Some(case(name, load(name)?, secs)))
        .collect()
}

fn synthetic(secs: u64) -> Vec<Case> {
    let length = Duration::from_secs(8 * 3_600);
    let all = network::gallery(length, 2_026).into_iter();
    all.map(|(name, network)| case(name, network, secs))
        .collect()
}

fn case(name: &str, network: impl Network + 'static, secs: u64) -> Case {
    let unavoidable = unavoidable(&network, secs * SECOND);
    Case {
        name: name.into(),
        network: Box::new(network),
        unavoidable,
    }
}

/// The sum of lapses and the mean of renewals a TTL.
fn pool(tallies: &[Tally], secs: u64) -> Tally {
    let mut sum = Tally::default();
    for one in tallies {
        sum.renewals_per_s += one.renewals_per_s * secs as f64 / tallies.len() as f64;
        sum.avoidable += one.avoidable;
        sum.lapses += one.lapses;
        sum.fenced += one.fenced;
    }
    sum
}

fn row(name: &str, pooled: Tally) {
    println!(
        "| {name} | {:.2} | {:.1} | {:.1} | {:.1} |",
        pooled.renewals_per_s, pooled.avoidable, pooled.lapses, pooled.fenced
    );
}

/// The times between lapses that are stated, in seconds.
const APART: [(u64, &str); 7] = [
    (600, "10 min"),
    (3_600, "1 h"),
    (6 * 3_600, "6 h"),
    (86_400, "1 day"),
    (7 * 86_400, "1 week"),
    (30 * 86_400, "1 month"),
    (365 * 86_400, "1 year"),
];

fn table(title: &str, cases: &[Case], secs: u64) {
    let ttl_us = secs * SECOND;
    let day = cases
        .iter()
        .map(|case| mean(case, ttl_us, ours(ttl_us, 86_400 * SECOND)));
    let day: Vec<_> = day.collect();
    let (out, counted): (Vec<_>, Vec<_>) = cases
        .iter()
        .zip(&day)
        .partition(|(_, tally)| tally.infeasible);
    let counted: Vec<&Case> = counted.into_iter().map(|(case, _)| case).collect();
    let hours: f64 = counted.iter().map(|case| case.hours()).sum();
    println!(
        "\n{title}, TTL {secs} s: {} networks, {hours:.1} h\n",
        counted.len()
    );
    println!("| rule | renewals a TTL | avoidable lapses | all lapses | fenced |");
    println!("|---|---|---|---|---|");
    for (apart_s, name) in APART {
        let one = |case: &&Case| mean(case, ttl_us, ours(ttl_us, apart_s * SECOND));
        let tallies: Vec<_> = counted.iter().map(one).collect();
        row(
            &format!("systole, one lapse in {name}"),
            pool(&tallies, secs),
        );
    }
    let rules = [
        ("a third of the TTL, retries every 1 s", ttl_us / 3, SECOND),
        ("15/10/2 scaled", ttl_us * 2 / 15, ttl_us * 2 / 15),
        ("half of the TTL, retries every 1 s", ttl_us / 2, SECOND),
        (
            "two thirds of the TTL, retries every 1 s",
            ttl_us * 2 / 3,
            SECOND,
        ),
    ];
    for (name, every_us, retry_us) in rules {
        let one = |case: &&Case| mean(case, ttl_us, fixed(every_us, retry_us));
        let tallies: Vec<_> = counted.iter().map(one).collect();
        row(name, pool(&tallies, secs));
    }
    hindsight(&counted, secs);
    for (case, tally) in out {
        println!(
            "\nInfeasible at one lapse a day, not counted: {} ({:.1} avoidable of {:.1} lapses).",
            case.name, tally.avoidable, tally.lapses
        );
    }
}

/// The best fixed rule for each network, where a lapse costs so many renewals.
fn hindsight(cases: &[&Case], secs: u64) {
    let ttl_us = secs * SECOND;
    let shares = [10, 15, 20, 25, 33, 40, 50, 60, 70, 80, 88];
    let grid = |case: &&Case| -> Vec<Tally> {
        let settings = shares
            .iter()
            .flat_map(|share| [2, 4, 8, 16].map(|retry| (*share, retry)));
        let rule = |(share, retry): (u64, u64)| fixed(ttl_us * share / 100, ttl_us * retry / 100);
        settings
            .map(|setting| mean(case, ttl_us, rule(setting)))
            .collect()
    };
    let grids: Vec<(f64, Vec<Tally>)> = cases
        .iter()
        .map(|case| (case.hours() * 3_600.0, grid(case)))
        .collect();
    for price in [30.0, 300.0, 3_000.0, 30_000.0] {
        let cost = |secs: f64, one: &Tally| one.renewals_per_s * secs + price * one.avoidable;
        let best = |(secs, grid): &(f64, Vec<Tally>)| {
            let by = |a: &&Tally, b: &&Tally| cost(*secs, a).total_cmp(&cost(*secs, b));
            grid.iter().min_by(by).copied().unwrap_or_default()
        };
        let tallies: Vec<_> = grids.iter().map(best).collect();
        row(
            &format!("best fixed rule of each network, a lapse costs {price}"),
            pool(&tallies, secs),
        );
    }
}

fn main() {
    for secs in [6, 10, 30] {
        table("Recorded", &recorded(secs), secs);
    }
    for secs in [6, 10, 30] {
        table("Synthetic", &synthetic(secs), secs);
    }
}
