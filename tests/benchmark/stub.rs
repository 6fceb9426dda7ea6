//! An EC2 API that takes no time of its own: whoever asks, it answers at once what the emulator has answered once (`group.xml`
//! and `vpcs.xml`). It has the groups g0 to g19, with three rules each. A group whose name begins with "slow" is there too,
//! but five seconds later. `tests/bench` starts it; it prints its address, and ends with its standard input.

mod serve;

use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use actix_web::web::{self, Bytes, Form};
use actix_web::{HttpResponse, rt};
use serve::serve;

const GROUP: &str = include_str!("group.xml");
const VPCS: &str = include_str!("vpcs.xml");

/// What a list gets.
static ALL: LazyLock<Bytes> = LazyLock::new(|| groups((0..20).map(|number| format!("g{number}"))));

fn groups(names: impl Iterator<Item = String>) -> Bytes {
    let items: String = names.map(|name| GROUP.trim_end().replace("NAME", &name)).collect();
    Bytes::from(format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15"><securityGroupInfo>{items}</securityGroupInfo><requestId>request-id</requestId></DescribeSecurityGroupsResponse>"#
    ))
}

async fn answer(Form(parameters): Form<HashMap<String, String>>) -> HttpResponse {
    let body = match (parameters.get("Action").map(String::as_str), parameters.get("GroupName.1")) {
        (Some("DescribeSecurityGroups"), Some(name)) => {
            if name.starts_with("slow") {
                rt::time::sleep(Duration::from_secs(5)).await;
            }
            groups([name.clone()].into_iter())
        }
        (Some("DescribeSecurityGroups"), None) => ALL.clone(),
        _ => Bytes::from_static(VPCS.as_bytes()),
    };
    HttpResponse::Ok().content_type("text/xml").body(body)
}

fn main() -> io::Result<()> {
    serve(1, |app| {
        app.default_service(web::to(answer));
    })
}
