//! The sender that news are about.

use std::net::SocketAddr;

use systole::Verdict;

use super::roster::Sender;

/// The sender that news are about.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) verdict: Verdict,
    pub(super) exit_status: Option<u8>,
    pub(super) address: Option<SocketAddr>,
}

impl About {
    pub(super) fn of(sender: &Sender) -> Self {
        Self {
            name: sender.name.clone(),
            label: sender.label.clone(),
            verdict: sender.told,
            exit_status: sender.exit_status,
            address: sender.address,
        }
    }
}
