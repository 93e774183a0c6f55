use super::*;

#[test]
fn presets_match_their_table() {
    let built = |preset: Builder| preset.build().unwrap();
    assert_eq!(built(Config::lan()).interval_max(), Duration::from_secs(4));
    assert_eq!(
        built(Config::wan()).timeout_min(),
        Duration::from_millis(200)
    );
    assert_eq!(
        built(Config::cellular()).timeout_max(),
        Duration::from_secs(60)
    );
    assert_eq!(
        built(Config::satellite()).interval_min(),
        Duration::from_millis(13_500)
    );
    assert_eq!(
        built(Config::battery()).interval_min(),
        Duration::from_secs(3_240)
    );
}
