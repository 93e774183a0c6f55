//! `systole beat`: goodbyes, commands, keys and incarnations.

use super::*;
use systole_testkit::servers::signal::signal;

#[test]
fn a_sender_is_alive_and_says_goodbye_at_sigterm_and_is_dead_after_sigkill() {
    let folder = Folder::new("beat");
    let keys = folder.keys(&format!("web-1 {KEY}\n* {}\n", "f".repeat(32)));
    let key = ["--key-file", text(&keys)];
    let (mut listen, to) = listen(&[&key[..], &["--name", "gate"]].concat());
    let every = ["--every", "100ms", "--listener", "gate"];
    let mut first = beat(to, "web-1", &folder, &[&key[..], &every].concat());
    let mut second = beat(to, "web-2", &folder, &[&key[..], &every].concat());
    let born = |line: &Value| line["verdict"] == "alive";
    listen.until("alive", PATIENCE, born);
    listen.until("alive", PATIENCE, born);
    signal(first.0.id(), "TERM");
    assert!(first.0.wait().unwrap().success());
    let left = listen.until("left", PATIENCE, is("web-1", "left"));
    assert_eq!(left["exit_status"], Value::Null);
    second.0.kill().unwrap();
    let dead = listen.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    assert!(dead["sender"].as_str().unwrap().starts_with('#')); // its name is in no file
    let (sum, status) = listen.stop("TERM");
    assert_eq!(
        (sum["left"].as_u64(), sum["dead"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(status, 1);
}

#[test]
fn a_command_says_how_it_ended() {
    let folder = Folder::new("command");
    let keys = folder.keys(&format!("job {KEY}\n"));
    let key = ["--key-file", text(&keys)];
    let (mut listen, to) = listen(&key);
    let run = |command: &[&str]| {
        let arguments = [&key[..], &["--"], command].concat();
        let status = beat_command(to, "job", &folder, &arguments)
            .status()
            .unwrap();
        status.code().unwrap()
    };
    assert_eq!(run(&["sh", "-c", "exit 3"]), 3);
    let left = listen.until("left", PATIENCE, is("job", "left"));
    assert_eq!(left["exit_status"], 3);
    assert_eq!(run(&["true"]), 0); // the next life is at once believed
    let left = listen.until("left", PATIENCE, is("job", "left"));
    assert_eq!(left["exit_status"], 0);
    assert_eq!(run(&["sh", "-c", "kill -9 $$"]), 137);
    assert_eq!(run(&["/nonexistent/program"]), 127);
    listen.until("127", PATIENCE, |line| line["exit_status"] == 127);
    assert_eq!(run(&[text(&keys)]), 126);
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    let folder = Folder::new("signal");
    let to = "127.0.0.1:9".parse().unwrap();
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = beat_command(to, "job", &folder, &["--", "sh", "-c", script]);
    let mut beating = Beating(
        command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    let output = beating.0.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
    assert_eq!(line, "ready\n");
    signal(beating.0.id(), "TERM");
    assert_eq!(beating.0.wait().unwrap().code(), Some(5));
}

#[test]
fn incarnations_rise_and_a_damaged_count_is_kept() {
    let folder = Folder::new("incarnation");
    let to = "127.0.0.1:9".parse().unwrap();
    let run = || {
        let output = beat_command(to, "a", &folder, &["--", "true"])
            .output()
            .unwrap();
        assert!(output.status.success());
        let stored = fs::read_to_string(folder.path("a.beat")).unwrap();
        (
            stored.trim().parse::<u32>().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let first = run().0;
    assert!(first > 1_700_000_000);
    folder.write("a.beat", "4000000000\n"); // a clock that was in the future
    assert_eq!(run(), (4_000_000_001, String::new()));
    assert_eq!(run().0, 4_000_000_002);
    folder.write("a.beat", "rubbish");
    let (next, said) = run();
    assert!(
        next >= first && said.contains("no count of starts"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(folder.path("a.beat.damaged")).unwrap(),
        "rubbish"
    );
}

#[test]
fn bad_keys_names_and_targets_are_refused_in_one_line() {
    let folder = Folder::new("refused");
    let keys = folder.keys(&format!("web-1 {KEY}\n"));
    let refused = |arguments: &[&str], words: &str| {
        let output = tool().args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && !said.contains(KEY), "{said}");
    };
    let to = "127.0.0.1:9";
    refused(
        &["beat", to, "--id", "web-2", "--key-file", text(&keys)],
        "no key for web-2",
    );
    refused(&["beat", to, "--id", "a b"], "a name is 1 to 64");
    refused(&["beat", to, "--id", "a", "--every", "0s"], "1ms to 12days");
    refused(&["beat", "nowhere", "--id", "a"], "HOST:PORT");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o640)).unwrap();
    refused(
        &["beat", to, "--id", "web-1", "--key-file", text(&keys)],
        "others can read the keys",
    );
    refused(
        &["listen", "127.0.0.1:0", "--key-file", text(&keys)],
        "others can read the keys",
    );
}
