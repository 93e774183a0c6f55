//! A certificate that nobody vouches for.

use std::path::PathBuf;

use systole_testkit::servers::folder::Folder;

/// The files of one that is made out to localhost, and of its key.
pub(crate) fn self_signed(files: &Folder) -> [PathBuf; 2] {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    [
        files.text("cert.pem", &cert.pem()),
        files.text("key.pem", &signing_key.serialize_pem()),
    ]
}
