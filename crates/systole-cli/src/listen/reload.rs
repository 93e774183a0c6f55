//! New settings at SIGHUP.

use super::coordinator::Coordinator;
use super::news::Tale;
use super::settings::Settings;

impl Coordinator {
    /// Reads keys and senders again. A file with an error changes nothing.
    pub(super) fn reload(&mut self) {
        let tale = match Settings::read(&self.options) {
            Ok(settings) => {
                self.adopt(settings);
                "settings read again: keys and senders".into()
            }
            Err(trouble) => format!("settings not read: {trouble}"),
        };
        self.note(Tale::Note(tale));
        self.settle();
    }

    fn adopt(&mut self, settings: Settings) {
        let named = |id| settings.senders.iter().any(|sender| sender.name.id() == id);
        let before = self.settings.senders.iter().map(|sender| sender.name.id());
        let gone: Vec<_> = before.filter(|&id| !named(id)).collect();
        self.listener.with(|fleet, gate, _| {
            for id in gone {
                fleet.remove(id);
                gate.roster.senders.remove(&id);
            }
            gate.keys.clone_from(&settings.keys);
            settings
                .senders
                .iter()
                .for_each(|sender| gate.roster.expect(sender));
            fleet.admit_up_to(settings.limit());
        });
        self.settings = settings;
        if let Err(trouble) = self.add_expected() {
            self.note(Tale::Note(trouble.to_string()));
        }
    }
}
