//! What cargo-mutants would change.

use std::path::{Path, PathBuf};

use proc_macro2::LineColumn;
use serde_json::Value;

use crate::Result;

/// One change. Its number is its place in the list, and one more behind its switch.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// As cargo-mutants prints it.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) genre: String,
    pub(crate) replacement: String,
    pub(crate) start: LineColumn,
    pub(crate) end: LineColumn,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Mutant>> {
    let list: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    list.iter()
        .map(|value| mutant(value).ok_or_else(|| format!("not a mutant: {value}").into()))
        .collect()
}

fn mutant(value: &Value) -> Option<Mutant> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    let span = value.get("span")?;
    Some(Mutant {
        name: text("name")?,
        file: text("file")?.into(),
        genre: text("genre")?,
        replacement: text("replacement")?,
        start: place(span.get("start")?)?,
        end: place(span.get("end")?)?,
    })
}

/// cargo-mutants counts columns from 1.
fn place(value: &Value) -> Option<LineColumn> {
    let number = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
    Some(LineColumn {
        line: number("line")?,
        column: number("column")?.checked_sub(1)?,
    })
}
