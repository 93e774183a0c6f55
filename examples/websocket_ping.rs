//! WebSocket pings on an open connection. A pong counts only for the ping whose number it carries.
//!
//! `cargo run --features std --example websocket_ping`

use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use systole::{Config, Failure, ProbeError};
use tungstenite::error::ProtocolError;
use tungstenite::{Bytes, Message, WebSocket, accept, client};

fn main() -> Result<(), Box<dyn Error>> {
    let address = server(10)?; // it closes the connection after ten pings
    let stream = TcpStream::connect(address)?;
    let (mut socket, _) = client(format!("ws://{address}/"), stream)?;
    let mut number = 0_u32;

    let config = Config::every(Duration::from_millis(200))
        .detect_within(Duration::from_secs(1))
        .without_initial_delay()
        .build()?;
    let heart = systole::thread::spawn(config, move |allowed| {
        number += 1;
        socket.get_ref().set_read_timeout(Some(allowed))?;
        ping(&mut socket, number).map_err(fault)
    })?;
    let verdict = heart.until_dead();
    println!("{verdict}: {:?}", heart.snapshot().last_failure);
    heart
        .events()
        .try_iter()
        .for_each(|event| println!("{event}"));
    Ok(())
}

fn ping(socket: &mut WebSocket<TcpStream>, number: u32) -> tungstenite::Result<()> {
    let mark = Bytes::copy_from_slice(&number.to_be_bytes());
    socket.send(Message::Ping(mark.clone()))?;
    while socket.read()? != Message::Pong(mark.clone()) {} // skips earlier pongs and other messages
    Ok(())
}

/// Converts an error. Once the connection is closed, every ping fails at once; a real service would
/// reconnect here.
fn fault(error: tungstenite::Error) -> ProbeError {
    match error {
        tungstenite::Error::Io(error) => error.into(),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Failure::Reset.into()
        }
        tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => {
            Failure::InvalidReply.into()
        }
        _ => Failure::Reset.into(),
    }
}

/// Starts a server that reads `messages` messages, and returns its address. The library replies to
/// the pings.
fn server(messages: usize) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr();
    std::thread::spawn(move || {
        let mut socket = accept(listener.accept().ok()?.0).ok()?;
        (0..messages)
            .try_for_each(|_| socket.read().and_then(|_| socket.flush()))
            .ok()
    });
    address
}
