//! The round trips of `irtt client -o FILE`.

use core::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use crate::trace::LOST;
use crate::trace::read::reply_micros;
use crate::trace::read::rows::Rows;

pub(super) struct RoundTrips<'a>(pub(super) &'a mut Rows);

#[derive(Debug, Deserialize)]
struct RoundTrip {
    lost: Lost,
    timestamps: Timestamps,
    #[serde(default)]
    delay: Delay,
}

/// `"false"`, `"true"`, `"true_up"` and `"true_down"`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Lost {
    False,
    #[serde(other)]
    True,
}

#[derive(Debug, Deserialize)]
struct Timestamps {
    client: Client,
}

#[derive(Debug, Deserialize)]
struct Client {
    send: Stamp,
}

/// Nanoseconds.
#[derive(Debug, Default, Deserialize)]
struct Stamp {
    wall: Option<i64>,
    monotonic: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct Delay {
    rtt: Option<i64>,
}

impl<'de> DeserializeSeed<'de> for RoundTrips<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RoundTrips<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of round trips")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(trip) = list.next_element::<RoundTrip>()? {
            let rtt_us = match (trip.lost, trip.delay.rtt) {
                (Lost::True, _) => LOST,
                (Lost::False, Some(ns)) => reply_micros(rounded(ns)),
                (Lost::False, None) => {
                    return Err(A::Error::custom("expected delay.rtt of a reply"));
                }
            };
            let send = trip.timestamps.client.send;
            let ns = send.monotonic.or(send.wall);
            let ns = ns.ok_or_else(|| A::Error::custom("expected timestamps.client.send"))?;
            self.0
                .push(Some(rounded(ns)), rtt_us)
                .map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Returns nanoseconds in microseconds, rounded to the nearest.
const fn rounded(ns: i64) -> i64 {
    ns.saturating_add(500).div_euclid(1_000)
}
