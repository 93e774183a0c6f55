//! The name of a machine, used in the `tracing` span of its loop and in the metrics that it
//! exports.

use alloc::sync::Arc;
#[cfg(feature = "tokio")]
use alloc::vec::Vec;

use super::{Recorder, Span};

/// Creates the recorder that exports metrics under a name.
pub(crate) type Series<M> = fn(&Name) -> Recorder<M>;

/// The name of a peer, or the names of a group and of its endpoints, in order. It is empty if none
/// was set.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) span: Span,
    #[cfg(feature = "metrics")]
    own: Arc<str>,
    #[cfg(all(feature = "metrics", feature = "tokio"))]
    endpoints: Vec<Arc<str>>,
}

#[cfg_attr(
    not(feature = "metrics"),
    allow(clippy::needless_pass_by_value, clippy::missing_const_for_fn)
)]
impl Name {
    pub(crate) fn none() -> Self {
        Self {
            span: Span::none(),
            #[cfg(feature = "metrics")]
            own: Arc::default(),
            #[cfg(all(feature = "metrics", feature = "tokio"))]
            endpoints: Vec::new(),
        }
    }

    pub(crate) fn peer(own: Arc<str>) -> Self {
        Self {
            span: Span::peer(&own),
            #[cfg(feature = "metrics")]
            own,
            #[cfg(all(feature = "metrics", feature = "tokio"))]
            endpoints: Vec::new(),
        }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn group(own: Arc<str>, endpoints: Vec<Arc<str>>) -> Self {
        Self {
            span: Span::group(&own, &endpoints),
            #[cfg(feature = "metrics")]
            own,
            #[cfg(feature = "metrics")]
            endpoints,
        }
    }
}

#[cfg(feature = "metrics")]
mod series {
    use alloc::boxed::Box;

    use super::Name;
    #[cfg(feature = "tokio")]
    use crate::Failover;
    use crate::Monitor;
    use crate::pacing::Pacing;
    use crate::runtime::{Recorder, telemetry};

    impl Name {
        /// Returns a recorder of the metrics of a peer with this name.
        pub(crate) fn peer_series<const N: usize, P: Pacing>(&self) -> Recorder<Monitor<N, P>> {
            let mut series = telemetry::Peer::new(self.own.clone());
            Box::new(move |monitor, now| series.record(monitor, now))
        }

        /// Returns a recorder of the metrics of a group with this name, and of its endpoints.
        #[cfg(feature = "tokio")]
        pub(crate) fn group_series<const M: usize, const N: usize, P: Pacing>(
            &self,
        ) -> Recorder<Failover<M, N, P>> {
            let mut series =
                telemetry::Group::new(self.own.clone(), self.endpoints.iter().cloned());
            Box::new(move |group, now| series.record(group, now))
        }
    }
}
