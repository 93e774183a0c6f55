//! Standard output behind a bounded queue: a reader that is slow, stops or goes away never delays a
//! probe or a signal.

use std::io::{self, ErrorKind, Write};
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The most text that waits for the reader, in bytes. Further lines are dropped.
const QUEUE_MAX: usize = 1 << 20;
/// How often the end of the output looks whether the reader has taken what is left.
const LOOK: Duration = Duration::from_millis(5);

/// A queue of lines, which a thread of its own writes.
pub(crate) struct Outlet {
    /// The lines since the last flush.
    lines: Vec<u8>,
    writer: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
    /// The number of lines that were dropped and not yet told.
    dropped: u64,
}

/// What the thread finds.
#[derive(Debug, Default)]
struct State {
    /// The reader has gone.
    closed: AtomicBool,
    /// Lines that could not be written, as the disk is full.
    unwritten: AtomicU64,
}

impl Outlet {
    /// Starts the thread, which writes to `out`.
    pub(crate) fn open(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (writer, chunks) = sync_channel(1);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let run = move || write_all(out, &chunks, &shared);
        Ok(Self {
            lines: Vec::new(),
            writer: Some(writer),
            thread: Some(Builder::new().name("output".into()).spawn(run)?),
            state,
            dropped: 0,
        })
    }

    /// Appends lines, which `write` writes, unless the queue is full.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.lines.len() >= QUEUE_MAX {
            self.dropped = self.dropped.saturating_add(1);
        } else {
            write(&mut self.lines);
        }
    }

    /// Passes the lines to the thread, if that is ready. If lines were dropped before, returns how
    /// many, so that they are told.
    pub(crate) fn flush(&mut self) -> Option<u64> {
        if !self.lines.is_empty() && !self.pass_on() {
            return None;
        }
        let lost = take(&mut self.dropped) + self.state.unwritten.swap(0, Ordering::Relaxed);
        (lost > 0).then_some(lost)
    }

    fn pass_on(&mut self) -> bool {
        let Some(writer) = &self.writer else {
            return true;
        };
        match writer.try_send(take(&mut self.lines)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(lines)) => {
                self.lines = lines;
                false
            }
        }
    }

    /// Returns whether the reader has gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.closed.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but no longer than until `end`.
    pub(crate) async fn finish(&mut self, end: Instant) {
        while !self.pass_on() && Instant::now() < end {
            sleep(LOOK).await;
        }
        self.writer = None; // this ends the thread
        let is_writing = |thread: &JoinHandle<()>| !thread.is_finished();
        while self.thread.as_ref().is_some_and(is_writing) && Instant::now() < end {
            sleep(LOOK).await;
        }
    }
}

fn write_all(mut out: impl Write, chunks: &Receiver<Vec<u8>>, state: &State) {
    for chunk in chunks {
        let written = out.write_all(&chunk).and_then(|()| out.flush());
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                return state.closed.store(true, Ordering::Relaxed);
            }
            Err(_) => {
                let lines = chunk.split(|&byte| byte == b'\n').skip(1).count();
                let lines = u64::try_from(lines).unwrap_or(u64::MAX);
                state.unwritten.fetch_add(lines, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A reader that can be held up, and what it has read.
    #[derive(Clone, Default)]
    struct Reader {
        read: Arc<Mutex<Vec<u8>>>,
        error: Option<ErrorKind>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.error {
                Some(kind) => Err(kind.into()),
                None => self.read.lock().unwrap().write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(outlet: &mut Outlet, text: &str) {
        outlet.push(|lines| lines.extend_from_slice(text.as_bytes()));
    }

    async fn end(outlet: &mut Outlet) {
        outlet.finish(Instant::now() + Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_what_is_dropped_is_counted() {
        let reader = Reader::default();
        let held = reader.read.lock().unwrap(); // the reader has stopped
        let mut outlet = Outlet::open(reader.clone()).unwrap();
        let text = "x".repeat(1_023) + "\n";
        for _ in 0..4 * QUEUE_MAX / 1_024 {
            line(&mut outlet, &text);
            assert_eq!(outlet.flush(), None);
        }
        assert!(outlet.lines.len() <= QUEUE_MAX + text.len());
        drop(held);
        let dropped = loop {
            if let Some(dropped) = outlet.flush() {
                break dropped;
            }
            sleep(LOOK).await;
        };
        end(&mut outlet).await;
        let read = reader.read.lock().unwrap().len() / 1_024;
        assert!(dropped > 1_000, "{dropped}");
        assert_eq!(
            read + usize::try_from(dropped).unwrap(),
            4 * QUEUE_MAX / 1_024
        );
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_is_noticed_and_a_full_disk_survived() {
        for (error, closed, lost) in [
            (ErrorKind::BrokenPipe, true, None),
            (ErrorKind::StorageFull, false, Some(1)),
        ] {
            let mut outlet = Outlet::open(Reader {
                error: Some(error),
                ..Reader::default()
            })
            .unwrap();
            line(&mut outlet, "one\n");
            outlet.flush();
            end(&mut outlet).await;
            assert_eq!(
                (outlet.is_closed(), outlet.flush()),
                (closed, lost),
                "{error}"
            );
        }
    }
}
