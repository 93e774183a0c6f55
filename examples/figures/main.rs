//! Draws the figures of the pages in `docs`: `cargo run --release --features cli --example figures -- docs`.
//!
//! Where `SYSTOLE_TRACES` names a folder of recorded networks, those that are judged by them, too.
#![allow(
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)] // a program

mod fleet;
mod lifetime;
mod listener;
mod plot;
#[allow(dead_code)] // shared with the test of the same table
#[path = "../../tests/common/published.rs"]
mod published;
#[path = "../../tests/common/recorded.rs"]
mod recorded;
#[path = "../../tests/common/swarm.rs"]
mod swarm;
mod trouble;
mod warning;

use std::fs;
use std::path::PathBuf;

use plot::Panel;
use trouble::Trouble;

/// A page's figure: what its file is called, and how it is made. Nothing where it takes recordings that are not there.
type Figure = (&'static str, fn() -> Option<Vec<Panel>>);

const FIGURES: [Figure; 6] = [
    ("listener", listener::a_life),
    ("listener-compared", listener::compared),
    ("lifetime", lifetime::costs),
    ("early-warning", || Some(warning::an_outage())),
    ("early-warning-compared", warning::compared),
    ("fleet", fleet::an_outage),
];

fn main() -> Result<(), Trouble> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().unwrap_or_else(|| "docs".into()));
    let only: Vec<String> = args.collect();
    for (name, panels) in FIGURES {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let Some(panels) = panels() else { continue };
        let file = folder.join(name).with_extension("svg");
        fs::write(&file, plot::chart(&panels)?)?;
        println!("{}", file.display());
    }
    Ok(())
}
