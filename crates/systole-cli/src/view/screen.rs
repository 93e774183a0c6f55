//! The thread that owns the terminal: pictures in, keys out. Drawing is not on the prober's time.

use std::io::{self, stdout};
use std::process::exit;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Scene;
use super::draw::draw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    End,
    Explain,
    Up,
    Down,
}

/// How long keys may wait while there is nothing new to draw.
const PATIENCE: Duration = Duration::from_millis(30);

/// The exit status of a program that panicked.
const PANICKED: i32 = 101;

/// Gives the terminal back when it is dropped.
pub(super) struct Screen {
    scenes: Option<SyncSender<Scene>>,
    keys: UnboundedReceiver<Key>,
    thread: Option<JoinHandle<()>>,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        let terminal = ratatui::try_init().inspect_err(|_| restore())?;
        end_with_a_panic();
        let (scenes, pictures) = sync_channel(1);
        let (pressed, keys) = unbounded_channel();
        let thread = spawn(move || run(terminal, &pictures, &pressed));
        Ok(Self {
            scenes: Some(scenes),
            keys,
            thread: Some(thread),
        })
    }

    /// Where the last one is not drawn yet, this one is left out.
    pub(super) fn show(&self, scene: Scene) {
        if let Some(scenes) = &self.scenes {
            let _ = scenes.try_send(scene);
        }
    }

    /// Nothing where the terminal is gone. Cancel safe.
    pub(super) async fn next_key(&mut self) -> Option<Key> {
        self.keys.recv().await
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.scenes = None; // which ends the thread
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic has been told by the hook
        }
        restore();
    }
}

fn restore() {
    let _ = execute!(stdout(), Show); // there may be no terminal any more
    let _ = ratatui::try_restore();
}

/// A panic anywhere, in a task as well, ends it all: the terminal was given back, and nobody may draw on it.
fn end_with_a_panic() {
    let restore_and_tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let _ = execute!(stdout(), Show);
        restore_and_tell(info);
        exit(PANICKED);
    }));
}

fn run(mut terminal: DefaultTerminal, scenes: &Receiver<Scene>, keys: &UnboundedSender<Key>) {
    loop {
        match scenes.recv_timeout(PATIENCE) {
            Ok(scene) if terminal.draw(|frame| draw(frame, &scene)).is_err() => return,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(Event::Key(key)) => keep(keys, meaning(key)),
                Ok(_) => {} // a new size shows with the next picture
                Err(_) => return,
            }
        }
    }
}

fn keep(keys: &UnboundedSender<Key>, key: Option<Key>) {
    if let Some(key) = key {
        let _ = keys.send(key); // nobody listens any more: it ends
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
        _ => None,
    }
}
