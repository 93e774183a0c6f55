//! Verdicts in etcd, for others to watch: the key of a peer and its incarnation is there while it is called dead.

use etcd_client::{Client, Compare, CompareOp, Error, Txn, TxnOp, TxnOpResponse};
use systole::Verdict;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::mirror::AGAIN;
use crate::{Peer, Tenure};

/// Writes verdicts in the name of a member, and only while its lease is held: every transaction is on the member's own key and epoch.
#[derive(Clone)]
pub struct Ledger {
    client: Client,
    member: String,
    tenure: watch::Receiver<Option<Tenure>>,
}

/// What came of a transaction.
enum Outcome {
    /// The ledger says what it should.
    Said,
    /// The lease is lost, so our word counts for nothing.
    Lost,
}

/// Where the verdict on a peer is.
#[must_use]
pub fn verdict_key(peer: &Peer) -> String {
    format!("verdicts/{}/{}", peer.name, peer.incarnation)
}

impl Ledger {
    /// A ledger for the owner of key `member`.
    #[must_use]
    pub const fn new(
        client: Client,
        member: String,
        tenure: watch::Receiver<Option<Tenure>>,
    ) -> Self {
        Self {
            client,
            member,
            tenure,
        }
    }

    /// Sees to it that the ledger says `verdict` of `peer`, however long that takes.
    ///
    /// # Cancel safety
    /// It may have been written; to write it again changes nothing.
    pub async fn say(&mut self, verdict: Verdict, peer: &Peer) {
        let mut lost = 0;
        loop {
            let held = self
                .tenure
                .wait_for(|held| held.is_some_and(|held| held.epoch != lost));
            let Ok(Some(Tenure { epoch, .. })) = held.await.map(|held| *held) else {
                return; // the registration has ended
            };
            match self.write(verdict, peer, epoch).await {
                Ok(Outcome::Said) => return,
                Ok(Outcome::Lost) => lost = epoch,
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    async fn write(&mut self, verdict: Verdict, peer: &Peer, epoch: i64) -> Result<Outcome, Error> {
        let key = verdict_key(peer);
        let dead = Compare::create_revision(&*key, CompareOp::Greater, 0);
        let alive = Compare::create_revision(&*key, CompareOp::Equal, 0);
        let word = format!("{} {epoch}", self.member);
        let (unsaid, change) = match verdict {
            Verdict::Dead => (alive, TxnOp::put(key, word, None)),
            Verdict::Alive => (dead, TxnOp::delete(key, None)),
            _ => return Ok(Outcome::Said), // no word about the others
        };
        let held = Compare::mod_revision(&*self.member, CompareOp::Equal, epoch);
        let member = TxnOp::get(&*self.member, None);
        let txn = Txn::new()
            .when([held, unsaid])
            .and_then([change])
            .or_else([member]);
        let answer = self.client.txn(txn).await?;
        let still_held = |answer: &TxnOpResponse| match answer {
            TxnOpResponse::Get(found) => {
                found.kvs().iter().any(|pair| pair.mod_revision() == epoch)
            }
            _ => false,
        };
        let said = answer.succeeded() || answer.op_responses().iter().any(still_held);
        Ok(if said { Outcome::Said } else { Outcome::Lost })
    }
}
