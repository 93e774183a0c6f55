//! Files that keep what must not be forgotten between two runs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Replaces the content of `path` in one step: after a crash or a power failure it holds the old
/// content or the new one, never a part.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_of(path);
    let mut file = File::create(&draft)?;
    file.write_all(content)?;
    file.sync_data()?;
    fs::rename(&draft, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

/// Returns the time since 1970.
#[expect(clippy::disallowed_methods, reason = "wall time outlives the process")]
pub(crate) fn wall_clock() -> std::time::Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default() // a clock before 1970 is not set
}

/// Returns what tells this start of the machine from all others, where the system says it.
pub(crate) fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}
