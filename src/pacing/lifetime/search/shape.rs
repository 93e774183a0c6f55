//! The constants of the search: shares of an interval, given as shifts, and counts of intervals.

use crate::config::Span;

/// Without a second flow, each idle time is longer than the last by 1/16.
pub(super) const STEP: u8 = 4;
/// The search ends when the lost and the survived idle time are this close: 1/32.
pub(super) const CLOSE: u8 = 5;
/// Without a second flow, no idle time within 1/8 of the lost idle time is tried.
pub(super) const DISTANCE: u8 = 3;
/// The first margin below the survived idle time, with a second flow: 1/8. Each doubt doubles a
/// margin.
pub(super) const MARGIN_FIRST: u8 = 3;
/// The smallest margin with a second flow, once confirmed: 1/64.
pub(super) const MARGIN_LEAST: u8 = 6;
/// The margin without a second flow: 1/64.
pub(super) const MARGIN_ALONE: u8 = 6;
/// The largest number of confirmations of the survived idle time, after 1, 4, 16 … intervals.
pub(super) const CONFIRMED_MOST: u8 = 8;
/// The number of trials in a row that must survive a lost idle time before it counts as survived.
pub(super) const RISEN: u8 = 18;
/// The number of these trials on each occasion.
pub(super) const OCCASION: u8 = 3;
/// The number of trials that suffice if the loss may have been an accident.
pub(super) const UNDONE: u8 = 6;
/// With a second flow, longer idle times are tried after 128 (2^7), 256, 512 … intervals.
pub(super) const REST: u8 = 7;
/// Without a second flow, longer idle times are tried after 30, 60, 120 … days.
pub(super) const REST_ALONE_DAYS: u64 = 30;
/// The largest number of doublings of these times.
pub(super) const VAIN_MOST: u8 = 12;
/// A loss after this many survived idle times in a row may have another cause. The number doubles
/// with each ignored loss, up to 8 times the value.
pub(super) const OFTEN: u8 = 16;
/// The largest number of doublings of that number.
pub(super) const IGNORED_MOST: u8 = 3;
/// An idle time that was survived this often before its loss is tried again soon.
pub(super) const MANY: u8 = 64;
/// Without a second flow, "soon" means after this many days.
pub(super) const SOON_DAYS: u64 = 1;
/// If fewer idle times than this were survived since the last loss, another loss shows a much
/// shorter lifetime.
pub(super) const SOME: u8 = 4;
/// With a second flow, the shortest time between two occasions on which a lost idle time is tried:
/// 31 h, so that six occasions spread over more than a week.
pub(super) const SPREAD_US: u64 = Span::DAY_US * 31 / 24;
/// The age in days at which a lost idle time is forgotten and a survived one is halved.
pub(super) const OLD_DAYS: u64 = 30;
