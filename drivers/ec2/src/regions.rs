//! The regions of EC2 that are known beforehand.

use deltawall_core::ProviderName;

/// A partition: a set of regions under one domain.
struct Partition {
    domain: &'static str,
    regions: &'static [&'static str],
}

/// From botocore's `partitions.json`, which the Rust SDK does not publish a list of. The isolated partitions are left
/// out: their endpoints are not on any network that this could run on; `--ec2-endpoint` names them where they are.
const PARTITIONS: [Partition; 4] = [
    Partition {
        domain: "amazonaws.com",
        regions: &[
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "me-west-1",
            "mx-central-1",
            "sa-east-1",
            "sa-west-1",
        ],
    },
    Partition { domain: "amazonaws.com", regions: &["us-gov-east-1", "us-gov-west-1"] },
    Partition { domain: "amazonaws.com.cn", regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { domain: "amazonaws.eu", regions: &["eusc-de-east-1"] },
];

/// The region where none is chosen: Deltacloud's.
pub(crate) const DEFAULT: &str = "us-east-1";

/// Each region with the host that answers for it.
pub(crate) fn known() -> impl Iterator<Item = (ProviderName, String)> {
    PARTITIONS.into_iter().flat_map(|Partition { domain, regions }| {
        regions
            .iter()
            .filter_map(move |region| Some((ProviderName::new(region).ok()?, format!("ec2.{region}.{domain}"))))
    })
}
