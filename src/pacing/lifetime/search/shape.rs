//! Shares of an interval as shifts, and counts of intervals.

use crate::config::Span;

/// Without a second flow, each idle is longer than the last by 1/16.
pub(super) const STEP: u8 = 4;
/// The search ends where lost and survived are this close: 1/32.
pub(super) const CLOSE: u8 = 5;
/// Without a second flow nothing is tried that is closer than 1/8 to what was lost.
pub(super) const DISTANCE: u8 = 3;
/// The margin below what was survived: 1/8 at first and 1/64 once it is confirmed, or without a second flow. A doubt doubles it.
pub(super) const MARGIN_FIRST: u8 = 3;
pub(super) const MARGIN_LEAST: u8 = 6;
pub(super) const MARGIN_ALONE: u8 = 6;
/// What was survived is confirmed after 1, 4, 16 … intervals.
pub(super) const CONFIRMED_MOST: u8 = 8;
/// More than was lost is believed when it was survived on so many occasions in a row, three times on each; on fewer where the loss may have
/// been an accident.
pub(super) const RISEN: u8 = 18;
pub(super) const OCCASION: u8 = 3;
pub(super) const UNDONE: u8 = 6;
/// More is tried after 128, 256, 512 … intervals; without a second flow after 30, 60, 120 … days.
pub(super) const REST: u8 = 7;
pub(super) const REST_ALONE_DAYS: u64 = 30;
pub(super) const VAIN_MOST: u8 = 12;
/// A loss after so many idles that were survived in a row may have another cause; twice as many each time, up to 8 times.
pub(super) const OFTEN: u8 = 16;
pub(super) const IGNORED_MOST: u8 = 3;
/// What was survived so often before it was lost is tried again soon: without a second flow after so many days.
pub(super) const MANY: u8 = 64;
pub(super) const SOON_DAYS: u64 = 1;
/// A loss after fewer than this is no interruption of what was survived.
pub(super) const SOME: u8 = 4;
/// With a second flow, what is tried above an idle that was lost is spread over more than a week.
pub(super) const SPREAD_US: u64 = Span::DAY_US * 31 / 24;
/// An age at which what was lost is forgotten, and half of what was survived.
pub(super) const OLD_DAYS: u64 = 30;
