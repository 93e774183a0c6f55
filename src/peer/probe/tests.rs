use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_id_tells_its_send_time_to_whom_knows_the_seed(
        sent in 0_u64..1 << 60, later in 0_u64..1 << 40, count: u8, incarnation: u8, key: u64,
    ) {
        let label = Label { sent: Instant::from_micros(sent), count, incarnation };
        let now = label.sent.plus(later);
        prop_assert_eq!(Label::open(label.seal(key), key, now), Some(label));
    }

    #[test]
    fn a_guess_is_seldom_taken(guess: u64, key: u64) {
        let taken = (0..64).filter(|round| {
            Label::open(ProbeId(mix(guess ^ round)), key, Instant::from_secs(10)).is_some()
        });
        prop_assert!(taken.count() <= 1);
    }
}

#[test]
fn ids_of_successive_probes_share_nothing() {
    let seal = |us| {
        u64::from(
            Label {
                sent: Instant::from_micros(us),
                count: 0,
                incarnation: 0,
            }
            .seal(7),
        )
    };
    let flips = (0..1_000)
        .map(|us| (seal(us) ^ seal(us + 1)).count_ones())
        .sum::<u32>();
    assert!((31_000..33_000).contains(&flips), "{flips}");
}

#[test]
fn only_what_is_older_than_all_eight_or_fits_between_them_may_have_been_forgotten() {
    let mut outstanding = Outstanding::NONE;
    let at = Instant::from_micros;
    let label = |us, count| Label {
        sent: at(us),
        count,
        incarnation: 0,
    };
    let nobody = label(0, 0);
    assert!(!outstanding.may_have_forgotten(nobody), "nothing was sent");
    assert_eq!(outstanding.find(nobody), None);
    for (us, count) in (10..).zip([11, 12, 13, 17, 18, 19, 20, 21]) {
        assert!(!outstanding.may_have_forgotten(nobody), "there was room");
        outstanding.push(Probe {
            sent: at(us),
            timeout_us: 1,
            lateness: 0,
            count,
            fate: Fate::Overdue,
        });
    }
    let forgotten = |us, count| outstanding.may_have_forgotten(label(us, count));
    assert!(forgotten(9, 10) && forgotten(10, 10) && forgotten(10, 250));
    assert!(forgotten(13, 14) && forgotten(13, 16), "there is a gap");
    assert!(!forgotten(12, 13) && !forgotten(12, 17) && !forgotten(12, 18));
    assert!(!forgotten(11, 14) && !forgotten(14, 16), "at another place");
    assert!(!forgotten(18, 22), "yet to come");
}

#[test]
fn the_oldest_unanswered_probe_is_forgotten_last() {
    let mut outstanding = Outstanding::NONE;
    let probe = |us, fate| Probe {
        sent: Instant::from_micros(us),
        timeout_us: 1,
        lateness: 0,
        count: 0,
        fate,
    };
    assert_eq!(outstanding.push(probe(1, Fate::Waiting)), Probe::NONE);
    for us in 2..9 {
        let forgotten = outstanding.push(probe(us, Fate::Settled));
        assert_eq!(forgotten.fate, Fate::Settled);
    }
    for us in 9..16 {
        let forgotten = outstanding.push(probe(us, Fate::Overdue));
        assert_eq!(forgotten.fate, Fate::Settled);
    }
    let forgotten = outstanding.push(probe(16, Fate::Waiting));
    assert_eq!(forgotten, probe(1, Fate::Waiting));
}
