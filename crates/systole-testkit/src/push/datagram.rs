//! Beats on the wire, and what strangers send.

use systole::{Beat, wire};

use crate::world::Random;

/// Up to forty-eight bytes.
pub type Datagram = ([u8; 48], usize);

/// A keyed code that is good enough against strangers who do not look: it mixes the message with
/// the key.
struct Key(u64);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let mut tag = [0; 16];
        let mut state = self.0;
        for (index, byte) in message.iter().enumerate() {
            state = Random::of(state, u64::from(*byte), index as u64).draw();
        }
        tag[..8].copy_from_slice(&state.to_be_bytes());
        tag[8..].copy_from_slice(&Random::new(state).draw().to_be_bytes());
        tag
    }
}

const KEY: Key = Key(0x5eed_0f7a_6500_0001);

fn padded(bytes: &[u8]) -> Datagram {
    let mut datagram = [0; 48];
    datagram[..bytes.len()].copy_from_slice(bytes);
    (datagram, bytes.len())
}

/// `beat` as its sender sends it.
pub fn of(beat: &Beat, tagged: bool) -> Datagram {
    if tagged {
        padded(&wire::seal(beat, 0, &KEY))
    } else {
        padded(&wire::encode(beat))
    }
}

/// The beat that a datagram says.
pub fn read(datagram: &Datagram, tagged: bool) -> Result<Beat, wire::WireError> {
    let bytes = &datagram.0[..datagram.1];
    if tagged {
        wire::open(bytes, 0, &KEY)
    } else {
        wire::decode(bytes)
    }
}

/// What a stranger sends who knows the format and neither the key nor, where there is none, the
/// incarnation, but hears what arrives: truncated, garbled, forged and repeated.
pub fn strange(random: &mut Random, genuine: &Beat, tagged: bool) -> Datagram {
    let mut datagram = of(genuine, tagged);
    match random.below(4) {
        0 => datagram.1 = usize::try_from(random.below(49)).unwrap_or(0),
        1 if tagged => {
            let at = usize::try_from(random.below(40)).unwrap_or(0);
            datagram.0[at] ^= 1 << random.below(8);
        }
        2 => {}
        _ => {
            let incarnation = u32::try_from(random.draw() >> 32).unwrap_or(0);
            let mut forged = Beat::new(genuine.sequence(), genuine.interval())
                .with_deadline(genuine.deadline())
                .with_incarnation(incarnation);
            if random.one_in(4) {
                forged = forged.goodbye();
            }
            datagram = padded(&wire::encode(&forged));
        }
    }
    datagram
}
