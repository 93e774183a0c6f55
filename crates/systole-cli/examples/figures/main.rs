//! Draws the figures of the pages in `docs`: `cargo run --release -p systole-cli --example figures -- docs`.
//!
//! Where `SYSTOLE_TRACES` names a folder of recorded networks, those that are judged by them, too.

mod fleet;
mod lifetime;
mod listener;
mod plot;
mod warning;

use std::fs;
use std::path::PathBuf;

use plot::Panel;
use systole_cli::trouble::Trouble;

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
        let svg = plot::chart(&panels)?;
        fs::write(&file, svg).map_err(|error| Trouble::Write(file.clone(), error))?;
        println!("{}", file.display());
    }
    Ok(())
}
