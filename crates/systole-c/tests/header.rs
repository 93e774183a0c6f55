//! `include/systole.h` is what the sources say.
//!
//! `SYSTOLE_WRITE_HEADER=1 cargo test --features std --test header` writes it.

use std::env::var_os;
use std::fs::{read_to_string, write};
use std::process::Command;

const HEADER: &str = "include/systole.h";

/// What stands before the items: for people first, then for compilers.
const BEFORE: &str = "\
/*
 * systole for C: heartbeats and failure detection. How to take it in: docs/c.md.
 *
 * Times are microseconds in 64 bits: spans, and moments of a clock whose epoch the caller chooses.
 * The caller owns all memory. No function allocates, blocks, reads a clock or calls back.
 *
 * Every function answers a systole_status_t: SYSTOLE_STATUS_OK, or why it did nothing. A pointer is
 * null or points to an object of its type that nobody else uses during the call. Where a comment
 * does not say that it may be null, null is refused. Functions that are not listed with other
 * answers refuse nothing but null and storage that holds no machine.
 *
 * cbindgen writes this file from crates/systole-c/src. Do not edit it.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */";

/// What stands after the includes.
const AFTER_INCLUDES: &str = "\
/* The caller has to look at the answer. */
#if defined(__GNUC__) || defined(__clang__)
#define SYSTOLE_MUST_USE __attribute__((warn_unused_result))
#else
#define SYSTOLE_MUST_USE
#endif";

/// What stands after the items: the storage is what the library was compiled for.
const TRAILER: &str = "\
#ifdef __cplusplus
#define SYSTOLE_ASSERT(is, what) static_assert(is, what)
#else
#define SYSTOLE_ASSERT(is, what) _Static_assert(is, what)
#endif
#define SYSTOLE_ASSERT_WORDS(type, words) \\
  SYSTOLE_ASSERT(sizeof(type) == 8 * (words), #type \" has another size than the library's\")

SYSTOLE_ASSERT(sizeof(uint64_t) == 8, \"systole needs bytes of eight bits\");
SYSTOLE_ASSERT(sizeof(systole_verdict_t) == 4, \"enumerations have four bytes\");
SYSTOLE_ASSERT_WORDS(systole_heartbeat_t, SYSTOLE_HEARTBEAT_WORDS);
SYSTOLE_ASSERT_WORDS(systole_planned_heartbeat_t, SYSTOLE_PLANNED_HEARTBEAT_WORDS);
SYSTOLE_ASSERT_WORDS(systole_monitor_t, SYSTOLE_MONITOR_WORDS);
SYSTOLE_ASSERT_WORDS(systole_planned_monitor_t, SYSTOLE_PLANNED_MONITOR_WORDS);
SYSTOLE_ASSERT_WORDS(systole_listener_t, SYSTOLE_LISTENER_WORDS);
SYSTOLE_ASSERT_WORDS(systole_sender_t, SYSTOLE_SENDER_WORDS);
SYSTOLE_ASSERT_WORDS(systole_lease_t, SYSTOLE_LEASE_WORDS);
SYSTOLE_ASSERT_WORDS(systole_clock_t, SYSTOLE_CLOCK_WORDS);";

/// Returns this crate as one file without macros, which `cbindgen` does not expand.
fn expanded() -> String {
    let cargo = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--locked", "--lib", "--profile=check"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(["--", "-Zunpretty=expanded"])
        .env("RUSTC_BOOTSTRAP", "1") // the stable compiler expands macros, but prints them so only
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    String::from_utf8(cargo.stdout).unwrap()
}

fn generated() -> String {
    let source = concat!(env!("CARGO_TARGET_TMPDIR"), "/systole.rs");
    write(source, expanded()).unwrap();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/cbindgen.toml");
    let config = cbindgen::Config::from_file(config).unwrap();
    let bindings = cbindgen::Builder::new()
        .with_src(source)
        .with_config(config)
        .with_header(BEFORE)
        .with_after_include(AFTER_INCLUDES)
        .with_trailer(TRAILER)
        .generate()
        .unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn the_header_is_what_the_sources_say() {
    let generated = generated();
    if var_os("SYSTOLE_WRITE_HEADER").is_some() {
        write(HEADER, &generated).unwrap();
    }
    let checked_in = read_to_string(HEADER).unwrap_or_default();
    assert!(
        checked_in == generated,
        "{HEADER} is not up to date: SYSTOLE_WRITE_HEADER=1 cargo test --features std --test header"
    );
}
