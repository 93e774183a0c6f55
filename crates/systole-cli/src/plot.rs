//! Plots in the SVG format.

pub mod canvas;
mod comparison;
pub mod frame;
mod line;
mod promise;
mod timeline;

use std::fs;
use std::path::Path;

pub(crate) use comparison::comparison;
pub(crate) use line::Line;
pub(crate) use promise::promises;
pub(crate) use timeline::timeline;

use crate::trouble::Trouble;

pub(crate) fn write(file: &Path, svg: &str) -> Result<(), Trouble> {
    fs::write(file, svg).map_err(|error| Trouble::Write(file.to_owned(), error))
}
