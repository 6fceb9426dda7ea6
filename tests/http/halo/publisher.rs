//! A server of lists, which speaks TLS.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::instance::fixture;

/// A server whose certificate the tests' authority vouches for, and what it answers at each path.
pub struct Publisher {
    address: SocketAddr,
    says: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<AtomicUsize>,
}

/// A whole answer with this status, and perhaps headers.
pub fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

impl Publisher {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (says, asked) = (Arc::<Mutex<HashMap<String, String>>>::default(), Arc::<AtomicUsize>::default());
        let config = Arc::new(config());
        let (known, count) = (Arc::clone(&says), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who trusts another authority goes away in the middle.
                let _ = serve(stream, Arc::clone(&config), &known, &count);
            }
        });
        Self { address, says, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// From now on this is answered there.
    pub fn says(&self, path: &str, answer: String) {
        self.says.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// How often it has answered.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }
}

fn config() -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(fixture("tls/first.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("tls/first.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    says: &Mutex<HashMap<String, String>>,
    asked: &AtomicUsize,
) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    let request = String::from_utf8(request).unwrap();
    let target = request.split(' ').nth(1).unwrap();
    let path = target.split('?').next().unwrap();
    let answer = says.lock().unwrap().get(path).cloned();
    let answer = answer.unwrap_or_else(|| panic!("nobody has said what is at {path}"));
    stream.write_all(answer.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    asked.fetch_add(1, Ordering::AcqRel);
    Ok(())
}
