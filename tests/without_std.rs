//! `cargo test -p systole --no-default-features` tests the library that a microcontroller gets: no
//! dependency of the tests switches a feature on. CI sets `SYSTOLE_WITHOUT_FEATURES` where it asks
//! for that.

#[test]
fn no_feature_is_on_that_was_not_asked_for() {
    if std::env::var_os("SYSTOLE_WITHOUT_FEATURES").is_some() {
        let on = [
            cfg!(feature = "alloc"),
            cfg!(feature = "std"),
            cfg!(feature = "serde"),
            cfg!(feature = "tokio"),
        ];
        assert_eq!(on, [false; 4]);
    }
}

/// A name that two glob imports bring is refused where it is used: this compiles only where the
/// library has no `thread`, and no `Fleet`.
#[cfg(not(feature = "alloc"))]
#[test]
fn the_library_has_neither_thread_nor_fleet() {
    mod ours {
        pub(super) mod thread {
            pub(in super::super) const IS_OURS: bool = true;
        }
        pub(super) struct Fleet;
    }

    #[allow(unused_imports)]
    use ours::*;
    #[allow(unused_imports)]
    use systole::*;

    const { assert!(thread::IS_OURS) };
    let Fleet = Fleet;
}
