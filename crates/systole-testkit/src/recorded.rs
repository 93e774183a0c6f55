//! The recorded networks, and the bounds at which they can be judged.

use std::path::PathBuf;

use systole_lab::Trace;

use crate::ignored;

/// Those that can be judged at bounds of 3 and 10 s.
const SEVEN: [&str; 7] = [
    "us5g_drive_verizon",
    "us5g_drive_tmobile",
    "us5g_drive_atnt",
    "cicv5g_public5g_n78_urban",
    "cicv5g_private5g_n8_handoff_w2s",
    "cicv5g_private5g_n8_rural_weak",
    "lan_ethernet_ros2_rpi4",
];

/// Those that were probed stop-and-wait, for bounds of 30 s and more.
const TWO: [&str; 2] = ["starlink_lagos_isl", "campus_pc_to_8888"];

/// A network, its name, and bounds in seconds at which it can be judged.
pub type Recorded = (&'static str, Trace, &'static [u64]);

/// The folder; `None`, and a line to say so, without.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SYSTOLE_TRACES").map(PathBuf::from);
    if folder.is_none() {
        ignored::note("SYSTOLE_TRACES names no folder of recorded networks");
    }
    folder
}

fn load(names: &'static [&'static str]) -> Option<impl Iterator<Item = (&'static str, Trace)>> {
    let folder = folder()?;
    let load = move |&name: &&'static str| {
        let file = folder.join(format!("{name}.csv"));
        (name, Trace::load(file).unwrap())
    };
    Some(names.iter().map(load))
}

/// The seven with their names; `None`, and a line to say so, without a folder.
pub fn seven() -> Option<Vec<(&'static str, Trace)>> {
    Some(load(&SEVEN)?.collect())
}

/// The two by which nothing was ever chosen.
pub fn unseen() -> Option<Vec<(&'static str, Trace)>> {
    Some(load(&TWO)?.collect())
}

/// All nine; `None`, and a line to say so, without a folder.
pub fn all() -> Option<Vec<Recorded>> {
    let seven = load(&SEVEN)?.map(|(name, trace)| (name, trace, [3, 10].as_slice()));
    let two = load(&TWO)?.map(|(name, trace)| (name, trace, [30, 60].as_slice()));
    Some(seven.chain(two).collect())
}
