extern crate alloc;

use alloc::vec::Vec;

use super::*;
use crate::peer::probe::Label;

/// Probes sent at 1, 2, 3 … us, of which so became so much.
fn sent(fates: &[Fate]) -> Outstanding {
    let probes = (1..).zip(fates).map(|(count, &fate)| Probe {
        sent: Instant::from_micros(count.into()),
        timeout_us: 1,
        lateness: 0,
        count,
        fate,
    });
    let probes: Vec<_> = probes.collect();
    let mut outstanding = Outstanding::NONE;
    for (place, probe) in outstanding.0.iter_mut().rev().zip(probes.iter().rev()) {
        *place = *probe;
    }
    outstanding
}

/// When those were sent that had to go, and those that are found afterwards.
fn rested(outstanding: &mut Outstanding) -> [Vec<u64>; 2] {
    let shed = core::iter::from_fn(|| outstanding.shed());
    let shed = shed.map(|probe| probe.sent.as_micros()).collect();
    *outstanding = Outstanding::of(&outstanding.kept());
    let used = outstanding.iter().filter(|probe| is_used(probe));
    [shed, used.map(|probe| probe.sent.as_micros()).collect()]
}

#[test]
fn three_are_kept_of_which_the_oldest_answered_one_goes_first() {
    let mut outstanding = sent(&[Fate::Overdue, Fate::Settled, Fate::Settled, Fate::Waiting]);
    assert_eq!(rested(&mut outstanding), [[2].as_slice(), &[1, 3, 4]]);
    let mut outstanding = sent(&[Fate::Overdue; 5]);
    assert_eq!(rested(&mut outstanding), [[1, 2].as_slice(), &[3, 4, 5]]);
}

/// What is not found among three may have gone, and among fewer it was never there.
#[test]
fn none_was_forgotten_where_there_was_room() {
    for count in 0..=CAPACITY {
        let mut outstanding = sent(&[Fate::Overdue; CAPACITY][..count]);
        let [shed, kept] = rested(&mut outstanding);
        assert_eq!(
            (shed.len(), kept.len()),
            (count.saturating_sub(3), count.min(3))
        );
        let label = Label {
            sent: Instant::ZERO,
            count: 0,
            incarnation: 0,
        };
        let forgotten = outstanding.may_have_forgotten(label);
        assert_eq!(forgotten, count >= 3, "{count}");
    }
}
