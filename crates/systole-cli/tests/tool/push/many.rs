//! Very many senders: `SYSTOLE_DEEP=1` is the long form, and prints figures.

use super::*;
use systole_testkit::deep::is_wanted as deep;
use systole_testkit::servers::signal::signal;

fn dead(listen: &Watch) -> usize {
    listen
        .seen
        .iter()
        .filter(|line| line["verdict"] == "dead")
        .count()
}

/// The processor time of a process so far, in seconds.
fn cpu_s(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = text
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

fn memory_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_listener_that_was_stopped_calls_nobody_dead() {
    let folder = Folder::new("stopped");
    let keys = folder.keys(&format!("* {KEY}\n"));
    let (senders, every, stop) = if deep() {
        (10_000, 1_000 * MS, 30_000 * MS)
    } else {
        (500, 250 * MS, 3_000 * MS)
    };
    let arguments = ["--key-file", text(&keys), "--admit", "10000"];
    let (mut listen, to) = listen(&arguments);
    let crowd = Crowd::start(to, senders, every);
    for _ in 0..senders {
        listen.until("alive", PATIENCE, |line| line["verdict"] == "alive");
    }
    listen.listen(4 * every);
    signal(listen.pid(), "STOP");
    sleep(stop);
    signal(listen.pid(), "CONT");
    listen.listen(8 * every);
    assert_eq!(dead(&listen), 0);
    crowd.shrink(senders - 5); // and those that crash are found
    for _ in 0..5 {
        listen.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    }
    let (sum, _) = listen.stop("TERM");
    println!("{senders} senders, stopped for {stop:?}: {sum}");
    assert_eq!(sum["dead"], 5);
}

#[test]
fn ten_thousand_senders_start_in_one_second() {
    let folder = Folder::new("started");
    let keys = folder.keys(&format!("* {KEY}\n"));
    let (mut listen, to) = listen(&["--key-file", text(&keys), "--admit", "10000"]);
    let crowd = Crowd::start(to, 10_000, 3_000 * MS);
    for _ in 0..10_000 {
        listen.until("alive", PATIENCE, |line| line["verdict"] == "alive");
    }
    listen.listen(3_000 * MS);
    assert_eq!(dead(&listen), 0);
    println!(
        "{:.2} s of processor time, {} KiB",
        cpu_s(listen.pid()),
        memory_kib(listen.pid())
    );
    let (sum, _) = listen.stop("TERM");
    assert_eq!(sum["dead"], 0, "{sum}");
    drop(crowd);
}

#[test]
fn forged_replayed_truncated_and_misdirected_packets_change_nothing() {
    let folder = Folder::new("flood");
    let keys = folder.keys(&format!("* {KEY}\n"));
    let (senders, span) = if deep() {
        (1_000, 60_000 * MS)
    } else {
        (100, 2_000 * MS)
    };
    let (mut listen, to) = listen(&["--key-file", text(&keys)]);
    let crowd = Crowd::start(to, senders, 500 * MS);
    for _ in 0..senders {
        listen.until("alive", PATIENCE, |line| line["verdict"] == "alive");
    }
    let before = (cpu_s(listen.pid()), memory_kib(listen.pid()));
    let flood = spawn(move || flood(to, span));
    listen.listen(span);
    let sent = flood.join().unwrap();
    let cpu = (cpu_s(listen.pid()) - before.0) / span.as_secs_f64();
    let grown = memory_kib(listen.pid()).saturating_sub(before.1);
    assert_eq!(dead(&listen), 0);
    assert!(!listen.seen.iter().any(|line| line["verdict"] == "left"));
    let (sum, _) = listen.stop("TERM");
    let rate = f64::from(sent) / span.as_secs_f64();
    println!("{rate:.0} packets a second, {cpu:.2} of a core, {grown} KiB more, {sum}");
    assert_eq!(
        (sum["dead"].as_u64(), sum["left"].as_u64()),
        (Some(0), Some(0))
    );
    assert!(
        sum["forged"].as_u64() > Some(0) && grown < 4_096,
        "{grown} KiB"
    );
    drop(crowd);
}

/// Sends packets of all kinds, as many as one core can where that is not shared with other tests.
fn flood(to: SocketAddr, span: Duration) -> u32 {
    struct Other;
    impl wire::Mac for Other {
        fn tag(&self, _: &[u8; wire::SIGNED]) -> [u8; 16] {
            [7; 16]
        }
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let goodbye = Beat::new(u32::MAX / 4, 500 * MS)
        .with_id(5)
        .with_incarnation(7)
        .goodbye();
    let packets: [Vec<u8>; 5] = [
        wire::seal(&goodbye, 0, &Other).to_vec(),
        wire::seal(&goodbye, 1, &Key).to_vec(),
        wire::encode(&goodbye).to_vec(),
        sealed(5, 7, 0, 500 * MS).to_vec(),
        sealed(5, 7, 9, 500 * MS)[..39].to_vec(),
    ];
    let (born, mut sent) = (std::time::Instant::now(), 0);
    while born.elapsed() < span {
        for packet in &packets {
            sent += u32::from(socket.send_to(packet, to).is_ok());
        }
        if !deep() {
            sleep(MS / 10);
        }
    }
    sent
}
