//! Against the health service of a real etcd: what it says of itself and of others, hanging, and behind TLS.

use crate::certificate;
use crate::hang;
use crate::tool::Watch;
use systole_testkit::servers::etcd;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::{Server, find};

/// An etcd that is started with `more`; nothing where it is not installed.
fn etcd(name: &str, scheme: &str, more: &[String]) -> Option<(Server, Folder)> {
    find("etcd", "etcd-server")?;
    let folder = Folder::new(name);
    let server = Server::start(|port| {
        let mut command = etcd::command(&folder, scheme, port);
        command.args(more);
        command
    });
    Some((server, folder))
}

#[test]
fn a_server_that_hangs_is_dead_within_the_bound_and_recovers() {
    let Some((server, _folder)) = etcd("grpc", "http", &[]) else {
        return;
    };
    let target = format!("grpc://127.0.0.1:{}", server.port);
    hang::is_noticed(&target, server.pid());
}

#[test]
fn a_service_that_is_not_there_is_no_sign_of_life() {
    let Some((server, _folder)) = etcd("grpc-service", "http", &[]) else {
        return;
    };
    let target = format!("grpc://127.0.0.1:{}/no.such.Service", server.port);
    let options = "--every 100ms --detect-within 500ms --for 1s";
    let mut watch = Watch::start([&*target].into_iter().chain(options.split(' ')));
    let (_, status) = watch.end();
    assert_eq!(status, 1);
    let says = |line: &serde_json::Value| {
        line["reason"] == "unhealthy" && line["note"] == "gRPC status 5: unknown service"
    };
    assert!(watch.seen.iter().any(says), "{:?}", watch.seen);
    assert!(!watch.has_seen("answer"));
}

#[test]
fn behind_tls_it_is_believed_where_somebody_vouches_for_it() {
    let files = Folder::new("grpcs-certificate");
    let [certificate, key] = certificate::self_signed(&files);
    let certificate = certificate.to_str().unwrap();
    let more = [
        format!("--cert-file={certificate}"),
        format!("--key-file={}", key.display()),
    ];
    let Some((server, _folder)) = etcd("grpcs", "https", &more) else {
        return;
    };
    let target = format!("grpcs://localhost:{}", server.port);
    let options = ["--ca", certificate, "--every", "100ms", "--for", "2s"];
    let mut watch = Watch::start([&*target].into_iter().chain(options));
    let (summary, status) = watch.end();
    assert_eq!((status, &summary["verdict"]), (0, &"alive".into()));
    assert!(
        summary["answered"].as_u64() > Some(1) && summary["failed"] == 0,
        "{summary}"
    );
}
