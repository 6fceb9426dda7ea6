//! What comes by before and behind the rules, told by the packets' numbers.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use std::io::Write;

use crate::namespaces::run;

/// Counts in a table of its own, whose chains stand before and behind the driver's.
const TABLE: &str = "
table inet probe {
SETS
  chain in_before { type filter hook input priority -10; add @in_before4 { ip id }; add @in_before6 { ip6 flowlabel }; }
  chain in_after { type filter hook input priority 10; add @in_after4 { ip id }; add @in_after6 { ip6 flowlabel }; }
  chain out_before { type filter hook output priority -10; add @out_before4 { ip id }; add @out_before6 { ip6 flowlabel }; }
  chain out_after { type filter hook output priority 10; add @out_after4 { ip id }; add @out_after6 { ip6 flowlabel }; }
  chain by_before { type filter hook forward priority -10; add @by_before4 { ip id }; add @by_before6 { ip6 flowlabel }; }
  chain by_after { type filter hook forward priority 10; add @by_after4 { ip id }; add @by_after6 { ip6 flowlabel }; }
}";

/// The sets of numbers: of what comes in, goes out, and goes by.
fn sets() -> impl Iterator<Item = String> {
    let places =
        ["in", "out", "by"].into_iter().flat_map(|way| ["before", "after"].map(|place| format!("{way}_{place}")));
    places.flat_map(|place| [4, 6].map(|family| format!("{place}{family}")))
}

/// Makes the table.
pub fn lay() {
    let set = |name: String| {
        let of = if name.ends_with('4') { "ip id" } else { "ip6 flowlabel" };
        format!("  set {name} {{ typeof {of}; flags dynamic; size 65535; }}\n")
    };
    load(&TABLE.replace("SETS", &sets().map(set).collect::<String>()));
}

fn load(text: &str) {
    let mut nft = Command::new("/usr/sbin/nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    nft.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success());
}

/// Forgets what came.
pub fn forget() {
    load(&sets().map(|set| format!("flush set inet probe {set}\n")).collect::<String>());
}

/// The numbers of the packets that came through all rules, of so many that came to them; `in`, `out` or `by`.
pub fn came_through(way: &str, numbers: &BTreeSet<u16>) -> BTreeSet<u16> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let listed: serde_json::Value =
            serde_json::from_str(&run("nft", &["-j", "list", "table", "inet", "probe"])).unwrap();
        let of = |place: &str| -> BTreeSet<u16> {
            let sets = listed["nftables"].as_array().unwrap().iter().map(|entry| &entry["set"]);
            let these =
                sets.filter(|set| set["name"].as_str().is_some_and(|name| name.starts_with(&format!("{way}_{place}"))));
            let elements = these.filter_map(|set| set["elem"].as_array()).flatten();
            elements
                .filter_map(|element| u16::try_from(element.as_u64()?).ok())
                .filter(|number| numbers.contains(number))
                .collect()
        };
        if of("before") == *numbers {
            return of("after");
        }
        assert!(Instant::now() < end, "{way}: of {numbers:?} only {:?} came", of("before"));
        std::thread::sleep(Duration::from_millis(2));
    }
}
