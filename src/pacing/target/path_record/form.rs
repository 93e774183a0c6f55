//! The serialized form of a record, which is checked when it is read.

use serde::{Deserialize, Serialize};

use crate::config::SPAN_MAX_US;
use crate::pacing::target::risk::{GRADES, Risk};
use crate::pacing::target::silences::{BINS, Silences};
use crate::time::saturate;
use crate::time::serde::Span;

/// The version that is written, and the only one that is read.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathRecord {
    version: u8,
    bound: Span,
    rtt: Span,
    deviation: Span,
    probes: u32,
    /// In halves of a probe.
    lost: u32,
    /// In 2^-16 of the bound, from silences of half the bound to the shortest, and last those of
    /// the whole bound and more.
    silences: [u32; BINS + 1],
    /// The time at each grade of disturbance, in 2^-16 of the bound.
    disturbed: [u32; GRADES],
    /// The long silences that followed.
    announced: [u8; GRADES],
    strictness: u8,
}

impl From<super::PathRecord> for PathRecord {
    fn from(record: super::PathRecord) -> Self {
        let (disturbed, announced) = record.risk.counts();
        Self {
            version: VERSION,
            bound: Span(record.bound_us),
            rtt: Span(record.usual_us.into()),
            deviation: Span(record.spread_us.into()),
            probes: record.silences.probes(),
            lost: record.silences.lost(),
            silences: *record.silences.weights(),
            disturbed,
            announced,
            strictness: record.strictness,
        }
    }
}

impl TryFrom<PathRecord> for super::PathRecord {
    type Error = &'static str;

    fn try_from(form: PathRecord) -> Result<Self, Self::Error> {
        if form.version != VERSION {
            return Err("the version of a path record must be 1");
        }
        if form.bound.0 == 0 || form.bound.0 > SPAN_MAX_US {
            return Err("the bound of a path record must be between 1 us and 12.7 days");
        }
        if form.lost / 2 > form.probes {
            return Err("a path record must not count more losses than probes");
        }
        if form.rtt.0 == 0 && form.probes > 0 {
            return Err("a path record must have a round-trip time if it counts probes");
        }
        Ok(Self {
            bound_us: form.bound.0,
            silences: Silences::of(form.silences, form.probes, form.lost),
            risk: Risk::of(form.disturbed, form.announced),
            usual_us: saturate(form.rtt.0),
            spread_us: saturate(form.deviation.0),
            strictness: form.strictness,
        })
    }
}
