//! Has the operations that the tests share derive `Arbitrary` here, with libFuzzer or without.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=fuzzing");
}
