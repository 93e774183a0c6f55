//! What `beat` and `listen` share: names and ids of senders, and their keys.

mod key_file;
mod name;
mod state_file;

pub(crate) use key_file::{Key, KeyFile};
pub(crate) use name::Name;
pub(crate) use state_file::{boot_id, replace_file, wall_clock};
