//! `systole record`: writes the round trips to peers to files, row by row, all by one clock.

mod pending;
mod track;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use systole::{Epoch, Instant};
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};

use self::track::Track;
use crate::args;
use crate::target::{Inbox, Link, LinkEvent, Target, Trust, inbox};
use crate::trouble::Trouble;
use crate::watch::signals::stop_signal;

pub(crate) async fn run(options: &args::Record) -> Result<ExitCode, Trouble> {
    let targets = targets(&options.targets)?;
    let files = files(&targets, options)?;
    let trust = Trust {
        ca: options.ca.clone(),
    };
    let (herald, inbox) = inbox();
    let stop = stop_signal().map_err(Trouble::System)?;
    let mut links = Vec::new();
    for (peer, target) in targets.iter().enumerate() {
        links.push(Link::open(target, &trust, herald.of(peer)).await?);
    }
    let mut tracks = Vec::new();
    for ((target, link), file) in targets.into_iter().zip(links).zip(files) {
        tracks.push(Track::open(target, link, file, options)?);
    }
    let recorder = Recorder {
        tracks,
        epoch: Epoch::start(),
        clock: clock(options.every),
        inbox,
        spinner: ProgressBar::new_spinner(), // on standard error, and only if it is a terminal
    };
    recorder.run(options, stop).await
}

fn targets(texts: &[String]) -> Result<Vec<Target>, Trouble> {
    let mut targets: Vec<Target> = Vec::new();
    for text in texts {
        let target = Target::of_argument(text)?;
        if targets.contains(&target) {
            return Err(Trouble::Twice(target.to_string()));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// Returns the file of each target: the output itself, or one in that folder for each of several.
fn files(targets: &[Target], options: &args::Record) -> Result<Vec<PathBuf>, Trouble> {
    if let [_] = targets {
        return Ok(vec![options.output.clone()]);
    }
    if !options.output.is_dir() {
        let made = std::fs::create_dir(&options.output);
        made.map_err(|error| Trouble::Write(options.output.clone(), error))?;
    }
    let file = |target: &Target| options.output.join(file_name(&target.to_string()));
    Ok(targets.iter().map(file).collect())
}

/// Returns a file name of letters, digits, dots and dashes: `tcp_localhost_80.csv`.
fn file_name(target: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || ['.', '-'].contains(c);
    let words: String = target
        .chars()
        .map(|c| if is_kept(&c) { c } else { ' ' })
        .collect();
    let words: Vec<_> = words.split_whitespace().collect();
    format!("{}.csv", words.join("_"))
}

fn clock(every: Duration) -> Interval {
    let mut clock = interval(every);
    // after a stall, a burst of probes would not be a fair sample of the path
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

struct Recorder {
    tracks: Vec<Track>,
    epoch: Epoch,
    clock: Interval,
    inbox: Inbox,
    spinner: ProgressBar,
}

impl Recorder {
    /// Records until the end, and says how much there is. Fails if no target has a row.
    async fn run(
        mut self,
        options: &args::Record,
        stop: impl Future<Output = ()>,
    ) -> Result<ExitCode, Trouble> {
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
                _ = self.clock.tick() => self.probe(),
            }
            self.write_known()?;
        }
        while let Ok(news) = self.inbox.try_recv() {
            self.hear(news)?;
        }
        self.tracks.iter_mut().for_each(Track::give_up);
        self.write_known()?;
        self.spinner.finish_and_clear();
        Ok(self.sums())
    }

    fn sums(&self) -> ExitCode {
        let sums = self.tracks.iter().map(Track::sum);
        sums.for_each(|sum| eprintln!("{sum}"));
        if self.tracks.iter().any(Track::has_rows) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Sends a probe to every target at the same moment.
    fn probe(&mut self) {
        let now = self.epoch.now();
        self.tracks.iter_mut().for_each(|track| track.probe(now));
    }

    /// Records a result. A target whose certificate is not trusted ends the recording if it is the
    /// only one and nothing was recorded yet; others go on without it.
    fn hear(&mut self, news: LinkEvent) -> Result<(), Trouble> {
        let LinkEvent::Arrival(arrival) = news else {
            return Ok(()); // only the demo peer sends other events
        };
        let is_alone = self.tracks.len() == 1;
        let Some(track) = self.tracks.get_mut(arrival.peer) else {
            return Ok(());
        };
        match track.hear(arrival, &self.epoch) {
            Err(trouble) if is_alone => Err(trouble),
            Err(trouble) => {
                eprintln!("systole: {trouble}");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn write_known(&mut self) -> Result<(), Trouble> {
        let now = self.epoch.now();
        for track in &mut self.tracks {
            if let Some(shown) = track.write_known(now)? {
                self.spinner.set_message(shown);
                self.spinner.tick();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        assert_eq!(file_name("tcp://localhost:80"), "tcp_localhost_80.csv");
        assert_eq!(file_name("http://[::1]:80/../x?y"), "http_1_80_.._x_y.csv");
    }
}
