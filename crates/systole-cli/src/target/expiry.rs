//! When the certificate of a server expires.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

/// When the first certificate of the chain expires that the server showed last, in seconds of Unix
/// time; 0 if none was shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expiry(Arc<AtomicU64>);

impl Expiry {
    /// Notes the chain of a connection.
    pub(super) fn note(&self, chain: &[CertificateDer<'_>]) {
        let ends = chain.iter().filter_map(|one| expires(one));
        self.0
            .store(ends.min().unwrap_or_default(), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Option<SystemTime> {
        let seconds = self.0.load(Ordering::Relaxed);
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
        (seconds > 0).then_some(at)
    }
}

/// Returns when a certificate expires, if it can be read.
fn expires(certificate: &[u8]) -> Option<u64> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    u64::try_from(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(year: i32) -> CertificateDer<'static> {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(year, 3, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn the_first_end_of_a_chain_counts() {
        let expiry = Expiry::default();
        assert_eq!(expiry.get(), None);
        expiry.note(&[until(2060), until(2050), until(2049), until(2070)]);
        let march_2049 = Duration::from_secs(2_498_169_600);
        assert_eq!(expiry.get(), Some(SystemTime::UNIX_EPOCH + march_2049));
        expiry.note(&[CertificateDer::from(vec![48, 3, 1])]);
        assert_eq!(expiry.get(), None);
    }
}
