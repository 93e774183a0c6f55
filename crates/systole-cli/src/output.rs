//! What a command writes. Files are opened before any work, and nothing is overwritten unasked.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::trouble::Trouble;

/// Prints to standard output, and ignores that its reader may have ended.
pub(crate) fn print(text: &str) -> Result<(), Trouble> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::System(error)),
        _ => Ok(()),
    }
}

/// Opens a file for writing. One that exists is opened only with `force`, and keeps its content
/// until [`replace`]; a device or a pipe is there before it is written to.
pub(crate) fn create(path: &Path, force: bool) -> Result<File, Trouble> {
    let there = path.metadata();
    let unwritable = |error| Trouble::Write(path.to_owned(), error);
    if there.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
        return Err(unwritable(io::ErrorKind::IsADirectory.into()));
    }
    let is_special = there.is_ok_and(|there| !there.is_file());
    let mut how = File::options();
    let how = how
        .write(true)
        .create(force)
        .create_new(!is_special && !force);
    how.open(path).map_err(unwritable)
}

/// Replaces the content of an open file.
pub(crate) fn replace(mut file: &File, path: &Path, content: &[u8]) -> Result<(), Trouble> {
    let is_plain = file.metadata().is_ok_and(|file| file.is_file());
    let emptied = if is_plain { file.set_len(0) } else { Ok(()) };
    let written = emptied.and_then(|()| file.write_all(content));
    written.map_err(|error| Trouble::Write(path.to_owned(), error))
}
