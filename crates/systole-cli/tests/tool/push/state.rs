//! The state of a listener, over restarts.

use super::*;

/// Sends everything that `1..=count` ever sent again.
fn replay(to: SocketAddr, count: u64, sequences: u32) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for sequence in 0..=sequences {
        for id in 1..=count {
            socket
                .send_to(&sealed(id, 7, sequence, 100 * MS), to)
                .unwrap();
        }
        sleep(MS / 10);
    }
}

#[test]
fn a_listener_that_was_killed_raises_no_alarm_and_forgets_nobody() {
    let folder = Folder::new("killed");
    let keys = folder.keys(&format!("* {KEY}\n"));
    let state = folder.path("state.json");
    let arguments = ["--key-file", text(&keys), "--state", text(&state)];
    let (mut first, to) = listen(&arguments);
    let crowd = Crowd::start(to, 60, 100 * MS);
    for _ in 0..60 {
        first.until("alive", PATIENCE, |line| line["verdict"] == "alive");
    }
    let last = crowd.shrink(50); // 51 to 60 crash
    for _ in 0..10 {
        first.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    }
    sleep(700 * MS);
    drop(first); // SIGKILL
    let (mut second, to) = listen_on(&to.to_string(), &arguments);
    replay(to, 60, last);
    second.listen(3_000 * MS);
    let told: Vec<_> = second
        .seen
        .iter()
        .filter(|line| line["event"] == "verdict")
        .collect();
    let is_wrong = |line: &&&Value| line["verdict"] == "dead" || line["reason"] == "recovered";
    assert_eq!(told.iter().find(is_wrong), None);
    let (sum, _) = second.stop("TERM");
    assert_eq!(
        (sum["alive"].as_u64(), sum["dead"].as_u64()),
        (Some(50), Some(10))
    );
    drop(crowd);
    let (mut third, _) = listen(&arguments); // after a clean end, with nobody left
    for _ in 0..50 {
        third.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    }
}

#[test]
fn a_state_that_is_damaged_or_newer_is_refused_and_stays() {
    let folder = Folder::new("damaged");
    for content in ["{\"version\": 1, \"at_s\": 1.0, \"send", "{\"version\": 2}"] {
        let state = folder.write("state.json", content);
        let arguments = ["listen", "127.0.0.1:0", "--state", text(&state)];
        let output = tool().args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.lines().count()),
            (Some(2), 1),
            "{said}"
        );
        assert!(said.contains("state.json: this state is"), "{said}");
        assert_eq!(fs::read_to_string(&state).unwrap(), content);
    }
}

/// A disk on which nothing can be written silences nothing.
#[test]
fn verdicts_are_told_though_the_state_cannot_be_saved() {
    let folder = Folder::new("unsaved");
    let state = folder.path("no-such-folder/state.json");
    let (mut listen, to) = listen(&["--state", text(&state)]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let beat = Beat::new(0, 100 * MS).with_id(id_of("web-1"));
    socket.send_to(&wire::encode(&beat), to).unwrap();
    listen.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    let notes: Vec<_> = listen
        .seen
        .iter()
        .filter(|line| line["event"] == "notice")
        .collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
}
