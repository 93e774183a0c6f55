//! Every mutant of cargo-mutants in one build, each behind a switch.
//!
//! cargo-mutants builds the crate once a mutant, which for some thousands takes days. Here its list is woven into one copy of the
//! source: an operator, a body or an arm asks whether its mutant is on. What does not compile is left out. Each test is run by itself
//! once, to learn how long it takes and which mutants it reaches; then each mutant is switched on for the tests that reach it, quickest
//! first, until one fails. Those that no test notices are printed, and are nothing but what cargo-mutants calls them.
//!
//! `mutants LIST TREE`: the output of `cargo mutants --list --json`, and a copy of the crate that may be spoilt.

mod build;
mod expression;
mod hunt;
mod list;
mod test;
mod weave;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;

type Result<T> = core::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(list), Some(tree)) = (args.next(), args.next()) else {
        return Err("usage: mutants LIST TREE".into());
    };
    let mutants = list::read(&list)?;
    let sources = weave::Sources::read(&tree, &mutants)?;
    let mut unviable = BTreeSet::new();
    let binaries = loop {
        let woven = sources.weave(&mutants, &unviable)?;
        match build::tests(&tree, &woven)? {
            build::Built::Tests(binaries) => break binaries,
            build::Built::Unviable(refused) => {
                println!("{} do not compile", refused.len());
                unviable.extend(refused);
            }
        }
    };
    unviable.extend(sources.strange(&mutants));
    let tests = test::measure(&tree, &binaries, mutants.len())?;
    let survivors = hunt::survivors(&tree, &mutants, &unviable, &tests);
    println!(
        "{} mutants, {} not viable, {} missed",
        mutants.len(),
        unviable.len(),
        survivors
    );
    Ok(())
}
