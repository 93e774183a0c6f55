//! Keeps a key in etcd until Ctrl-C or SIGTERM, and takes it out again.
//!
//! `cargo run --bin register -- http://127.0.0.1:2379 services/demo 10.0.0.1:8080 10`: the last is how many seconds etcd may stall

use std::error::Error;
use std::time::Duration;

use systole_etcd::{Registration, asked_to_stop};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, key, value, ttl] = arguments.as_slice() else {
        return Err("usage: register ENDPOINT KEY VALUE TTL".into());
    };
    let ttl = Duration::from_secs(ttl.parse()?);
    let registration = Registration::start(endpoint, key, value, ttl).await?;
    let mut tenure = registration.watch();
    let mut stop = Box::pin(asked_to_stop());
    loop {
        tokio::select! {
            Ok(()) = tenure.changed() => println!("{:?}", *tenure.borrow_and_update()),
            () = &mut stop => break,
        }
    }
    println!("goodbye: {:?}", registration.stop().await);
    Ok(())
}
