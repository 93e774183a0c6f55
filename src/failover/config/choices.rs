//! What a group prefers, when it returns to a better endpoint, and what makes it switch.

/// Which of several available endpoints is the best.
///
/// An endpoint whose path is [as usual](crate::path::EarlyWarning) is better than any whose path is
/// worse than usual. Among endpoints that are equal in this, the preference decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preference {
    /// The first endpoint in the list is the best.
    #[default]
    Order,
    /// The endpoint with the shortest smoothed round-trip time is the best. A group returns only to
    /// an endpoint that takes less than 3/4 of the time of the active one.
    Rtt,
    /// The endpoint of the greatest weight is the best. Where [loads](crate::Failover::handle_load)
    /// are reported, it is the endpoint with the greatest product of weight and spare capacity, and
    /// a group returns only to an endpoint whose product is more than 4/3 of that of the active
    /// one.
    Weight,
}

/// What a group does when a better endpoint than the active one is healthy again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failback {
    /// The group stays with the active endpoint.
    #[default]
    Stay,
    /// The group returns to the better endpoint after two conditions have held for the hold-down:
    /// the endpoint was healthy, and the group did not switch.
    Prefer,
}

/// What makes a group leave the active endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SwitchOn {
    /// The group leaves the active endpoint when that is dead, or too slow to be of use.
    #[default]
    Failure,
    /// The group leaves the active endpoint when that is suspected and another one has replied
    /// since. One lost probe is enough. This is quick, and meant for networks without loss.
    Suspicion,
    /// The group leaves the active endpoint when that has failed. It also does so when the path of
    /// the active endpoint is worse than usual by the [early warning](crate::path::EarlyWarning),
    /// and another endpoint, whose path is as usual, has been healthy for the hold-down.
    ///
    /// A warning does not quarantine an endpoint, and causes no switch within a hold-down of the
    /// last switch.
    Warning,
}
