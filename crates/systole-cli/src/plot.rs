//! Plots in the formats SVG and PNG.

pub mod canvas;
mod comparison;
pub mod frame;
mod line;
mod promise;
mod timeline;

use std::fs::File;
use std::path::PathBuf;

pub use canvas::Picture;
pub(crate) use comparison::{Mark, comparison};
pub(crate) use line::Line;
pub(crate) use promise::promises;
pub(crate) use timeline::timeline;

use crate::args;
use crate::output;
use crate::trouble::Trouble;

/// The file of a plot, if one is wanted. It is opened before the work; if nothing is drawn, a new
/// file disappears again.
#[derive(Debug)]
pub(crate) struct Drawing {
    to: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    picture: Picture,
    is_drawn: bool,
}

impl Drawing {
    pub(crate) fn open(options: &args::Judge) -> Result<Self, Trouble> {
        let Some(path) = &options.plot else {
            return Ok(Self { to: None });
        };
        let end = path.extension().unwrap_or_default().to_ascii_lowercase();
        let picture = match end.to_str() {
            Some("svg") => Picture::Svg,
            Some("png") => Picture::Png,
            _ => return Err(Trouble::Picture(path.clone())),
        };
        Ok(Self {
            to: Some(Open {
                file: output::create(path, options.force)?,
                path: path.clone(),
                picture,
                is_drawn: false,
            }),
        })
    }

    /// Draws the plot if one is wanted.
    pub(crate) fn draw(
        &mut self,
        draw: impl FnOnce(Picture) -> Result<Vec<u8>, Trouble>,
    ) -> Result<(), Trouble> {
        let Some(open) = &mut self.to else {
            return Ok(());
        };
        output::replace(&open.file, &open.path, &draw(open.picture)?)?;
        open.is_drawn = true;
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let is_empty = self
            .file
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() == 0);
        if !self.is_drawn && is_empty {
            let _ = std::fs::remove_file(&self.path); // it was ours, and what went wrong is told
        }
    }
}
