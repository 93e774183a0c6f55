//! Real servers that are up and not ready for us: logins, roles, TLS, and what they say.

use std::path::Path;
use std::process::Stdio;

use crate::certificate;
use crate::tool::tool;
use serde_json::Value;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::postgres::{PASSWORD, postgres_with};
use systole_testkit::servers::redis::redis_with;

const BRIEF: &str = "1500ms";
/// The bound that is stated: a login has to fit into it.
const BOUND: &str = "3s";
/// What logins to a database take where nothing is optimised and much else runs.
const LONG: &str = "6s";

/// Watches targets for `span`; returns the last verdict of each and all that was said of it.
fn watch(targets: &[String], span: &str) -> Vec<(String, String)> {
    let output = tool()
        .args(["watch", "--json", "--every", "200ms", "--for", span])
        .args(["--detect-within", BOUND])
        .args(targets)
        .env("SYSTOLE_TEST_PASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        !text.contains(PASSWORD) && !errors.contains(PASSWORD),
        "{text}{errors}"
    );
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() >= targets.len(), "{errors}");
    let summaries = lines.iter().filter(|line| line["event"] == "summary");
    let result = |summary: &Value| {
        let of_it = |line: &&Value| line["target"] == summary["target"];
        let notes = lines
            .iter()
            .filter(of_it)
            .filter_map(|line| line["note"].as_str());
        let verdict = summary["verdict"].as_str().unwrap().to_owned();
        (verdict, notes.collect::<Vec<_>>().join("; "))
    };
    let results: Vec<_> = summaries.map(result).collect();
    assert_eq!(results.len(), targets.len(), "{text}{errors}");
    results
}

fn is_alive(result: &(String, String)) {
    assert_eq!(result.0, "alive", "{}", result.1);
}

fn is_not_ready(result: &(String, String), words: &str) {
    assert!(
        result.0 != "alive" && result.1.contains(words),
        "{result:?}"
    );
}

#[test]
fn redis_is_logged_in_to_and_asked_for_its_role() {
    let files = Folder::new("redis-login");
    let socket = files.file("redis.sock").display().to_string();
    let user = format!("on >{PASSWORD} +ping +info");
    let primary = |_| {
        let words = [
            "--requirepass",
            PASSWORD,
            "--unixsocket",
            &socket,
            "--user",
            "probe",
        ];
        let words = words.into_iter().chain(user.split(' '));
        words.map(str::to_owned).collect()
    };
    let Some(primary) = redis_with(primary) else {
        return;
    };
    let address = format!("127.0.0.1:{}", primary.port);
    let follow = |_| {
        let text = format!(
            "--replicaof 127.0.0.1 {} --masterauth {PASSWORD}",
            primary.port
        );
        text.split(' ').map(str::to_owned).collect()
    };
    let replica = redis_with(follow).unwrap();
    let password = files.text("password", &format!("{PASSWORD}\n"));
    let password = password.display();
    let results = watch(
        &[
            format!("redis://{address}#password_env=SYSTOLE_TEST_PASSWORD"),
            format!("redis+unix://{socket}#user=probe&password_file={password}&role=primary"),
            format!("redis://localhost:{}", primary.port),
            format!("redis://127.0.0.1:{}?role=primary", replica.port),
        ],
        BRIEF,
    );
    is_alive(&results[0]);
    is_alive(&results[1]);
    is_not_ready(&results[2], "Redis: NOAUTH");
    is_not_ready(&results[3], "Redis: it is a replica");
    let wrong = [format!("redis://{address}#password_env=PATH")];
    is_not_ready(&watch(&wrong, BRIEF)[0], "Redis: WRONGPASS");
    let missing = [format!("redis://{address}#password_env=SYSTOLE_NO_SUCH")];
    is_not_ready(
        &watch(&missing, BRIEF)[0],
        "SYSTOLE_NO_SUCH holds no password",
    );
}

#[test]
fn redis_speaks_tls_and_wants_to_know_us() {
    let files = Folder::new("redis-tls");
    let [certificate, key] = certificate::self_signed(&files);
    let (certificate, key) = (certificate.display(), key.display());
    let encrypted = |port: u16| {
        let text = format!(
            "--port 0 --tls-port {port} --tls-cert-file {certificate} --tls-key-file {key} --tls-ca-cert-file {certificate}"
        );
        text.split(' ').map(str::to_owned).collect()
    };
    let Some(server) = redis_with(encrypted) else {
        return;
    };
    let target = format!("rediss://127.0.0.1:{}", server.port);
    let known = format!("{target}#sni=localhost&ca={certificate}&cert={certificate}&key={key}");
    is_alive(&watch(&[known], BRIEF)[0]);
    let unknown = format!("{target}#sni=localhost&ca={certificate}");
    assert_ne!(watch(&[unknown], BRIEF)[0].0, "alive");
}

/// Has the server ask for a password, and speak TLS.
fn secure(data: &Path, files: &Folder) {
    let [certificate, key] = certificate::self_signed(files);
    for (from, to) in [(certificate, "server.crt"), (key, "server.key")] {
        std::fs::copy(from, data.join(to)).unwrap();
    }
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(data.join("server.key"), private).unwrap();
    let rules = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    std::fs::write(data.join("postgresql.conf"), "ssl = on\n").unwrap();
}

#[test]
fn postgres_is_logged_in_to_over_tls_and_asked_for_its_role() {
    let files = Folder::new("postgres-login");
    let Some((primary, _data)) = postgres_with(|data| secure(data, &files)) else {
        return;
    };
    let standby = |data: &Path| std::fs::write(data.join("standby.signal"), "").unwrap();
    let (standby, _other) = postgres_with(standby).unwrap();
    let certificate = files.file("cert.pem").display().to_string();
    let login = "password_env=SYSTOLE_TEST_PASSWORD";
    let place = format!("localhost:{}", primary.port);
    let both = format!("127.0.0.1:{},{place}", standby.port);
    let results = watch(
        &[
            format!("postgres://{place}?sslmode=verify-full&sslrootcert={certificate}#{login}"),
            format!(
                "postgres://127.0.0.1:{}?target_session_attrs=read-write#{login}",
                primary.port
            ),
            format!("postgres://{place}/postgres?sslmode=disable#{login}"),
            format!("postgres://{place}/template1?target_session_attrs=standby#{login}"),
            format!(
                "postgres://127.0.0.1:{}?target_session_attrs=standby",
                standby.port
            ),
            format!(
                "postgres://127.0.0.1:{}/postgres?target_session_attrs=primary",
                standby.port
            ),
            format!("postgres://{both}?target_session_attrs=primary#{login}"),
        ],
        LONG,
    );
    is_alive(&results[0]);
    is_alive(&results[1]);
    is_not_ready(&results[2], "no pg_hba.conf entry");
    is_not_ready(&results[3], "PostgreSQL: it is not a standby");
    is_alive(&results[4]);
    is_not_ready(&results[5], "PostgreSQL: it is a standby");
    is_alive(&results[6]);
    let wrong = [format!("postgres://{place}#password_env=PATH")];
    is_not_ready(&watch(&wrong, LONG)[0], "password authentication failed");
}
