//! The thread that owns the terminal: it draws pictures and reads keys, so that drawing never
//! delays probes.

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

/// How long keys may wait if there is no new picture to draw.
const PATIENCE: Duration = Duration::from_millis(30);

/// The exit status of a Rust program that panicked.
const PANICKED: i32 = 101;

/// The terminal, which is restored when this is dropped.
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

    /// Draws `scene`. It is skipped if the previous one is not drawn yet.
    pub(super) fn show(&self, scene: Scene) {
        if let Some(scenes) = &self.scenes {
            let _ = scenes.try_send(scene);
        }
    }

    /// Waits for the next key; returns `None` if the terminal was closed. Cancel safe.
    pub(super) async fn next_key(&mut self) -> Option<Key> {
        self.keys.recv().await
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.scenes = None; // this ends the thread
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // the hook has reported a panic
        }
        restore();
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
                Ok(_) => {} // the next picture has a new size
                Err(_) => return,
            }
        }
    }
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
        _ => None,
    }
}
