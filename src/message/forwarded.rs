//! Where a client comes from, behind proxies that are believed.

use std::net::IpAddr;

use actix_http::Request as HttpRequest;
use actix_web::http::header::X_FORWARDED_FOR;
use deltawall_core::Cidr;

use super::headers;

/// The address that a request comes from: that of its connection or, where this is a proxy that is believed, the last in
/// `X-Forwarded-For` that is none of them. None where such a proxy has not said it in a way that can be read.
pub fn client(http: &HttpRequest, peer: IpAddr, proxies: &[Cidr]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !is_among(peer, proxies) {
        return Some(peer);
    }
    let said = headers::text(http, &X_FORWARDED_FOR)?;
    for address in said.rsplit(',') {
        // What stands before one that cannot be read is no proxy's word.
        let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
        if !is_among(address, proxies) {
            return Some(address);
        }
    }
    None
}

fn is_among(address: IpAddr, networks: &[Cidr]) -> bool {
    let network = |prefix| Cidr::new(address, prefix).map(|cidr| cidr.network());
    networks.iter().any(|known| network(known.prefix()) == Ok(known.network()))
}

#[cfg(test)]
mod tests {
    use actix_http::test::TestRequest;

    use super::*;

    #[test]
    fn only_proxies_that_are_named_are_believed() {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let from = |peer: &str, said: &[&str]| {
            let mut request = TestRequest::default();
            for said in said {
                request.append_header(("x-forwarded-for", *said));
            }
            client(&request.finish(), peer.parse().unwrap(), &proxies).map(|address| address.to_string())
        };
        for (peer, said, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], Some("192.0.2.1")),
            ("::ffff:192.0.2.1", &[], Some("192.0.2.1")),
            ("10.1.2.3", &["203.0.113.9"], Some("203.0.113.9")),
            ("10.1.2.3", &["1.1.1.1, 203.0.113.9, 10.0.0.9"], Some("203.0.113.9")),
            ("2001:db8::1", &["1.1.1.1", "2001:db8::9"], Some("2001:db8::9")),
            ("10.1.2.3", &["203.0.113.9, nonsense"], None),
            ("10.1.2.3", &["10.0.0.9"], None),
            ("10.1.2.3", &[], None),
        ] {
            assert_eq!(from(peer, said).as_deref(), expected, "{peer} {said:?}");
        }
    }
}
