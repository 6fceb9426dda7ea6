//! How much of what was sent a refusal repeats: enough to mend it by, and never more than a bounded part.

use crate::server::Server;
use crate::wire::{Answer, Request};

/// The most that a page with a form may have, in bytes.
const MAX_PAGE: usize = 300 * 1024;

/// The most that any other error may have.
const MAX_ERROR: usize = 12 * 1024;

const FORMATS: [&str; 3] = ["application/xml", "application/json", "text/html"];

fn length(answer: &Answer) -> usize {
    answer.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() + answer.body.len()
}

#[test]
fn a_refused_form_comes_back_as_far_as_a_person_can_have_typed_it() {
    let server = Server::start();
    let body = 1_000_000;
    let many = |name: &str, value: &str, most: usize| -> String {
        let fields = (1..).map(|number| format!("&{}={value}", name.replace('N', &number.to_string())));
        let mut form = String::new();
        for field in fields.take(most).take_while(|field| field.len() < body) {
            if form.len() + field.len() > body {
                break;
            }
            form.push_str(&field);
        }
        form
    };
    let quote = "'".repeat(400);
    for (path, form) in [
        ("/api/firewalls", format!("name=&description={}", "<".repeat(body))),
        ("/api/firewalls", format!("name={}", many("name", &"<".repeat(4000), 240))),
        ("/api/firewalls/test/rules", format!("protocol=tcp{}", many("ip_addressN", &quote, 2400))),
        ("/api/firewalls/test/rules", format!("protocol=tcp{}", many("ip_addressN", "x", 4900))),
        ("/api/firewalls/test/rules", format!("protocol=tcp{}", many("groupN", "a", 2400))),
        ("/api/firewalls/test/rules", format!("protocol=tcp{}", many("groupNowner", &quote, 2400))),
        (
            "/api/firewalls/test/rules",
            format!("protocol={0}&port_from={0}{1}", "&".repeat(9), many("prefix_listN", &quote, 2400)),
        ),
    ] {
        let request = Request::post(path).on_mock().accept("text/html").form(&form);
        let page = server.send(request).expect(400);
        assert!(length(&page) < MAX_PAGE, "{} of {}…", length(&page), &form[..60]);
        let is_whole = !page.body.contains("too much to be shown,");
        assert!(!is_whole || form.contains("prefix_list"), "{}…: {}", &form[..60], page.body);
    }
    // Nor does a link that fills in a form.
    let link = format!("/api/firewalls/test/new_rule?format=html{}", many("ip_addressN", "", 2000));
    assert!(length(&server.send(Request::get(&link).on_mock()).expect(200)) < MAX_PAGE);
}

/// What fits is there, whatever else does not.
#[test]
fn what_is_left_out_of_a_form_is_said() {
    let server = Server::start();
    let send = |form: &str| {
        let request = Request::post("/api/firewalls/test/rules").on_mock().accept("text/html").form(form);
        server.send(request).expect(400).body
    };
    let long = "x".repeat(500_000);
    let page = send(&format!("protocol=udp&port_from=1&ip_address1={long}&ip_address2=10.0.0.0/8&description=why"));
    assert!(page.contains("Some of what was filled in is too much to be shown, and left out here."), "{page}");
    assert!(page.contains("value=\"udp\"") && page.contains("value=\"10.0.0.0/8\""), "{page}");
    assert!(!page.contains(&long[..100]), "{page}");
    let page = send("protocol=udp&port_from=1&ip_address1=x");
    assert!(!page.contains("left out"), "{page}");
}

/// In any format, of whatever part of the request.
#[test]
fn an_error_repeats_a_few_kilobytes_at_the_most() {
    let server = Server::start();
    let long = |text: &str, length: usize| text.repeat(length / text.len());
    let names: String = (0..2000).map(|number| format!("&{number}{}=", "%01".repeat(120))).collect();
    let rule = format!("1~tcp~{}~1~@group,1,a", long("'", 60_000));
    let provoke: [(u16, Request); 11] = [
        (404, Request::get(&format!("/api/{}", long("'", 60_000)))),
        (404, Request::get(&format!("/api/firewalls/{}", long("'", 60_000)))),
        (404, Request::get(&format!("/api/firewalls/{}", long("%3C", 60_000)))),
        (404, Request::delete(&format!("/api/firewalls/test/{rule}"))),
        (404, Request::delete(&format!("/api/firewalls/test/1~tcp~1~1~{}", long("~", 60_000)))),
        (404, Request::delete(&format!("/api/firewalls/{}/1~tcp~1~1~@group,1,a", long("%27", 60_000)))),
        (400, Request::get(&format!("/api/firewalls?x={}", long("'", 60_000)))),
        (400, Request::post("/api/firewalls").form(&names)),
        (404, Request::post(&format!("/api/firewalls/{}/rules", long("%26", 60_000))).form("protocol=tcp")),
        (400, Request::get("/api").header("X-Deltacloud-Driver", &long("]]>", 60_000))),
        (400, Request::get("/api").header("X-Deltacloud-Provider", &long("\u{e9}", 60_000))),
    ];
    for (number, (status, request)) in provoke.into_iter().enumerate() {
        for format in FORMATS {
            let answer = server.send(request.clone().on_mock().accept(format)).expect(status);
            assert!(length(&answer) < MAX_ERROR, "{number}: {} in {format}", length(&answer));
        }
    }
    // No host has so long a name, and each link would repeat it.
    let host = Request::get("/api/firewalls").header("Host", &long("a.", 60_000));
    assert!(length(&server.send(host.clone().on_mock()).expect(200)) < MAX_ERROR);
    assert!(length(&server.send(host).expect(401)) < MAX_ERROR);
}
