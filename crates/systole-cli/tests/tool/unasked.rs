//! Servers that send replies nobody asked for: what they send proves nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{sleep, spawn};
use std::time::Duration;

use crate::echo::Echo;
use crate::tool::Watch;

const PERIOD: Duration = Duration::from_millis(20);

/// Starts a server that sends `first` as soon as a client is there, then `reply` again and again,
/// and never reads; returns its port.
fn start(first: &'static [u8], reply: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = move |mut stream: TcpStream| {
        let mut said = stream.write_all(first);
        while said.is_ok() {
            said = stream.write_all(reply);
            sleep(PERIOD);
        }
    };
    spawn(move || {
        for stream in listener.incoming() {
            spawn(move || talk(stream.unwrap()));
        }
    });
    port
}

#[test]
fn replies_that_nobody_asked_for_are_no_sign_of_life() {
    const WELCOME: &[u8] = b"NR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"; // no TLS, no password, ready
    const ROW: &[u8] =
        b"T\0\0\0\x1a\0\x01?\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0D\0\0\0\x0b\0\x01\0\0\0\x011\
          C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";
    let ports = [
        (
            "http",
            start(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("redis", start(b"", b"+PONG\r\n")),
        ("postgres", start(WELCOME, ROW)),
    ];
    let targets = ports.map(|(scheme, port)| format!("{scheme}://127.0.0.1:{port}"));
    let options = "--every 200ms --max 200ms --detect-within 1s --for 5s";
    let arguments = targets.iter().map(String::as_str).chain(options.split(' '));
    let mut watch = Watch::start(arguments);
    assert_eq!(watch.end().1, 1);
    for target in &targets {
        let of_it = || watch.seen.iter().filter(|line| line["target"] == **target);
        let answers = of_it().filter(|line| line["event"] == "answer").count();
        assert!(answers <= 2, "{target}: {answers} before it was found out");
        let last = of_it().next_back().unwrap();
        assert_eq!(last["verdict"], "dead", "{target}");
        assert!(of_it().any(|line| line["reason"] == "garbage"), "{target}");
    }
}

/// As proxies do before they close an idle connection.
#[test]
fn a_farewell_on_an_idle_connection_is_no_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    spawn(move || {
        for stream in listener.incoming() {
            spawn(move || {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                let late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(ok);
                sleep(PERIOD);
                let _ = stream.write_all(late);
            });
        }
    });
    let options = ["--every", "100ms", "--for", "2s"];
    let (summary, status) = Watch::start([&*target].into_iter().chain(options)).end();
    assert_eq!(
        (status, summary["failed"].as_u64()),
        (0, Some(0)),
        "{summary}"
    );
}

#[test]
fn datagrams_that_are_no_echo_are_counted() {
    let peer = Echo::start();
    let (summary, _) = Watch::start([&*peer.target, "--every", "100ms", "--for", "1s"]).end();
    assert_eq!(summary["ignored"], 0, "{summary}");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", socket.local_addr().unwrap());
    spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let _ = socket.send_to(b"no echo", from);
            let _ = socket.send_to(&[0; 8], from); // the id of no probe
            let _ = socket.send_to(&datagram[..length], from);
            let _ = socket.send_to(&datagram[..length], from); // twice
        }
    });
    let (summary, status) = Watch::start([&*target, "--every", "100ms", "--for", "1s"]).end();
    assert_eq!(
        (status, summary["failed"].as_u64()),
        (0, Some(0)),
        "{summary}"
    );
    let (ignored, probes) = (summary["ignored"].as_u64(), summary["probes"].as_u64());
    assert!(
        ignored >= probes.map(|probes| 3 * (probes - 1)),
        "{summary}"
    );
}
