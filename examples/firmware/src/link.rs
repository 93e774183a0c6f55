//! A line that carries tags: a probe is a tag that nobody sent before, and its answer the same tag.

use core::cell::Cell;

use defmt::warn;
use embassy_nrf::buffered_uarte::{BufferedUarteRx, BufferedUarteTx};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_sync::pubsub::PubSubChannel;
use embedded_io_async::Write;
use systole::ProbeError;

/// Probes under way at once are at most four.
const AT_ONCE: usize = 4;

pub struct Link {
    mouth: Mutex<NoopRawMutex, BufferedUarteTx<'static>>,
    heard: PubSubChannel<NoopRawMutex, u32, 8, AT_ONCE, 0>,
    next: Cell<u32>,
}

impl Link {
    pub fn new(mouth: BufferedUarteTx<'static>) -> Self {
        Self {
            mouth: Mutex::new(mouth),
            heard: PubSubChannel::new(),
            next: Cell::new(0),
        }
    }

    /// Sends a tag and waits for it to come back: for ever, since the machine says when that is too long.
    pub async fn ping(&self) -> Result<(), ProbeError> {
        let mut heard = self.heard.subscriber().map_err(|_| ProbeError::Unsent)?;
        let tag = self.next.replace(self.next.get().wrapping_add(1));
        let mut mouth = self.mouth.lock().await;
        mouth
            .write_all(&frame(tag))
            .await
            .map_err(|_| ProbeError::Unsent)?;
        drop(mouth);
        while heard.next_message_pure().await != tag {}
        Ok(())
    }

    /// Tells the probes what arrives.
    pub async fn listen(&self, mut ears: BufferedUarteRx<'static>) {
        let mut latest = 0;
        loop {
            let mut byte = [0];
            match ears.read(&mut byte).await {
                Ok(_) => latest = latest << 8 | u64::from(byte[0]),
                Err(error) => warn!("{}", error),
            }
            if let Some(tag) = tag(latest) {
                self.heard.immediate_publisher().publish_immediate(tag);
            }
        }
    }
}

/// A tag and its complement: they tell where a frame begins, and whether a bit was lost.
fn frame(tag: u32) -> [u8; 8] {
    (u64::from(tag) << 32 | u64::from(!tag)).to_be_bytes()
}

/// The tag of which `latest`, the last eight bytes, is the frame.
#[allow(clippy::cast_possible_truncation)] // one half, and the other
fn tag(latest: u64) -> Option<u32> {
    let (tag, complement) = ((latest >> 32) as u32, latest as u32);
    (tag == !complement).then_some(tag)
}
