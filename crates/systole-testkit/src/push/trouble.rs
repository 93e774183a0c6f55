//! What goes wrong in a world of a listener.

use super::plan::{Plan, Style};
use crate::world::{Incident, Kind, Random};

/// Adds a few kinds of trouble, often none or one, so that a fault is not masked by others.
pub fn add(random: &mut Random, plan: &mut Plan) {
    for _ in 0..random.pick(&[0, 1, 1, 1, 2, 3, 4]) {
        let kind = draw_kind(random, plan);
        for _ in 0..random.pick(&[1, 1, 2, 4]) {
            place(random, plan, kind);
        }
    }
    if random.one_in(3) {
        lose_announcements(random, plan);
    }
    if random.one_in(10) {
        wakes(random, plan);
    }
    if random.one_in(2) {
        crash_at_the_end(random, plan);
    }
    order(plan);
}

fn draw_kind(random: &mut Random, plan: &Plan) -> Kind {
    let interval_us = plan.sender.interval_us;
    let by_us = random.magnitude(1, interval_us.saturating_mul(30));
    let announced = random.one_in(2);
    match random.below(16) {
        0 | 1 => Kind::Crash,
        2 => Kind::Restart,
        3 => Kind::Slow {
            by_us: random.between(1, interval_us * 2),
        },
        4 => Kind::LossBack {
            ppm: random.pick(&[100_000, 500_000, 1_000_000]),
        },
        5 | 6 => Kind::Stall,
        7 => Kind::RttStep {
            each_way_us: random.magnitude(20, interval_us.saturating_mul(10).max(40)),
        },
        8 => Kind::Duplicate,
        9 => Kind::Reorder {
            by_us: random.between(1, interval_us * 3),
        },
        10 => Kind::Overflow,
        11 => Kind::Late { by_us },
        12 => Kind::Away { announced },
        13 => {
            let by_us = i64::try_from(by_us).unwrap_or(i64::MAX);
            let by_us = if random.one_in(2) { by_us } else { -by_us };
            Kind::ClockStep {
                by_us,
                announced: announced && by_us > 0,
            }
        }
        14 => Kind::Suspend { announced },
        _ => Kind::Caller {
            what: u32::try_from(random.below(2)).unwrap_or(0),
        },
    }
}

fn place(random: &mut Random, plan: &mut Plan, kind: Kind) {
    let from_us = random.between(1, plan.life_us);
    let longest_us = (plan.life_us / 3).max(2);
    let span_us = random.magnitude(
        (plan.sender.interval_us / 4).clamp(1, longest_us),
        longest_us,
    );
    // a leap of the clock is noticed sooner or later, a step of the path lasts
    let until_us = match kind {
        Kind::RttStep { .. } => plan.life_us * 4,
        _ => from_us + span_us,
    };
    plan.incidents.0.push(Incident {
        from_us,
        until_us,
        peer: 0,
        kind,
    });
}

/// The beats that say that the pace changes are lost.
fn lose_announcements(random: &mut Random, plan: &mut Plan) {
    if plan.sender.style != Style::Own {
        return;
    }
    let mut before_us = plan.sender.interval_us;
    for &(at_us, interval_us) in &plan.sender.paces {
        let until_us = at_us + before_us.min(interval_us) * random.between(1, 3);
        let kind = Kind::LossBack { ppm: 1_000_000 };
        plan.incidents.0.push(Incident {
            from_us: at_us,
            until_us,
            peer: 0,
            kind,
        });
        before_us = interval_us;
    }
}

/// A device that wakes again and again, hears for a while what is sent, and says at each wake that
/// it was suspended.
fn wakes(random: &mut Random, plan: &mut Plan) {
    let awake_us = random.magnitude(plan.sender.interval_us / 8 + 1, plan.sender.interval_us * 8);
    let asleep_us = random.magnitude(1, plan.sender.interval_us * 8);
    let mut from_us = random.between(1, plan.life_us / 2 + 1);
    let count = random.between(10, 60);
    for _ in 0..count {
        let until_us = from_us + asleep_us;
        let kind = Kind::Suspend { announced: true };
        plan.incidents.0.push(Incident {
            from_us,
            until_us,
            peer: 0,
            kind,
        });
        from_us = until_us + awake_us;
    }
    plan.life_us = plan.life_us.max(from_us);
}

/// It crashes for good, and is listened to for long enough to find that.
fn crash_at_the_end(random: &mut Random, plan: &mut Plan) {
    let from_us = plan.life_us / 2 + random.below(plan.life_us / 2 + 1);
    let last_pace_us = plan.sender.paces.iter().map(|it| it.1).max();
    let interval_us = last_pace_us.unwrap_or(0).max(plan.sender.interval_us);
    let losses = u64::from(plan.settings.losses.min(10)) + 3;
    let longest_us = (interval_us * losses).max(plan.settings.bound_us.unwrap_or(0));
    let until_us = plan.life_us.max(from_us + longest_us * 3);
    plan.life_us = until_us;
    let kind = Kind::Crash;
    plan.incidents.0.push(Incident {
        from_us,
        until_us: until_us + 1,
        peer: 0,
        kind,
    });
}

/// Leaps and halts of our clock come one after the other, and not while we are away.
fn order(plan: &mut Plan) {
    let is_clock = |kind| {
        matches!(
            kind,
            Kind::ClockStep { .. } | Kind::Suspend { .. } | Kind::Away { .. }
        )
    };
    plan.incidents.0.sort_by_key(|it| it.from_us);
    let mut free_from_us = 0;
    plan.incidents.0.retain(|it| {
        let keep = !is_clock(it.kind) || it.from_us > free_from_us;
        if keep && is_clock(it.kind) {
            free_from_us = it.until_us;
        }
        keep
    });
}
