//! `systole replay` and `tune`, end to end: on networks drawn by the laboratory and written as traces.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::tool::tool;
use serde_json::Value;
use systole::Instant;
use systole_lab::network::{Synthetic, gallery};
use systole_lab::trace::Row;
use systole_lab::{Network, Trace};
use systole_testkit::servers::folder::Folder;

/// A network, asked every 200 ms for a while.
fn record(network: &Synthetic, seconds: u64, file: PathBuf) {
    let rows = (0..5 * seconds).map(|i| {
        let sent = Instant::from_millis(200 * i);
        Row {
            sent,
            rtt: network.answer(sent),
        }
    });
    let trace = Trace::from_rows(rows).unwrap();
    trace.write(fs::File::create(file).unwrap()).unwrap();
}

/// Sweeps need short ones: a debug build replays thousands of settings.
fn two_traces(name: &str, seconds: u64) -> Folder {
    let folder = Folder::new(name);
    for (name, network) in gallery(Duration::from_secs(600), 3)
        .into_iter()
        .skip(3)
        .take(2)
    {
        record(&network, seconds, folder.file(&format!("{name}.csv")));
    }
    folder
}

fn systole(arguments: &[&str], paths: &[&Path]) -> Output {
    tool().args(arguments).args(paths).output().unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const TEXTS: [&str; 3] = ["trace", "detector", "settings"];

const FIGURES: [&str; 12] = [
    "probes",
    "probes_per_s",
    "mistakes",
    "floor",
    "avoidable",
    "dead_s",
    "excess_dead_s",
    "td_mean_s",
    "td_p99_s",
    "td_max_s",
    "bound_s",
    "bound_violations",
];

fn check(row: &Value) {
    for text in TEXTS {
        assert!(row[text].is_string(), "{text}: {row}");
    }
    for figure in FIGURES {
        assert!(row[figure].as_f64().unwrap() >= 0.0, "{figure}: {row}");
    }
    let fields = row.as_object().unwrap().len();
    assert_eq!(fields, TEXTS.len() + FIGURES.len(), "no others: {row}");
    let of = |figure: &str| row[figure].as_f64().unwrap();
    assert!(
        of("avoidable") <= of("mistakes") && of("excess_dead_s") <= of("dead_s"),
        "{row}"
    );
    assert!(
        of("td_mean_s") <= of("td_max_s") && of("td_p99_s") <= of("td_max_s"),
        "{row}"
    );
}

#[test]
fn json_has_a_row_a_trace_and_detector() {
    let folder = two_traces("json", 600);
    let arguments = [
        "replay",
        "--json",
        "--detect-within",
        "3s",
        "--crashes",
        "200",
    ];
    let rows = rows(&systole(&arguments, &[&folder.0]));
    rows.iter().for_each(check);
    let names: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["detector"].as_str().unwrap(),
                row["trace"].as_str().unwrap(),
            )
        })
        .collect();
    let (ours, plain) = ("systole", "fixed misses");
    let (first, second) = ("driving", "satellite");
    assert_eq!(
        names,
        [
            (ours, first),
            (ours, second),
            (plain, first),
            (plain, second)
        ]
    );
    for row in &rows {
        assert_eq!(
            (row["bound_s"].as_f64(), row["bound_violations"].as_u64()),
            (Some(3.0), Some(0)),
            "{row}"
        );
    }
}

#[test]
fn a_table_and_a_plot_of_one_network() {
    let folder = two_traces("table", 600);
    let (trace, plot) = (folder.file("driving.csv"), folder.file("plot.svg"));
    let arguments = [
        "replay",
        "--detect-within",
        "3s",
        "--crashes",
        "50",
        "--plot",
        plot.to_str().unwrap(),
    ];
    let output = systole(&arguments, &[&trace]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("A @ P") && text.contains("driving, floor "),
        "{text}"
    );
    assert!(output.stderr.is_empty());
    let svg = fs::read_to_string(plot).unwrap();
    assert!(svg.contains("round trip, ms") && svg.trim_end().ends_with("</svg>"));
}

/// The families of published detectors: those that keep the bound, and those that do not.
const BOUNDED: [&str; 7] = [
    "NFD-S",
    "NFD-S, configured",
    "fixed misses",
    "fast retry",
    "Jacobson",
    "retries",
    "fluctuation rule",
];
const UNBOUNDED: [&str; 8] = [
    "NFD-E",
    "2W-FD",
    "Bertier",
    "phi",
    "phi (Akka)",
    "exponential (Cassandra)",
    "Satzger",
    "listener",
];

const COMPARE: [&str; 6] = [
    "replay",
    "--compare",
    "--detect-within",
    "3s",
    "--crashes",
    "10",
];

/// The names in a section of the table: its rows, up to the next line that is not indented.
fn names<'a>(text: &'a str, section: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(section));
    let rows = lines.skip(1).take_while(|line| line.starts_with("  "));
    rows.map(|row| row.trim().split("  ").next().unwrap())
        .collect()
}

#[test]
fn compare_prints_every_family_at_its_best_and_ours_at_every_target() {
    let folder = two_traces("compare", 12);
    let plot = folder.file("plot.svg");
    let drawn = [&COMPARE[..], &["--plot", plot.to_str().unwrap()]].concat();
    let output = systole(&drawn, &[&folder.0]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(names(&text, "ours, told the target alone"), ["systole"]);
    assert_eq!(names(&text, "one setting for all networks"), BOUNDED);
    assert_eq!(names(&text, "one setting for all, but"), UNBOUNDED);
    let hindsight = names(&text, "settings chosen for each network in hindsight");
    assert_eq!(hindsight, [&BOUNDED[..], &["best of all"]].concat());
    for line in ["How to read it", "15 min  ", "10.7 days  "] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let svg = fs::read_to_string(plot).unwrap();
    for name in BOUNDED.iter().chain(&UNBOUNDED).chain(&["systole"]) {
        assert!(svg.contains(name), "{name}");
    }
    for title in ["Avoidable mistakes against probes", "Promised against"] {
        assert!(svg.contains(title), "{title}");
    }
}

#[test]
fn compare_has_a_json_row_a_trace_and_detector() {
    let folder = two_traces("rows", 12);
    let arguments = [&COMPARE[..], &["--json"]].concat();
    let rows = rows(&systole(&arguments, &[&folder.0]));
    rows.iter().for_each(check);
    let violations = |name: &&str| {
        let of_family = rows.iter().filter(|row| row["detector"] == **name);
        let violations = of_family.map(|row| row["bound_violations"].as_u64().unwrap());
        violations.collect::<Vec<_>>()
    };
    let ours = violations(&"systole");
    assert_eq!(ours, [0; 2 * 11], "a row a trace and target");
    for name in &BOUNDED {
        assert_eq!(violations(name).iter().sum::<u64>(), 0, "{name}");
    }
    for name in BOUNDED.iter().chain(&UNBOUNDED) {
        assert!(violations(name).len() >= 2, "{name}");
    }
}

#[test]
fn tune_prints_a_front_and_what_to_paste() {
    let folder = two_traces("tune", 20);
    let plot = folder.file("plot.svg");
    let file = plot.to_str().unwrap();
    let arguments = ["tune", "--detect-within", "3s", "--crashes", "20"];
    let arguments = [&arguments[..], &["--plot", file]].concat();
    let output = systole(&arguments, &[&folder.file("satellite.csv")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for part in [
        "fn config() -> Result<",
        "use systole::{Config, ConfigError",
        "A @ P",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let svg = fs::read_to_string(plot).unwrap();
    for line in ["systole", "Config::every", "Config::fixed"] {
        assert!(svg.contains(line), "{line}");
    }
}

/// One line, with the place and the reason, and status 2.
fn refused(path: &Path, place: &str, reason: &str) {
    let output = systole(&["replay"], &[path]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(
        error.starts_with("systole: ") && error.contains(place) && error.contains(reason),
        "{error}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn bad_traces_are_refused_with_file_and_line() {
    let folder = Folder::new("bad");
    refused(
        &folder.text("columns.csv", "# a network\na,b\n1,2\n"),
        "columns.csv:2: ",
        "t_us,rtt_us",
    );
    refused(
        &folder.text("unsorted.csv", "t_us,rtt_us\n5,1\n4,1\n"),
        "unsorted.csv:3: ",
        "rise",
    );
    refused(
        &folder.text("windows.csv", "# a\r\nt_us,rtt_us\r\n5,1\r\n5,1\r\n"),
        "windows.csv:4: ",
        "rise",
    );
    refused(
        &folder.text("column.csv", "t_us,rtt_us\n0,1\n1\n2,1\n"),
        "column.csv:3: ",
        "rtt_us",
    );
    refused(
        &folder.text("time.csv", "t_us,rtt_us\n0,1\nsoon,1\n2,2\n"),
        "time.csv:3: ",
        "t_us",
    );
    refused(
        &folder.text("rtt.csv", "t_us,rtt_us\n0,-1\n9,9\n"),
        "rtt.csv:2: ",
        "lost",
    );
    refused(
        &folder.text("empty.csv", "t_us,rtt_us\n"),
        "empty.csv: ",
        "no rows",
    );
    refused(
        &folder.text("short.csv", "t_us,rtt_us\n0,1\n1000000,1\n"),
        "short",
        "too short",
    );
    refused(&folder.file("missing.csv"), "missing.csv: ", "o such file");
    let nothing = Folder::new("nothing");
    refused(&nothing.0, "nothing", "no *.csv");
}

#[test]
fn only_losses_and_windows_line_ends_are_a_network() {
    let folder = Folder::new("odd");
    let losses = (0..300).map(|i| format!("{},lost\r\n", i * 1_000_000));
    let dead: String = losses.collect::<Vec<_>>().concat();
    let file = folder.text("dead.csv", &format!("# dead\r\nt_us,rtt_us\r\n{dead}"));
    let rows = rows(&systole(&["replay", "--json", "--crashes", "20"], &[&file]));
    rows.iter().for_each(check);
    assert_eq!(rows[0]["floor"], 1);
}

#[test]
fn a_bound_out_of_range_is_refused() {
    for bound in ["0s", "1ms", "soon", "100000days"] {
        let output = systole(&["replay", "--detect-within", bound], &[]);
        assert_eq!(output.status.code(), Some(2), "{bound}");
    }
}
