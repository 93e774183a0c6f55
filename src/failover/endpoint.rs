//! The properties of an endpoint that the user states.

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
    /// The endpoint may be active, and is quarantined when it fails.
    #[default]
    Normal,
    /// The endpoint may be active, and is never quarantined.
    Pinned,
    /// The endpoint is neither active nor probed.
    Disabled,
}

/// An endpoint of a group: its weight, its mode and, optionally, its name.
///
/// ```
/// use systole::failover::{Endpoint, EndpointMode};
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
    /// Creates an endpoint of weight 1 without a name.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            name: None,
            weight: 1,
            mode: EndpointMode::Normal,
        }
    }

    /// Sets the weight, 0 to 65,535, which
    /// [`Preference::Weight`](crate::failover::Preference::Weight) compares. An endpoint of weight
    /// 0 is used only where there is no other one.
    #[must_use]
    pub const fn weight(mut self, weight: u16) -> Self {
        self.weight = weight;
        self
    }

    /// Sets what the group may do with the endpoint.
    #[must_use]
    pub const fn mode(mut self, mode: EndpointMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets a name, such as a hash of the address. The group refuses two endpoints of the same
    /// name.
    #[must_use]
    pub const fn name(mut self, name: u64) -> Self {
        self.name = Some(name);
        self
    }
}

/// Returns an error for a list of endpoints that is empty or longer than `most`, in which all are
/// disabled or have weight 0, or in which two have the same name.
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

/// Converts a count to the type of a setting's value.
const fn wide(count: usize) -> u64 {
    count as u64
}
