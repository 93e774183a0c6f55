//! One run of a program: no shell, no inherited environment or descriptors, a limit on its time.

use std::io::{ErrorKind, PipeReader, Read, pipe};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use humantime::{format_duration, format_rfc3339_millis};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Change, Program};

/// How long a program may run. Then its process group is killed.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(10);
/// How much of the output of a program is kept, in bytes.
const OUTPUT_MAX: usize = 1_024;
/// The search path if this process has none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Program {
    /// Runs the program to its end, or until its time is over. `note` is told its process group at
    /// the start and at the end. Returns what is to be logged: how it failed, and what it said.
    pub(super) fn run(&self, change: &Change, note: impl Fn(u32, bool)) -> Option<String> {
        let started = pipe().and_then(|(output, input)| {
            rustix::io::ioctl_fionbio(&output, true)?;
            let error = input.try_clone()?;
            let child = self.command(change).stdout(input).stderr(error).spawn()?;
            Ok((child, output))
        });
        match started {
            Ok((child, output)) => {
                let group = child.id();
                note(group, true);
                let said = watch(child, output, TIME_MAX);
                note(group, false);
                said
            }
            Err(error) => Some(format!("{} cannot run: {error}", self.path.display())),
        }
    }

    fn command(&self, change: &Change) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .process_group(0)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or(PATH.into()))
            .env("SYSTOLE_TARGET", &change.target)
            .env("SYSTOLE_GROUP", change.group.as_deref().unwrap_or_default())
            .env("SYSTOLE_FROM", &change.from)
            .env("SYSTOLE_TO", &change.to)
            .env("SYSTOLE_REASON", &change.reason)
            .env("SYSTOLE_AT", format_rfc3339_millis(change.at).to_string());
        for (name, value) in change.labels.iter() {
            command.env(format!("SYSTOLE_LABEL_{}", name.to_uppercase()), value);
        }
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "the limit is one of real time")]
fn watch(mut child: Child, mut output: PipeReader, limit: Duration) -> Option<String> {
    let (born, mut said) = (Instant::now(), Vec::new());
    let ended = loop {
        drain(&mut output, &mut said);
        match child.try_wait() {
            Ok(None) if born.elapsed() < limit => sleep(LOOK),
            Ok(None) => {
                kill(child.id());
                let _ = child.wait(); // it was killed
                break Err(format!("killed after {}", format_duration(limit)));
            }
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(error.to_string()),
        }
    };
    drain(&mut output, &mut said);
    summary(ended, &String::from_utf8_lossy(&said))
}

/// Reads what waits in the pipe, and keeps the beginning.
fn drain(output: &mut PipeReader, said: &mut Vec<u8>) {
    let mut chunk = [0; 4_096];
    loop {
        match output.read(&mut chunk) {
            Ok(length) if length > 0 => {
                let room = OUTPUT_MAX.saturating_sub(said.len());
                said.extend(chunk.iter().take(length.min(room)));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return, // nothing waits, or the program has closed its end
        }
    }
}

fn summary(ended: Result<ExitStatus, String>, said: &str) -> Option<String> {
    let said = said.trim();
    match ended {
        Ok(status) if status.success() => (!said.is_empty()).then(|| said.into()),
        Ok(status) if said.is_empty() => Some(status.to_string()),
        Ok(status) => Some(format!("{status}: {said}")),
        Err(why) if said.is_empty() => Some(why),
        Err(why) => Some(format!("{why}: {said}")),
    }
}

/// Kills the process group of a program.
pub(super) fn kill(group: u32) {
    if let Ok(group) = i32::try_from(group) {
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL); // it may have ended
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn run(script: &str) -> Option<String> {
        let change = Change {
            target: "tcp://h:1".into(),
            group: None,
            labels: toml::from_str("rack = \"a\"").unwrap(),
            from: "alive".into(),
            to: "dead; rm -rf /".into(),
            reason: "bound elapsed".into(),
            at: SystemTime::UNIX_EPOCH,
        };
        let program = Program {
            path: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into(), "name".into(), "$x".into()],
        };
        program.run(&change, |_, _| {})
    }

    #[test]
    fn the_environment_says_what_has_changed_and_nothing_else() {
        assert_eq!(
            run("echo $SYSTOLE_TARGET $SYSTOLE_FROM \"$SYSTOLE_TO\" $SYSTOLE_AT $1").as_deref(),
            Some("tcp://h:1 alive dead; rm -rf / 1970-01-01T00:00:00.000Z $x")
        );
        assert_eq!(run("echo $SYSTOLE_LABEL_RACK").as_deref(), Some("a"));
        let said =
            run("env | cut -d= -f1 | grep -v SYSTOLE_ | grep -vE '^(PATH|PWD|OLDPWD|SHLVL|_)$'");
        assert_eq!(
            said.as_deref(),
            Some("exit status: 1"),
            "grep finds nothing"
        );
        assert_eq!(run("exit 3").as_deref(), Some("exit status: 3"));
        assert_eq!(run("true"), None);
    }

    #[test]
    fn a_program_that_takes_too_long_is_killed_with_all_it_has_started() {
        let (output, input) = pipe().unwrap();
        rustix::io::ioctl_fionbio(&output, true).unwrap();
        let mut command = Command::new("/bin/sh");
        let command = command.args(["-c", "sleep 60 & sleep 60"]).process_group(0);
        let child = command.stdout(input).spawn().unwrap();
        let mut end = output.try_clone().unwrap();
        drop(std::mem::replace(command, Command::new("true"))); // it holds the other end
        let said = watch(child, output, Duration::from_millis(100));
        assert_eq!(said.as_deref(), Some("killed after 100ms"));
        let born = tokio::time::Instant::now();
        while end.read(&mut [0]).is_err() {
            assert!(born.elapsed() < Duration::from_secs(5), "one still runs");
            sleep(LOOK);
        }
    }

    #[test]
    fn much_output_neither_blocks_nor_fills_memory() {
        let said = run("head -c 10000000 /dev/zero | tr '\\0' x").unwrap();
        assert_eq!(said.len(), OUTPUT_MAX);
    }
}
