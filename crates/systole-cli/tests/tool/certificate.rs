//! A certificate that nobody vouches for.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair};
use systole_testkit::servers::folder::Folder;

/// The files of one that is made out to localhost, and of its key.
pub(crate) fn self_signed(files: &Folder) -> [PathBuf; 2] {
    signed_with(files, |_| {})
}

/// The files of one that expires after `span`.
pub(crate) fn expiring_in(files: &Folder, span: Duration) -> [PathBuf; 2] {
    signed_with(files, |parameters| {
        parameters.not_after = (SystemTime::now() + span).into();
    })
}

fn signed_with(files: &Folder, change: impl Fn(&mut CertificateParams)) -> [PathBuf; 2] {
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
    change(&mut parameters);
    let key = KeyPair::generate().unwrap();
    let cert = parameters.self_signed(&key).unwrap();
    [
        files.text("cert.pem", &cert.pem()),
        files.text("key.pem", &key.serialize_pem()),
    ]
}
