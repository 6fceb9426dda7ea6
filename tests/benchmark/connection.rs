//! A client of HTTP/1.1 that does as little as can be: one request after the other on one connection, of whose answers it
//! looks at the status and the length.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub struct Connection {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Connection {
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream), body: Vec::new() })
    }

    /// Asks for a path. It is an error if the answer is no 200, and the connection may not be used any more then.
    pub fn get(&mut self, path: &str, authorization: &str) -> io::Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200 ") {
            return Err(io::Error::other(format!("{path}: {line}")));
        }
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                _ => {}
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)
    }
}

/// What this part of the times did not take longer than: 0.5 for the median. It sorts them.
pub fn percentile<T: Ord + Copy + Default>(times: &mut [T], part: f64) -> T {
    times.sort_unstable();
    times.get((times.len() as f64 * part) as usize).copied().unwrap_or_default()
}
