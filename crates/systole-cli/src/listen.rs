//! `systole listen`: the coordinator, which hears the heartbeats of many senders.

mod about;
mod coordinator;
mod file;
mod gate;
mod jobs;
mod keeper;
mod news;
mod reload;
mod report;
mod restart;
mod roster;
mod saved;
mod series;
mod settings;
mod tell;
mod view;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket2::{Domain, Protocol, Socket, Type};
use systole::task::UdpListener;
use tokio::net::UdpSocket;

use self::coordinator::Coordinator;
use self::gate::Gate;
use self::keeper::Keeper;
use self::report::Report;
use self::settings::Settings;
use crate::args;
use crate::hooks::Hooks;
use crate::metrics;
use crate::target::inbox;
use crate::trouble::Trouble;
use crate::watch::signals::stop_signal;

/// The receive buffer that is asked for: the heartbeats of 10,000 senders in one moment. The
/// operating system may grant less (`net.core.rmem_max`), unless this process may exceed that.
const BUFFER: usize = 8 << 20;

pub(crate) async fn run(options: &args::Listen) -> Result<ExitCode, Trouble> {
    let settings = Settings::read(options)?;
    let saved = options.state.as_deref().map(saved::read).transpose()?;
    let stop = stop_signal()?;
    let scrapes = options.metrics.map(metrics::serve).transpose()?;
    let socket = open(options.address).map_err(|error| Trouble::Listen(options.address, error))?;
    let address = socket.local_addr()?;
    let builder = UdpListener::builder(settings.config)
        .admit_up_to(settings.limit())
        .rate_limit(settings.rate_limit);
    let gate = Gate::new(&settings);
    let listener = builder.spawn(gate, socket)?;
    let (herald, inbox) = inbox();
    let mut coordinator = Coordinator {
        options: options.clone(),
        hooks: Hooks::new(herald),
        inbox,
        report: Report::new(options)?,
        keeper: Keeper::new(options.state.clone()),
        scrapes,
        series: series::Series::new(options.metrics_per_sender),
        waiting: Vec::new(),
        dropped: 0,
        settings,
        listener,
    };
    coordinator.begin(saved.flatten(), address)?;
    let is_well = coordinator.run(stop).await?;
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Opens the socket with a large receive buffer. On the unspecified address of IPv6 it hears IPv4,
/// too.
fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM.nonblocking(),
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        let _ = socket.set_only_v6(false); // where IPv4 is missing, IPv6 is heard
    }
    if !has_forced_buffer(&socket) {
        let _ = socket.set_recv_buffer_size(BUFFER); // else it stays as it is
    }
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Enlarges the receive buffer beyond the system's limit, as a privileged process may.
#[cfg(target_os = "linux")]
fn has_forced_buffer(socket: &Socket) -> bool {
    use nix::sys::socket::{setsockopt, sockopt::RcvBufForce};
    setsockopt(socket, RcvBufForce, &BUFFER).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn has_forced_buffer(_: &Socket) -> bool {
    false
}
