//! The `tracing` span in which a loop polls its machine, so that each event names its peer or
//! group.

/// A span that names the peer or the group. It is empty if no name was set or if the feature
/// `tracing` is off.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    inner: tracing::Span,
}

#[cfg_attr(
    not(feature = "tracing"),
    allow(clippy::missing_const_for_fn, clippy::unused_self)
)]
impl Span {
    /// Returns no span, so that events belong to the span of the caller.
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            inner: tracing::Span::none(),
        }
    }

    #[cfg_attr(
        not(feature = "tracing"),
        expect(unused_variables, reason = "there is no span")
    )]
    pub(crate) fn peer(name: &str) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            inner: tracing::info_span!("systole", peer = name),
        }
    }

    /// Returns the span of a group. It lists the names of the endpoints in order, since events
    /// identify an endpoint by its index.
    #[cfg(feature = "tokio")]
    #[cfg_attr(
        not(feature = "tracing"),
        expect(unused_variables, reason = "there is no span")
    )]
    pub(crate) fn group(name: &str, endpoints: &[alloc::sync::Arc<str>]) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            inner: tracing::info_span!("systole", group = name, ?endpoints),
        }
    }

    /// Calls `call` within the span.
    pub(crate) fn within<R>(&self, call: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tracing")]
        return self.inner.in_scope(call);
        #[cfg(not(feature = "tracing"))]
        call()
    }
}
