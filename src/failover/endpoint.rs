//! What the user states of each endpoint.

use crate::config::error::{ConfigError, Setting, check};

/// What a group may do with an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EndpointMode {
    /// It may be active, and is quarantined where it fails.
    #[default]
    Normal,
    /// It may be active, and is never quarantined.
    Pinned,
    /// It is neither active nor probed.
    Disabled,
}

/// An endpoint of a group: its weight, its mode and, where there is one, its name.
///
/// ```
/// use systole::{EndpointMode, Endpoint};
///
/// const PRIMARY: Endpoint = Endpoint::new().weight(10).mode(EndpointMode::Pinned);
/// assert_ne!(PRIMARY, Endpoint::new());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Endpoint {
    pub(super) name: Option<u64>,
    pub(super) weight: u16,
    pub(super) mode: EndpointMode,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint {
    /// An endpoint of weight 1 without a name.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            name: None,
            weight: 1,
            mode: EndpointMode::Normal,
        }
    }

    /// How much it is wanted beside the others, 0 to 65,535; for [`Preference::Weight`](crate::Preference::Weight). One of weight 0 is taken where there is
    /// no other.
    #[must_use]
    pub const fn weight(mut self, weight: u16) -> Self {
        self.weight = weight;
        self
    }

    /// What the group may do with it.
    #[must_use]
    pub const fn mode(mut self, mode: EndpointMode) -> Self {
        self.mode = mode;
        self
    }

    /// A name, such as the hash of its address, by which duplicates are found.
    #[must_use]
    pub const fn name(mut self, name: u64) -> Self {
        self.name = Some(name);
        self
    }
}

/// Refuses a list of endpoints that is empty, longer than `most`, disabled or weightless altogether, or names one twice.
pub(super) fn check_all(endpoints: &[Endpoint], most: usize) -> Result<(), ConfigError> {
    check(Setting::Endpoints, wide(endpoints.len()), 1, wide(most))?;
    let enabled = || {
        endpoints
            .iter()
            .filter(|one| one.mode != EndpointMode::Disabled)
    };
    let all = wide(endpoints.len());
    check(Setting::Enabled, wide(enabled().count()), 1, all)?;
    let weights = enabled().map(|one| u64::from(one.weight)).sum();
    check(Setting::Weights, weights, 1, all * u64::from(u16::MAX))?;
    for one in endpoints.iter().filter(|one| one.name.is_some()) {
        let namesakes = endpoints.iter().filter(|other| other.name == one.name);
        check(Setting::DuplicateNames, wide(namesakes.count()), 1, 1)?;
    }
    Ok(())
}

const fn wide(count: usize) -> u64 {
    count as u64
}
