//! Who watches whom: rendezvous hashing (Thaler and Ravishankar, 1998), which moves no peer but those of a member that comes or goes.

/// The member that watches `peer`; all who see the same members say the same.
pub fn owner<'a>(members: impl IntoIterator<Item = &'a str>, peer: &str) -> Option<&'a str> {
    members
        .into_iter()
        .max_by_key(|member| (weight(member, peer), *member))
}

/// FNV-1a of both names, mixed: the same in every version of every program.
fn weight(member: &str, peer: &str) -> u64 {
    let bytes = member.bytes().chain([0]).chain(peer.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::owner;

    const THREE: [&str; 3] = ["a", "b", "c"];

    fn peers() -> impl Iterator<Item = String> {
        (0..3_000).map(|number| format!("peer-{number}"))
    }

    #[test]
    fn everybody_gets_a_share() {
        for member in THREE {
            let share = peers().filter(|peer| owner(THREE, peer) == Some(member));
            let share = share.count();
            assert!((900..1_100).contains(&share), "{member}: {share}");
        }
        assert_eq!(owner([], "peer"), None);
    }

    #[test]
    fn only_the_peers_of_a_member_that_goes_move() {
        for peer in peers() {
            let before = owner(THREE, &peer);
            let after = owner(["a", "c"], &peer);
            assert!(before == after || before == Some("b"), "{peer}");
        }
    }
}
