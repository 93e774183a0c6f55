//! The woven tree, built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;
use crate::weave::{ASKS, CLOSE, OPEN, Woven};

pub(crate) enum Built {
    /// The test binaries.
    Tests(Vec<PathBuf>),
    /// The mutants that the compiler complains of.
    Unviable(BTreeSet<usize>),
}

pub(crate) fn tests(tree: &Path, woven: &Woven) -> Result<Built> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--offline",
            "--no-run",
            "--tests",
            "--all-features",
            "--message-format=json",
        ])
        .current_dir(tree.join("tests/core"))
        .env("RUSTC_BOOTSTRAP", "1") // a switch that const evaluation passes by
        .stderr(Stdio::inherit())
        .output()?;
    let messages: Vec<Value> = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    if output.status.success() {
        return Ok(Built::Tests(
            messages.iter().filter_map(executable).collect(),
        ));
    }
    let mut unviable = BTreeSet::new();
    for message in messages
        .iter()
        .filter(|message| message["message"]["level"] == "error")
    {
        unviable.extend(blamed(message, woven).into_iter().flatten());
    }
    if unviable.is_empty() {
        let rendered = messages
            .iter()
            .filter_map(|message| message["message"]["rendered"].as_str());
        return Err(rendered.collect::<String>().into());
    }
    Ok(Built::Unviable(unviable))
}

fn executable(message: &Value) -> Option<PathBuf> {
    (message["profile"]["test"] == true)
        .then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// The mutants that one complaint is about: those asked for on its lines, or else those of the site around it.
fn blamed(message: &Value, woven: &Woven) -> Option<Vec<usize>> {
    let spans = message["message"]["spans"].as_array()?;
    let blames = spans.iter().filter_map(|span| {
        let path = span["file_name"].as_str()?.trim_start_matches("../../");
        let text = woven.get(Path::new(path))?;
        let start = usize::try_from(span["byte_start"].as_u64()?).ok()?;
        blame(text, start).map(|mutants| (span["is_primary"] != true, mutants))
    });
    blames
        .min_by_key(|(secondary, _)| *secondary)
        .map(|(_, mutants)| mutants)
}

fn blame(text: &str, at: usize) -> Option<Vec<usize>> {
    let before = text.get(..at)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[line_start..].lines().next()?;
    if let Some(mutant) = asked(line) {
        return Some(vec![mutant]);
    }
    let mut depth = 0;
    let mut rest = before;
    while let Some(open) = rest.rfind(OPEN) {
        depth += rest[open..].matches(CLOSE).count();
        rest = &rest[..open];
        if depth == 0 {
            let numbers = text[open + OPEN.len()..].split("*/").next()?;
            println!("NO SWITCH: the site of {numbers}");
            return Some(
                numbers
                    .split(' ')
                    .filter_map(|number| number.parse().ok())
                    .collect(),
            );
        }
        depth -= 1;
    }
    before
        .lines()
        .rev()
        .find_map(asked)
        .map(|mutant| vec![mutant]) // a body that the mutant's type does not fit
}

/// The mutant that a line asks for.
fn asked(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once(ASKS)?;
    let number: usize = rest.split(')').next()?.parse().ok()?;
    number.checked_sub(1)
}
