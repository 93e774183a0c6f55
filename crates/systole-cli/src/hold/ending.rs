//! What is known of the end of the command, and the exit status that follows.

use super::exit_code;

/// How the command ended, or is about to end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Whether the lease was lost while the command ran.
    lost: bool,
    /// How the command ended.
    code: Option<u8>,
    /// The signal that asked this process to end.
    stopped_by: Option<i32>,
}

impl Ending {
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    pub(super) const fn lose(&mut self) {
        self.lost = true;
    }

    /// Records that the command could not be run; what it ended with does not count then.
    pub(super) const fn fail(&mut self, code: u8) {
        self.code = Some(code);
    }

    pub(super) fn exit(&mut self, code: u8) {
        self.code.get_or_insert(code);
    }

    /// Records a signal that asks this process to end; returns whether it is not the first one.
    pub(super) const fn stop(&mut self, signal: i32) -> bool {
        self.stopped_by.replace(signal).is_some()
    }

    /// Returns the exit status, or `None` if the lease was lost and is to be waited for again, and
    /// forgets the command.
    pub(super) const fn conclude(&mut self, retry: bool) -> Option<u8> {
        let code = match (self.lost, self.stopped_by) {
            (true, None) if retry => None,
            (true, _) => Some(exit_code::LOST),
            (false, _) => Some(match self.code {
                Some(code) => code,
                None => exit_code::USAGE,
            }),
        };
        (self.lost, self.code) = (false, None);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_outweighs_what_the_command_ended_with() {
        let mut ending = Ending::default();
        ending.exit(0);
        assert_eq!(ending.conclude(true), Some(0));
        ending.exit(0);
        ending.lose();
        assert_eq!(ending.conclude(false), Some(exit_code::LOST));
        ending.lose();
        assert_eq!(ending.conclude(true), None, "it is waited for again");
        assert!(!ending.is_lost());
    }

    #[test]
    fn nothing_is_waited_for_again_after_a_signal() {
        let mut ending = Ending::default();
        assert!(!ending.stop(15) && ending.stop(2));
        ending.lose();
        assert_eq!(ending.conclude(true), Some(exit_code::LOST));
    }
}
