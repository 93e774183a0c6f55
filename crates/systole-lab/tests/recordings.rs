//! Recordings of every supported program are read right to the microsecond, and malformed ones are
//! refused with the line and what was expected.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use systole_lab::trace::{Format, ReadOptions, Recording, TraceError, Unit};
use systole_lab::{SplitMix64, Trace};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

/// Each file, and the program that wrote it. The CSV of the same name has its rows.
const FILES: [(&str, Format); 24] = [
    ("record.gz", Format::Record),
    ("linux.txt", Format::LinuxPing),
    ("linux_D.txt", Format::LinuxPing),
    ("linux_O.txt", Format::LinuxPing),
    ("linux_D_O.txt", Format::LinuxPing),
    ("linux_fr.txt", Format::LinuxPing),
    ("busybox.txt", Format::BusyBoxPing),
    ("macos.txt", Format::MacPing),
    ("windows_en.txt", Format::WindowsPing),
    ("windows_de.txt", Format::WindowsPing),
    ("windows_de_cp850.txt", Format::WindowsPing),
    ("windows_ja.txt", Format::WindowsPing),
    ("windows_ru.txt", Format::WindowsPing),
    ("windows_six.txt", Format::WindowsPing),
    ("fping_l.txt", Format::Fping),
    ("fping_D.txt", Format::Fping),
    ("fping_C.txt", Format::Fping),
    ("mtr_json.json", Format::MtrJson),
    ("mtr_csv.log", Format::MtrCsv),
    ("irtt_json.json.gz", Format::IrttJson),
    ("irtt_csv.table", Format::IrttCsv),
    ("prometheus.json", Format::Prometheus),
    ("pingplotter.export", Format::PingPlotter),
    ("table.table", Format::Csv),
];

fn read(name: &str) -> Recording {
    let recording = Recording::load(folder().join(name), &ReadOptions::default());
    recording.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read_text(text: &str) -> Result<Recording, TraceError> {
    Recording::read(text.as_bytes(), &ReadOptions::default())
}

fn refusal(text: &str) -> String {
    match read_text(text) {
        Ok(recording) => panic!("{text:?} is read as {}", recording.format),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_format_is_read_right_to_the_microsecond() {
    for (name, format) in FILES {
        let recording = read(name);
        let beside = name.split('.').next().unwrap();
        let wanted = Trace::load(folder().join(format!("{beside}.csv"))).unwrap();
        assert_eq!(recording.format, format, "{name}");
        let rows: Vec<_> = recording.trace.rows().collect();
        let wanted: Vec<_> = wanted.rows().collect();
        for (row, (read, wanted)) in rows.iter().zip(&wanted).enumerate() {
            assert_eq!(read, wanted, "{name}, row {row}");
        }
        assert_eq!(rows.len(), wanted.len(), "{name}");
    }
}

#[test]
fn every_file_of_the_folder_is_read() {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in names {
        let is_listed = FILES.iter().any(|(file, _)| *file == name);
        let is_beside = Path::new(&name).extension().is_some_and(|end| end == "csv");
        assert!(is_listed || is_beside, "{name}");
    }
}

#[test]
fn a_missing_time_stamp_takes_the_usual_or_the_stated_interval_and_that_is_said() {
    let usual = read("linux.txt");
    assert!(usual.notes[0].contains("1 s apart"), "{:?}", usual.notes);
    let options = ReadOptions {
        interval: Some(Duration::from_millis(200)),
        ..ReadOptions::default()
    };
    let stated = Recording::load(folder().join("linux.txt"), &options).unwrap();
    assert!(stated.notes[0].contains("200 ms apart (as stated)"));
    assert_eq!(
        stated.trace.rows().nth(3).unwrap().sent.as_micros(),
        600_000
    );
    assert!(read("linux_D.txt").notes.is_empty());
}

#[test]
fn probes_to_several_targets_are_named_and_one_can_be_chosen() {
    let line = |n: u32| {
        let (peer, number) = (n % 2 + 1, n / 2);
        format!("192.0.2.{peer} : [{number}], 64 bytes, {peer}.5 ms (2 avg, 0% loss)\n")
    };
    let mixed: String = (0..20).map(line).collect();
    let said = refusal(&mixed);
    assert_eq!(
        said,
        "probes to several targets: 192.0.2.1, 192.0.2.2; choose one with --target"
    );
    let options = ReadOptions {
        target: Some("192.0.2.2".into()),
        ..ReadOptions::default()
    };
    let chosen = Recording::read(mixed.as_bytes(), &options).unwrap().trace;
    assert!(
        chosen
            .rows()
            .all(|row| row.rtt == Some(Duration::from_micros(2_500)))
    );
    assert_eq!((chosen.len(), chosen.losses()), (10, 0));
}

#[test]
fn two_runs_of_ping_in_one_file_are_two_runs() {
    let run = std::fs::read_to_string(folder().join("linux.txt")).unwrap();
    let twice = read_text(&format!("{run}{run}")).unwrap().trace;
    assert_eq!((twice.len(), twice.joints()), (60, &[30][..]));
    let windows = std::fs::read_to_string(folder().join("windows_en.txt")).unwrap();
    let twice = read_text(&format!("{windows}{windows}")).unwrap().trace;
    assert_eq!((twice.len(), twice.joints()), (60, &[30][..]));
}

#[test]
fn an_unanswered_end_of_a_run_is_lost_if_the_summary_counts_it() {
    let head = "PING a.example (192.0.2.7) 56(84) bytes of data.\n64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms\n";
    let summary = "--- a.example ping statistics ---\n4 packets transmitted, 1 received, 75% packet loss, time 3000ms\n";
    let rows = |text: &str| {
        let trace = read_text(text).unwrap().trace;
        (trace.len(), trace.losses())
    };
    assert_eq!(rows(head), (1, 0));
    assert_eq!(rows(&format!("{head}\n{summary}")), (4, 3));
    let interrupted = format!("{head}^C\n{summary}");
    assert_eq!(
        rows(&interrupted),
        (3, 2),
        "the last reply could still have come"
    );
    assert_eq!(
        rows(&format!("{head}no answer yet for icmp_seq=2\n")),
        (1, 0)
    );
}

#[test]
fn probes_that_the_machine_itself_could_not_send_are_left_out() {
    let reply = |seq| format!("64 bytes from 192.0.2.7: icmp_seq={seq} ttl=57 time=22.0 ms\n");
    let text = format!(
        "{}ping: sendmsg: Network is unreachable\nping: sendmsg: Network is unreachable\n{}",
        reply(1),
        reply(5)
    );
    let recording = read_text(&text).unwrap();
    assert_eq!((recording.trace.len(), recording.trace.losses()), (3, 1));
    assert!(
        recording
            .notes
            .iter()
            .any(|note| note.contains("2 probes that could not be sent"))
    );
}

#[test]
fn a_malformed_line_is_refused_with_its_number_and_what_was_expected() {
    let ping = "64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms\n";
    for (text, line, words) in [
        (format!("{ping}64 bytes from 192.0.2.7: icmp_seq=2 ttl=57 time=soon\n{ping}"), 2, "time=22.0 ms"),
        (format!("{ping}t_us,rtt_us\n0,1\n"), 2, "expected a line of ping"),
        ("t_us,rtt_us\n0,1\nx,1\n5,1\n".into(), 3, "t_us is not a whole number"),
        ("t_us,rtt_us\n0,1\n5\n6,1\n".into(), 3, "rtt_us is neither"),
        ("t_us,rtt_us\n10,1\n\n10,1\n".into(), 4, "t_us does not rise"),
        ("# a\na,b\n1,2\n".into(), 2, "t_us,rtt_us"),
        ("time,latency\n0,1\n1,2\n".into(), 1, "--unit"),
        ("time_s,latency_ms\n0,1\n1,soon\n2,3\n".into(), 3, "latency_ms"),
        ("time_s,latency_ms\n5,1\n4,2\n".into(), 3, "after that of the row before"),
        ("192.0.2.7 : [0], 64 bytes, 22.0 ms (22.0 avg, 0% loss)\nsoon\n".into(), 2, "fping"),
        ("Reply from 192.0.2.7: bytes=32 time=22ms TTL=57\nReply 7\n".into(), 2, "Windows"),
        ("{\"round_trips\": [{\"seqno\": 0}]}".into(), 1, "lost"),
        ("{\"round_trips\": [".into(), 1, "EOF"),
        ("{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"value\":[1,\"2\"]}]}}".into(), 1, "range"),
        ("[1700000000.5] 64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms\n[1699990000.5] 64 bytes from 192.0.2.7: icmp_seq=2 ttl=57 time=22.0 ms\n".into(), 2, "back"),
        ("x".repeat(2 << 20), 1, "line end"),
    ] {
        let said = refusal(&text);
        let short = text.get(..80).unwrap_or(&text);
        assert!(said.starts_with(&format!("line {line}: ")), "{short}: {said}");
        assert!(said.contains(words), "{short}: {said}");
    }
    assert_eq!(refusal(""), "the recording has no rows");
    assert_eq!(refusal("t_us,rtt_us\n"), "the recording has no rows");
    assert!(matches!(
        Recording::read(&b"\x7fELF\x01\0\0"[..], &ReadOptions::default()),
        Err(TraceError::Unknown(_))
    ));
}

#[test]
fn a_last_line_that_may_be_cut_off_is_left_out_and_that_is_said() {
    let cut = read_text("t_us,rtt_us\n0,41000\n1000000,41").unwrap();
    assert_eq!((cut.trace.len(), cut.notes.len()), (1, 1));
    assert!(cut.notes[0].starts_with("line 3 "), "{:?}", cut.notes);
    let ping = "64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms\n";
    let cut = read_text(&format!("{ping}64 bytes from 192.0.2.7: icmp_seq=2 ttl=5")).unwrap();
    assert_eq!((cut.trace.len(), cut.notes.len()), (1, 2));
    let whole = read_text("t_us,rtt_us\n0,1\n10,lost").unwrap();
    assert_eq!((whole.trace.len(), whole.notes.len()), (2, 0));
}

#[test]
fn compressed_data_that_ends_early_is_refused() {
    let bytes = std::fs::read(folder().join("record.gz")).unwrap();
    let outcome = Recording::read(&bytes[..bytes.len() / 2], &ReadOptions::default());
    assert!(matches!(outcome, Err(TraceError::Io(_))), "{outcome:?}");
}

#[test]
fn columns_and_units_can_be_stated() {
    let options = |time: &str, rtt: &str, unit| ReadOptions {
        time_column: Some(time.into()),
        rtt_column: Some(rtt.into()),
        unit: Some(unit),
        ..ReadOptions::default()
    };
    let rows = |text: &str, options| {
        let trace = Recording::read(text.as_bytes(), &options).unwrap().trace;
        let row = |row: systole_lab::trace::Row| {
            (row.sent.as_micros(), row.rtt.map(|rtt| rtt.as_micros()))
        };
        trace.rows().map(row).collect::<Vec<_>>()
    };
    let wanted = [
        (0, Some(22_500)),
        (1_000_000, None),
        (2_000_000, Some(23_000)),
    ];
    for (text, unit) in [
        (
            "when,value\n1700000000.5,22.5\n1700000001.5,lost\n1700000002.5,23\n",
            Unit::Milliseconds,
        ),
        ("when,value\n0,22.5\n1,-1\n2,23\n", Unit::Milliseconds),
        ("when,value\n0,22.5\n1000,\n2000,23\n", Unit::Milliseconds),
        ("when,value\n0,0.0225\n1,*\n2,0.023\n", Unit::Seconds),
        (
            "when,value\n1700000000000,22500\n1700000001000,NaN\n1700000002000,23000\n",
            Unit::Microseconds,
        ),
        (
            "other;value;when\n;22,5;2024-01-05 12:00:00\n;timeout;2024-01-05 12:00:01\n;23;2024-01-05 12:00:02\n",
            Unit::Milliseconds,
        ),
    ] {
        assert_eq!(rows(text, options("when", "value", unit)), wanted, "{text}");
    }
    let missing = Recording::read(
        "a,b\n1,2\n".as_bytes(),
        &options("when", "b", Unit::Seconds),
    );
    assert_eq!(
        missing.unwrap_err().to_string(),
        "line 1: expected a column when, and there are a, b"
    );
}

#[test]
fn text_before_the_recording_is_left_out_and_that_is_said() {
    let typed = "$ ping 192.0.2.7\nPING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms\n";
    let recording = read_text(typed).unwrap();
    assert_eq!(recording.trace.len(), 1);
    assert!(
        recording.notes[0].contains("line 1: $ ping"),
        "{:?}",
        recording.notes
    );
}

/// Rows as they would come from a file of any length, without the file.
struct Endless {
    row: u64,
    rows: u64,
    rest: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() && self.row < self.rows {
            let end = (self.row + 1_000).min(self.rows);
            let line = |n: u64| format!("{},{}\n", n * 1_000_000, 20_000 + n % 3_000);
            let text: String = (self.row..end).map(line).collect();
            self.rest = text.into_bytes();
            self.row = end;
        }
        let taken = buffer.len().min(self.rest.len());
        buffer[..taken].copy_from_slice(&self.rest[..taken]);
        self.rest.drain(..taken);
        Ok(taken)
    }
}

#[test]
fn a_file_of_a_million_rows_is_read_as_a_stream() {
    let rows = if std::env::var_os("SYSTOLE_DEEP").is_some() {
        10_000_000
    } else {
        1_000_000
    };
    let body = Endless {
        row: 0,
        rows,
        rest: Vec::new(),
    };
    let recording = Recording::read(
        "t_us,rtt_us\n".as_bytes().chain(body),
        &ReadOptions::default(),
    );
    assert_eq!(recording.unwrap().trace.len() as u64, rows);
}

/// A short form of the fuzz target: bytes of the sample files, damaged in places.
#[test]
fn damaged_files_neither_panic_nor_make_rows_without_end() {
    let mut random = SplitMix64::new(7);
    for (name, _) in FILES {
        let bytes = std::fs::read(folder().join(name)).unwrap();
        for _ in 0..100 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.next_u64() % 4 {
                let at = (random.next_u64() % bytes.len() as u64) as usize;
                damaged[at] = (random.next_u64() % 256) as u8;
            }
            let cut = (random.next_u64() % (2 * bytes.len() as u64)) as usize;
            damaged.truncate(cut.max(1));
            if let Ok(recording) = Recording::read(damaged.as_slice(), &ReadOptions::default()) {
                let times: Vec<_> = recording.trace.rows().map(|row| row.sent).collect();
                assert!(times.is_sorted(), "{name}");
            }
        }
    }
}
