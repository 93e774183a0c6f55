//! TLS: which certificates are trusted, and a handshake that reports why one is not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::Target;
use super::expiry::Expiry;
use super::link::Miss;
use super::options::TlsOptions;
use super::secret::read_file;
use super::stream::Stream;
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
        let content = read_file(path).map_err(|error| Trouble::Read(path.into(), error))?;
        Ok(Some(content))
    }
}

pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    expiry: Expiry,
}

impl Tls {
    /// Returns where it is noted when the certificate of the peer expires.
    pub(super) fn expiry(&self) -> Expiry {
        self.expiry.clone()
    }

    /// Notes it in `expiry`, which several hosts of a target share.
    pub(super) fn noting_in(self, expiry: &Expiry) -> Self {
        Self {
            expiry: expiry.clone(),
            ..self
        }
    }

    /// Returns what is needed to speak `protocol` (its ALPN name) with `target`, if its scheme uses
    /// TLS.
    pub(super) fn wanted(
        target: &Target,
        trust: &Trust,
        protocol: Option<&[u8]>,
    ) -> Result<Option<Self>, Trouble> {
        if !target.scheme.is_encrypted() {
            return Ok(None);
        }
        Self::new(target.host(), &target.options.tls, trust, protocol).map(Some)
    }

    pub(super) fn new(
        host: &str,
        options: &TlsOptions,
        trust: &Trust,
        protocol: Option<&[u8]>,
    ) -> Result<Self, Trouble> {
        let verifier = Verifier::new(trust, options.ca.as_deref())?;
        Self::with(host, options, Arc::new(verifier), protocol)
    }

    /// Returns what is needed for TLS with a peer whose certificate nobody looks at.
    pub(super) fn unverified(host: &str, options: &TlsOptions) -> Result<Self, Trouble> {
        Self::with(host, options, Arc::new(Unverified), None)
    }

    fn with(
        host: &str,
        options: &TlsOptions,
        verifier: Arc<dyn ServerCertVerifier>,
        protocol: Option<&[u8]>,
    ) -> Result<Self, Trouble> {
        let name = options.sni.as_deref().unwrap_or(host);
        let unnamed = |_| Trouble::Tls(format!("{name} is not a name for a certificate"));
        let name = ServerName::try_from(name.to_owned()).map_err(unnamed)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Trouble::Tls(error.to_string()))?
            .dangerous() // it is for a verifier of one's own
            .with_custom_certificate_verifier(verifier);
        let mut config =
            match (&options.cert, &options.key) {
                (Some(cert), Some(key)) => builder
                    .with_client_auth_cert(read(cert)?, read_key(key)?)
                    .map_err(|error| Trouble::Certificates(cert.clone(), error.to_string()))?,
                _ => builder.with_no_client_auth(),
            };
        config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
            expiry: Expiry::default(),
        })
    }

    pub(super) async fn connect(&self, stream: Stream) -> Result<Stream, Miss> {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        match connected {
            Ok(stream) => {
                let (_, session) = stream.get_ref();
                self.expiry
                    .note(session.peer_certificates().unwrap_or_default());
                Ok(Box::new(stream))
            }
            Err(error) => Err(refused(error)),
        }
    }
}

/// Converts an error of the handshake: a certificate that is not trusted is told with the reason,
/// and so is any other refusal.
fn refused(error: io::Error) -> Miss {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => Miss::Untrusted(explain(why)),
        Some(
            other @ (rustls::Error::AlertReceived(_)
            | rustls::Error::PeerIncompatible(_)
            | rustls::Error::NoApplicationProtocol),
        ) => Miss::Unhealthy(format!("TLS: {other}")),
        _ => error.into(),
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
    /// The authorities of the system, and those of files.
    web: Vec<Arc<WebPkiServerVerifier>>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(trust: &Trust, ca: Option<&Path>) -> Result<Self, Trouble> {
        let mut named = Vec::new();
        for path in [trust.ca.as_deref(), ca].into_iter().flatten() {
            named.extend(read(path)?);
        }
        let of_files = authorities(named.clone());
        let web: Vec<_> = [of_system(), of_files].into_iter().flatten().collect();
        if web.is_empty() {
            return Err(Trouble::NoAuthorities);
        }
        Ok(Self { web, named })
    }
}

/// Returns the authorities of the system, which are read once and shared by all targets.
fn of_system() -> Option<Arc<WebPkiServerVerifier>> {
    static OF_SYSTEM: OnceLock<Option<Arc<WebPkiServerVerifier>>> = OnceLock::new();
    let load = || authorities(rustls_native_certs::load_native_certs().certs);
    OF_SYSTEM.get_or_init(load).clone()
}

fn authorities(certificates: Vec<CertificateDer<'static>>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .ok()
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
        let unknown = rustls::Error::from(CertificateError::UnknownIssuer);
        let mut told = unknown.clone();
        for web in &self.web {
            match web.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
                Ok(verified) => return Ok(verified),
                Err(error) if told == unknown => told = error, // another reason says more
                Err(_) => {}
            }
        }
        Err(told)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        supported_schemes()
    }
}

fn supported_schemes() -> Vec<SignatureScheme> {
    let provider = ring::default_provider();
    provider
        .signature_verification_algorithms
        .supported_schemes()
}

/// Accepts every certificate, for `sslmode=prefer`: encryption without authentication.
#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        supported_schemes()
    }
}

/// Reads the certificates of a PEM file, which must contain at least one.
fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let unusable = |why: String| Trouble::Certificates(path.into(), why);
    let text = read_file(path).map_err(|error| unusable(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable("there is no certificate in it".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// Reads the first private key of a PEM file.
fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Trouble> {
    let unusable = |why: String| Trouble::Certificates(path.into(), why);
    let text = read_file(path).map_err(|error| unusable(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| unusable("there is no private key in it".into()))
}
