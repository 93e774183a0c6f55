//! A plain loop with a `Heartbeat`, without a usable clock: one call per round. A simulated board
//! stands in for the hardware, so the example runs anywhere.
//!
//! `cargo run --example bare_loop`

use core::time::Duration;

use systole::{Config, Heartbeat, Verdict};

/// A simulated board with a radio: replies come after 20 to 60 ms, and stop after some rounds.
struct Board {
    round: u32,
}

impl Board {
    /// Sends a probe and waits for the reply, for `timeout` at most.
    fn ping(&mut self, timeout: Duration) -> Option<Duration> {
        self.round += 1;
        let rtt = Duration::from_millis(u64::from(20 + self.round * 7 % 41));
        (self.round < 12 && rtt < timeout).then_some(rtt)
    }

    /// A real board sleeps here.
    fn sleep(&self, span: Duration) {
        println!("{:>3}  sleeps {span:.2?}", self.round);
    }
}

/// The configuration, evaluated at compile time. A `Heartbeat` can be too, so both fit in a
/// `static`.
const CONFIG: Config = match Config::lan().build() {
    Ok(config) => config,
    Err(_) => panic!("a setting is out of range"),
};

fn main() {
    let mut board = Board { round: 0 };
    let mut heart = Heartbeat::<16>::with_window(CONFIG);
    while heart.verdict() != Verdict::Dead {
        let timeout = heart.timeout();
        let (interval, spent) = match board.ping(timeout) {
            Some(rtt) => (heart.next_interval(rtt), rtt),
            None => (heart.missed(), timeout),
        };
        print!("{:<8}", heart.verdict());
        board.sleep(interval.saturating_sub(spent));
    }
    println!("{:?}", heart.snapshot());
}
