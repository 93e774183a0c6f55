//! The lines that supervisor, guard and first process send each other over sockets.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use systole::Instant;

use super::deadline::Deadline;

/// The longest line, in bytes.
const LINE_MAX: usize = 4_096;

/// What the supervisor tells the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The lease is held until then.
    Until(Deadline),
    /// End the command, within the grace.
    Stop,
    /// Kill it at once.
    Kill,
}

/// What the guard tells the supervisor, and the first process the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The command cannot be run: the exit status for that, and the reason.
    Failed(u8, String),
    /// The lease ends soon, so the command was asked to end.
    Stopping,
    /// The command has ended with this exit status.
    Exited(u8),
    /// No process of the command is left.
    Gone,
}

impl Order {
    pub(super) fn line(self) -> String {
        match self {
            Self::Until(Deadline { term_at, kill_at }) => {
                format!("until {} {}\n", term_at.as_micros(), kill_at.as_micros())
            }
            Self::Stop => "stop\n".into(),
            Self::Kill => "kill\n".into(),
        }
    }

    pub(super) fn of(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        match words.next()? {
            "until" => {
                let mut time = || words.next()?.parse().ok().map(Instant::from_micros);
                Some(Self::Until(Deadline {
                    term_at: time()?,
                    kill_at: time()?,
                }))
            }
            "stop" => Some(Self::Stop),
            "kill" => Some(Self::Kill),
            _ => None,
        }
    }
}

impl Report {
    pub(super) fn line(&self) -> String {
        match self {
            Self::Failed(code, why) => format!("failed {code} {}\n", why.replace('\n', " ")),
            Self::Stopping => "stopping\n".into(),
            Self::Exited(code) => format!("exited {code}\n"),
            Self::Gone => "gone\n".into(),
        }
    }

    pub(super) fn of(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "failed" => {
                let (code, why) = rest.split_once(' ')?;
                Some(Self::Failed(code.parse().ok()?, why.into()))
            }
            "stopping" => Some(Self::Stopping),
            "exited" => Some(Self::Exited(rest.parse().ok()?)),
            "gone" => Some(Self::Gone),
            _ => None,
        }
    }
}

/// One end of a socket, read line by line.
#[derive(Debug)]
pub(super) struct Socket {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Socket {
    /// Takes over the socket on standard input.
    pub(super) fn on_stdin() -> io::Result<Self> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::new(UnixStream::from(socket)))
    }

    pub(super) const fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Sends a line; that the other side has gone is seen when reading.
    pub(super) fn send(&mut self, line: &str) {
        let _ = self.stream.write_all(line.as_bytes());
    }

    /// Waits for bytes and returns the lines that are complete, or `None` if the other side has
    /// gone or sends what is no line.
    pub(super) fn receive(&mut self) -> Option<Vec<String>> {
        let mut chunk = [0; LINE_MAX];
        let length = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.ok().filter(|&length| length > 0)?,
            }
        };
        self.received.extend(chunk.iter().take(length));
        self.lines()
    }

    /// Takes the lines that are complete.
    fn lines(&mut self) -> Option<Vec<String>> {
        let end = self.received.iter().rposition(|&byte| byte == b'\n');
        let whole = self.received.drain(..end.map_or(0, |end| end + 1));
        let text = String::from_utf8_lossy(&whole.collect::<Vec<_>>()).into_owned();
        let lines = text.lines().map(Into::into).collect();
        (self.received.len() <= LINE_MAX).then_some(lines)
    }

    /// Waits for the first lines and the file descriptor that comes with them.
    pub(super) fn receive_first(&mut self) -> io::Result<(Vec<String>, OwnedFd)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut chunk = [0; LINE_MAX];
        let read = recvmsg(
            &self.stream,
            &mut [IoSliceMut::new(&mut chunk)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        let file = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        self.received.extend(chunk.iter().take(read.bytes));
        let lines = self.lines().filter(|lines| !lines.is_empty());
        let missing = || io::Error::from(io::ErrorKind::UnexpectedEof);
        lines.zip(file).ok_or_else(missing)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Sends a first line and a file descriptor.
pub(super) fn send_first(to: impl AsFd, line: &str, file: BorrowedFd<'_>) -> io::Result<()> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&files));
    let line = IoSlice::new(line.as_bytes());
    sendmsg(to, &[line], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_reports_are_read_as_they_were_written() {
        let at = Instant::from_micros;
        let until = Deadline {
            term_at: at(7),
            kill_at: at(u64::MAX),
        };
        for order in [Order::Until(until), Order::Stop, Order::Kill] {
            assert_eq!(Order::of(order.line().trim_end()), Some(order));
        }
        for report in [
            Report::Failed(127, "no such file".into()),
            Report::Stopping,
            Report::Exited(255),
            Report::Gone,
        ] {
            assert_eq!(Report::of(report.line().trim_end()), Some(report));
        }
        for line in [
            "",
            "until",
            "until 1",
            "until 1 x",
            "exited 256",
            "failed 1",
        ] {
            assert_eq!((Order::of(line), Report::of(line)), (None, None), "{line}");
        }
    }

    #[test]
    fn a_file_passes_with_the_first_line() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        send_first(&ours, "until 1 2\n", file.as_fd()).unwrap();
        let mut socket = Socket::new(theirs);
        let (lines, _file) = socket.receive_first().unwrap();
        assert_eq!(lines, ["until 1 2"]);
        drop(ours);
        assert_eq!(socket.receive(), None);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(&[b'x'; 2 * LINE_MAX]).unwrap();
        let mut socket = Socket::new(theirs);
        assert_eq!(socket.receive(), Some(Vec::new()));
        assert_eq!(socket.receive(), None);
    }
}
