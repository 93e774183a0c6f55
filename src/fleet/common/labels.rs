//! What peers have in common.

use crate::config::error::{ConfigError, Setting, check};

/// What a peer shares with others, such as its rack, its provider and its uplink: up to three
/// labels, which are numbers from 0 to 63 that the caller has names for.
///
/// ```
/// use systole::fleet::Labels;
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let (rack, uplink) = (12, 40);
/// let web = Labels::of(&[rack, uplink])?;
/// let gateway = Labels::NONE.and_reference();
/// assert!(Labels::of(&[64]).is_err() && gateway != web);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Labels {
    /// Unused places hold [`UNUSED`].
    labels: [u8; Self::MOST],
    reference: bool,
}

const UNUSED: u8 = u8::MAX;

impl Labels {
    /// The most labels that a peer has.
    pub const MOST: usize = 3;
    /// The greatest label.
    pub const GREATEST: u8 = 63;

    /// No label.
    pub const NONE: Self = Self {
        labels: [UNUSED; Self::MOST],
        reference: false,
    };

    /// Returns a set of labels. Repeated ones count once.
    ///
    /// # Errors
    /// There are more than three, or one is greater than 63.
    pub fn of(labels: &[u8]) -> Result<Self, ConfigError> {
        check(Setting::Labels, labels.len() as u64, 0, Self::MOST as u64)?;
        let mut set = Self::NONE;
        for (index, &label) in labels.iter().enumerate() {
            check(Setting::Label, label.into(), 0, Self::GREATEST.into())?;
            if let Some(place) = set.labels.get_mut(index) {
                *place = label;
            }
        }
        set.labels.sort_unstable();
        let [first, second, third] = &mut set.labels;
        if second == third {
            *third = UNUSED;
        }
        if first == second {
            (*second, *third) = (*third, UNUSED);
        }
        Ok(set)
    }

    /// Makes the peer a reference: one that shows whether this process's own network works, such as
    /// the gateway or a host in a second network. Where no reference is heard any more and other
    /// peers fall silent, too, the fleet is [isolated](crate::EventKind::Isolated).
    #[must_use]
    pub const fn and_reference(mut self) -> Self {
        self.reference = true;
        self
    }

    /// Returns the labels, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> {
        self.labels.into_iter().filter(|&label| label != UNUSED)
    }

    /// Returns whether the peer is a reference.
    #[must_use]
    pub const fn is_reference(&self) -> bool {
        self.reference
    }
}
