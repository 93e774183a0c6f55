//! Probe ids are unguessable to outsiders as long as the seed is. What is printed ends in logs, so neither the seed nor what is derived from it may be.

use core::time::Duration;

use systole::{Config, Instant, Monitor};

/// Two devices that differ in nothing but the seed.
const SEEDS: [u64; 2] = [0x0123_4567_89ab_cdef, 0x0fed_cba9_8765_4321];

fn config(seed: u64) -> Config {
    Config::every(Duration::from_secs(1))
        .jitter_percent(0)
        .without_initial_delay()
        .seed(seed)
        .build()
        .unwrap()
}

fn all_alike(printed: &[String]) {
    assert!(
        printed.windows(2).all(|two| two[0] == two[1]),
        "what is printed depends on the seed"
    );
}

/// Today: `seed: 81985529216486895`.
#[test]
fn a_configuration_is_printed_without_its_seed() {
    all_alike(&SEEDS.map(|seed| format!("{:?}", config(seed))));
}

/// Today: `key: ...`, with which every id can be made.
#[test]
fn a_monitor_is_printed_without_the_key_of_its_ids() {
    all_alike(
        &SEEDS.map(|seed| format!("{:?}", Monitor::new(config(seed), Instant::ZERO).unwrap())),
    );
}

/// The same of what `spawn` returns.
#[tokio::test(start_paused = true)]
async fn a_heart_is_printed_without_the_key_of_its_ids() {
    let mut printed = Vec::new();
    for seed in SEEDS {
        let heart = systole::task::spawn(config(seed), || async { Ok::<_, std::io::Error>(()) });
        printed.push(format!("{heart:?}"));
    }
    all_alike(&printed);
}
