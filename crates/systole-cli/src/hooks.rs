//! Programs that run when a verdict or the active endpoint of a group changes (`on_change`).
//!
//! They run on threads of their own. Of one target or group one runs at a time; if more changes
//! come meanwhile, it runs once more, for the latest one.

mod program;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, SystemTime};

use crate::labels::Labels;
use crate::target::Herald;

/// How many programs run at once. Further changes wait, of each target the latest one.
const RUNNING_MAX: usize = 4;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
}

/// What has changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The name of the target that the change is about.
    pub(crate) target: String,
    /// The name of its group, if it is a member of one.
    pub(crate) group: Option<String>,
    pub(crate) labels: Labels,
    /// The verdict before and the new one; of a group, the name of the active target.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) reason: String,
    pub(crate) at: SystemTime,
}

/// The changes that wait, and the threads that run the program for them.
#[derive(Debug)]
pub(crate) struct Hooks {
    shared: Arc<Shared>,
    herald: Herald,
    threads: usize,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// The keys with a change that waits, the earliest first.
    waiting: VecDeque<usize>,
    latest: HashMap<usize, (Program, Change)>,
    running: HashSet<usize>,
    /// The process groups of the programs that run.
    groups: HashSet<u32>,
}

impl Hooks {
    /// Returns hooks that tell `herald` what the programs say.
    pub(crate) fn new(herald: Herald) -> Self {
        Self {
            shared: Arc::default(),
            herald,
            threads: 0,
        }
    }

    /// Runs `program` for a change of the target or group `key`, as soon as its last run is over.
    pub(crate) fn run(&mut self, key: usize, program: Program, change: Change) {
        self.shared.lock().push(key, program, change);
        if self.threads < RUNNING_MAX && self.start_thread().is_ok() {
            self.threads += 1;
        }
        self.shared.changed.notify_one();
    }

    fn start_thread(&self) -> std::io::Result<()> {
        let (shared, herald) = (Arc::clone(&self.shared), self.herald.clone());
        let run = move || loop {
            let (key, program, change) = shared.next();
            let said = program.run(&change, |group, runs| shared.lock().note(group, runs));
            if let Some(said) = said {
                herald.of(key).hook(&said);
            }
            shared.lock().finished(key);
            shared.changed.notify_one();
        };
        Builder::new().name("hook".into()).spawn(run).map(drop)
    }

    /// Waits until nothing runs, but no longer than `span`; then kills what still runs.
    pub(crate) async fn finish(&self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        while !self.shared.lock().is_idle() && tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for &group in &self.shared.lock().groups {
            program::kill(group);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next change to run the program for.
    fn next(&self) -> (usize, Program, Change) {
        let mut queue = self.lock();
        loop {
            if let Some(next) = queue.take() {
                return next;
            }
            let waited = self.changed.wait(queue);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    /// Queues a change. One of the same key that waits is replaced, and the state before it kept.
    fn push(&mut self, key: usize, program: Program, mut change: Change) {
        if let Some((_, before)) = self.latest.get(&key) {
            change.from.clone_from(&before.from);
        } else if !self.running.contains(&key) {
            self.waiting.push_back(key);
        }
        self.latest.insert(key, (program, change));
    }

    fn take(&mut self) -> Option<(usize, Program, Change)> {
        let key = self.waiting.pop_front()?;
        let (program, change) = self.latest.remove(&key)?;
        self.running.insert(key);
        Some((key, program, change))
    }

    fn finished(&mut self, key: usize) {
        self.running.remove(&key);
        if self.latest.contains_key(&key) {
            self.waiting.push_back(key);
        }
    }

    fn note(&mut self, group: u32, runs: bool) {
        if runs {
            self.groups.insert(group);
        } else {
            self.groups.remove(&group);
        }
    }

    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: &str, to: &str) -> Change {
        Change {
            target: "t".into(),
            group: None,
            labels: Labels::default(),
            from: from.into(),
            to: to.into(),
            reason: String::new(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn of_one_target_one_runs_at_a_time_and_the_latest_change_wins() {
        let mut queue = Queue::default();
        let program = || Program {
            path: "/bin/true".into(),
            arguments: Vec::new(),
        };
        queue.push(1, program(), change("alive", "suspect"));
        assert_eq!(queue.take().map(|(key, ..)| key), Some(1));
        queue.push(1, program(), change("suspect", "dead"));
        queue.push(2, program(), change("alive", "dead"));
        queue.push(1, program(), change("dead", "alive"));
        assert_eq!(queue.take().map(|(key, ..)| key), Some(2));
        assert!(queue.take().is_none(), "the program still runs for 1");
        queue.finished(1);
        let (key, _, change) = queue.take().unwrap();
        assert_eq!((key, &*change.from, &*change.to), (1, "suspect", "alive"));
        queue.finished(1);
        queue.finished(2);
        assert!(queue.is_idle());
    }
}
