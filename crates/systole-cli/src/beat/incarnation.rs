//! The number of this start of the sender, greater than those of all earlier ones.

use std::io;
use std::path::{Path, PathBuf};

use super::loudspeaker::note;
use crate::args;
use crate::config_file::read_text;
use crate::push::{Name, replace_file, wall_clock};
use crate::report::Outlet;

/// Returns the larger of the stored number + 1 and Unix seconds, and stores it. A file that cannot
/// be read or written is said and does not keep the sender from its work: Unix seconds rise too.
pub(super) fn next(options: &args::Beat, notes: &mut Outlet) -> u32 {
    let seconds = u32::try_from(wall_clock().as_secs()).unwrap_or(u32::MAX);
    let Some(path) = options.state.clone().or_else(|| default_path(&options.id)) else {
        note(
            notes,
            "no folder for the count of starts: name a file with --state FILE",
        );
        return seconds;
    };
    let stored = match stored(&path) {
        Ok(stored) => stored,
        Err(why) => {
            let aside = set_aside(&path);
            note(notes, &format!("{}: {why}{aside}", path.display()));
            0
        }
    };
    let next = stored.saturating_add(1).max(seconds);
    if let Err(error) = store(&path, next) {
        note(notes, &format!("{}: {error}", path.display()));
    }
    next
}

fn stored(path: &Path) -> Result<u32, String> {
    match read_text(path) {
        Ok(text) => {
            let number = text.trim().parse();
            number.map_err(|_| "no count of starts is in it".into())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.to_string()),
    }
}

/// Keeps a file that cannot be read under another name; returns what is to be said.
fn set_aside(path: &Path) -> String {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    match std::fs::rename(path, &aside) {
        Ok(()) => format!("; it is kept as {}", aside.display()),
        Err(_) => String::new(),
    }
}

fn store(path: &Path, number: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    replace_file(path, format!("{number}\n").as_bytes())
}

fn default_path(id: &Name) -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let state = || folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    let folder = folder("STATE_DIRECTORY").or_else(|| Some(state()?.join("systole")))?;
    Some(folder.join(format!("{id}.beat")))
}
