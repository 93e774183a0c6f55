//! What `hold` says on standard error, which the command uses too: few lines, and never waiting for
//! the reader.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use tokio::time::Instant;

use crate::report::{Outlet, plain_text, span};

/// How long the end waits for the reader of standard error.
const FINISH_MAX: Duration = Duration::from_millis(200);
const SILENT: &str = "the server does not answer";

pub(super) struct Voice {
    outlet: Outlet,
    quiet: bool,
    /// What was said last of each kind, so that it is not repeated.
    holder: Option<String>,
    trouble: Option<String>,
}

impl Voice {
    pub(super) fn open(quiet: bool) -> io::Result<Self> {
        Ok(Self {
            outlet: Outlet::open(io::stderr())?,
            quiet,
            holder: None,
            trouble: None,
        })
    }

    /// Says what is not needed where `--quiet` is given.
    pub(super) fn note(&mut self, text: impl Display) {
        if !self.quiet {
            self.warn(text);
        }
    }

    pub(super) fn warn(&mut self, text: impl Display) {
        let line = format!("systole: {text}\n");
        self.outlet
            .push(|lines| lines.extend_from_slice(line.as_bytes()));
        self.flush();
    }

    /// Says who holds the lease, if that is news.
    pub(super) fn held_by(&mut self, lease: impl Display, token: Option<&str>) {
        let holder = token.map_or_else(|| "another".into(), holder);
        self.trouble = None;
        if self.holder.as_deref() != Some(&*holder) {
            self.note(format_args!("waiting for {lease}, which {holder} holds"));
            self.holder = Some(holder);
        }
    }

    /// Says why a request failed, if that is news.
    pub(super) fn failed(&mut self, lease: impl Display, why: &str) {
        if self.trouble.as_deref() != Some(why) {
            self.warn(format_args!("{lease}: {why}"));
            self.trouble = Some(why.into());
        }
    }

    /// A request was granted, so what is said of others from now on is news.
    pub(super) fn granted(&mut self) {
        (self.holder, self.trouble) = (None, None);
    }

    /// Says that a renewal is overdue.
    pub(super) fn late(&mut self, left: Duration) {
        let why = self.trouble.as_deref().unwrap_or(SILENT).to_owned();
        let left = span(left);
        self.note(format_args!("the renewal is late, {left} are left: {why}"));
    }

    /// Says why the lease is lost, and what becomes of the command.
    pub(super) fn lost(&mut self, why: impl Display, what: &str) {
        self.warn(format_args!(
            "the lease is lost ({why}): the command is {what}"
        ));
    }

    /// Says that the lease is about to end without a renewal.
    pub(super) fn lapsed(&mut self) {
        let why = self.trouble.as_deref();
        let why = why.unwrap_or("no renewal was acknowledged in time");
        self.lost(why.to_owned(), "asked to end");
    }

    /// Says why the lease was not held: the last trouble, who holds it, or that nobody answered.
    pub(super) fn never(&mut self, lease: impl Display) {
        let held = self.holder.as_ref().map(|_| "another holds it");
        let why = self.trouble.as_deref().or(held).unwrap_or(SILENT);
        self.warn(format!("{lease} was not held: {why}"));
    }

    /// Passes on what waits.
    pub(super) fn flush(&mut self) {
        let _ = self.outlet.flush(); // lines that were dropped are not worth another one
    }

    pub(super) async fn finish(mut self) {
        self.outlet.finish(Instant::now() + FINISH_MAX).await;
    }
}

/// Returns who made a token, as this tool makes them: `HOST/PROCESS/…`.
fn holder(token: &str) -> String {
    let parts: Vec<_> = token.split('/').collect();
    match *parts {
        [host, process, _, _] => plain_text(&format!("{host} (process {process})")),
        _ => "another".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_known_by_its_token_and_cannot_write_on_the_terminal() {
        assert_eq!(holder("web-2/812/00ff/1"), "web-2 (process 812)");
        assert_eq!(holder("my secret"), "another");
        assert_eq!(holder("\x1b[2J/1/2/3"), "\\u{1b}[2J (process 1)");
        assert!(holder(&format!("{}/1/2/3", "x".repeat(10_000))).len() <= 200);
    }
}
