//! The thread that owns the terminal: it draws pictures and reads keys, so that drawing never
//! delays probes.

use std::io::{self, IsTerminal, stdout};
use std::process::exit;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::{DefaultTerminal, Frame};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    End,
    Explain,
    Up,
    Down,
    PageUp,
    PageDown,
    /// Sort by the next column, and in the other direction.
    Sort,
    Reverse,
}

/// Draws a picture of what `S` holds.
pub(crate) type Draw<S> = fn(&mut Frame<'_>, &S);

/// How long keys may wait if there is no new picture to draw.
const PATIENCE: Duration = Duration::from_millis(30);

/// How often, and how far apart, it is looked whether the thread has ended.
const END_LOOKS: u32 = 100;
const END_LOOK: Duration = Duration::from_millis(5);

/// The exit status of a Rust program that panicked.
const PANICKED: i32 = 101;

/// The terminal, which is restored when this is dropped.
pub(crate) struct Screen<S> {
    scenes: Option<SyncSender<S>>,
    keys: UnboundedReceiver<Key>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Send + 'static> Screen<S> {
    pub(crate) fn open(draw: Draw<S>) -> io::Result<Self> {
        let terminal = ratatui::try_init().inspect_err(|_| restore())?;
        end_with_a_panic();
        let (scenes, pictures) = sync_channel(1);
        let (pressed, keys) = unbounded_channel();
        let thread = spawn(move || run(terminal, draw, &pictures, &pressed));
        Ok(Self {
            scenes: Some(scenes),
            keys,
            thread: Some(thread),
        })
    }

    /// Draws `scene`. It is skipped if the previous one is not drawn yet.
    pub(crate) fn show(&self, scene: S) {
        if let Some(scenes) = &self.scenes {
            let _ = scenes.try_send(scene);
        }
    }

    /// Waits for the next key; returns `None` if the terminal was closed. Cancel safe.
    pub(crate) async fn next_key(&mut self) -> Option<Key> {
        self.keys.recv().await
    }
}

impl<S> Drop for Screen<S> {
    fn drop(&mut self) {
        self.scenes = None; // this ends the thread
        if let Some(thread) = self.thread.take() {
            wait_for(thread);
        }
        restore();
    }
}

/// Waits until the thread has ended. If the terminal was closed while it read keys, it never does:
/// crossterm reads the end of the input again and again.
fn wait_for(thread: JoinHandle<()>) {
    for _ in 0..END_LOOKS {
        if thread.is_finished() {
            let _ = thread.join(); // the hook has reported a panic
            return;
        }
        sleep(END_LOOK);
    }
}

fn restore() {
    let _ = execute!(stdout(), Show); // fails if the terminal was closed
    let _ = ratatui::try_restore();
}

/// Ends the process after a panic in any thread or task: the hook has restored the terminal, and
/// nothing may draw on it any more.
fn end_with_a_panic() {
    let restore_and_tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let _ = execute!(stdout(), Show);
        restore_and_tell(info);
        exit(PANICKED);
    }));
}

fn run<S>(
    mut terminal: DefaultTerminal,
    draw: Draw<S>,
    scenes: &Receiver<S>,
    keys: &UnboundedSender<Key>,
) {
    let is_input = io::stdin().is_terminal(); // else keys come from /dev/tty
    loop {
        match scenes.recv_timeout(PATIENCE) {
            Ok(scene) if terminal.draw(|frame| draw(frame, &scene)).is_err() => return,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if is_input && is_closed() {
            return;
        }
        while event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(Event::Key(key)) => keep(keys, meaning(key)),
                Ok(_) => {} // the next picture has a new size
                Err(_) => return,
            }
        }
    }
}

/// Returns whether the terminal was closed. Its input must then not be read any more.
#[cfg(target_os = "linux")]
fn is_closed() -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    let stdin = io::stdin();
    let mut input = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
    let polled = poll(&mut input, PollTimeout::ZERO);
    let [input] = input;
    polled.is_ok()
        && input
            .revents()
            .is_some_and(|it| it.contains(PollFlags::POLLHUP))
}

/// Elsewhere the next read tells.
#[cfg(not(target_os = "linux"))]
const fn is_closed() -> bool {
    false
}

fn keep(keys: &UnboundedSender<Key>, key: Option<Key>) {
    if let Some(key) = key {
        let _ = keys.send(key); // fails if the watch has ended
    }
}

fn meaning(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if key.kind == KeyEventKind::Release => None,
        KeyCode::Char('c') if control => Some(Key::End),
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::End),
        KeyCode::Char('?' | 'h') => Some(Key::Explain),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => Some(Key::Up),
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => Some(Key::Down),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Key::PageDown),
        KeyCode::Char('s') => Some(Key::Sort),
        KeyCode::Char('r') => Some(Key::Reverse),
        _ => None,
    }
}
