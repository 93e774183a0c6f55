//! Telling what happened: to the output, and to the program of `on_change`.

use std::time::UNIX_EPOCH;

use systole::Reason;

use super::about::About;
use super::coordinator::Coordinator;
use super::news::{News, Tale, why};
use super::roster::Standing;
use crate::hooks::Change;
use crate::push::wall_clock;
use crate::target::LinkEvent;

impl Coordinator {
    /// Tells everything that waits, and `said` before it.
    pub(super) fn tell_all(&mut self, said: Option<String>) {
        if let Some(text) = said {
            let at = self.listener.now();
            let tale = Tale::Note(text);
            self.report.tell(
                &News {
                    at,
                    sender: None,
                    tale,
                },
                &About::default(),
            );
        }
        for news in std::mem::take(&mut self.waiting) {
            self.tell(&news);
        }
    }

    fn tell(&mut self, news: &News) {
        let Some(id) = news.sender else {
            return self.report.tell(news, &About::default());
        };
        let told = self.listener.with(|_, gate, _| {
            let sender = gate.roster.senders.get_mut(&id)?;
            if let Tale::Verdict { to, reason, .. } = news.tale {
                if sender.told == to && reason != Reason::Restarted {
                    return None; // an earlier run has told it
                }
                sender.told = to;
            }
            let standing = sender.standing(sender.told);
            let before = std::mem::replace(&mut sender.standing_told, standing);
            Some((About::of(sender), sender.key, before, standing))
        });
        let Some((about, key, before, standing)) = told else {
            return;
        };
        self.report.tell(news, &about);
        let is_alarm = before.is_alarm() || standing.is_alarm();
        if is_alarm && before != standing && !standing.is_doubt() {
            self.run_program(key, news, &about, before, standing);
        }
    }

    fn run_program(
        &mut self,
        key: usize,
        news: &News,
        about: &About,
        from: Standing,
        to: Standing,
    ) {
        let Some(program) = self.settings.on_change.clone() else {
            return;
        };
        let reason = match news.tale {
            Tale::Verdict { to, reason, .. } => why(to, reason, about.exit_status),
            _ => news.tale.text(about.exit_status),
        };
        let change = Change {
            target: about.name.clone(),
            group: about.label.clone(),
            labels: crate::labels::Labels::default(),
            from: from.to_string(),
            to: to.to_string(),
            reason,
            at: UNIX_EPOCH + wall_clock(),
        };
        self.hooks.run(key, program, change);
    }

    pub(super) fn hear_program(&mut self, news: LinkEvent) {
        if let LinkEvent::Hook { peer, said } = news {
            let name = self.listener.with(|_, gate, _| {
                let mut senders = gate.roster.senders.values();
                senders
                    .find(|sender| sender.key == peer)
                    .map(|it| it.name.clone())
            });
            let text = format!("on_change of {}: {said}", name.unwrap_or_default());
            self.note(Tale::Note(text));
            self.settle();
        }
    }
}
