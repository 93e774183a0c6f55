//! The tests, each by itself.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::Result;

/// Tests that take longer are left out: what they alone would notice counts as missed.
const LONGEST: Duration = Duration::from_secs(5);

/// One test, what it takes, and which mutants it reaches.
#[derive(Debug)]
pub(crate) struct Test {
    name: String,
    binary: PathBuf,
    takes: Duration,
    reached: Vec<u8>,
}

impl Test {
    pub(crate) fn reaches(&self, mutant: usize) -> bool {
        self.reached.get(mutant + 1) == Some(&b'1')
    }

    /// How many it reaches.
    fn reach(&self) -> u32 {
        self.reached.iter().map(|&byte| u32::from(byte == b'1')).sum()
    }

    /// Whether the test notices a mutant: it fails, or takes ten times as long and a second more.
    pub(crate) fn notices(&self, tree: &Path, mutant: usize) -> bool {
        let command = &mut command(tree, &self.binary, &self.name);
        let status = run(
            command.env("MUTANT", (mutant + 1).to_string()),
            self.takes * 10 + Duration::from_secs(1),
        );
        status.is_ok_and(|status| !status.is_some_and(|status| status.success()))
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

/// None where it takes longer than `at_most`.
fn run(command: &mut Command, at_most: Duration) -> Result<Option<ExitStatus>> {
    let end = Instant::now() + at_most;
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All tests, the quick ones that reach few mutants first: they look closest.
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
            match test(tree, binary, name)? {
                Some(test) => tests.push(test),
                None => println!("TOO LONG: {name}"),
            }
        }
    }
    tests.sort_by_cached_key(|test| test.takes * test.reach());
    let reached = (0..mutants)
        .filter(|&mutant| tests.iter().any(|test| test.reaches(mutant)))
        .count();
    println!("{} tests reach {reached} of {mutants} mutants", tests.len());
    Ok(tests)
}

fn test(tree: &Path, binary: &Path, name: &str) -> Result<Option<Test>> {
    let reached = tree.join("reached");
    let command = &mut command(tree, binary, name);
    let start = Instant::now();
    let Some(status) = run(command.env("MUTANTS_REACHED", &reached), LONGEST)? else {
        return Ok(None);
    };
    if !status.success() {
        return Err(format!("{name} fails without a mutant").into());
    }
    Ok(Some(Test {
        name: name.to_owned(),
        binary: binary.to_owned(),
        takes: start.elapsed(),
        reached: std::fs::read(&reached)?,
    }))
}
