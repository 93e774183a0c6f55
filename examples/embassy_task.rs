//! Two tasks on a device without a heap: one probes, the other acts on the verdict.
//!
//! On a device both are `#[embassy_executor::task]`s and the clock is that of the chip. Here they
//! are joined on a thread, and a mock clock runs ten times as fast as real time: `cargo run
//! --features embassy --example embassy_task`

use core::time::Duration;
use std::cell::Cell;
use std::error::Error;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{MockDriver, Timer, with_timeout};
use systole::embassy::Heart;
use systole::{Config, Monitor, ProbeError, Verdict};

/// A simulated link that works for a limited number of probes.
struct Radio(Cell<u32>);

impl Radio {
    async fn ping(&self) -> Result<(), ProbeError> {
        self.0.set(self.0.get().saturating_sub(1));
        if self.0.get() == 0 {
            std::future::pending::<()>().await;
        }
        Timer::after_millis(30).await;
        Ok(())
    }

    async fn reset(&self) {
        Timer::after_millis(500).await;
        self.0.set(10);
    }
}

async fn beat(heart: &Heart<NoopRawMutex, 16>, radio: &Radio) {
    heart.run(|| radio.ping()).await;
    let goodbye = Timer::after_millis(10); // code that runs at the stop follows `run`
    let _ = with_timeout(embassy_time::Duration::from_secs(1), goodbye).await;
    println!("stopped: {:?}", heart.snapshot().counters);
}

async fn guard(heart: &Heart<NoopRawMutex, 16>, radio: &Radio) {
    for _ in 0..2 {
        if heart.until_dead().await == Verdict::Dead {
            println!("dead; the radio is reset");
            radio.reset().await;
            heart.with(Monitor::restarted);
        }
    }
    heart.stop();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            MockDriver::get().advance(embassy_time::Duration::from_millis(10));
        }
    });
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(4))
        .seed(0xd1ce)
        .build()?;
    let (heart, radio) = (Heart::new(config)?, Radio(Cell::new(10)));
    tokio::join!(beat(&heart, &radio), guard(&heart, &radio));
    Ok(())
}
