//! What of a world does not depend on the machine: clock, happenings, when we look.

use crate::world::{Clock, Incident, Kind, Queue, Random};

use super::Plan;
use super::peer::WatchEvent;

impl Plan {
    /// What our clock shows.
    pub(super) fn clock(&self) -> Clock {
        let mut clock = Clock::new(self.clock_us, self.drift_ppm);
        for &Incident {
            from_us,
            until_us,
            kind,
            ..
        } in &self.incidents.0
        {
            match kind {
                Kind::ClockStep { by_us, announced } => {
                    clock.step(from_us, by_us);
                    if announced {
                        clock.step(until_us, -by_us);
                    }
                }
                Kind::Suspend { .. } => clock.stand(from_us, until_us),
                _ => {}
            }
        }
        if let Some(nap) = self.nap {
            let cycle_us = nap.awake_us + nap.asleep_us;
            for from_us in
                (nap.awake_us..self.life_us).step_by(usize::try_from(cycle_us).unwrap_or(1))
            {
                clock.stand(from_us, from_us + nap.asleep_us);
            }
        }
        clock
    }

    /// What happens whatever the machine does.
    pub(super) fn happenings(&self) -> Queue<WatchEvent> {
        let mut queue = Queue::default();
        for it in &self.incidents.0 {
            match it.kind {
                Kind::Caller { what } => queue.push(it.from_us, WatchEvent::Call(what)),
                Kind::Away { announced: true } | Kind::Suspend { announced: true } => {
                    queue.push(it.until_us, WatchEvent::Resumed);
                }
                Kind::ClockStep {
                    announced: true, ..
                } => queue.push(it.until_us, WatchEvent::Resync),
                Kind::Restart => queue.push(it.until_us, WatchEvent::Restarted),
                _ => {}
            }
        }
        if let Some(nap) = self.nap {
            let cycle_us = nap.awake_us + nap.asleep_us;
            for wake in 1..=self.life_us / cycle_us {
                queue.push(wake * cycle_us, WatchEvent::Resumed);
            }
        }
        for number in 1..=self
            .traffic_us
            .map_or(0, |every_us| self.life_us / every_us)
        {
            let sent_us = number * self.traffic_us.unwrap_or(1);
            let hangs = self
                .incidents
                .find(sent_us, 0, |kind| kind == Kind::Hang)
                .is_some();
            if self.is_up(sent_us) && !hangs {
                let arrivals = self.path.back(number | 1 << 50, sent_us, &self.incidents);
                arrivals
                    .into_iter()
                    .flatten()
                    .for_each(|at_us| queue.push(at_us, WatchEvent::Traffic));
            }
        }
        queue
    }

    /// When we look, if there is a reason to at `wake_us`.
    pub(super) fn look_us(&self, wake_us: u64, look: u64) -> u64 {
        let mut look_us = wake_us;
        if let Some(nap) = self.nap {
            let cycle_us = nap.awake_us + nap.asleep_us;
            if wake_us % cycle_us >= nap.awake_us {
                look_us = (wake_us / cycle_us + 1) * cycle_us;
            }
            return look_us;
        }
        let late = self
            .incidents
            .find(wake_us, 0, |kind| matches!(kind, Kind::Late { .. }));
        if let Some(Incident {
            kind: Kind::Late { by_us },
            ..
        }) = late
        {
            look_us += Random::of(self.seed, 3, look).between(0, by_us);
        }
        for it in &self.incidents.0 {
            if matches!(it.kind, Kind::Away { .. } | Kind::Suspend { .. }) && it.is_at(look_us) {
                look_us = it.until_us;
            }
        }
        look_us
    }
}
