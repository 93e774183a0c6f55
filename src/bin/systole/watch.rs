//! `systole watch`: one monitor, one link, and a line for all that happens.

use std::collections::VecDeque;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use systole::metrics::Peer;
use systole::{Epoch, Fault, Instant, Monitor, Output, ProbeId, Verdict, WINDOW};
use tokio::select;
use tokio::task::yield_now;
use tokio::time::sleep_until;

use crate::args;
use crate::metrics;
use crate::report::{Happening, Report};
use crate::target::{Arrival, Link, News, Target};
use crate::trouble::Trouble;

/// Probes whose round trips are shown; as many as can be under way.
const SENT_MAX: usize = 64;

pub(crate) async fn run(options: &args::Watch) -> Result<ExitCode, Trouble> {
    let config = options.config()?;
    let (link, name) = match &options.target {
        Some(text) => {
            let target: Target = text.parse()?;
            (Link::open(&target).await?, target.to_string())
        }
        None => Link::demo(options.port).await?,
    };
    let stop = stop_signal().map_err(Trouble::System)?;
    let series = match options.metrics {
        Some(address) => metrics::serve(address).map(|()| Some(Peer::new(&*name)))?,
        None => None,
    };
    let epoch = Epoch::start();
    let watch = Watch {
        monitor: Monitor::new(config, epoch.now())?,
        epoch,
        link,
        report: Report::new(options.json),
        series,
        sent: VecDeque::new(),
        end: options
            .span()
            .map_or(Instant::MAX, |span| Instant::ZERO.saturating_add(span)),
    };
    match watch.run(name, stop).await {
        Ok(verdict) => Ok(exit_code(verdict)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS), // `| head`
        Err(error) => Err(Trouble::System(error)),
    }
}

const fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Alive | Verdict::Suspect => ExitCode::SUCCESS,
        Verdict::Dead | Verdict::Unknown => ExitCode::FAILURE,
    }
}

struct Watch {
    monitor: Monitor<WINDOW>,
    epoch: Epoch,
    link: Link,
    report: Report,
    series: Option<Peer>,
    sent: VecDeque<(ProbeId, Instant)>,
    end: Instant,
}

impl Watch {
    async fn run(mut self, name: String, stop: impl Future<Output = ()>) -> io::Result<Verdict> {
        tokio::pin!(stop);
        self.tell(&Happening::Start(name))?;
        while self.epoch.now() < self.end {
            let until = self.drain()?.min(self.end);
            if let Some(series) = &mut self.series {
                series.record(&self.monitor, self.epoch.now());
            }
            select! {
                biased;
                () = &mut stop => break,
                Some(news) = self.link.next() => self.take(news)?,
                // what waits in the sockets is heard before anything is called overdue
                () = sleep_until(self.epoch.when(until).into()) => yield_now().await,
            }
            while let Some(news) = self.link.try_next() {
                self.take(news)?;
            }
        }
        self.tell(&Happening::Summary)?;
        Ok(self.monitor.verdict())
    }

    /// Does what the monitor wants done now; returns when it is to be asked again.
    fn drain(&mut self) -> io::Result<Instant> {
        let now = self.epoch.now();
        loop {
            let lost = self.lost(now);
            let output = self.monitor.poll(now);
            if self.lost(now) > lost {
                self.tell(&Happening::Lost)?;
            }
            match output {
                Output::Probe(id) => self.send(id, now),
                Output::Event(event) => self.tell(&Happening::Event(event))?,
                Output::Wait(until) => return Ok(until),
                Output::Idle => return Ok(Instant::MAX),
            }
        }
    }

    fn lost(&self, now: Instant) -> u32 {
        self.monitor.snapshot(now).counters.lost
    }

    fn send(&mut self, id: ProbeId, now: Instant) {
        self.sent.push_back((id, now));
        if self.sent.len() > SENT_MAX {
            self.sent.pop_front();
        }
        let bound = self.monitor.snapshot(now).heart.plan.bound();
        if !self.link.send(id, bound) {
            self.monitor.handle_unsent(id, now);
        }
    }

    fn take(&mut self, news: News) -> io::Result<()> {
        match news {
            News::Arrival(arrival) => self.settle(arrival),
            News::Scene(says) => self.tell(&Happening::Scene(says)),
        }
    }

    fn settle(&mut self, arrival: Arrival) -> io::Result<()> {
        let Arrival {
            id, result, setup, ..
        } = arrival;
        let at = self.epoch.moment(arrival.at);
        let before = self.monitor.snapshot(at).counters;
        match result {
            Ok(()) => self.monitor.handle_reply_with(id, at, setup),
            Err(Fault::Failed(failure)) => self.monitor.handle_failure(id, failure, at),
            Err(Fault::Unsent) => self.monitor.handle_unsent(id, at),
            Err(_) => return Ok(()), // the monitor sees for itself
        }
        let after = self.monitor.snapshot(at).counters;
        if after.ignored > before.ignored {
            return Ok(()); // a duplicate, or an answer to nothing
        }
        let late = after.late > before.late;
        match (result, self.round_trip(id, at, setup)) {
            (Err(fault), _) => self.tell(&Happening::Fault(fault)),
            (Ok(()), rtt) => self.tell(&Happening::Answer { rtt, late }),
        }
    }

    /// From sending probe `id` to `at`, without what it took to connect.
    fn round_trip(&mut self, id: ProbeId, at: Instant, setup: Duration) -> Option<Duration> {
        let place = self.sent.iter().position(|&(sent, _)| sent == id)?;
        let (_, sent) = self.sent.remove(place)?;
        Some(at.saturating_duration_since(sent).saturating_sub(setup))
    }

    fn tell(&mut self, happening: &Happening) -> io::Result<()> {
        let now = self.epoch.now();
        self.report
            .tell(now, happening, &self.monitor.snapshot(now))
    }
}

/// Resolves at Ctrl-C or SIGTERM. The handlers are in place when this returns.
#[cfg(unix)]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
