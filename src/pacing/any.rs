//! A policy that is chosen at run time.

use core::time::Duration;

use crate::pacing::{
    Answer, EpisodeEnd, Fixed, Fluctuation, Lifetime, LifetimeState, Pacing, Statistics, Target,
    TargetState,
};
use crate::plan::{Plan, Promise};
use crate::time::Instant;

/// One of the policies of the crate, chosen at run time, such as by a configuration file.
///
/// Plans are the same as those of the policy itself. A machine takes the memory that the largest
/// state needs, and its code contains all policies. If the choice is known at compile time, use the
/// policy itself.
///
/// [`Config::into_any`](crate::Config::into_any) converts a configuration. With the feature
/// `serde`, the fields that a file sets choose the policy to which they belong:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use core::time::Duration;
/// use systole::Config;
/// use systole::pacing::AnyPolicy;
///
/// for file in [
///     r#"{ "policy": { "every": "5s" }, "detect_within": "20s" }"#,
///     r#"{ "policy": { "target": "20s", "mistakes_at_most_one_per": "24h" } }"#,
/// ] {
///     let config: Config<AnyPolicy> = serde_json::from_str(file).unwrap();
///     assert_eq!(config.stated_bound(), Some(Duration::from_secs(20)));
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AnyPolicy {
    /// Intervals that grow with the fluctuation of the path.
    Fluctuation(Fluctuation),
    /// A constant interval.
    Fixed(Fixed),
    /// The planner.
    Target(Target),
    /// An interval within the lifetime of a flow.
    Lifetime(Lifetime<Fixed>),
}

/// The state of an [`AnyPolicy`], which is that of the chosen policy.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyState(State);

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// Nothing was recorded yet, or the policy keeps no state.
    Initial,
    Target(TargetState),
    Lifetime(LifetimeState<()>),
}

const NO_TARGET: TargetState = Target::INITIAL;
const NO_LIFETIME: LifetimeState<()> = Lifetime::<Fixed>::INITIAL;

impl State {
    const fn target(&self) -> &TargetState {
        match self {
            Self::Target(state) => state,
            _ => &NO_TARGET,
        }
    }

    const fn lifetime(&self) -> &LifetimeState<()> {
        match self {
            Self::Lifetime(state) => state,
            _ => &NO_LIFETIME,
        }
    }

    /// Lets `record` change the state of a planner. Creates that state if there is none yet.
    fn in_target(&mut self, record: impl FnOnce(&mut TargetState)) {
        if !matches!(self, Self::Target(_)) {
            *self = Self::Target(NO_TARGET);
        }
        if let Self::Target(state) = self {
            record(state);
        }
    }

    fn in_lifetime(&mut self, record: impl FnOnce(&mut LifetimeState<()>)) {
        if !matches!(self, Self::Lifetime(_)) {
            *self = Self::Lifetime(NO_LIFETIME);
        }
        if let Self::Lifetime(state) = self {
            record(state);
        }
    }
}

/// Calls a hook of the policy with its own state. The policies without a state have no hooks.
macro_rules! record {
    ($self:ident, $state:ident, $hook:ident $(, $argument:expr)*) => {
        match $self {
            Self::Fluctuation(_) | Self::Fixed(_) => {}
            Self::Target(policy) => $state.0.in_target(|state| policy.$hook(state $(, $argument)*)),
            Self::Lifetime(policy) => {
                $state.0.in_lifetime(|state| policy.$hook(state $(, $argument)*));
            }
        }
    };
}

impl Pacing for AnyPolicy {
    type State = AnyState;
    const INITIAL: AnyState = AnyState(State::Initial);

    fn on_probe(&self, state: &mut AnyState, now: Instant, retry: bool) {
        record!(self, state, on_probe, now, retry);
    }

    fn on_answer(&self, state: &mut AnyState, answer: &Answer) {
        record!(self, state, on_answer, answer);
    }

    fn on_miss(&self, state: &mut AnyState, sent: Instant, now: Instant) {
        record!(self, state, on_miss, sent, now);
    }

    fn on_episode_end(&self, state: &mut AnyState, end: &EpisodeEnd) {
        record!(self, state, on_episode_end, end);
    }

    fn on_lapse(&self, state: &mut AnyState, span_us: u64) {
        record!(self, state, on_lapse, span_us);
    }

    fn on_traffic(&self, state: &mut AnyState, now: Instant) {
        record!(self, state, on_traffic, now);
    }

    fn on_flow_lost(&self, state: &mut AnyState, now: Instant) {
        record!(self, state, on_flow_lost, now);
    }

    fn on_void(&self, state: &mut AnyState) {
        record!(self, state, on_void);
    }

    fn confirms_late_replies(&self) -> bool {
        match self {
            Self::Fluctuation(policy) => policy.confirms_late_replies(),
            Self::Fixed(policy) => policy.confirms_late_replies(),
            Self::Target(policy) => policy.confirms_late_replies(),
            Self::Lifetime(policy) => policy.confirms_late_replies(),
        }
    }

    fn yields_to_traffic(&self) -> bool {
        match self {
            Self::Fluctuation(policy) => policy.yields_to_traffic(),
            Self::Fixed(policy) => policy.yields_to_traffic(),
            Self::Target(policy) => policy.yields_to_traffic(),
            Self::Lifetime(policy) => policy.yields_to_traffic(),
        }
    }

    fn ceiling(&self, state: &AnyState) -> Option<Duration> {
        match self {
            Self::Lifetime(policy) => Pacing::ceiling(policy, state.0.lifetime()),
            _ => None,
        }
    }

    fn plan(&self, state: &AnyState, path: &Statistics<'_>) -> Plan {
        match self {
            Self::Fluctuation(policy) => policy.plan(&(), path),
            Self::Fixed(policy) => policy.plan(&(), path),
            Self::Target(policy) => policy.plan(state.0.target(), path),
            Self::Lifetime(policy) => policy.plan(state.0.lifetime(), path),
        }
    }

    fn promise(&self, state: &AnyState) -> Option<Promise> {
        match self {
            Self::Target(policy) => policy.promise(state.0.target()),
            _ => None,
        }
    }

    fn is_broken(&self, state: &AnyState) -> bool {
        match self {
            Self::Target(policy) => policy.is_broken(state.0.target()),
            _ => false,
        }
    }
}

impl From<Fluctuation> for AnyPolicy {
    fn from(policy: Fluctuation) -> Self {
        Self::Fluctuation(policy)
    }
}

impl From<Fixed> for AnyPolicy {
    fn from(policy: Fixed) -> Self {
        Self::Fixed(policy)
    }
}

impl From<Target> for AnyPolicy {
    fn from(policy: Target) -> Self {
        Self::Target(policy)
    }
}

impl From<Lifetime<Fixed>> for AnyPolicy {
    fn from(policy: Lifetime<Fixed>) -> Self {
        Self::Lifetime(policy)
    }
}
