//! The recorded networks that can be judged at bounds of 3 and 10 s.

use std::path::PathBuf;

use systole::lab::Trace;

const SEVEN: [&str; 7] = [
    "us5g_drive_verizon",
    "us5g_drive_tmobile",
    "us5g_drive_atnt",
    "cicv5g_public5g_n78_urban",
    "cicv5g_private5g_n8_handoff_w2s",
    "cicv5g_private5g_n8_rural_weak",
    "lan_ethernet_ros2_rpi4",
];

/// Two more, probed stop-and-wait: for bounds of 30 s and more.
const UNSEEN: [&str; 2] = ["starlink_lagos_isl", "campus_pc_to_8888"];

/// The seven with their names; `None`, and a line to say so, without a folder.
pub(crate) fn seven() -> Option<Vec<(&'static str, Trace)>> {
    load(&SEVEN)
}

/// The two by which nothing was ever chosen.
#[allow(dead_code, reason = "not every test needs them")]
pub(crate) fn unseen() -> Option<Vec<(&'static str, Trace)>> {
    load(&UNSEEN)
}

fn load(names: &[&'static str]) -> Option<Vec<(&'static str, Trace)>> {
    let Some(folder) = std::env::var_os("SYSTOLE_TRACES").map(PathBuf::from) else {
        println!("skipped: SYSTOLE_TRACES names no folder of traces");
        return None;
    };
    let load = |&name: &&'static str| {
        let file = folder.join(format!("{name}.csv"));
        (name, Trace::load(file).unwrap())
    };
    Some(names.iter().map(load).collect())
}
