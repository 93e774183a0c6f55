//! Hands the linker the memory map beside this file and the scripts of `cortex-m-rt` and `defmt`.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    let here = var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search={here}");
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
