//! The command line of `systole generate`.

use clap::ValueEnum;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// A manual page, or the completions of a shell.
    #[arg(value_enum)]
    pub(crate) what: What,

    /// The command that the manual page is about [default: the whole tool].
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    Man,
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

impl What {
    /// Returns the shell, or `None` for a manual page.
    pub(crate) const fn shell(self) -> Option<Shell> {
        match self {
            Self::Man => None,
            Self::Bash => Some(Shell::Bash),
            Self::Zsh => Some(Shell::Zsh),
            Self::Fish => Some(Shell::Fish),
            Self::Elvish => Some(Shell::Elvish),
            Self::Powershell => Some(Shell::PowerShell),
        }
    }
}
