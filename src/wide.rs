//! Arithmetic of 64 bits that saturates. On a core of 32 bits it is called, not copied to every place: each copy would be a dozen instructions.

macro_rules! called_on_small_cores {
    ($($(#[$doc:meta])* fn $name:ident($a:ident, $b:ident) = $value:expr;)*) => {
        $(
            $(#[$doc])*
            #[cfg_attr(target_pointer_width = "64", inline)]
            #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
            pub(crate) const fn $name($a: u64, $b: u64) -> u64 {
                $value
            }
        )*
    };
}

called_on_small_cores! {
    /// The lesser of two.
    fn min(a, b) = if a < b { a } else { b };
    /// The greater of two.
    fn max(a, b) = if a > b { a } else { b };
    /// The sum, or the greatest number.
    fn plus(a, b) = a.saturating_add(b);
    /// The difference, or zero.
    fn minus(a, b) = a.saturating_sub(b);
}

/// The same as [`u64::leading_zeros`], called like those above.
#[cfg_attr(target_pointer_width = "64", inline)]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) const fn leading_zeros(value: u64) -> u32 {
    value.leading_zeros()
}
