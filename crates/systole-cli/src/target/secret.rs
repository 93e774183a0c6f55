//! Passwords: where they come from, and that they are not shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// The source of a password. It is read again for every connection, so that a changed password
/// takes effect.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Secret {
    /// An environment variable.
    Environment(String),
    /// The first line of a file.
    File(PathBuf),
    /// The target itself, in a file of settings, or the user.
    Given(String),
    /// The user, who has not been asked yet.
    Asked,
}

impl Secret {
    /// Returns the password.
    ///
    /// # Errors
    /// The reason why there is none, which does not contain it.
    pub(super) fn read(&self) -> Result<String, String> {
        match self {
            Self::Environment(name) => {
                std::env::var(name).map_err(|_| format!("the variable {name} holds no password"))
            }
            Self::File(path) => {
                let text =
                    read_file(path).map_err(|error| format!("{}: {error}", path.display()))?;
                let text = String::from_utf8(text)
                    .map_err(|_| format!("{}: the password is not UTF-8", path.display()))?;
                Ok(text.lines().next().unwrap_or_default().to_owned())
            }
            Self::Given(text) => Ok(text.clone()),
            Self::Asked => Err("nobody was asked for the password".into()),
        }
    }
}

/// Shows the source, not the password.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => f.debug_tuple("Environment").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Given(_) => f.write_str("Given"),
            Self::Asked => f.write_str("Asked"),
        }
    }
}

/// Returns `text` with every occurrence of `secret` masked: a peer may repeat what it was sent.
pub(super) fn without(text: &str, secret: Option<&str>) -> String {
    match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret, "***"),
        _ => text.into(),
    }
}

/// Reads a file of certificates, keys or a password. It refuses what is not a regular file of at
/// most a mebibyte: a pipe would block, and a device may never end.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let refused = |why: &str| io::Error::other(why.to_owned());
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(refused("it is not a regular file"));
    }
    if kind.len() > FILE_MAX {
        return Err(refused("it is larger than 1 MiB"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_source_only() {
        let secret = Secret::Given("hunter2".into());
        assert_eq!(format!("{secret:?}"), "Given");
        assert_eq!(secret.read().unwrap(), "hunter2");
    }

    #[test]
    fn a_password_that_is_missing_is_told_without_a_guess() {
        let variable = Secret::Environment("SYSTOLE_NO_SUCH_VARIABLE".into());
        assert_eq!(
            variable.read().unwrap_err(),
            "the variable SYSTOLE_NO_SUCH_VARIABLE holds no password"
        );
        assert!(Secret::File("/no/such/file".into()).read().is_err());
    }

    #[test]
    fn a_secret_that_a_peer_repeats_is_masked() {
        assert_eq!(without("wrong: hunter2", Some("hunter2")), "wrong: ***");
        assert_eq!(without("wrong", Some("")), "wrong");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_and_a_folder_are_no_files() {
        for path in ["/dev/zero", "/"] {
            let error = read_file(Path::new(path)).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file", "{path}");
        }
    }
}
