//! A copy of all keys under a prefix, as etcd tells of changes.

use std::collections::BTreeMap;
use std::time::Duration;

use etcd_client::{Client, Error, Event, EventType, GetOptions, KeyValue, WatchOptions};
use tokio::sync::watch;
use tokio::time::sleep;

/// How long after an error etcd is asked again.
pub(crate) const AGAIN: Duration = Duration::from_secs(1);

/// What is under a prefix, by the rest of the key.
pub type Entries = BTreeMap<String, Entry>;

/// A value, and the revision at which it was put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The value.
    pub value: String,
    /// When it was put.
    pub revision: i64,
}

/// Follows the keys under `prefix`, until the last receiver is gone.
#[must_use]
pub fn follow(client: Client, prefix: &'static str) -> watch::Receiver<Entries> {
    let (told, entries) = watch::channel(Entries::new());
    tokio::spawn(async move {
        while !told.is_closed() {
            tokio::select! {
                _lost_sight = copy(client.clone(), prefix, &told) => sleep(AGAIN).await,
                () = told.closed() => {}
            }
        }
    });
    entries
}

/// Reads all, then every change from there on. Ends where the connection does, or what was missed is no longer to be had.
async fn copy(
    mut client: Client,
    prefix: &str,
    told: &watch::Sender<Entries>,
) -> Result<(), Error> {
    let found = client
        .get(prefix, Some(GetOptions::new().with_prefix()))
        .await?;
    let entries = found.kvs().iter().filter_map(|pair| entry(prefix, pair));
    told.send_replace(entries.collect());
    let next = found
        .header()
        .map_or(0, etcd_client::ResponseHeader::revision)
        + 1;
    let options = WatchOptions::new().with_prefix().with_start_revision(next);
    let mut changes = client.watch(prefix, Some(options)).await?;
    while let Some(change) = changes.message().await? {
        if change.canceled() {
            return Ok(());
        }
        told.send_if_modified(|entries| {
            change
                .events()
                .iter()
                .for_each(|event| apply(entries, prefix, event));
            !change.events().is_empty()
        });
    }
    Ok(())
}

fn apply(entries: &mut Entries, prefix: &str, event: &Event) {
    let Some((name, entry)) = event.kv().and_then(|pair| entry(prefix, pair)) else {
        return;
    };
    match event.event_type() {
        EventType::Put => drop(entries.insert(name, entry)),
        EventType::Delete => drop(entries.remove(&name)),
    }
}

/// Nothing where key or value is no text.
fn entry(prefix: &str, pair: &KeyValue) -> Option<(String, Entry)> {
    let name = pair.key_str().ok()?.strip_prefix(prefix)?;
    let value = pair.value_str().ok()?.to_owned();
    let revision = pair.mod_revision();
    Some((name.to_owned(), Entry { value, revision }))
}
