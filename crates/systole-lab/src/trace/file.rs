//! File access, separate from the readers.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::joints::read_joints;
use super::{ReadOptions, Recording, Trace, TraceError};

impl Recording {
    /// Reads the recording at `path`, and its joints from `NAME.splices.txt` in the same folder if
    /// that file exists.
    ///
    /// # Errors
    /// Any [`TraceError`].
    pub fn load(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, TraceError> {
        let path = path.as_ref();
        let mut recording = Self::read(File::open(path)?, options)?;
        match File::open(path.with_extension("splices.txt")) {
            Ok(joints) => {
                let joints = read_joints(BufReader::new(joints))?;
                recording.trace = recording.trace.with_joints(joints);
                Ok(recording)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(recording),
            Err(error) => Err(error.into()),
        }
    }
}

impl Trace {
    /// Reads the rows of [`Recording::load`] with the default options.
    ///
    /// # Errors
    /// Any [`TraceError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TraceError> {
        Ok(Recording::load(path, &ReadOptions::default())?.trace)
    }

    /// Reads the rows of [`Recording::read`] with the default options.
    ///
    /// # Errors
    /// Any [`TraceError`].
    pub fn read(from: impl Read) -> Result<Self, TraceError> {
        Ok(Recording::read(from, &ReadOptions::default())?.trace)
    }
}

impl core::str::FromStr for Trace {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        Self::read(text.as_bytes())
    }
}
