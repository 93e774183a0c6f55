#![no_std]
#![no_main]
//! A node on a wire asks its gateway every ten seconds whether it is there, resets the line when it is not, and logs what it thinks.
//!
//! For the nRF52840-DK. The wire is the serial port that the board's debugger shows to a computer, and whatever sends back what it hears is
//! a gateway:
//!
//! ```sh
//! cargo run --release                             # flashes the node, and shows its log
//! socat /dev/ttyACM0,raw,echo=0,b115200 EXEC:cat  # the gateway; stop it, and it is found dead within half a minute
//! ```
//!
//! LED 1 is lit while the gateway is alive; P0.31 is low while the line is reset.

use core::time::Duration;

use defmt::{info, unwrap, warn};
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_nrf::buffered_uarte::{self, BufferedUarte, BufferedUarteRx};
use embassy_nrf::gpio::{Level, Output, OutputDrive};
use embassy_nrf::{bind_interrupts, pac, peripherals, uarte};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::Timer;
use panic_probe as _;
use static_cell::StaticCell;
use systole::embassy::Heart;
use systole::{Config, ConfigError, Monitor, Verdict};

use crate::link::Link;

mod link;

bind_interrupts!(struct Irqs {
    UARTE0 => buffered_uarte::InterruptHandler<peripherals::UARTE0>;
});

/// On one executor, and over the last 16 round trips.
type Gateway = Heart<NoopRawMutex, 16>;

fn gateway() -> Result<Gateway, ConfigError> {
    let config = Config::every(Duration::from_secs(10))
        .detect_within(Duration::from_secs(30))
        .seed(serial_number())
        .build()?;
    Heart::new(config)
}

/// No two chips have the same, so no two nodes beat in step.
fn serial_number() -> u64 {
    let [low, high] = [0, 1].map(|word| pac::FICR.deviceid(word).read());
    u64::from(high) << 32 | u64::from(low)
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static GATEWAY: StaticCell<Gateway> = StaticCell::new();
    static LINK: StaticCell<Link> = StaticCell::new();
    static BUFFERS: StaticCell<[[u8; 64]; 2]> = StaticCell::new();

    let board = embassy_nrf::init(embassy_nrf::config::Config::default());
    let led = Output::new(board.P0_13, Level::High, OutputDrive::Standard);
    let line = Output::new(board.P0_31, Level::High, OutputDrive::Standard);
    let [received, to_send] = BUFFERS.init([[0; 64]; 2]);
    let wire = BufferedUarte::new(
        board.UARTE0,
        board.TIMER1,
        board.PPI_CH0,
        board.PPI_CH1,
        board.PPI_GROUP0,
        board.P0_08,
        board.P0_06,
        Irqs,
        uarte::Config::default(), // 115,200 baud
        received,
        to_send,
    );
    let (ears, mouth) = wire.split();
    let link: &'static Link = LINK.init(Link::new(mouth));
    let gateway: &'static Gateway = GATEWAY.init(unwrap!(gateway()));

    spawner.spawn(unwrap!(listen(link, ears)));
    spawner.spawn(unwrap!(beat(gateway, link)));
    spawner.spawn(unwrap!(report(gateway, led)));
    spawner.spawn(unwrap!(guard(gateway, line)));
}

#[embassy_executor::task]
async fn listen(link: &'static Link, ears: BufferedUarteRx<'static>) {
    link.listen(ears).await;
}

#[embassy_executor::task]
async fn beat(gateway: &'static Gateway, link: &'static Link) {
    gateway.run(|| link.ping()).await;
}

/// Shows every change of mind.
#[embassy_executor::task]
async fn report(gateway: &'static Gateway, mut led: Output<'static>) {
    loop {
        info!("{}", gateway.events().receive().await);
        let dark = gateway.verdict() != Verdict::Alive;
        led.set_level(dark.into()); // lit by a low level
    }
}

/// Acts on the one that matters.
#[embassy_executor::task]
async fn guard(gateway: &'static Gateway, mut line: Output<'static>) {
    loop {
        gateway.until_dead().await;
        warn!("the line is reset");
        line.set_low();
        Timer::after_millis(100).await;
        line.set_high();
        gateway.with(Monitor::restarted);
    }
}
