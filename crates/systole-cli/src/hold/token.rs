//! What tells this process apart from all other holders.

use std::fs;
use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// The longest part of a host name that is used, in bytes.
const HOST_MAX: usize = 63;

/// Returns `HOST/PROCESS/RANDOM`, and a seed.
pub(super) fn new() -> io::Result<(String, u64)> {
    let mut random = [0; 16];
    getrandom(&mut random, GetRandomFlags::empty())?;
    let number = u128::from_le_bytes(random);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host: String = host.chars().filter(is_plain).take(HOST_MAX).collect();
    let token = format!("{host}/{}/{number:032x}", std::process::id());
    let (seed, _) = random.split_first_chunk().unwrap_or((&[0; 8], &[]));
    Ok((token, u64::from_le_bytes(*seed)))
}
