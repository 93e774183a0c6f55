//! `systole record`: writes the round trips to a peer to a file, row by row.

mod pending;

use std::fs::File;
use std::process::ExitCode;
use std::time::Duration;

use humantime::{format_duration, format_rfc3339_seconds};
use indicatif::ProgressBar;
use systole::{Epoch, Instant, ProbeError, ProbeId};
use systole_lab::trace::TraceWriter;
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};

use self::pending::Pending;
use crate::args;
use crate::target::{Answer, Arrival, Inbox, Link, LinkEvent, Miss, Target, Trust, inbox};
use crate::trouble::Trouble;
use crate::watch::signals::stop_signal;

pub(crate) async fn run(options: &args::Record) -> Result<ExitCode, Trouble> {
    let target: Target = options.target.parse()?;
    let trust = Trust {
        ca: options.ca.clone(),
    };
    let (herald, inbox) = inbox();
    let link = Link::open(&target, &trust, herald).await?;
    let stop = stop_signal().map_err(Trouble::System)?;
    let unwritable = |error| Trouble::Write(options.output.clone(), error);
    let file = File::create_new(&options.output).map_err(unwritable)?;
    let recorder = Recorder {
        writer: TraceWriter::new(file, header(&target, options)).map_err(unwritable)?,
        epoch: Epoch::start(),
        clock: clock(options.every),
        link,
        inbox,
        pending: Pending::new(options.reply_window),
        spinner: ProgressBar::new_spinner(), // on standard error, and only if it is a terminal
        next_id: 0,
        target,
    };
    let outcome = recorder.run(options, stop).await;
    if let Err(Trouble::Untrusted(..)) = outcome {
        std::fs::remove_file(&options.output).map_err(unwritable)?; // it holds no rows
    }
    let (rows, lost) = outcome?;
    eprintln!("{}: {rows} rows, {lost} lost", options.output.display());
    Ok(if rows > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the header of the recording. It says nothing about this host.
#[expect(
    clippy::disallowed_methods,
    reason = "the header states when the recording began"
)]
fn header(target: &Target, options: &args::Record) -> [String; 5] {
    [
        format!("recorded by: systole {}", env!("CARGO_PKG_VERSION")),
        format!("target: {target}"),
        format!(
            "begun: {}",
            format_rfc3339_seconds(std::time::SystemTime::now())
        ),
        format!("every: {}", format_duration(options.every)),
        format!(
            "lost: no answer in {}, refused or reset",
            format_duration(options.reply_window)
        ),
    ]
}

fn clock(every: Duration) -> Interval {
    let mut clock = interval(every);
    // after a stall, a burst of probes would not be a fair sample of the path
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

struct Recorder {
    writer: TraceWriter<File>,
    epoch: Epoch,
    clock: Interval,
    link: Link,
    inbox: Inbox,
    pending: Pending,
    spinner: ProgressBar,
    next_id: u64,
    target: Target,
}

impl Recorder {
    /// Records until the end; returns the number of rows, and how many of them are lost probes.
    async fn run(
        mut self,
        options: &args::Record,
        stop: impl Future<Output = ()>,
    ) -> Result<(u64, u64), Trouble> {
        tokio::pin!(stop);
        let end = options
            .span
            .map_or(Instant::MAX, |span| self.epoch.now().saturating_add(span));
        loop {
            select! {
                biased;
                () = &mut stop => break,
                Some(news) = self.inbox.recv() => self.hear(news)?,
                () = sleep_until(self.epoch.when(end).into()) => break,
                _ = self.clock.tick() => self.probe(options),
            }
            self.write_known(options)?;
        }
        while let Ok(news) = self.inbox.try_recv() {
            self.hear(news)?;
        }
        self.pending.give_up();
        self.write_known(options)?;
        self.spinner.finish_and_clear();
        Ok(self.pending.written())
    }

    fn probe(&mut self, options: &args::Record) {
        let id = ProbeId::from_be_bytes(self.next_id.to_be_bytes());
        self.next_id += 1;
        self.pending.sent(id, self.epoch.now());
        if !self.link.send(id, options.reply_window) {
            self.pending.unsent(id);
        }
    }

    /// Records a result. A certificate that is not trusted ends the recording if nothing was
    /// recorded yet.
    fn hear(&mut self, news: LinkEvent) -> Result<(), Trouble> {
        let LinkEvent::Arrival(Arrival {
            id,
            result,
            at,
            setup,
            ..
        }) = news
        else {
            return Ok(()); // only the demo peer sends other events
        };
        match result {
            Ok(answer) => {
                self.pending.answered(id, self.epoch.moment(at), setup);
                self.heed(&answer);
            }
            Err(Miss::ProbeError(ProbeError::Unsent)) => self.pending.unsent(id),
            Err(Miss::Untrusted(why)) if self.pending.written() == (0, 0) => {
                return Err(Trouble::Untrusted(self.target.to_string(), why));
            }
            Err(_) => self.pending.lost(id),
        }
        Ok(())
    }

    /// Pauses for as long as the server asks not to be probed.
    fn heed(&mut self, answer: &Answer) {
        if let Answer::Pushback { wait } = answer
            && *wait > self.clock.period()
        {
            self.clock.reset_after(*wait);
        }
    }

    fn write_known(&mut self, options: &args::Record) -> Result<(), Trouble> {
        while let Some(row) = self.pending.next_row(self.epoch.now()) {
            let written = self.writer.row(&row);
            written.map_err(|error| Trouble::Write(options.output.clone(), error))?;
            let (rows, lost) = self.pending.written();
            let newest = row
                .rtt
                .map_or_else(|| "lost".into(), |rtt| format!("{rtt:.1?}"));
            self.spinner
                .set_message(format!("{rows} rows, {lost} lost; {newest}"));
            self.spinner.tick();
        }
        Ok(())
    }
}
