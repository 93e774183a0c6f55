//! TLS: which certificates are trusted, and a handshake that reports why one is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::link::Miss;
use super::{Scheme, Target};
use crate::trouble::Trouble;

/// The certificates that are trusted in addition to those of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    pub(crate) ca: Option<PathBuf>,
}

impl Trust {
    /// Returns the content of the file, which holds usable certificates.
    pub(crate) fn content(&self) -> Result<Option<Vec<u8>>, Trouble> {
        let Some(path) = self.ca.as_deref() else {
            return Ok(None);
        };
        read(path)?;
        let content = std::fs::read(path).map_err(|error| Trouble::Read(path.into(), error))?;
        Ok(Some(content))
    }
}

pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Returns what is needed to speak `protocol` (its ALPN name) with `target`, if its scheme uses
    /// TLS.
    pub(super) fn wanted(
        target: &Target,
        trust: &Trust,
        protocol: &[u8],
    ) -> Result<Option<Self>, Trouble> {
        match target.scheme {
            Scheme::Https | Scheme::Grpcs => Self::new(&target.host, trust, protocol).map(Some),
            _ => Ok(None),
        }
    }

    fn new(host: &str, trust: &Trust, protocol: &[u8]) -> Result<Self, Trouble> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| Trouble::Address(host.to_owned()))?;
        let verifier = Verifier::new(trust)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble::Tls(error.to_string()))?
            .dangerous() // the verifier also accepts the certificates of `--ca`
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Miss> {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            match inner {
                Some(rustls::Error::InvalidCertificate(why)) => Miss::Untrusted(explain(why)),
                _ => error.into(),
            }
        })
    }
}

fn explain(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            "nobody vouches for it (--ca FILE adds one who does)".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is made out to another name".into()
        }
        other => other.to_string(),
    }
}

/// Verifies certificates by the rules of the web, with one exception: a certificate that is itself
/// in the file of `--ca` is trusted under its own name. This allows self-signed certificates.
#[derive(Debug)]
struct Verifier {
    web: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(trust: &Trust) -> Result<Self, Trouble> {
        let named = trust.ca.as_deref().map_or(Ok(Vec::new()), read)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(named.clone());
        let provider = Arc::new(ring::default_provider());
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| Trouble::NoAuthorities)?;
        Ok(Self { web, named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.named.contains(certificate) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.web
            .verify_server_cert(certificate, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web.supported_verify_schemes()
    }
}

/// Reads the certificates of a PEM file, which must contain at least one.
fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let unusable = |why: String| Trouble::Certificates(path.into(), why);
    let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable("there is no certificate in it".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(error.to_string())),
    }
}
