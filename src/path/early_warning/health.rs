//! How well a path works.

/// How well a path works. This is independent of the verdict on its peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Health {
    /// The path works as usual.
    #[default]
    Good,
    /// A silence is more likely than usual.
    Degraded,
}
