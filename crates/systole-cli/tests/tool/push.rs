//! `beat` and `listen`: real processes, over loopback.

mod beat;
mod listen;
mod many;
mod state;

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use serde_json::Value;
use siphasher::sip::SipHasher24;
use siphasher::sip128::SipHasher24 as Siphash128;
use systole::{Beat, wire};

use crate::tool::{Watch, tool};

const MS: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// A folder of the test, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("systole-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder); // of a run that was killed
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Writes a file with the rights of a key file.
    fn keys(&self, text: &str) -> PathBuf {
        let path = self.write("keys", text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `systole listen --json`, and its address.
fn listen(arguments: &[&str]) -> (Watch, SocketAddr) {
    listen_on("127.0.0.1:0", arguments)
}

fn listen_on(address: &str, arguments: &[&str]) -> (Watch, SocketAddr) {
    let mut listen = Watch::of("listen", [&[address], arguments].concat());
    let start = listen.until("start", PATIENCE, |line| line["event"] == "start");
    let address = start["address"].as_str().unwrap().parse().unwrap();
    (listen, address)
}

/// `systole beat`, killed when dropped.
struct Beating(Child);

impl Drop for Beating {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

fn beat_command(to: SocketAddr, id: &str, folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = tool();
    let state = folder.path(&format!("{id}.beat"));
    command
        .args(["beat", &to.to_string(), "--id", id, "--state"])
        .arg(state)
        .args(arguments);
    command
}

fn beat(to: SocketAddr, id: &str, folder: &Folder, arguments: &[&str]) -> Beating {
    Beating(beat_command(to, id, folder, arguments).spawn().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn is(sender: &'static str, verdict: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["sender"] == sender && line["verdict"] == verdict
}

fn id_of(name: &str) -> u64 {
    SipHasher24::new().hash(name.as_bytes()).max(1)
}

/// The key 00 01 to 0f, with which all heartbeats of a crowd are sealed.
struct Key;

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let key = std::array::from_fn(|byte| u8::try_from(byte).unwrap());
        Siphash128::new_with_key(&key).hash(message).as_bytes()
    }
}

/// Many senders in one thread, with ids from 1 on.
struct Crowd {
    stop: Arc<AtomicBool>,
    /// So many of them send.
    count: Arc<AtomicU32>,
    /// The number of the round that is being sent.
    round: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    fn start(to: SocketAddr, count: u32, every: Duration) -> Self {
        let (stop, count) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(count)),
        );
        let (until, number) = (Arc::clone(&stop), Arc::clone(&count));
        let round = Arc::new(AtomicU32::new(0));
        let now = Arc::clone(&round);
        let thread = spawn(move || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let born = std::time::Instant::now();
            for sequence in 0.. {
                now.store(sequence, Ordering::Relaxed);
                send(&socket, to, number.load(Ordering::Relaxed), sequence, every);
                let next = (every * (sequence + 1)).saturating_sub(born.elapsed());
                sleep(next);
                if until.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self {
            stop,
            count,
            round,
            thread: Some(thread),
        }
    }

    /// All but `count` crash, after the round whose number is returned, or the next.
    fn shrink(&self, count: u32) -> u32 {
        let round = self.round.load(Ordering::Relaxed);
        self.count.store(count, Ordering::Relaxed);
        round
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Sends a heartbeat of each of `count` senders, over most of a second or of the interval.
fn send(socket: &UdpSocket, to: SocketAddr, count: u32, sequence: u32, every: Duration) {
    let pause = (every * 3 / 4).min(900 * MS) / (count / 100 + 1);
    for id in 1..=count {
        let _ = socket.send_to(&sealed(id.into(), 7, sequence, every), to);
        if id % 100 == 0 {
            sleep(pause);
        }
    }
}

fn sealed(id: u64, incarnation: u32, sequence: u32, every: Duration) -> [u8; wire::TAGGED] {
    let beat = Beat::new(sequence, every)
        .with_id(id)
        .with_incarnation(incarnation);
    wire::seal(&beat.with_deadline(every * 9 / 8), 0, &Key)
}
