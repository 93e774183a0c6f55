//! The limits that crates/systole-cli/docs/hold.md names, each shown.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;

use systole_testkit::ignored;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::{Server, is_root};
use systole_testkit::servers::redis::redis;
use systole_testkit::servers::signal::signal;

use super::{CAREFUL, Holder, Ledger, SECOND, STUBBORN, children, eventually, stop, text_of};

fn start(server: &Server, ledger: &Ledger, confine: &str, script: &str) -> Holder {
    let lease = format!("redis://127.0.0.1:{}/nightly", server.port);
    let options = [
        &*lease,
        "--ttl",
        "1500ms",
        "--grace",
        "100ms",
        "--confine",
        confine,
    ];
    Holder::start(
        options
            .map(str::to_owned)
            .into_iter()
            .chain(ledger.command(script)),
    )
}

/// Stops supervisor, guard and first process, and lets another take the lease over.
fn stop_all_and_take_over(server: &Server, ledger: &Ledger, confine: &str, script: &str) -> Holder {
    let first = start(server, ledger, confine, script);
    ledger.until_epoch(1);
    let guard = first.guard();
    for process in [first.pid(), guard].into_iter().chain(children(guard)) {
        if confine == "namespace" || process == first.pid() || process == guard {
            stop(process);
        }
    }
    let second = start(server, ledger, "auto", STUBBORN);
    ledger.until_epoch(2);
    sleep(SECOND / 5);
    second
}

/// Not even this is a limit: the kernel kills a guard that does not run, and a namespace with it.
#[test]
fn in_a_namespace_a_stopped_guard_is_killed_with_the_command_in_time() {
    let Some(server) = redis() else { return };
    let ledger = Ledger::new();
    let _second = stop_all_and_take_over(&server, &ledger, "namespace", STUBBORN);
    ledger.assert_no_overlap();
}

/// With neither namespace nor control group, nobody is left who knows the descendants.
#[test]
fn among_descendants_a_stopped_guard_lets_grandchildren_escape_and_the_fence_file_stops_them() {
    let Some(server) = redis() else { return };
    for (script, overlaps) in [(STUBBORN, true), (CAREFUL, false)] {
        let ledger = Ledger::new();
        ledger.folder.text("script", script);
        let script = "setsid sh script & echo $! >escaped; wait";
        let second = stop_all_and_take_over(&server, &ledger, "descendants", script);
        let is_sorted = ledger.epochs().0.is_sorted();
        let escaped = fs::read_to_string(ledger.folder.file("escaped")).unwrap();
        let _ = Command::new("kill")
            .args(["-KILL", escaped.trim()])
            .status(); // it may have ended
        assert_eq!(is_sorted, !overlaps, "{:?}", ledger.lines());
        drop(second);
        sleep(SECOND / 2);
    }
}

/// The guard is killed in a frozen control group too (version 2). A machine that is frozen as a
/// whole kills nobody.
#[test]
fn a_frozen_holder_is_killed_in_time() {
    let Some(server) = redis() else { return };
    let Some(cgroup) = Cgroup::create() else {
        return ignored::note("no control group may be made here");
    };
    let ledger = Ledger::new();
    let first = start(&server, &ledger, "namespace", STUBBORN);
    ledger.until_epoch(1);
    let (guard, mut all) = (first.guard(), vec![first.pid(), first.guard()]);
    all.extend(children(guard));
    all.extend(children(guard).into_iter().flat_map(children));
    for process in all {
        fs::write(cgroup.0.join("cgroup.procs"), process.to_string()).unwrap();
    }
    fs::write(cgroup.0.join("cgroup.freeze"), "1").unwrap();
    let second = start(&server, &ledger, "auto", STUBBORN);
    ledger.until_epoch(2);
    fs::write(cgroup.0.join("cgroup.freeze"), "0").unwrap();
    assert_eq!(first.end().0, 124);
    sleep(SECOND / 5);
    ledger.assert_no_overlap();
    drop(second);
}

/// A control group of the test's own.
struct Cgroup(PathBuf);

impl Cgroup {
    fn create() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
        let folder = format!("systole-frozen-{}", std::process::id());
        let path = PathBuf::from(mount.split(' ').nth(4)?).join(folder);
        fs::create_dir(&path).ok()?;
        Some(Self(path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let emptied = || fs::remove_dir(&self.0).ok();
        eventually("end of the group", emptied);
    }
}

/// What a process in uninterruptible sleep has begun happens when it wakes up, however late that is.
/// The lease is not released meanwhile: another gets it when it expires.
#[test]
fn an_uninterruptible_change_happens_after_the_lease_was_lost() {
    let Some(server) = redis() else { return };
    let Some(disk) = Disk::mount() else {
        return ignored::note("no file system may be mounted here");
    };
    let ledger = Ledger::new();
    let script = format!(
        "echo start $SYSTOLE_EPOCH >>ledger; n=0; while :; do echo $SYSTOLE_EPOCH 0 >>ledger; \
        n=$((n + 1)); mkdir {}/$n; sleep 0.02; done",
        disk.folder().display()
    );
    let first = start(&server, &ledger, "auto", &script);
    ledger.until_epoch(1);
    disk.freeze("-f");
    let before = disk.entries();
    signal(first.pid(), "STOP");
    let second = start(&server, &ledger, "auto", STUBBORN);
    ledger.until_epoch(2);
    disk.freeze("-u");
    eventually("the late entry", || (disk.entries() > before).then_some(()));
    sleep(SECOND / 5);
    assert_eq!(disk.entries(), before + 1, "only what had begun");
    drop(second);
}

/// A file system of its own, which can be frozen.
struct Disk(Folder);

impl Disk {
    fn mount() -> Option<Self> {
        let disk = Self(Folder::new("disk"));
        let image = disk.0.file("image");
        fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        fs::create_dir(disk.folder()).unwrap();
        let made = Command::new("mkfs.ext4")
            .arg("-q")
            .arg(&image)
            .status()
            .ok()?;
        let mount = || {
            Command::new("mount")
                .args(["-o", "loop"])
                .arg(&image)
                .arg(disk.folder())
                .output()
        };
        (is_root() && made.success() && mount().ok()?.status.success()).then_some(disk)
    }

    fn folder(&self) -> PathBuf {
        self.0.file("disk")
    }

    fn freeze(&self, option: &str) {
        text_of(Command::new("fsfreeze").arg(option).arg(self.folder()));
    }

    fn entries(&self) -> usize {
        fs::read_dir(self.folder()).unwrap().count()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.freeze("-u"); // it may be thawed
        let _ = Command::new("umount").arg("-l").arg(self.folder()).output();
    }
}
