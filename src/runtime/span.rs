//! The `tracing` span in which a loop asks its machine, so that each event says whom it is about.

/// A span that names the peer or the group; none where nobody named it, or without the feature `tracing`.
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
    /// The span of whoever polls.
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

    /// A group's, with the names of its endpoints in their order: events tell an endpoint by its place.
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

    pub(crate) fn within<R>(&self, call: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tracing")]
        return self.inner.in_scope(call);
        #[cfg(not(feature = "tracing"))]
        call()
    }
}
