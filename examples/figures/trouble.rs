//! What keeps a figure from being drawn.

use std::io;

#[derive(Debug)]
#[expect(dead_code, reason = "shown as it is")]
pub(crate) enum Trouble {
    /// What the plotting library says.
    Plot(String),
    /// The file cannot be written.
    Write(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
