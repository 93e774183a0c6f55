//! File access, separate from the parser.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use super::parse::read_joints;
use super::{Trace, TraceError};

impl Trace {
    /// Reads the trace at `path`, and its joints from `NAME.splices.txt` in the same folder if that
    /// file exists.
    ///
    /// # Errors
    /// Any [`TraceError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TraceError> {
        let path = path.as_ref();
        let trace = Self::read(BufReader::new(File::open(path)?))?;
        match File::open(path.with_extension("splices.txt")) {
            Ok(joints) => Ok(trace.with_joints(read_joints(BufReader::new(joints))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(trace),
            Err(error) => Err(error.into()),
        }
    }
}
