//! TLS: what is offered to whom, the certificate, and how it is read anew without a connection noticing.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::{fmt, io};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{self, HostPattern, Tls, Usage};

/// HTTP/2, as it is offered.
pub const HTTP2: &[u8] = b"h2";

/// HTTP/1.1, as it is offered.
const HTTP1: &[u8] = b"http/1.1";

/// What speaks TLS.
#[derive(Debug, Clone)]
pub struct Acceptor {
    /// For HTTP/2 and HTTP/1.1.
    both: Arc<ServerConfig>,
    /// For HTTP/1.1 alone.
    http1: Arc<ServerConfig>,
    /// The hosts at which that is all.
    http1_hosts: Arc<[HostPattern]>,
}

/// The certificate that new connections get.
pub struct Certificate {
    files: Tls,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Usage`] when they cannot be read, or do not belong together.
    pub fn read(files: Tls) -> Result<Self, Usage> {
        let provider = Arc::new(ring::default_provider());
        let current = RwLock::new(Arc::new(read(&files, &provider)?));
        Ok(Self { files, provider, current })
    }

    /// Reads the files again. New connections get what is in them; those there are stay as they are.
    ///
    /// # Errors
    /// As [`read`](Self::read); the certificate stays what it was then.
    pub fn reload(&self) -> Result<(), Usage> {
        config::check_has_end(&self.files.certificate)?;
        config::check_has_end(&self.files.key)?;
        let new = Arc::new(read(&self.files, &self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl Acceptor {
    /// TLS 1.2 and 1.3 with this certificate, for HTTP/2 and HTTP/1.1; at these hosts for HTTP/1.1 alone.
    ///
    /// # Errors
    /// [`Usage`] when the cryptography cannot do that.
    pub fn new(certificate: Arc<Certificate>, http1_hosts: &[HostPattern]) -> Result<Self, Usage> {
        let config = ServerConfig::builder_with_provider(Arc::clone(&certificate.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Usage(error.to_string()))?;
        let mut both = config.with_no_client_auth().with_cert_resolver(certificate);
        both.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        // Both know the sessions of either, each of which is for one name.
        let mut http1 = both.clone();
        http1.alpn_protocols = vec![HTTP1.to_vec()];
        Ok(Self { both: both.into(), http1: http1.into(), http1_hosts: http1_hosts.into() })
    }

    /// Begins to speak TLS on a connection.
    ///
    /// # Errors
    /// When the client does not, or has nothing in common with what is offered to it.
    pub async fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let handshake = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), tcp).await?;
        let is_http1 = |name| self.http1_hosts.iter().any(|pattern| pattern.is_for(name));
        let config = match handshake.client_hello().server_name() {
            Some(name) if is_http1(name) => &self.http1,
            _ => &self.both,
        };
        handshake.into_stream(Arc::clone(config)).await
    }
}

fn read(files: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, Usage> {
    let wrong = |path: &Path, why: String| Usage(format!("{}: {why}", path.display()));
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, "there is no certificate in it".into()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| wrong(&files.key, error.to_string()))
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Without the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}
