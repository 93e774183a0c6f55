#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| systole_fuzz::lease(bytes));
