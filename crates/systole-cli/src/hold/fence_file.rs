//! The file that tells the command until when its lease is held.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use systole::Instant;

/// The variable that names the file.
pub(super) const VARIABLE: &str = "SYSTOLE_FENCE_FILE";

/// A file in a folder of its own, gone when dropped.
#[derive(Debug)]
pub(super) struct FenceFile(PathBuf);

impl FenceFile {
    /// Creates the folder; the name of the file has no meaning to others.
    pub(super) fn create(token: &str) -> io::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        let parent = runtime.unwrap_or_else(std::env::temp_dir);
        let folder = parent.join(format!("systole-hold-{token}"));
        fs::create_dir(&folder)?;
        Ok(Self(folder.join("fence")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the file anew: a reader finds the old content or the new one, never a part.
    pub(super) fn write(&self, epoch: u64, fence: Instant) -> io::Result<()> {
        let draft = self.0.with_extension("new");
        let fence_ns = u128::from(fence.as_micros()) * 1_000;
        fs::write(&draft, format!("epoch={epoch}\nfence_ns={fence_ns}\n"))?;
        fs::rename(draft, &self.0)
    }
}

impl Drop for FenceFile {
    fn drop(&mut self) {
        remove_at(&self.0);
    }
}

/// Removes the file that the environment names, where the supervisor may no longer be there to do so.
pub(super) fn remove() {
    if let Some(path) = std::env::var_os(VARIABLE) {
        remove_at(Path::new(&path));
    }
}

fn remove_at(file: &Path) {
    let _ = fs::remove_file(file); // the guard or the supervisor may have done so
    if let Some(folder) = file.parent() {
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_rewritten_and_removed() {
        let file = FenceFile::create(&format!("test-{}", std::process::id())).unwrap();
        file.write(7, Instant::from_micros(1)).unwrap();
        file.write(8, Instant::from_micros(2)).unwrap();
        let path = file.path().to_owned();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "epoch=8\nfence_ns=2000\n"
        );
        drop(file);
        assert!(!path.parent().unwrap().exists());
    }
}
