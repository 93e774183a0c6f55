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
    "mistakes_per_day",
    "floor",
    "avoidable",
    "avoidable_per_day",
    "crashes_of_dead",
    "dead_s",
    "excess_dead_s",
    "bound_s",
    "bound_violations",
];

/// Detection times: null if no crash was detected.
const TIMES: [&str; 3] = ["td_mean_s", "td_p99_s", "td_max_s"];

fn check(row: &Value) {
    for text in TEXTS {
        assert!(row[text].is_string(), "{text}: {row}");
    }
    for figure in FIGURES {
        assert!(row[figure].as_f64().unwrap() >= 0.0, "{figure}: {row}");
    }
    for figure in [
        "rows",
        "lost",
        "length_s",
        "spacing_s",
        "longest_silence_s",
        "parts",
    ] {
        assert!(
            row["recording"][figure].as_f64().unwrap() >= 0.0,
            "{figure}: {row}"
        );
    }
    assert_eq!(row["recording"]["format"], "systole record");
    for time in TIMES {
        assert!(
            row[time].is_null() || row[time].as_f64().unwrap() >= 0.0,
            "{time}: {row}"
        );
    }
    let choice = if row["rust"].is_string() { 2 } else { 0 };
    let fields = row.as_object().unwrap().len();
    assert_eq!(
        fields,
        TEXTS.len() + FIGURES.len() + TIMES.len() + 1 + choice,
        "no others: {row}"
    );
    let of = |figure: &str| row[figure].as_f64().unwrap();
    assert!(
        of("avoidable") <= of("mistakes") && of("excess_dead_s") <= of("dead_s"),
        "{row}"
    );
    let time = |time: &str| row[time].as_f64();
    assert!(
        time("td_mean_s") <= time("td_max_s") && time("td_p99_s") <= time("td_max_s"),
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
    let read = "driving: systole record, 3000 rows in 10 min, 200 ms apart, ";
    assert!(text.starts_with(read), "{text}");
    for words in [
        "longest silence",
        "longest gap",
        "a day",
        "not judged",
        "Promise ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
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
    for line in ["How to read it", "15 min  ", "10.7 days  ", "<- asked for"] {
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
    assert_eq!(
        ours,
        [0; 2 * 12],
        "a row a trace and target, and the one asked for"
    );
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

/// Rows a spacing apart; a round trip of 0 is a loss.
fn csv(rows: impl Iterator<Item = (u64, u64)>) -> String {
    let row = |(at_ms, rtt_us): (u64, u64)| match rtt_us {
        0 => format!("{},lost\n", at_ms * 1_000),
        us => format!("{},{us}\n", at_ms * 1_000),
    };
    format!("t_us,rtt_us\n{}", rows.map(row).collect::<String>())
}

fn steady(count: u64, apart_ms: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..count).map(move |n| (n * apart_ms, 20_000 + n * 7_919 % 3_000))
}

#[test]
fn recordings_that_tell_nothing_of_the_bound_are_refused() {
    let folder = Folder::new("unfit");
    let lost = folder.text("dead.csv", &csv((0..300).map(|n| (n * 1_000, 0))));
    refused(&lost, "dead: ", "all 300 probes were lost");
    let hourly = folder.text("hourly.csv", &csv(steady(49, 3_600_000)));
    refused(
        &hourly,
        "hourly: ",
        "probes are 1 h apart, which is too coarse to judge detection within 10 s: choose --detect-within 4 h or more",
    );
}

#[test]
fn one_of_several_recordings_that_cannot_be_judged_is_left_out() {
    let folder = Folder::new("some");
    let good = folder.text("good.csv", &csv(steady(600, 1_000)));
    let bad = folder.text("bad.csv", &csv(steady(9, 3_600_000)));
    let output = systole(&["replay", "--crashes", "20"], &[&good, &bad]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("left out: probes are 1 h apart"),
        "{text}"
    );
}

#[test]
fn windows_line_ends_and_a_gap_in_which_nobody_recorded_are_no_silence() {
    let folder = Folder::new("gap");
    let later = steady(600, 1_000).map(|(at, rtt)| (at + 8 * 3_600_000, rtt));
    let rows_of = |(at, rtt): (u64, u64)| (at, if at == 599_000 { 0 } else { rtt });
    let text = csv(steady(600, 1_000).map(rows_of).chain(later));
    let file = folder.text("gap.csv", &text.replace('\n', "\r\n"));
    let arguments = [
        "replay",
        "--json",
        "--detect-within",
        "4s",
        "--crashes",
        "20",
    ];
    let output = systole(&arguments, &[&file]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("split into 2 parts at gaps of up to 7."),
        "{said}"
    );
    let rows = rows(&output);
    rows.iter().for_each(check);
    assert_eq!(rows.len(), 4, "a row a part and detector");
    for row in &rows {
        assert_eq!(
            (row["mistakes"].as_f64(), row["floor"].as_u64()),
            (Some(0.0), Some(0)),
            "{row}"
        );
    }
    assert_eq!(rows[1]["trace"], "gap, part 2 of 2");
}

#[test]
fn a_unit_that_looks_wrong_is_questioned() {
    let folder = Folder::new("unit");
    let file = folder.text("ms.csv", &csv((0..300).map(|n| (n * 1_000, 22 + n % 3))));
    let output = systole(&["replay", "--crashes", "20"], &[&file]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("are the round trips in milliseconds?"),
        "{text}"
    );
}

#[test]
fn standard_input_and_columns_that_are_named_are_read() {
    use std::io::Write;
    let mut child = tool()
        .args([
            "replay",
            "-",
            "--time-column",
            "when",
            "--rtt-column",
            "value",
        ])
        .args(["--unit", "ms", "--crashes", "20", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let line = |n| format!("{},{}\n", 1_700_000_000 + n, 20 + n % 3);
    let text: String = (0..300).map(line).collect();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(format!("when,value\n{text}").as_bytes())
        .unwrap();
    drop(input);
    let rows = rows(&child.wait_with_output().unwrap());
    assert_eq!(rows[0]["recording"]["format"], "CSV");
    assert_eq!(rows[0]["recording"]["rtt_median_s"], 0.021);
}

#[test]
fn plots_are_opened_before_the_work_and_overwritten_only_when_forced() {
    let folder = Folder::new("plots");
    let trace = folder.text("calm.csv", &csv(steady(600, 1_000)));
    let plot = |file: &Path, more: &[&str]| {
        let arguments = [
            &[
                "replay",
                "--crashes",
                "20",
                "--plot",
                file.to_str().unwrap(),
            ],
            more,
        ]
        .concat();
        systole(&arguments, &[&trace])
    };
    for (file, words) in [
        (folder.file("nowhere/plot.svg"), "No such file"),
        (folder.file("plot.pdf"), ".svg or .png"),
        (folder.text("there.svg", "precious"), "--force"),
    ] {
        let output = plot(&file, &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(
        fs::read_to_string(folder.file("there.svg")).unwrap(),
        "precious"
    );
    assert!(
        plot(&folder.file("there.svg"), &["--force"])
            .status
            .success()
    );
    assert!(
        fs::read_to_string(folder.file("there.svg"))
            .unwrap()
            .trim_end()
            .ends_with("</svg>")
    );
    assert!(plot(&folder.file("plot.png"), &[]).status.success());
    let png = fs::read(folder.file("plot.png")).unwrap();
    assert!(
        png.starts_with(b"\x89PNG") && png.len() > 5_000,
        "{}",
        png.len()
    );
    let missing = folder.file("missing.csv");
    let failed = folder.file("failed.svg");
    let output = systole(&["replay", "--plot", failed.to_str().unwrap()], &[&missing]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!failed.exists(), "an empty plot is left behind");
}

#[test]
fn a_promise_that_the_recording_broke_is_said() {
    let folder = Folder::new("broken");
    let outages = (0..1_800).map(|n| (n * 1_000, if n % 120 < 12 { 0 } else { 20_000 }));
    let file = folder.text("outages.csv", &csv(outages));
    let output = systole(
        &["replay", "--detect-within", "4s", "--crashes", "20"],
        &[&file],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Promise broken: at most one mistake in 1 day was asked for"),
        "{text}"
    );
}

#[test]
fn tune_never_pastes_a_weaker_promise_and_says_what_was_shown() {
    let folder = Folder::new("honest");
    let file = folder.text("calm.csv", &csv(steady(120, 1_000)));
    let arguments = [
        "tune",
        "--mistakes-at-most-one-per",
        "7days",
        "--crashes",
        "20",
    ];
    let output = systole(&arguments, &[&file]);
    let text = String::from_utf8(output.stdout).unwrap();
    let stated = text
        .split("mistakes_at_most_one_per(Duration::from_secs(")
        .skip(1);
    for seconds in stated.map(|rest| rest.split(')').next().unwrap().parse::<u64>().unwrap()) {
        assert!(seconds >= 7 * 86_400, "{text}");
    }
    assert!(text.contains("Shown: none in 2 min"), "{text}");
    assert!(
        text.contains("a recording of at least 21 days is needed to show one in 7 days"),
        "{text}"
    );
    let arguments = [&arguments[..], &["--json"]].concat();
    let rows = rows(&systole(&arguments, &[&file]));
    rows.iter().for_each(check);
    let chosen: Vec<_> = rows.iter().filter(|row| row["chosen"] == true).collect();
    assert_eq!(chosen.len(), 1);
    assert!(chosen[0]["rust"].as_str().unwrap().contains("fn config()"));
}

#[test]
fn tune_names_a_target_that_it_misses() {
    let folder = Folder::new("missed");
    let losses = (0..600).map(|n| (n * 1_000, if n % 60 < 5 { 0 } else { 20_000 }));
    let file = folder.text("outages.csv", &csv(losses));
    let output = systole(
        &["tune", "--detect-within", "6s", "--crashes", "20"],
        &[&file],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Target missed: ") || text.contains("Chosen: "),
        "{text}"
    );
}

#[test]
fn a_bound_out_of_range_is_refused() {
    for bound in ["0s", "1ms", "soon", "100000days"] {
        let output = systole(&["replay", "--detect-within", bound], &[]);
        assert_eq!(output.status.code(), Some(2), "{bound}");
    }
}
