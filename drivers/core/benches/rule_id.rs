//! What it costs to read the id of a rule and to write it: `cargo bench --package deltawall-core --bench rule_id`.

use divan::{Bencher, black_box};

use deltawall_core::RuleId;

/// The example of the API's own page, which has two sources.
const ID: &str = "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24";

#[divan::bench(sample_count = 1000, sample_size = 1000)]
fn parse() -> Option<RuleId<'static>> {
    RuleId::parse(black_box(ID)).ok()
}

/// As a text of its own, which is how the answers get it.
#[divan::bench(sample_count = 1000, sample_size = 1000)]
fn format(bencher: Bencher) {
    let id = RuleId::parse(ID).ok();
    bencher.bench(|| black_box(&id).as_ref().map(RuleId::to_string));
}

fn main() {
    divan::main();
}
