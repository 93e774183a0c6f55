//! How the processes of a command are kept together, so that all of them can be ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::args::Confine;

/// The most processes that one pass over the descendants kills.
const DESCENDANTS_MAX: usize = 65_536;

#[derive(Debug)]
pub(super) enum Confinement {
    /// The first process is the first of a PID namespace: its end is the end of all.
    Namespace,
    /// The processes are in this control group.
    Cgroup(Cgroup),
    /// The guard adopts the descendants that lose their parents.
    Descendants,
}

impl Confinement {
    /// Prepares what `wanted` asks for; the next process that is started is the first one.
    pub(super) fn prepare(wanted: Confine) -> io::Result<Self> {
        match wanted {
            Confine::Auto => Self::namespace()
                .or_else(|_| Self::cgroup())
                .or_else(|_| Self::descendants()),
            Confine::Namespace => Self::namespace(),
            Confine::Cgroup => Self::cgroup(),
            Confine::Descendants => Self::descendants(),
        }
    }

    fn namespace() -> io::Result<Self> {
        if unshare(CloneFlags::CLONE_NEWPID).is_err() {
            let probe = Command::new("/proc/self/exe")
                .args(["hold-guard", "--probe"])
                .status()?;
            if !probe.success() {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            enter_user_namespace()?;
        }
        Ok(Self::Namespace)
    }

    fn cgroup() -> io::Result<Self> {
        set_child_subreaper(true)?;
        Cgroup::create().map(Self::Cgroup)
    }

    fn descendants() -> io::Result<Self> {
        set_child_subreaper(true)?;
        Ok(Self::Descendants)
    }

    /// Takes the first process in, before it may start the command.
    pub(super) fn admit(&self, first: Pid) -> io::Result<()> {
        match self {
            Self::Cgroup(cgroup) => cgroup.write("cgroup.procs", &first.to_string()),
            Self::Namespace | Self::Descendants => Ok(()),
        }
    }

    /// Returns whether the first process stays as the one that reaps the others.
    pub(super) const fn has_init(&self) -> bool {
        matches!(self, Self::Namespace)
    }

    /// Sends `signal` to the processes of a command whose first process is `first`.
    pub(super) fn signal(&self, first: Pid, signal: Signal) {
        match self {
            Self::Cgroup(cgroup) if signal == Signal::SIGKILL => {
                let _ = cgroup.write("cgroup.kill", "1"); // the guard looks whether any is left
            }
            Self::Cgroup(cgroup) => signal_all(&cgroup.processes(), signal),
            Self::Namespace => signal_all(&[first], signal),
            Self::Descendants => signal_all(&descendants(), signal),
        }
    }

    /// Returns whether no process is left, after the guard has no child any more.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Cgroup(cgroup) => cgroup.processes().is_empty(),
            Self::Namespace | Self::Descendants => true,
        }
    }
}

fn signal_all(processes: &[Pid], signal: Signal) {
    for &process in processes {
        let _ = kill(process, signal); // it may have ended
    }
}

/// Enters a user namespace in which this user is still the same, and a PID namespace in it.
pub(super) fn enter_user_namespace() -> io::Result<()> {
    let (user, group) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// Returns the children of this process and their descendants. A process that is started meanwhile
/// may be missing.
fn descendants() -> Vec<Pid> {
    let mut found = children("self");
    let mut next = 0;
    while let Some(process) = found.get(next).copied().filter(|_| next < DESCENDANTS_MAX) {
        found.extend(children(&process.to_string()));
        next += 1;
    }
    found
}

/// Returns the children of all threads of a process.
fn children(process: &str) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten();
    let lists = threads
        .flatten()
        .map(|thread| processes_in(&thread.path().join("children")));
    lists.flatten().collect()
}

/// Reads a file of process ids.
fn processes_in(file: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let ids = text
        .split_ascii_whitespace()
        .filter_map(|id| id.parse().ok());
    ids.map(Pid::from_raw).collect()
}

/// A control group of this guard's own, below the group in which it runs.
#[derive(Debug)]
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    fn create() -> io::Result<Self> {
        let missing = || io::Error::from(io::ErrorKind::Unsupported);
        let (mounts, own) = (
            fs::read_to_string("/proc/self/mountinfo")?,
            fs::read_to_string("/proc/self/cgroup")?,
        );
        let root = mount_point(&mounts).ok_or_else(missing)?;
        let own = own
            .lines()
            .find_map(|line| line.strip_prefix("0::/"))
            .ok_or_else(missing)?;
        let name = format!("systole-hold-{}", std::process::id());
        let cgroup = Self(Path::new(root).join(own).join(name));
        fs::create_dir(&cgroup.0)?;
        if !cgroup.0.join("cgroup.kill").exists() {
            return Err(missing()); // Linux before 5.14
        }
        Ok(cgroup)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.0.join(file), text)
    }

    fn processes(&self) -> Vec<Pid> {
        processes_in(&self.0.join("cgroup.procs"))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0); // it may not be empty
    }
}

/// Returns where control groups of version 2 are mounted: `36 35 0:31 / /sys/fs/cgroup rw - cgroup2 …`.
fn mount_point(mounts: &str) -> Option<&str> {
    let is_version_2 = |line: &&str| {
        line.split_once(" - ")
            .is_some_and(|(_, rest)| rest.starts_with("cgroup2 "))
    };
    mounts.lines().find(is_version_2)?.split(' ').nth(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_of_version_2_are_found_among_the_mounts() {
        let mounts = "35 25 0:30 / /sys/fs/cgroup ro shared:9 - tmpfs tmpfs ro\n\
            36 35 0:31 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(mounts), Some("/sys/fs/cgroup/unified"));
        assert_eq!(mount_point("25 0 0:4 / /proc rw - proc proc rw"), None);
    }

    #[test]
    fn a_child_is_a_descendant() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap());
        assert!(descendants().contains(&id));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants().contains(&id));
    }
}
