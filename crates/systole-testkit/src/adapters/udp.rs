//! The world of `systole::task::UdpFleet`: a simulated socket, under tokio's paused clock.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use systole::pacing::Pacing;
use systole::task::{DatagramSocket, UdpFleet};
use systole::telemetry::FleetSeries;
use systole::{Config, fleet::PeerKey};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::exporter::Exporter;
use super::heart::{pause, runtime, since, tick};
use super::plan::AdapterPlan;
use super::watched::{Note, Notes, Watched};
use super::world::AdapterWorld;
use crate::fleet::{Echo, PeerPlan, micros, send};
use crate::with_config;
use crate::world::{Journal, Kind, Law, OURS, Queue, Violation};

/// The world of many peers on one socket.
#[derive(Debug)]
pub struct UdpFleetWorld;

impl AdapterWorld for UdpFleetWorld {
    const NAME: &'static str = "udp fleet";

    const MOST: u32 = 6;

    const SITUATIONS: &'static [&'static str] = &[
        "an overflow met a crash",
        "a datagram was dropped",
        "a peer was called dead",
        "a dead peer came back",
        "a probe could not be sent",
        "a peer was added later",
        "a peer was removed",
    ];

    fn run(
        plan: &AdapterPlan,
        exporter: &Exporter,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        with_config!(plan.settings, |config| runtime()
            .block_on(live(plan, config, exporter, journal)))
    }
}

/// A datagram on its way to us.
#[derive(Debug)]
struct Datagram {
    payload: Vec<u8>,
    from: SocketAddr,
    slot: usize,
    sent_us: u64,
}

/// The network, shared by the socket and the world.
#[derive(Debug, Default)]
struct Network {
    under_way: Queue<Datagram>,
    /// What waits in our receive buffer, with the drops before it.
    buffer: VecDeque<(Datagram, u32)>,
    drops: u32,
    dropped: bool,
    numbers: Vec<u64>,
    /// What happened to the probes of each peer.
    notes: Vec<Notes>,
    told: Vec<u64>,
}

struct Socket {
    plan: Arc<AdapterPlan>,
    network: Arc<Mutex<Network>>,
    began: Instant,
    read_drops: u32,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Peer `slot` is at this address.
fn address(slot: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 1_000 + u16::try_from(slot).unwrap_or(0)))
}

/// Where a stranger is.
const STRANGER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

impl Network {
    /// Takes what has arrived into the receive buffer; what comes while it overflows is dropped.
    fn arrive(&mut self, plan: &AdapterPlan, now_us: u64) {
        while let Some((at_us, datagram)) = self.under_way.pop_due(now_us) {
            let overflow = plan.ours.find(at_us, OURS, |it| it == Kind::Overflow);
            if overflow.is_some() && datagram.from != STRANGER {
                self.drops = self.drops.wrapping_add(1);
                self.dropped = true;
            } else {
                self.buffer.push_back((datagram, self.drops));
            }
        }
    }
}

impl DatagramSocket for Socket {
    fn try_send(&mut self, payload: &[u8], to: SocketAddr) -> io::Result<()> {
        let now_us = since(self.began);
        let slot = usize::from(to.port() - 1_000);
        let network = &mut *self.network.lock().unwrap();
        if self
            .plan
            .ours
            .find(now_us, OURS, |it| it == Kind::SendFails)
            .is_some()
        {
            network.notes[slot].add(Note::Unsent(now_us));
            return Err(io::Error::from_raw_os_error(self.plan.errno));
        }
        network.notes[slot].add(Note::Sent(now_us));
        let number = network.numbers[slot];
        network.numbers[slot] += 1;
        let under_way = &mut network.under_way;
        send(&self.plan.peers[slot], number, now_us, |at_us, echo| {
            if echo == Echo::Reply {
                let payload = payload.to_vec();
                under_way.push(
                    at_us,
                    Datagram {
                        payload,
                        from: to,
                        slot,
                        sent_us: now_us,
                    },
                );
            }
        });
        Ok(())
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let now_us = since(self.began);
        let network = &mut *self.network.lock().unwrap();
        network.arrive(&self.plan, now_us);
        let (datagram, drops) = network
            .buffer
            .pop_front()
            .ok_or(io::ErrorKind::WouldBlock)?;
        if drops != self.read_drops {
            self.read_drops = drops;
            network.told.push(now_us);
        }
        if datagram.from != STRANGER {
            network.notes[datagram.slot].add(Note::Heard(now_us, datagram.sent_us));
        }
        let length = datagram.payload.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram.payload[..length]);
        Ok((length, datagram.from))
    }

    fn receive_drops(&self) -> u32 {
        self.read_drops
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let next_us = {
                let network = &mut *self.network.lock().unwrap();
                network.arrive(&self.plan, since(self.began));
                if !network.buffer.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                network.under_way.next_us()
            };
            let Some(next_us) = next_us else {
                self.timer = None;
                return Poll::Pending;
            };
            let at = self.began + Duration::from_micros(next_us);
            let timer = self.timer.insert(Box::pin(sleep_until(at)));
            ready!(timer.as_mut().poll(context));
        }
    }
}

struct Member {
    slot: usize,
    key: PeerKey,
    watched: Watched,
}

async fn live<P>(
    plan: &AdapterPlan,
    config: Config<P>,
    exporter: &Exporter,
    journal: &mut Journal,
) -> Result<(), Violation>
where
    P: Pacing<State: Send> + Send + Copy + 'static,
{
    let began = Instant::now();
    let network = Arc::new(Mutex::new(Network {
        numbers: vec![0; plan.peers.len()],
        notes: vec![Notes::default(); plan.peers.len()],
        ..Network::default()
    }));
    bursts(plan, &mut network.lock().unwrap());
    let socket = Socket {
        plan: Arc::new(plan.clone()),
        network: Arc::clone(&network),
        began,
        read_drops: 0,
        timer: None,
    };
    let fleet = UdpFleet::spawn_on(config, socket).unwrap();
    let series = FleetSeries::new("fleet");
    let mut members: Vec<Member> = Vec::new();
    let mut waiting = plan.peers.iter().enumerate().collect::<Vec<_>>();
    waiting.sort_by_key(|(_, peer)| std::cmp::Reverse(peer.added_us));
    while since(began) < plan.life_us {
        while waiting
            .last()
            .is_some_and(|(_, peer)| peer.added_us <= since(began))
        {
            let Some((slot, peer)) = waiting.pop() else {
                break;
            };
            journal
                .coverage
                .saw_if(peer.added_us > 0, "a peer was added later");
            members.push(add(
                &fleet,
                &config,
                plan,
                slot,
                peer,
                &network,
                since(began),
            ));
        }
        let late_us = pause(plan, began).await;
        let now_us = since(began);
        journal.polls += 1;
        members.retain(|member| {
            let is_over = plan.peers[member.slot]
                .removed_us
                .is_some_and(|at_us| at_us <= now_us);
            if is_over {
                journal.coverage.saw("a peer was removed");
                fleet.remove(member.key);
            }
            !is_over
        });
        let told = std::mem::take(&mut network.lock().unwrap().told);
        let has_dropped = std::mem::take(&mut network.lock().unwrap().dropped);
        journal
            .coverage
            .saw_if(has_dropped, "a datagram was dropped");
        for member in &mut members {
            member.watched.late(late_us);
            for &told_us in &told {
                member.watched.notes.add(Note::Overflow(told_us));
            }
            let status = fleet.with(|it, now| it.status(member.key, now)).unwrap();
            let tick_us = micros(tick(plan));
            let heart = status.path;
            member.watched.look(
                now_us,
                tick_us,
                heart.verdict,
                &heart.plan,
                &mut journal.coverage,
            )?;
        }
        fleet.with(|it, now| series.record(it, now));
        exported(&fleet, exporter, now_us)?;
    }
    end(plan, fleet, series, exporter).await
}

/// A stranger sends until each overflow is over, and once more.
fn bursts(plan: &AdapterPlan, network: &mut Network) {
    for it in plan.ours.0.iter().filter(|it| it.kind == Kind::Overflow) {
        for at_us in [it.from_us, it.until_us + 1_000] {
            let payload = vec![0; 16];
            network.under_way.push(
                at_us,
                Datagram {
                    payload,
                    from: STRANGER,
                    slot: 0,
                    sent_us: 0,
                },
            );
        }
    }
}

fn add<P>(
    fleet: &UdpFleet<P>,
    config: &Config<P>,
    plan: &AdapterPlan,
    slot: usize,
    peer: &PeerPlan,
    network: &Mutex<Network>,
    now_us: u64,
) -> Member
where
    P: Pacing<State: Send> + Send + 'static,
{
    let key = fleet.add(address(slot));
    // an overflow is told in time only to those whose answers come soon enough
    let timeout_us = micros(config.timeout_min()) / 2;
    let mut watched = Watched::new(peer, key, timeout_us, plan.settings.rise, now_us);
    let dead_us = plan.settings.policy.dead_interval_us();
    watched.within(dead_us, micros(config.timeout_max()));
    network.lock().unwrap().notes[slot] = watched.notes.clone();
    Member { slot, key, watched }
}

fn exported<P: Pacing>(
    fleet: &UdpFleet<P>,
    exporter: &Exporter,
    now_us: u64,
) -> Result<(), Violation> {
    let counted = fleet.counters();
    let pairs = [
        (
            exporter.total(&["systole_fleet_probes_total", "unsent"]),
            counted.unsent,
        ),
        (
            exporter.total(&["systole_fleet_probes_total", "answered"]),
            counted.answered,
        ),
        (
            exporter.total(&["systole_fleet_probes_total", "overdue"]),
            counted.lost,
        ),
        (
            exporter.total(&["systole_fleet_probes_total", "abandoned"]),
            counted.abandoned,
        ),
        (
            exporter.total(&["systole_fleet_verdict_changes_total", "dead"]),
            counted.dead,
        ),
        (
            exporter.total(&["systole_fleet_overflows_total"]),
            counted.overflows,
        ),
    ];
    match pairs.iter().find(|(exported, counted)| exported > counted) {
        None => Ok(()),
        Some(pair) => {
            let kind = "more is exported than was counted";
            Err(Violation::new(
                Law::Accounts,
                kind,
                now_us,
                format!("{pair:?} of {counted:?}"),
            ))
        }
    }
}

async fn end<P>(
    plan: &AdapterPlan,
    fleet: UdpFleet<P>,
    series: FleetSeries,
    exporter: &Exporter,
) -> Result<(), Violation>
where
    P: Pacing<State: Send> + Send + 'static,
{
    let census = fleet.census();
    if plan.stops {
        fleet.stop().await;
    } else {
        drop(fleet);
        sleep(Duration::from_millis(10)).await;
    }
    drop(series);
    let standing = exporter.standing(&["systole_fleet_peers"]);
    if standing.is_empty() {
        return Ok(());
    }
    let detail = format!("{} of {census:?}", standing.join(" "));
    let kind = "series of a fleet are exported after it is gone";
    Err(Violation::new(Law::Accounts, kind, plan.life_us, detail))
}
