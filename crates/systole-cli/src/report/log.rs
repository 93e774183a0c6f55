//! `--log`: events as messages of the system's log. Single probes are left out.

use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use systole::{Event, EventKind, Verdict};

use super::{WatchEvent, describe};
use crate::args::Log;

const SYSLOG: &str = "/dev/log";
const JOURNAL: &str = "/run/systemd/journal/socket";

/// The facility of daemons (RFC 3164, 4.1.1), before the severity.
const DAEMON: u8 = 3 << 3;

/// Severities.
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const NOTICE: u8 = 5;
const INFO: u8 = 6;

/// Between the target and the text of a queued message, which are printable.
const BREAK: char = '\x1f';

/// Queues the message of an event, if it has a text.
pub(super) fn tell(out: &mut Vec<u8>, name: &str, happening: &WatchEvent) {
    let text = describe(happening).filter(|_| !happening.is_of_one_probe());
    if let Some(text) = text {
        queue(out, severity(happening), name, &text);
    }
}

/// Queues what concerns no single target.
pub(super) fn notice(out: &mut Vec<u8>, text: &str) {
    queue(out, WARNING, "", text);
}

fn queue(out: &mut Vec<u8>, severity: u8, name: &str, text: &str) {
    out.extend_from_slice(format!("{severity}{name}{BREAK}{text}\n").as_bytes());
}

const fn severity(happening: &WatchEvent) -> u8 {
    match happening {
        WatchEvent::Event { event, .. } => severity_of(*event),
        WatchEvent::Certificate { .. } | WatchEvent::Refused(_) => WARNING,
        WatchEvent::Group { .. } | WatchEvent::Condition { .. } => NOTICE,
        _ => INFO,
    }
}

const fn severity_of(event: Event) -> u8 {
    match event.kind {
        EventKind::Transition(change) => match change.to {
            Verdict::Dead => ERROR,
            Verdict::Alive => NOTICE,
            _ => WARNING,
        },
        EventKind::Blind { .. } | EventKind::Paused { .. } => WARNING,
        _ => INFO,
    }
}

/// Sends queued messages, one a datagram.
#[derive(Debug)]
pub(super) struct Sender {
    socket: UnixDatagram,
    to: Log,
    path: PathBuf,
}

impl Sender {
    pub(super) fn open(to: Log) -> io::Result<Self> {
        Self::open_at(to, Path::new(path(to)))
    }

    fn open_at(to: Log, path: &Path) -> io::Result<Self> {
        let missing = |error: io::Error| {
            io::Error::new(error.kind(), format!("--log: {}: {error}", path.display()))
        };
        std::fs::metadata(path).map_err(missing)?;
        Ok(Self {
            socket: UnixDatagram::unbound()?,
            to,
            path: path.into(),
        })
    }

    /// Sends a queued message; to the path, since the service may be started anew.
    fn send(&self, queued: &str) -> io::Result<()> {
        let severity = queued.bytes().next().unwrap_or(b'0' + INFO) - b'0';
        let (name, text) = queued
            .get(1..)
            .and_then(|rest| rest.split_once(BREAK))
            .unwrap_or_default();
        let gap = if name.is_empty() { "" } else { ": " };
        let message = match self.to {
            Log::Syslog => {
                let (priority, id) = (DAEMON + severity, std::process::id());
                format!("<{priority}>systole[{id}]: {name}{gap}{text}")
            }
            Log::Journal => format!(
                "MESSAGE={name}{gap}{text}\nPRIORITY={severity}\nSYSLOG_IDENTIFIER=systole\nSYSTOLE_TARGET={name}\n"
            ),
        };
        self.socket
            .send_to(message.as_bytes(), &self.path)
            .map(drop)
    }
}

const fn path(to: Log) -> &'static str {
    match to {
        Log::Syslog => SYSLOG,
        Log::Journal => JOURNAL,
    }
}

impl Write for Sender {
    /// Takes whole lines, as the queue holds them.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(lines).lines() {
            self.send(line)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use systole_testkit::servers::folder::Folder;

    use super::*;

    #[test]
    fn a_message_has_its_severity_and_its_target() {
        let folder = Folder::new("log");
        let path = folder.file("socket");
        let service = UnixDatagram::bind(&path).unwrap();
        let received = |to| {
            let mut queue = Vec::new();
            tell(
                &mut queue,
                "tcp://h:1",
                &WatchEvent::Certificate { days: 3 },
            );
            tell(&mut queue, "tcp://h:1", &WatchEvent::Lost);
            notice(&mut queue, "settings not read");
            Sender::open_at(to, &path)
                .unwrap()
                .write_all(&queue)
                .unwrap();
            [(); 2].map(|()| {
                let mut message = [0; 512];
                let length = service.recv(&mut message).unwrap();
                String::from_utf8(message[..length].to_vec()).unwrap()
            })
        };
        let id = std::process::id();
        assert_eq!(
            received(Log::Syslog),
            [
                format!("<28>systole[{id}]: tcp://h:1: its certificate expires in 3 days"),
                format!("<28>systole[{id}]: settings not read"),
            ]
        );
        let [first, second] = received(Log::Journal);
        assert!(
            first.starts_with("MESSAGE=tcp://h:1: its certificate"),
            "{first}"
        );
        assert!(
            first.contains("\nPRIORITY=4\n") && first.ends_with("\nSYSTOLE_TARGET=tcp://h:1\n")
        );
        assert!(
            second.starts_with("MESSAGE=settings not read\n"),
            "{second}"
        );
        service.set_nonblocking(true).unwrap();
        assert!(
            service.recv(&mut [0]).is_err(),
            "single probes are left out"
        );
        let missing = Sender::open_at(Log::Syslog, Path::new("/nowhere/log")).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("--log: /nowhere/log: No such file")
        );
    }
}
