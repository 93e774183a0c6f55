//! The serialized form of a span: whole microseconds, in fields whose names end in `_us`.

use core::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

use crate::time::{duration, micros};

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde's `with` requires
pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(micros(*span))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(duration)
}
