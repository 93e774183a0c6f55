//! What a listener is configured with.

use std::fmt::Write;
use std::time::Duration;

use systole::{Sender, listener};

use crate::world::Random;

/// The configuration of a listener, in the units of the world.
#[derive(Clone, Debug)]
pub struct Settings {
    pub window: usize,
    pub bound_us: Option<u64>,
    pub losses: u8,
    pub min_us: u64,
    pub max_us: u64,
    pub first_us: Option<u64>,
    pub rise: u8,
    pub tagged: bool,
    pub report_us: Option<u64>,
}

/// The longest span that a configuration takes, as the documentation of `detect_within` says.
const LONGEST_US: u64 = 1_099_511_627_776;

impl Settings {
    /// Settings for a sender that says `interval_us`.
    pub fn draw(random: &mut Random, interval_us: u64) -> Self {
        let stated = random.magnitude((interval_us / 2).max(1), interval_us.saturating_mul(40));
        let wide = random.one_in(2) || !(2_000..=2_000_000_000).contains(&interval_us);
        Self {
            window: random.pick(&[1, 4, 32, 32, 32, 128]),
            bound_us: random.one_in(2).then_some(stated.min(LONGEST_US)),
            losses: random.pick(&[3, 3, 3, 0, 1, 2, 7, 100]),
            min_us: if wide { 1 } else { 1_000 },
            max_us: if wide { LONGEST_US } else { 3_600_000_000 },
            first_us: random.one_in(2).then(|| {
                random
                    .magnitude(1, interval_us.saturating_mul(20))
                    .min(LONGEST_US)
            }),
            rise: random.pick(&[1, 1, 1, 2, 3, 9]),
            tagged: random.one_in(3),
            report_us: random.one_in(3).then(|| random.magnitude(1, 10_000_000)),
        }
    }

    /// The configuration itself.
    ///
    /// # Panics
    /// Where it is refused, as what is drawn is in range.
    pub fn config(&self) -> listener::Config {
        let us = Duration::from_micros;
        let mut config = listener::Config::builder().build().unwrap();
        if let Some(bound_us) = self.bound_us {
            config = config
                .into_builder()
                .detect_within(us(bound_us))
                .build()
                .expect("in range");
        }
        if let Some(first_us) = self.first_us {
            config = config
                .into_builder()
                .first_within(us(first_us))
                .build()
                .expect("in range");
        }
        if let Some(report_us) = self.report_us {
            config = config
                .into_builder()
                .report_pauses_over(us(report_us))
                .build()
                .unwrap();
        }
        if self.tagged {
            config = config.into_builder().authenticated().build().unwrap();
        }
        let config = config
            .into_builder()
            .losses(self.losses)
            .build()
            .expect("in range");
        let config = config
            .into_builder()
            .intervals_between(us(self.min_us), us(self.max_us))
            .build();
        config
            .expect("in range")
            .into_builder()
            .rise(self.rise)
            .build()
            .expect("in range")
    }

    /// How long a peer that was never heard is waited for: "the stated bound, else the longest
    /// interval", unless set.
    pub fn first_within_us(&self) -> u64 {
        self.first_us.or(self.bound_us).unwrap_or(self.max_us)
    }

    /// The configuration as Rust, for a history.
    pub fn rust(&self) -> String {
        let mut code = String::from("listener::Config::builder()");
        let mut add = |name: &str, value: Option<u64>| {
            if let Some(us) = value {
                let _ = write!(code, ".{name}(us({us}))");
            }
        };
        add("detect_within", self.bound_us);
        add("first_within", self.first_us);
        if let Some(us) = self.report_us {
            let _ = write!(code, ".report_pauses_over(us({us}))");
        }
        if self.tagged {
            code += ".authenticated()";
        }
        let Self {
            losses,
            min_us,
            max_us,
            rise,
            ..
        } = self;
        let _ = write!(code, ".losses({losses})");
        let _ = write!(code, ".intervals_between(us({min_us}), us({max_us}))");
        code + &format!(".rise({rise}).build().unwrap()")
    }

    /// Simpler settings, one change each.
    pub fn simpler(&self) -> Vec<Self> {
        let change = |change: fn(&mut Self)| {
            let mut simpler = self.clone();
            change(&mut simpler);
            simpler
        };
        let mut all = Vec::new();
        if self.tagged {
            all.push(change(|it| it.tagged = false));
        }
        if self.rise > 1 {
            all.push(change(|it| it.rise = 1));
        }
        if self.report_us.is_some() {
            all.push(change(|it| it.report_us = None));
        }
        if self.first_us.is_some() {
            all.push(change(|it| it.first_us = None));
        }
        if self.window != 32 {
            all.push(change(|it| it.window = 32));
        }
        if self.losses != 3 {
            all.push(change(|it| it.losses = 3));
        }
        all
    }
}

/// The interval that a `Sender` really has when it is asked for `interval_us`.
pub fn kept_us(interval_us: u64) -> u64 {
    let asked = Duration::from_micros(interval_us);
    let sender = Sender::new(asked, 0, systole::Instant::ZERO).expect("in range");
    u64::try_from(sender.interval().as_micros()).unwrap_or(u64::MAX)
}
