//! Asking for a password at the terminal. Nothing of it is shown.

use std::io::{self, BufRead, IsTerminal, Write, stderr, stdin};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The longest password, in bytes.
const LENGTH_MAX: usize = 1024;

/// Keys that end or change the input.
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];

/// Asks for the password of `target`.
///
/// # Errors
/// Standard input is no terminal, or the user does not answer.
pub(super) fn ask(target: &str) -> Result<String, String> {
    if !stdin().is_terminal() {
        return Err("standard input is no terminal to ask for its password at".into());
    }
    let _ = write!(stderr(), "password of {target}: "); // the terminal may be closed for writing
    let quiet = Quiet::begin().map_err(|error| error.to_string())?;
    let read = line(stdin().lock());
    drop(quiet);
    let _ = writeln!(stderr());
    read
}

fn line(input: impl BufRead) -> Result<String, String> {
    let mut text = Vec::new();
    for byte in input.bytes() {
        match byte.map_err(|error| error.to_string())? {
            b'\r' | b'\n' => {
                return String::from_utf8(text).map_err(|_| "a password is UTF-8".into());
            }
            INTERRUPT | END => break,
            byte if BACKSPACE.contains(&byte) => {
                text.pop();
            }
            _ if text.len() == LENGTH_MAX => return Err("a password has up to 1 KiB".into()),
            byte => text.push(byte),
        }
    }
    Err("no password was given".into())
}

/// A terminal that shows no keys, and passes on those that would otherwise end this process: it
/// would leave the terminal like that. It is restored when this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin().as_fd())?;
        let mut quiet = before.clone();
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(stdin().as_fd(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin().as_fd(), OptionalActions::Flush, &self.0); // it may be closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_enter_and_can_be_changed_or_left() {
        assert_eq!(line(&b"hunter3\x7f2\rmore"[..]).unwrap(), "hunter2");
        assert_eq!(line(&b"\n"[..]).unwrap(), "");
        for left in [&b"hunter2"[..], b"hunter2\x03", b"\x04"] {
            assert_eq!(line(left).unwrap_err(), "no password was given");
        }
        assert!(line(&[b'x'; 2048][..]).unwrap_err().contains("1 KiB"));
    }
}
