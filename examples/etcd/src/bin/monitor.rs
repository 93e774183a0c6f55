//! One of several monitors that share the peers under `peers/`, until Ctrl-C or SIGTERM.
//!
//! `cargo run --bin monitor -- http://127.0.0.1:2379 a 10`: its name, and how many seconds etcd may stall

use std::error::Error;
use std::time::Duration;

use systole_etcd::{asked_to_stop, take_part};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, name, ttl] = arguments.as_slice() else {
        return Err("usage: monitor ENDPOINT NAME TTL".into());
    };
    let ttl = Duration::from_secs(ttl.parse()?);
    take_part(endpoint, name, ttl, asked_to_stop()).await
}
