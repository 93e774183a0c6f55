//! Slow proofs, and their faster variants.

/// Whether the slow proofs are asked for: `SYSTOLE_DEEP=1`.
pub fn is_wanted() -> bool {
    std::env::var_os("SYSTOLE_DEEP").is_some_and(|value| value == "1")
}

/// The same, and says what is run instead where they are not.
pub fn asked_for(instead: &str) -> bool {
    let deep = is_wanted();
    if !deep {
        println!("SYSTOLE_DEEP is not 1: {instead}");
    }
    deep
}
