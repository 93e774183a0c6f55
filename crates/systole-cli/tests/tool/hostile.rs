//! Servers that do all but answer, all at once, beside healthy ones: memory and descriptors are
//! bounded, and each verdict is right. `SYSTOLE_DEEP=1` runs ten minutes.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use crate::tool::Watch;
use serde_json::Value;
use systole_testkit::deep;

const MIB: u64 = 1024 * 1024;

/// What the verdict has to be, once it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Alive,
    /// Never alive.
    NotAlive,
    /// Whatever it is, the others are not harmed.
    Any,
}
use Expected::{Alive, Any, NotAlive};

type Act = Arc<dyn Fn(&mut TcpStream) -> io::Result<()> + Send + Sync>;

struct Kind {
    name: &'static str,
    scheme: &'static str,
    /// What follows the port.
    more: &'static str,
    expected: Expected,
    act: Act,
}

fn kind(
    name: &'static str,
    scheme: &'static str,
    more: &'static str,
    expected: Expected,
    act: Act,
) -> Kind {
    Kind {
        name,
        scheme,
        more,
        expected,
        act,
    }
}

// ---- what a server does with a connection ----

fn silent() -> Act {
    Arc::new(|stream| stream.read_to_end(&mut Vec::new()).map(drop))
}

fn close() -> Act {
    Arc::new(|_| Ok(()))
}

/// Gives one answer to whatever it receives.
fn answer(words: impl Into<Vec<u8>>) -> Act {
    let words = words.into();
    Arc::new(move |stream| {
        let mut request = [0; 4096];
        while stream.read(&mut request)? > 0 {
            stream.write_all(&words)?;
        }
        Ok(())
    })
}

/// Begins an answer, and goes on with the same for ever.
fn endless(first: impl Into<Vec<u8>>, then: impl Into<Vec<u8>>) -> Act {
    let (first, then) = (first.into(), then.into().repeat(64));
    Arc::new(move |stream| {
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(&first)?;
        loop {
            stream.write_all(&then)?;
        }
    })
}

/// Answers byte by byte, and never to the end.
fn trickle(words: &'static [u8]) -> Act {
    Arc::new(move |stream| {
        let _ = stream.read(&mut [0; 4096])?;
        for byte in words.iter().cycle() {
            stream.write_all(&[*byte])?;
            sleep(Duration::from_millis(200));
        }
        Ok(())
    })
}

fn http(head: &str) -> Act {
    answer(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"))
}

/// A message of PostgreSQL.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// A server that logs everybody in, and answers the query with `then` for ever.
fn logged_in(then: Vec<u8>) -> Act {
    Arc::new(move |stream| {
        let welcome = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
        let _ = stream.read(&mut [0; 4096])?; // a request for TLS
        stream.write_all(b"N")?;
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(&welcome)?;
        let _ = stream.read(&mut [0; 4096])?;
        loop {
            stream.write_all(&then)?;
        }
    })
}

/// A server without TLS that answers the start of a session with `words`.
fn greeting(words: Vec<u8>) -> Act {
    Arc::new(move |stream| {
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(b"N")?;
        while stream.read(&mut [0; 4096])? > 0 {
            stream.write_all(&words)?;
        }
        Ok(())
    })
}

fn row() -> Vec<u8> {
    message(
        b'D',
        &[&[0, 1, 0, 0, 0x03, 0xe8], &[b'x'; 1000][..]].concat(),
    )
}

fn claim() -> Vec<u8> {
    [&b"R"[..], &[0x7f, 0xff, 0xff, 0xff], &[0; 64]].concat()
}

fn error_message() -> Vec<u8> {
    let text = "SFATAL\0C57P03\0M\u{202e}gnitrats si metsys\u{1b}[2J\0\0";
    message(b'E', text.as_bytes())
}

fn rounds() -> Vec<u8> {
    let offer = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
    let continued = message(b'R', b"\0\0\0\x0br=x,s=QUJD,i=2147483647");
    [offer, continued].concat()
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[a, b, c, kind, flags, 0, 0, 0, 0], body].concat()
}

/// Servers whose head is none, or has no end.
fn http_heads() -> Vec<Kind> {
    let many = "X-Field: value\r\n".repeat(1_001);
    let ok = "HTTP/1.1 200 OK\r\n";
    vec![
        kind("silent", "http", "", NotAlive, silent()),
        kind("closes", "http", "", NotAlive, close()),
        kind("endless zeros", "http", "", NotAlive, endless("", [0])),
        kind(
            "endless head",
            "http",
            "",
            NotAlive,
            endless(ok, "X-Field: value\r\n"),
        ),
        kind(
            "endless field",
            "http",
            "",
            NotAlive,
            endless(format!("{ok}X: "), "x"),
        ),
        kind(
            "endless 100",
            "http",
            "",
            NotAlive,
            endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ),
        kind(
            "1,001 fields",
            "http",
            "",
            NotAlive,
            http(&format!("200 OK\r\n{}", many.trim_end())),
        ),
        kind(
            "trickled head",
            "http",
            "",
            NotAlive,
            trickle(b"HTTP/1.1 200 OK\r\nX: y"),
        ),
    ]
}

/// Servers that answer, and in a way that may not be believed.
fn http_answers() -> Vec<Kind> {
    let escapes = "302 Found\r\nLocation: \u{9b}2J\u{202e}http://h/";
    let ok = "HTTP/1.1 200 OK\r\n";
    vec![
        kind(
            "ssh",
            "http",
            "",
            NotAlive,
            answer("SSH-2.0-OpenSSH_9.2\r\n"),
        ),
        kind("status 999", "http", "", NotAlive, http("999 What")),
        kind("status 500", "http", "", NotAlive, http("500 No")),
        kind(
            "503 for ever",
            "http",
            "",
            NotAlive,
            http("503 No\r\nRetry-After: 99999999999"),
        ),
        kind(
            "503 at a date",
            "http",
            "",
            NotAlive,
            http("503 No\r\nRetry-After: Wed, 25 Nov 2099 19:00:20 GMT"),
        ),
        kind(
            "two lengths",
            "http",
            "",
            NotAlive,
            http("200 OK\r\nContent-Length: 5"),
        ),
        kind("escapes", "http", "/#status=200", NotAlive, http(escapes)),
        kind(
            "body without end",
            "http",
            "/#body=fine",
            NotAlive,
            endless(format!("{ok}\r\n"), "x"),
        ),
        kind(
            "endless body",
            "http",
            "",
            Alive,
            endless(format!("{ok}\r\n"), "x"),
        ),
        kind(
            "long body",
            "http",
            "",
            Alive,
            answer(format!("{ok}Content-Length: 999999999999\r\n\r\n")),
        ),
        kind(
            "429 for ever",
            "http",
            "",
            Alive,
            http("429 No\r\nRetry-After: 99999999999"),
        ),
        kind(
            "redirects",
            "http",
            "",
            Alive,
            http("302 Found\r\nLocation: /"),
        ),
    ]
}

fn redis_kinds() -> Vec<Kind> {
    let long = format!("-ERR {}\r\n", "x".repeat(10_000_000));
    vec![
        kind("silent", "redis", "", NotAlive, silent()),
        kind("closes", "redis", "", NotAlive, close()),
        kind("endless line", "redis", "", NotAlive, endless("+", "x")),
        kind("endless error", "redis", "", NotAlive, answer(long)),
        kind(
            "claims a length",
            "redis",
            "",
            NotAlive,
            answer("$999999999999\r\nx"),
        ),
        kind("trickles", "redis", "", NotAlive, trickle(b"+PON")),
        kind(
            "http",
            "redis",
            "",
            NotAlive,
            answer("HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        kind("a number", "redis", "", NotAlive, answer(":1\r\n")),
        kind(
            "escapes",
            "redis",
            "",
            NotAlive,
            answer("-ERR \u{1b}[2J\u{202e}\r\n"),
        ),
        kind(
            "role of nobody",
            "redis",
            "/?role=primary",
            NotAlive,
            answer("+PONG\r\n$0\r\n\r\n"),
        ),
        kind("unasked", "redis", "", Any, endless("", "+PONG\r\n")),
    ]
}

fn postgres_kinds() -> Vec<Kind> {
    let login = "/#password_env=PATH";
    vec![
        kind("silent", "postgres", "", NotAlive, silent()),
        kind(
            "http",
            "postgres",
            "",
            NotAlive,
            answer("HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        kind("claims 2 GiB", "postgres", "", NotAlive, greeting(claim())),
        kind(
            "endless notices",
            "postgres",
            "",
            NotAlive,
            logged_in(message(b'N', &[0; 5_000])),
        ),
        kind("endless rows", "postgres", "", NotAlive, logged_in(row())),
        kind(
            "endless rounds",
            "postgres",
            login,
            NotAlive,
            greeting(rounds()),
        ),
        kind(
            "unknown login",
            "postgres",
            "",
            NotAlive,
            greeting(message(b'R', &[0, 0, 0, 99])),
        ),
        kind(
            "escapes",
            "postgres",
            "",
            NotAlive,
            greeting(error_message()),
        ),
        kind(
            "no TLS after all",
            "postgres",
            "",
            NotAlive,
            answer("S\0\0\0\0\0\0\0\0"),
        ),
    ]
}

fn other_kinds() -> Vec<Kind> {
    let settings = frame(4, 0, &[0, 3, 0, 0, 0, 0]);
    let ping = frame(6, 0, &[0; 8]);
    vec![
        kind("silent", "grpc", "", NotAlive, silent()),
        kind(
            "http",
            "grpc",
            "",
            NotAlive,
            answer("HTTP/1.1 200 OK\r\n\r\n"),
        ),
        kind(
            "endless settings",
            "grpc",
            "",
            NotAlive,
            endless(settings.clone(), settings.clone()),
        ),
        kind(
            "endless pings",
            "grpc",
            "",
            NotAlive,
            endless(settings, ping),
        ),
        kind("silent", "https", "", NotAlive, silent()),
        kind("plain http", "https", "", NotAlive, http("200 OK")),
        kind("endless zeros", "https", "", NotAlive, endless("", [0])),
        kind(
            "endless record",
            "rediss",
            "",
            NotAlive,
            endless([22, 3, 3, 0x40, 0], [0]),
        ),
        kind("healthy", "http", "", Alive, http("200 OK")),
        kind("healthy", "redis", "", Alive, answer("+PONG\r\n")),
    ]
}

impl Kind {
    /// Starts the server; returns its target.
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let act = Arc::clone(&self.act);
        spawn(move || {
            for stream in listener.incoming() {
                let (act, mut stream) = (Arc::clone(&act), stream.unwrap());
                spawn(move || drop(act(&mut stream))); // an error is the end of the connection
            }
        });
        format!("{}://localhost:{port}{}", self.scheme, self.more)
    }
}

/// An echo service that sends so much more before each echo.
fn chattering(more: usize, echoes: bool) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", socket.local_addr().unwrap());
    spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            for _ in 0..more {
                let _ = socket.send_to(&[7; 1_000], from); // lost where nobody reads
            }
            let echo = if echoes {
                &datagram[..length]
            } else {
                &datagram[..9]
            };
            let _ = socket.send_to(echo, from);
        }
    });
    target
}

/// The resident memory of a process, in bytes, and the number of its descriptors.
pub(crate) fn usage(pid: u32) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = resident
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    let files = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count();
    (kib * 1024, files)
}

#[test]
fn hostile_servers_harm_nobody_else() {
    let kinds: Vec<Kind> = [
        http_heads(),
        http_answers(),
        redis_kinds(),
        postgres_kinds(),
        other_kinds(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(kinds.len() >= 40);
    let mut targets: Vec<(String, &str, Expected)> = kinds
        .iter()
        .map(|kind| (kind.start(), kind.name, kind.expected))
        .collect();
    for (more, echoes, expected) in [
        (0, false, NotAlive),
        (500, true, Alive),
        (500, false, NotAlive),
    ] {
        targets.push((chattering(more, echoes), "chatters", expected));
    }
    let options = "--every 500ms --max 1s --detect-within 4s";
    let arguments = targets.iter().map(|(target, ..)| target.as_str());
    let mut watch = Watch::start(arguments.chain(options.split(' ')));
    let span = Duration::from_secs(if deep::is_wanted() { 600 } else { 12 });
    let (mut early, mut most) = (0, (0, 0));
    let born = Instant::now();
    while born.elapsed() < span {
        watch.listen(Duration::from_millis(500));
        let (memory, files) = usage(watch.pid());
        most = (most.0.max(memory), most.1.max(files));
        if born.elapsed() < span / 2 {
            early = early.max(memory);
        }
    }
    eprintln!("at most {} KiB and {} descriptors", most.0 / 1024, most.1);
    assert!(most.0 < 40 * MIB, "{} KiB", most.0 / 1024);
    assert!(
        most.0 < early + 4 * MIB,
        "{} KiB after {} KiB",
        most.0 / 1024,
        early / 1024
    );
    assert!(most.1 < targets.len() * 2 + 40, "{} descriptors", most.1);
    let lines = std::mem::take(&mut watch.seen);
    for (target, name, expected) in &targets {
        judge(&lines, target, name, *expected);
    }
}

fn judge(lines: &[Value], target: &str, name: &str, expected: Expected) {
    let place = target.split(['/', '?', '#']).nth(2).unwrap();
    let of_it = |line: &&Value| line["target"].as_str().unwrap_or_default().contains(place);
    let is = |line: &Value, verdict: &str| line["verdict"] == verdict;
    let mut lines = lines.iter().filter(of_it);
    match expected {
        Alive => assert!(
            lines.clone().any(|line| is(line, "alive")) && lines.all(|line| !is(line, "dead")),
            "{name}: {target}"
        ),
        NotAlive => assert!(lines.all(|line| !is(line, "alive")), "{name}: {target}"),
        Any => {}
    }
}
