//! The tests, each by itself.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;

/// One test, what it takes, and which mutants it reaches.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    binary: PathBuf,
    pub(crate) takes: Duration,
    reached: Vec<u8>,
}

impl Test {
    pub(crate) fn reaches(&self, mutant: usize) -> bool {
        self.reached.get(mutant + 1) == Some(&b'1')
    }

    /// Whether the test notices a mutant: it fails, or takes ten times as long and a second more.
    pub(crate) fn notices(&self, tree: &Path, mutant: usize) -> bool {
        let command = &mut command(tree, &self.binary, &self.name);
        let Ok(mut child) = command.env("MUTANT", (mutant + 1).to_string()).spawn() else {
            return false;
        };
        let end = Instant::now() + self.takes * 10 + Duration::from_secs(1);
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return !status.success(),
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(1)),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return true;
                }
            }
        }
    }
}

fn command(tree: &Path, binary: &Path, name: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["--exact", "--test-threads=1", name])
        .current_dir(tree);
    command
        .env("PROPTEST_RNG_SEED", "1")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1") // the same cases for every mutant
        .env("PROPTEST_MAX_SHRINK_ITERS", "0"); // that one failed is enough
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// All tests, the quickest first.
pub(crate) fn measure(tree: &Path, binaries: &[PathBuf], mutants: usize) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for binary in binaries {
        let list = Command::new(binary)
            .args(["--list", "--format=terse"])
            .current_dir(tree)
            .output()?
            .stdout;
        for name in String::from_utf8(list)?
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
        {
            tests.push(test(tree, binary, name)?);
        }
    }
    tests.sort_by_key(|test| test.takes);
    for test in &tests {
        println!("{:?} {}", test.takes, test.name);
    }
    let reached = (0..mutants)
        .filter(|&mutant| tests.iter().any(|test| test.reaches(mutant)))
        .count();
    println!("{} tests reach {reached} of {mutants} mutants", tests.len());
    Ok(tests)
}

fn test(tree: &Path, binary: &Path, name: &str) -> Result<Test> {
    let reached = tree.join("reached");
    let start = Instant::now();
    if !command(tree, binary, name)
        .env("MUTANTS_REACHED", &reached)
        .status()?
        .success()
    {
        return Err(format!("{name} fails without a mutant").into());
    }
    Ok(Test {
        name: name.to_owned(),
        binary: binary.to_owned(),
        takes: start.elapsed(),
        reached: std::fs::read(&reached)?,
    })
}
