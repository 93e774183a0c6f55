//! `systole watch --fleet`: who is alive, who is the worst, and which line is bad.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;

use serde_json::Value;

use crate::tool::tool;

/// A file of hosts that is gone when dropped.
struct Hosts(PathBuf);

impl Hosts {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("systole-{}-{name}.txt", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn echo() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let _ = socket.send_to(&datagram[..length], from);
        }
    });
    port
}

#[test]
fn the_worst_are_shown() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dead = format!("127.0.0.1:{}", silent.local_addr().unwrap().port());
    let text = format!(
        "# ours\n127.0.0.1:{}\n{dead} # switched off\nlocalhost:{}\n",
        echo(),
        echo()
    );
    let hosts = Hosts::new("worst", &text);
    let mut watch = tool();
    let span = [
        "--every",
        "100ms",
        "--detect-within",
        "500ms",
        "--for",
        "3s",
        "--json",
    ];
    let output = watch
        .args(["watch", "--fleet"])
        .arg(&hosts.0)
        .args(span)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["alive"], &last["dead"]),
        (&2.into(), &1.into()),
        "{said}"
    );
    assert_eq!(
        (&last["worst"][0]["peer"], &last["worst"][0]["verdict"]),
        (&dead.into(), &"dead".into())
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_bad_line_is_named() {
    let hosts = Hosts::new("bad", "127.0.0.1:7\nudp://there\n");
    let output = tool()
        .args(["watch", "--fleet"])
        .arg(&hosts.0)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("-bad.txt:2: no host"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_name_without_an_address_does_not_stop_the_others() {
    let text = format!("no-such-host.invalid\n127.0.0.1:{}\n", echo());
    let hosts = Hosts::new("unknown", &text);
    let mut watch = tool();
    let span = ["--every", "100ms", "--for", "3s", "--json"];
    let output = watch
        .args(["watch", "--fleet"])
        .arg(&hosts.0)
        .args(span)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let counted = (&last["alive"], &last["unknown"]);
    assert_eq!(counted, (&1.into(), &1.into()), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
