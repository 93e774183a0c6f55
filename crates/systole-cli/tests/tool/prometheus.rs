//! Against a real Prometheus: what is exported is clean, is scraped, and answers every query of the dashboard.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant as Moment};

use crate::tool::{Watch, tool};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use serde_json::Value;
use systole::pacing::Target;
use systole::telemetry::{Group, Peer, RTT, RTT_BUCKETS};
use systole::{
    Config, Failover, Instant, Monitor, Output, ProbeError,
    failover::{self, Endpoint},
};
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::find;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(40);
const RTT_OF_PEERS: Duration = Duration::from_millis(20);

/// An address of ours, chosen by the system.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_string())
}

/// As it goes into a URL.
fn escaped(query: &str) -> String {
    query.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    })
}

/// Starts a program of Prometheus; none where it is missing.
fn start(command: &mut Command) -> Option<Child> {
    find(command.get_program().to_str().unwrap(), "prometheus")?;
    Some(command.spawn().unwrap())
}

/// Fails where `promtool` has anything to say about what `address` exports.
fn check(address: SocketAddr) {
    let body = get(address, "/metrics").unwrap();
    let mut promtool = Command::new("promtool");
    let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    let promtool = promtool.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Some(mut child) = start(promtool) else {
        return;
    };
    let input = child.stdin.take().unwrap();
    { input }.write_all(body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.is_empty(), "{said}\n{body}");
}

/// A service with a peer and two replicas, of which the peer and one replica are down for 20 s of every minute. Its time runs
/// twenty times as fast as ours.
struct Service {
    now: Instant,
    peer: Monitor<32, Target>,
    pair: Failover<2, 16>,
}

impl Service {
    fn new() -> Self {
        let now = Instant::ZERO;
        let target = Config::target(10 * SECOND).seed(7).build();
        let group = failover::Config::builder().seed(7).build().unwrap();
        Self {
            now,
            peer: Monitor::new(target.unwrap(), now).unwrap(),
            pair: Failover::with_window(group, &[Endpoint::new(); 2], now).unwrap(),
        }
    }

    fn is_up(&self) -> bool {
        !(30..50).contains(&(self.now.as_micros() / 1_000_000 % 60))
    }

    fn run(&mut self, until: Instant) {
        while self.now < until {
            let due = self.drain_peer().min(self.drain_pair());
            self.now = self.now.max(due);
        }
    }

    fn drain_peer(&mut self) -> Instant {
        loop {
            match self.peer.poll(self.now) {
                Output::Send(id) if self.is_up() => {
                    self.now = self.now.saturating_add(RTT_OF_PEERS);
                    self.peer.handle_reply(id, self.now);
                }
                Output::Send(_) | Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn drain_pair(&mut self) -> Instant {
        loop {
            match self.pair.poll(self.now) {
                Output::Send(failover::Probe { endpoint, id }) if endpoint == 1 || self.is_up() => {
                    self.now = self.now.saturating_add(RTT_OF_PEERS);
                    self.pair.handle_reply(endpoint, id, self.now);
                }
                Output::Send(failover::Probe { .. }) | Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }
}

/// Exports a [`Service`] on an address of its own until it is dropped.
struct Export {
    address: SocketAddr,
    running: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Export {
    fn start() -> Self {
        let address = free_address();
        PrometheusBuilder::new()
            .with_http_listener(address)
            .set_buckets_for_metric(Matcher::Full(RTT.into()), &RTT_BUCKETS)
            .and_then(PrometheusBuilder::install)
            .unwrap();
        let running = Arc::new(AtomicBool::new(true));
        let go_on = Arc::clone(&running);
        let thread = thread::spawn(move || {
            let mut service = Service::new();
            let mut peer = Peer::new("peer");
            let mut pair = Group::new("pair", ["one", "other"]);
            let config = Config::every(SECOND / 10)
                .without_initial_delay()
                .build()
                .unwrap();
            let heart = systole::thread::Builder::new(config)
                .name("thread")
                .metrics();
            let _heart = heart.spawn(|_| Ok::<_, ProbeError>(())).unwrap(); // records by itself
            while go_on.load(Ordering::Relaxed) {
                service.run(service.now.saturating_add(SECOND));
                peer.record(&service.peer, service.now);
                pair.record(&service.pair, service.now);
                sleep(SECOND / 20);
            }
        });
        Self {
            address,
            running,
            thread: Some(thread),
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.running.store(false, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A server in a folder of its own, on a port chosen by the system.
struct Prometheus {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Prometheus {
    fn start(scraped: SocketAddr) -> Option<Self> {
        let folder =
            std::env::temp_dir().join(format!("systole-prometheus-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let config = folder.join("prometheus.yml");
        let job = format!("[{{job_name: systole, static_configs: [{{targets: ['{scraped}']}}]}}]");
        let text = format!("global: {{scrape_interval: 500ms}}\nscrape_configs: {job}\n");
        fs::write(&config, text).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped());
        let mut child = start(&mut command)?;
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| listening(&line.unwrap())).unwrap();
        thread::spawn(move || lines.for_each(drop)); // or its pipe fills up
        Some(Self {
            child,
            folder,
            address,
        })
    }

    /// The values that `query` answers; those that are no numbers left out.
    fn ask(&self, query: &str) -> Vec<f64> {
        let path = format!("/api/v1/query?query={}", escaped(query));
        let body = get(self.address, &path).unwrap_or_default();
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        assert_ne!(answer["status"], "error", "{query}: {answer}");
        let results = answer["data"]["result"].as_array().into_iter().flatten();
        let values = results.filter_map(|one| one["value"][1].as_str()?.parse().ok());
        values.filter(|value: &f64| value.is_finite()).collect()
    }

    /// Waits until `query` answers with values of which `enough` says so.
    fn wait_for(&self, query: &str, enough: impl Fn(&[f64]) -> bool) {
        let born = Moment::now();
        while !enough(&self.ask(query)) {
            assert!(born.elapsed() < PATIENCE, "{query}: {:?}", self.ask(query));
            sleep(SECOND / 10);
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may be gone
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The address in the line that says so.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once("msg=\"Listening on\" address=")?;
    address.trim().parse().ok()
}

/// The queries of the dashboard, with its variables filled in.
fn queries() -> Vec<String> {
    let text = include_str!("../../../../examples/grafana/systole.json");
    let dashboard: Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let query = |target: &Value| {
        let query = target["expr"].as_str().unwrap();
        let query = query.replace("$peer", ".*");
        query
            .replace("$__rate_interval", "5s")
            .replace("$__range", "1m")
    };
    targets.map(query).collect()
}

#[test]
fn every_query_of_the_dashboard_and_every_series_of_the_rules_has_an_answer() {
    let export = Export::start();
    check_rules(&export);
    let Some(prometheus) = Prometheus::start(export.address) else {
        return;
    };
    let queries = queries();
    assert!(queries.len() > 15 && queries.iter().all(|query| !query.contains('$')));
    for query in &queries {
        prometheus.wait_for(query, |values| !values.is_empty());
    }
    // the p50 of 20 ms is found in its bucket, a death was measured, as late as was promised (and as we looked)
    let median = "histogram_quantile(0.5, rate(systole_rtt_seconds_bucket{peer='peer'}[10s]))";
    prometheus.wait_for(
        median,
        |at| matches!(at, [at] if (0.01..=0.025).contains(at)),
    );
    prometheus.wait_for(
        "systole_worst_detection_seconds{peer='peer'}",
        |worst| matches!(worst, [worst] if (10.0..10.5).contains(worst)),
    );
    prometheus.wait_for("sum(systole_verdict) by (peer)", |sums| sums == [1.0; 4]);
    prometheus.wait_for("systole_switches_total", |switches| switches >= &[1.0][..]);
    check(export.address);
}

const RULES: &str = "../../examples/prometheus/systole.rules.yml";

/// The names of series in the rules that alert.
fn series_of_the_rules() -> BTreeSet<String> {
    let text = fs::read_to_string(RULES).unwrap();
    let expressions = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr:"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expressions.flat_map(|line| line.split(move |c| !is_part(c)));
    let names = words.filter(|word| word.starts_with("systole_"));
    names.map(String::from).collect()
}

/// Waits until the service exports every series of the rules, and has them checked.
fn check_rules(export: &Export) {
    let names = series_of_the_rules();
    assert!(names.len() >= 6, "{names:?}");
    let is_of_tool = |name: &&String| !name.starts_with("systole_certificate_"); // see the tests of http
    let born = Moment::now();
    loop {
        let body = get(export.address, "/metrics").unwrap_or_default();
        let is_missing = |name: &&String| !body.contains(&format!("{name}{{"));
        let mut of_service = names.iter().filter(is_of_tool);
        let Some(name) = of_service.find(is_missing) else {
            break;
        };
        assert!(born.elapsed() < PATIENCE, "no {name} in {body}");
        sleep(SECOND / 10);
    }
    let mut promtool = Command::new("promtool");
    let promtool = promtool
        .args(["check", "rules", RULES])
        .stdout(Stdio::piped());
    if let Some(child) = start(promtool) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn labels_are_exported_and_told() {
    let peer = crate::echo::Echo::start();
    let folder = Folder::new("labels");
    let text = format!(
        "every = \"50ms\"\n[[target]]\nurl = {:?}\nalias = \"db\"\nlabels = {{ rack = \"a\" }}\n",
        peer.target
    );
    let config = folder.text("watch.toml", &text);
    let address = free_address();
    let metrics = address.to_string();
    let arguments = ["--config", config.to_str().unwrap(), "--metrics", &metrics];
    let mut watch = Watch::start(arguments);
    let alive = watch.verdict("alive", 5 * SECOND);
    assert_eq!(alive["labels"]["rack"], "a", "{alive}");
    check(address);
    let body = get(address, "/metrics").unwrap();
    let series = "systole_target_info{rack=\"a\",peer=\"db\"} 1";
    assert!(body.contains(series), "{series} in {body}");
    assert_eq!(watch.stop("TERM").1, 0);
}

#[test]
fn the_tool_exports_what_it_watches() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", peer.local_addr().unwrap());
    thread::spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = peer.recv_from(&mut datagram) {
            peer.send_to(&datagram[..length], from).unwrap();
        }
    });
    let address = free_address();
    let arguments = [
        &*target,
        "--every",
        "50ms",
        "--metrics",
        &address.to_string(),
    ];
    let mut watch = Watch::start(arguments);
    watch.verdict("alive", 5 * SECOND);
    watch.listen(SECOND);
    check(address);
    let body = get(address, "/metrics").unwrap();
    for series in [
        format!("systole_verdict{{peer=\"{target}\",verdict=\"alive\"}} 1"),
        format!("systole_rtt_seconds_bucket{{peer=\"{target}\",le=\"60\"}}"),
    ] {
        assert!(body.contains(&series), "{series} in {body}");
    }
    let (_, status) = watch.stop("TERM");
    assert_eq!(status, 0);
}

#[test]
fn the_tool_exports_a_fleet_as_a_whole() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let hosts = std::env::temp_dir().join(format!("systole-hosts-{}", std::process::id()));
    fs::write(&hosts, silent.local_addr().unwrap().to_string()).unwrap();
    let (address, file) = (free_address().to_string(), hosts.to_str().unwrap());
    let options = ["--every", "50ms", "--metrics", &address];
    let mut watch = Watch::start(["--fleet", file].into_iter().chain(options));
    let is_dead = |line: &Value| line["dead"] == 1;
    watch.until("death", 5 * SECOND, is_dead);
    watch.until("record", 5 * SECOND, is_dead);
    fs::remove_file(&hosts).unwrap();
    let address = address.parse().unwrap();
    check(address);
    let body = get(address, "/metrics").unwrap();
    let series = "systole_fleet_peers{fleet=\"watch\",verdict=\"dead\"} 1";
    assert!(body.contains(series), "{series} in {body}");
}

#[test]
fn a_port_that_is_taken_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["watch", "udp://127.0.0.1:9", "--metrics", &address];
    let output = tool().args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let words = format!("systole: metrics cannot be served on {address}: Address already in use");
    assert!(
        said.starts_with(&words) && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(output.status.code(), Some(2));
}
