//! The constants of the search: shares of an interval, given as shifts, and counts of intervals.

use crate::config::Span;

/// Without a second flow, each idle time is longer than the last by 1/16.
pub(super) const STEP: u8 = 4;
/// The search ends where the lost and the survived idle time are this close: 1/32.
pub(super) const CLOSE: u8 = 5;
/// Without a second flow, nothing is tried that is within 1/8 of the lost idle time.
pub(super) const DISTANCE: u8 = 3;
/// The first margin below what was survived, with a second flow: 1/8. Each doubt doubles a margin.
pub(super) const MARGIN_FIRST: u8 = 3;
/// The least margin with a second flow, once confirmed: 1/64.
pub(super) const MARGIN_LEAST: u8 = 6;
/// The margin without a second flow: 1/64.
pub(super) const MARGIN_ALONE: u8 = 6;
/// How often the survived idle time is confirmed at most, after 1, 4, 16 … intervals.
pub(super) const CONFIRMED_MOST: u8 = 8;
/// How many trials in a row have to survive a lost idle time before it counts as survived.
pub(super) const RISEN: u8 = 18;
/// How many of these trials are made on each occasion.
pub(super) const OCCASION: u8 = 3;
/// How many trials suffice where the loss may have been an accident.
pub(super) const UNDONE: u8 = 6;
/// With a second flow, longer idle times are tried after 128 (2^7), 256, 512 … intervals.
pub(super) const REST: u8 = 7;
/// Without a second flow, longer idle times are tried after 30, 60, 120 … days.
pub(super) const REST_ALONE_DAYS: u64 = 30;
/// The most doublings of these times.
pub(super) const VAIN_MOST: u8 = 12;
/// A loss after so many survived idle times in a row may have another cause. The number doubles
/// with each ignored loss, up to 8 times.
pub(super) const OFTEN: u8 = 16;
/// The most doublings of that number.
pub(super) const IGNORED_MOST: u8 = 3;
/// An idle time that was survived so often before its loss is tried again soon.
pub(super) const MANY: u8 = 64;
/// Without a second flow, "soon" is after so many days.
pub(super) const SOON_DAYS: u64 = 1;
/// After fewer survived idle times than this, another loss shows a much shorter lifetime.
pub(super) const SOME: u8 = 4;
/// With a second flow, the least time between two occasions on which a lost idle time is tried: 31
/// h, so that six occasions spread over more than a week.
pub(super) const SPREAD_US: u64 = Span::DAY_US * 31 / 24;
/// The age in days at which a lost idle time is forgotten and a survived one is halved.
pub(super) const OLD_DAYS: u64 = 30;
