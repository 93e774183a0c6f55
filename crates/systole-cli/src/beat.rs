//! `systole beat`: sends heartbeats from a machine, or while a command runs.

mod command;
mod destination;
mod incarnation;
mod loudspeaker;
mod signals;

use std::process::ExitCode;
use std::time::Duration;

use systole::{Beat, Epoch, Instant, Output, Sender};
use tokio::select;
use tokio::time::{sleep, sleep_until};

use self::command::{Command, Ended};
use self::destination::Destination;
use self::loudspeaker::Loudspeaker;
use self::signals::Signals;
use crate::args;
use crate::push::{Key, KeyFile, Name};
use crate::report::Outlet;
use crate::trouble::Trouble;

/// How often the goodbye is sent, as heartbeats may be lost, and how far apart.
const GOODBYES: u32 = 3;
const GOODBYE_GAP: Duration = Duration::from_millis(50);
/// How long a sender that ends waits until the names of its listeners are looked up.
const LOOKUP_MAX: Duration = Duration::from_secs(3);

pub(crate) async fn run(options: &args::Beat) -> Result<ExitCode, Trouble> {
    let key = key(options)?;
    let destinations = options.targets.iter().map(|target| target.parse());
    let destinations = destinations.collect::<Result<Vec<Destination>, Trouble>>()?;
    let signals = Signals::new()?;
    let mut notes = Outlet::open(std::io::stderr())?;
    let incarnation = incarnation::next(options, &mut notes);
    let epoch = Epoch::start();
    let mut machine = Machine {
        sender: Sender::new(options.every, incarnation, epoch.now())?,
        loudspeaker: Loudspeaker {
            id: options.id.id(),
            listener: options.listener.as_ref().map_or(0, Name::id),
            key,
            destinations,
            last: None,
            notes,
        },
        epoch,
        signals,
    };
    let ended = match options.command.split_first() {
        Some((program, arguments)) => machine.run_command(program, arguments).await,
        None => machine.run_until_signal().await,
    };
    machine.say_goodbye(ended).await;
    Ok(ExitCode::from(ended.map_or(0, Ended::status)))
}

fn key(options: &args::Beat) -> Result<Option<Key>, Trouble> {
    let Some(path) = &options.key_file else {
        return Ok(None);
    };
    let file = KeyFile::read(path)?;
    let Some(&key) = file.keys(options.id.id()).first() else {
        let what = format!("there is no key for {} in it", options.id);
        return Err(Trouble::Read(path.clone(), std::io::Error::other(what)));
    };
    Ok(Some(key))
}

/// What beats.
struct Machine {
    sender: Sender,
    loudspeaker: Loudspeaker,
    epoch: Epoch,
    signals: Signals,
}

impl Machine {
    /// Beats until a signal asks to end.
    async fn run_until_signal(&mut self) -> Option<Ended> {
        loop {
            let until = self.beat();
            select! {
                biased;
                _ = self.signals.next() => return None,
                () = self.loudspeaker.look_up() => {}
                () = sleep_until(self.epoch.when(until).into()) => {}
            }
        }
    }

    /// Beats until the command has ended.
    async fn run_command(
        &mut self,
        program: &std::ffi::OsStr,
        arguments: &[std::ffi::OsString],
    ) -> Option<Ended> {
        self.beat(); // before the command, which may end at once
        let mut command = match Command::start(program, arguments) {
            Ok(command) => command,
            Err((ended, why)) => {
                self.loudspeaker.note(&why);
                return Some(ended);
            }
        };
        loop {
            let until = self.beat();
            select! {
                biased;
                ended = command.ended() => return Some(ended),
                signal = self.signals.next() => command.pass_on(signal),
                () = self.loudspeaker.look_up() => {}
                () = sleep_until(self.epoch.when(until).into()) => {}
            }
        }
    }

    /// Sends what is due; returns when the next heartbeat is.
    fn beat(&mut self) -> Instant {
        loop {
            match self.sender.poll(self.epoch.now()) {
                Output::Send(beat) => self.loudspeaker.send(beat),
                Output::Wait(until) => return until,
                _ => return Instant::MAX,
            }
        }
    }

    /// Says that this sender leaves, and how the command ended.
    async fn say_goodbye(&mut self, ended: Option<Ended>) {
        self.loudspeaker.find_all(LOOKUP_MAX).await;
        let goodbye = self.sender.goodbye();
        let goodbye: Beat = match ended {
            Some(ended) => goodbye.with_exit_status(ended.status()),
            None => goodbye,
        };
        for _ in 0..GOODBYES {
            self.loudspeaker.send(goodbye);
            sleep(GOODBYE_GAP).await;
        }
        self.loudspeaker.finish().await;
    }
}
