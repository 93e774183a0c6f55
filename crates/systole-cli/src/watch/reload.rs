//! Reading the configuration again: what remains and what changes.

use super::Watch;
use super::hearts::Hearts;
use super::series::Series;
use super::settings::Settings;
use super::watched::Watched;
use crate::args;
use crate::report::WatchEvent;
use crate::target::{Link, Target};
use crate::trouble::Trouble;

/// The next state of the watch, which is complete before the current one is changed.
struct Next {
    settings: Settings,
    hearts: Hearts,
    /// The peers, in the order of the machines.
    peers: Vec<Member>,
}

/// A target that is already watched, by its index, or a new one.
enum Member {
    Stays(usize),
    New(Box<Watched>),
}

impl Watch {
    /// Reads the configuration again. Targets that remain keep their connection, statistics and
    /// verdict; a group starts over. If the file has an error, nothing changes.
    pub(super) async fn reload(&mut self, options: &args::Watch) -> Result<(), Trouble> {
        match self.prepare(options).await {
            Ok(next) => self.adopt(next),
            Err(trouble) => self.tell_all(&WatchEvent::Refused(trouble.to_string())),
        }
    }

    async fn prepare(&mut self, options: &args::Watch) -> Result<Next, Trouble> {
        let settings = Settings::read(options)?;
        let mut peers = Vec::new();
        for target in &settings.targets {
            peers.push(self.place_of(target, &settings).await?);
        }
        let places = peers.iter().map(Member::place).collect::<Vec<_>>();
        let hearts = self.hearts.renewed(&settings, &places, self.epoch.now())?;
        Ok(Next {
            settings,
            hearts,
            peers,
        })
    }

    async fn place_of(&mut self, target: &Target, settings: &Settings) -> Result<Member, Trouble> {
        let is_it = |one: &Watched| one.target.as_ref() == Some(target);
        if let Some(place) = self.peers.iter().position(is_it) {
            return Ok(Member::Stays(place));
        }
        let key = self.keys.next().unwrap_or_default();
        let link = Link::open(target, &settings.trust, self.herald.of(key)).await?;
        let watched = Watched::new(key, target.clone(), link);
        Ok(Member::New(Box::new(watched)))
    }

    fn adopt(&mut self, next: Next) -> Result<(), Trouble> {
        let places = next.peers.iter().map(Member::place).collect::<Vec<_>>();
        for place in 0..self.peers.len() {
            if !places.contains(&Some(place)) {
                self.tell(place, &WatchEvent::Summary)?;
            }
        }
        let starts_over = next.settings.group.is_some();
        let mut before: Vec<_> = self.peers.drain(..).map(Some).collect();
        let mut take = |place| before.get_mut(place).and_then(Option::take);
        self.hearts = next.hearts;
        if starts_over {
            self.series = self.series.take().map(|_| Series::default());
        }
        self.peers = next
            .peers
            .into_iter()
            .filter_map(|peer| match peer {
                Member::Stays(place) => take(place).map(|watched| watched.renewed(starts_over)),
                Member::New(watched) => Some(*watched),
            })
            .collect();
        for (peer, place) in places.into_iter().enumerate() {
            let stays = WatchEvent::Reloaded { starts_over };
            self.tell(peer, &place.map_or(WatchEvent::Start, |_| stays))?;
        }
        Ok(())
    }
}

impl Member {
    const fn place(&self) -> Option<usize> {
        match self {
            Self::Stays(place) => Some(*place),
            Self::New(_) => None,
        }
    }
}
