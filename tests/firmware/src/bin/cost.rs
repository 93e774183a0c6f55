#![no_std]
#![no_main]
//! Instructions a call, under `qemu-system-arm -icount shift=0`: there an instruction takes a nanosecond of the time
//! that `SysTick` counts, so the figures repeat exactly.

use core::hint::black_box;
use core::time::Duration;

use cortex_m::Peripherals;
use cortex_m::asm::delay;
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};
use systole::{Config, Heartbeat, Instant, Monitor, Output, path::RttWindow};
use systole_firmware::samples::{COUNT, round_trips};

const BASE: Duration = Duration::from_secs(5);
const CONFIG: Config = match Config::every(BASE).build() {
    Ok(config) => config,
    Err(_) => panic!("5 s is in range"),
};
const SEEDED: Config = match Config::every(BASE)
    .without_initial_delay()
    .seed(0x5eed)
    .build()
{
    Ok(config) => config,
    Err(_) => panic!("not zero"),
};

/// Each call is made once to warm up, and this many times over all samples to be counted.
const ROUNDS: u32 = 16;

#[entry]
fn main() -> ! {
    let mut stopwatch = Stopwatch::start();
    let samples = round_trips();

    // a call of known cost, to hold the others against: subs and bne, 500 times
    stopwatch.count("ruler_1000", &samples, |_| delay(1_000));

    let mut window = RttWindow::<16>::new();
    stopwatch.count("rule", &samples, |rtt| {
        window.push(rtt);
        let extra = u64::from(window.moments().fluctuation_q16());
        BASE_US + ((BASE_US * extra) >> 16)
    });

    let mut heart = Heartbeat::<16>::with_window(CONFIG);
    stopwatch.count("next_interval", &samples, |rtt| {
        (heart.next_interval(rtt), heart.verdict())
    });
    let mut heart = Heartbeat::<16>::with_window(CONFIG);
    stopwatch.count("next_interval,missed", &samples, |rtt| {
        (heart.next_interval(rtt), heart.missed(), heart.verdict())
    });

    if let Ok(mut monitor) = Monitor::<16>::with_window(SEEDED, Instant::ZERO) {
        let mut now = Instant::ZERO;
        stopwatch.count("monitor_round", &samples, |rtt| {
            now = round(&mut monitor, now, rtt);
            now
        });
    }

    let mut floats = TwoPass::default();
    stopwatch.count("two_pass_f64", &samples, |rtt| floats.next_interval(rtt));
    loop {
        debug::exit(debug::EXIT_SUCCESS);
    }
}

const BASE_US: u64 = 5_000_000;

/// A probe, its reply, and the drains that end in the next deadline.
fn round(monitor: &mut Monitor<16>, now: Instant, rtt: Duration) -> Instant {
    let mut heard = now;
    for _ in 0..Monitor::<16>::MAX_DRAIN {
        match monitor.poll(heard) {
            Output::Send(id) => {
                heard = now.saturating_add(rtt);
                monitor.handle_reply(id, heard);
            }
            Output::Wait(until) => return until,
            _ => {}
        }
    }
    now
}

/// The form that comes to mind first: 16 floats, summed up twice a sample.
#[derive(Default)]
struct TwoPass {
    samples: [f64; 16],
    next: usize,
}

impl TwoPass {
    fn next_interval(&mut self, rtt: Duration) -> f64 {
        self.samples[self.next % 16] = rtt.as_secs_f64();
        self.next += 1;
        let mean = self.samples.iter().sum::<f64>() / 16.0;
        let square = |x: &f64| (x - mean) * (x - mean);
        let variance = self.samples.iter().map(square).sum::<f64>() / 16.0;
        5.0 * (1.0 + root(variance) / mean)
    }
}

/// Newton's method; `core` has no root.
fn root(square: f64) -> f64 {
    let mut root = f64::from_bits((square.to_bits() >> 1) + (1023 << 51));
    for _ in 0..4 {
        root = 0.5 * (root + square / root);
    }
    root
}

struct Stopwatch {
    clock: SYST,
    /// Ticks that 2^20 instructions take.
    ticks: u64,
}

impl Stopwatch {
    /// Finds out how long a tick is from a loop of a known number of instructions.
    fn start() -> Self {
        // SAFETY: the only use of the peripherals in this image.
        let mut clock = unsafe { Peripherals::steal() }.SYST;
        clock.set_clock_source(SystClkSource::Core);
        clock.set_reload(0x00ff_ffff);
        clock.clear_current();
        clock.enable_counter();
        let mut stopwatch = Self { clock, ticks: 0 };
        stopwatch.ticks = stopwatch.time(|| delay(1 << 20));
        stopwatch
    }

    fn time(&mut self, work: impl FnOnce()) -> u64 {
        self.clock.clear_current();
        let before = SYST::get_current();
        work();
        u64::from(before.wrapping_sub(SYST::get_current()) & 0x00ff_ffff)
    }

    /// Prints what a call takes, less what the loop around it does.
    fn count<T>(
        &mut self,
        name: &str,
        samples: &[Duration; COUNT],
        mut call: impl FnMut(Duration) -> T,
    ) {
        repeat(1, samples, &mut call);
        let empty = self.time(|| repeat(ROUNDS, samples, &mut |rtt| rtt));
        let full = self.time(|| repeat(ROUNDS, samples, &mut call));
        let instructions = (full.saturating_sub(empty) << 20) / self.ticks;
        hprintln!("{} {}", name, instructions / (u64::from(ROUNDS) << 8));
    }
}

#[inline(never)]
fn repeat<T>(rounds: u32, samples: &[Duration; COUNT], call: &mut impl FnMut(Duration) -> T) {
    for _ in 0..rounds {
        for &rtt in samples {
            black_box(call(black_box(rtt)));
        }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
