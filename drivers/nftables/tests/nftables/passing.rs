//! What passes before any rule, and what the host forwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use deltawall_nftables::{LetThrough, Options};
use serde_json::json;

use crate::peer::{self, HOST_MAC, Peer, Sent, hex};
use crate::rig::{DENY, inside, replace};
use crate::traffic::MACS;
use crate::{kept, probe};

/// Sends packets over the cable, numbered from 1, and tells which came through, one after the other.
fn come_through(there: &mut Peer, way: &str, packets: &[Sent]) -> Vec<bool> {
    probe::forget();
    let frames: Vec<_> = packets.iter().map(|packet| hex(&packet.frame(MACS[0], HOST_MAC))).collect();
    assert_eq!(there.tell(json!({"frames": frames})), true);
    let numbers: BTreeSet<u16> = packets.iter().map(|packet| packet.number).collect();
    let through = probe::came_through(way, &numbers);
    packets.iter().map(|packet| through.contains(&packet.number)).collect()
}

fn sent(number: u16, from: &str, to: &str, protocol: u8, service: (u16, u16)) -> Sent {
    let (source, destination) = (from.parse().unwrap(), to.parse().unwrap());
    Sent { source, destination, protocol, service, number, from: None, hops: 255 }
}

fn udp(number: u16, from: (&str, u16), to: (&str, u16)) -> Sent {
    Sent { from: Some(from.1), ..sent(number, from.0, to.0, 17, (to.1, 0)) }
}

#[test]
fn what_the_host_needs_passes_before_any_rule_unless_it_is_not_to() {
    inside(async {
        peer::connect();
        probe::lay();
        let mut there = Peer::there();
        let [v4, v6] = peer::HOST;
        let packets = || {
            [
                sent(1, "fe80::2", v6, 58, (135, 0)),
                udp(2, ("10.77.0.9", 67), (v4, 68)),
                udp(3, ("fe80::2", 547), (v6, 546)),
                // From further than the link, of another port, and what nobody needs.
                Sent { hops: 254, ..sent(4, "fe80::2", v6, 58, (135, 0)) },
                udp(5, ("10.77.0.9", 66), (v4, 68)),
                sent(6, "fe80::2", v6, 58, (128, 0)),
            ]
        };
        let kept = Arc::default();
        let all = LetThrough { loopback: true, established: true, neighbours: true, dhcp: true };
        for (let_through, neighbours, dhcp) in [
            (all, true, true),
            (LetThrough { neighbours: false, ..all }, false, true),
            (LetThrough { dhcp: false, ..all }, true, false),
        ] {
            let driver = kept::driver(&kept, Options { let_through, ..Options::default() }).await;
            replace(&driver, "device", &[], DENY).await;
            let came = come_through(&mut there, "in", &packets());
            assert_eq!(came, [neighbours, dhcp, dhcp, false, false, false], "{let_through:?}");
        }
    });
}

#[test]
fn what_the_host_says_to_itself_passes_unless_it_is_not_to() {
    inside(async {
        let kept = Arc::default();
        let driver = kept::driver(&kept, Options::default()).await;
        let heard = || {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
            let sent = socket.send_to(b"x", socket.local_addr().unwrap());
            sent.is_ok() && socket.recv(&mut [0; 8]).is_ok()
        };
        replace(&driver, "device", &[], DENY).await;
        assert!(heard());
        let let_through = LetThrough { loopback: false, ..LetThrough::default() };
        let driver = kept::driver(&kept, Options { let_through, ..Options::default() }).await;
        replace(&driver, "device", &[], DENY).await;
        assert!(!heard());
    });
}

#[test]
fn what_the_host_forwards_is_judged_where_that_is_asked_for() {
    inside(async {
        peer::connect();
        probe::lay();
        for command in
            ["link add inner type veth peer name end", "address add 10.88.0.1/24 dev inner", "link set inner up"]
        {
            crate::namespaces::run("ip", &command.split(' ').collect::<Vec<_>>());
        }
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let (mut there, kept) = (Peer::there(), Arc::default());
        let by = |number| {
            [sent(number, "10.1.0.1", "10.88.0.9", 6, (22, 0)), sent(number + 1, "10.1.0.1", "10.88.0.9", 6, (23, 0))]
        };
        for (forward, expected) in [(false, [true, true]), (true, [true, false])] {
            let driver = kept::driver(&kept, Options { forward, ..Options::default() }).await;
            replace(&driver, "device", &["in tcp/22 10.1.0.0/16"], DENY).await;
            assert_eq!(come_through(&mut there, "by", &by(1)), expected, "{forward}");
            if forward {
                replace(&driver, "device", &[], DENY).await;
                assert_eq!(come_through(&mut there, "by", &by(3)), [false, false], "connections end here, too");
            }
        }
    });
}
