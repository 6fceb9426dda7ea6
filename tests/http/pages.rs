//! The pages, as far as they can be seen without a browser. `tests/browser` looks at them with one.

mod edit;
mod fields;
mod firewall;
mod preview;

use insta::assert_snapshot;

use crate::instance::file;
use crate::server::Server;
use crate::wire::{Answer, Request};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// What a browser on our own page sends.
pub fn browser(request: Request) -> Request {
    of_browser(request).on_mock()
}

/// The same, whoever has logged in.
fn of_browser(request: Request) -> Request {
    request.accept(BROWSER).header("Sec-Fetch-Site", "same-origin").header("Sec-Fetch-Mode", "navigate")
}

/// The same on the mock of a Linux host.
fn on_nftables(request: Request) -> Request {
    browser(request).header("X-Deltacloud-Driver", "mock-nftables")
}

/// Where a browser goes on after what it has sent.
fn next(server: &Server, request: Request) -> String {
    server.send(request).expect(303).header("Location").unwrap().to_owned()
}

pub fn get(server: &Server, path: &str) -> Answer {
    server.send(browser(Request::get(path)))
}

#[test]
fn every_page_is_what_it_was() {
    let server = Server::start();
    for (name, path) in [
        ("entry_point", "/api"),
        ("driver", "/api/drivers/fgcp"),
        ("firewalls", "/api/firewalls"),
        ("firewall", "/api/firewalls/test"),
        ("new_firewall", "/api/firewalls/new"),
        ("new_rule", "/api/firewalls/test/new_rule"),
        ("absent", "/api/firewalls/absent"),
    ] {
        // In lines without what templates leave of themselves between them.
        let text = get(&server, path).text();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_snapshot!(format!("page_{name}"), lines.join("\n"));
    }
    server.send(Request::get("/api/firewalls").accept(BROWSER)).expect(401);
}

#[test]
fn forms_lead_to_what_was_made() {
    let server = Server::start();
    let next = |request: Request| {
        let answer = server.send(browser(request)).expect(303);
        assert_eq!((answer.body.as_str(), answer.header("Content-Type")), ("", None));
        answer.header("Location").unwrap().to_owned()
    };
    let made = Request::post("/api/firewalls").form("name=a+b&description=d&vpc_id=");
    assert_eq!(next(made), "/api/firewalls/a%20b");
    let rule = "protocol=tcp&port_from=80&port_to=443&ip_address1=0.0.0.0%2F0&ip_address2=&ip_address3=2001:db8::/32\
                &group1=test&group1owner=393485797142&group2=&group2owner=";
    assert_eq!(next(Request::post("/api/firewalls/a%20b/rules").form(rule)), "/api/firewalls/a%20b");
    let page = get(&server, "/api/firewalls/a%20b").expect(200).body;
    let id = "393485797142~tcp~80~443~@group,393485797142,test,@address,ipv4,0.0.0.0,0,@address,ipv6,2001:db8::,32";
    let action = format!("<form method=\"post\" action=\"/api/firewalls/a%20b/{id}\">");
    for text in ["80–443", "393485797142:test", "2001:db8::/32", &action] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert_eq!(page.matches("open to the world").count(), 1);

    let egress = "protocol=udp&port_from=53&port_to=53&direction=egress&ip_address1=0.0.0.0/0";
    assert_eq!(
        next(Request::post("/api/firewalls/a%20b/rules").form(egress)),
        "/api/firewalls/a%20b?direction=all",
        "whoever makes a rule sees it"
    );
    assert_eq!(get(&server, "/api/firewalls/a%20b").body.matches("open to the world").count(), 1);

    let delete = |path: &str| next(Request::post(path).form("_method=delete"));
    assert_eq!(delete(&format!("/api/firewalls/a%20b/{id}")), "/api/firewalls/a%20b");
    assert_eq!(delete("/api/firewalls/a%20b"), "/api/firewalls");
    get(&server, "/api/firewalls/a%20b").expect(404);
}

#[test]
fn what_takes_time_says_so() {
    let server = Server::start();
    let path = "/api;driver=fgcp/firewalls/UZXC0GRT-3A7QLM2P9-S-0001";
    let answer = server.send(Request::post(path).on_fgcp().accept(BROWSER).form("_method=delete")).expect(202);
    assert!(answer.body.contains("Firewall will be deleted once it has stopped"), "{}", answer.body);
    assert!(answer.body.contains("href=\"/api;driver=fgcp/firewalls\""), "{}", answer.body);
}

#[test]
fn what_was_wrong_stands_beside_the_form_with_what_was_typed() {
    let server = Server::start();
    let send = |path: &str, form: &str| server.send(browser(Request::post(path).form(form)));

    let answer = send("/api/firewalls", "name=test&description=R%26D&vpc_id=").expect(502);
    assert!(answer.body.contains("InvalidGroup.Duplicate"), "{}", answer.body);
    assert!(answer.body.contains("value=\"test\"") && answer.body.contains("value=\"R&#38;D\""), "{}", answer.body);

    let form = "protocol=udp&port_from=many&port_to=9&direction=egress&ip_address1=10.0.0.0/8&ip_address2=&ip_address7=\
                10.1.0.0/16&ip_address3=1.1.1.1&ip_address4=2.2.2.2&group2=web&group2owner=";
    let answer = send("/api/firewalls/test/rules", form).expect(400);
    let page = &answer.body;
    assert!(page.contains("Parameter &#39;port_from&#39; is &#39;many&#39;, and not a whole number."), "{page}");
    assert_wrong(page, "port_from", "many");
    for kept in ["<option selected>egress", "\"10.0.0.0/8", "\"10.1.0.0/16", "\"1.1.1.1", "\"2.2.2.2", "\"web\""] {
        assert_eq!(page.matches(kept).count(), 1, "{kept} in {page}");
    }

    // What has no form of its own has a page with a way back.
    let page = send("/api/firewalls/default", "_method=delete").expect(502).body;
    assert!(page.contains("CannotDelete") && page.contains("<a href=\"/api/firewalls/default\">"), "{page}");
}

/// This field is the only one that is wrong, and it is where the page leads to.
#[track_caller]
fn assert_wrong(page: &str, name: &str, value: &str) {
    let field = format!(
        "<input id=\"{name}\" name=\"{name}\" value=\"{value}\" autocomplete=\"off\" aria-invalid=\"true\" \
         aria-describedby=\"problem\" autofocus"
    );
    assert!(page.contains(&field), "{name} {value}: {page}");
    assert_eq!(page.matches("aria-invalid").count(), 1, "{page}");
    assert_eq!(page.matches("autofocus").count(), 1, "{page}");
    assert!(page.contains(&format!("<a href=\"#{name}\">Go to the field</a>")), "{page}");
}

/// The values of the fields for a parameter that is there many times.
fn rows<'a>(page: &'a str, parameter: &str) -> Vec<&'a str> {
    let field = |number: usize| {
        let (_, rest) =
            page.split_once(&format!(" name=\"{}\" value=\"", parameter.replace('N', &number.to_string())))?;
        rest.split('"').next()
    };
    (1..).map_while(field).collect()
}

#[test]
fn what_was_typed_stays_in_its_row() {
    let server = Server::start();
    let send = |sources: &str| {
        let form = format!("protocol=udp&port_from=1&port_to=9&{sources}");
        server.send(browser(Request::post("/api/firewalls/test/rules").form(&form))).expect(400).body
    };
    let page =
        send("ip_address1=&ip_address2=+&ip_address3=here&ip_address4=&group1=&group1owner=&group2=a&group2owner=1");
    assert_wrong(&page, "ip_address3", "here");
    assert_eq!(rows(&page, "ip_addressN"), ["", " ", "here", ""]);
    assert_eq!((rows(&page, "groupN"), rows(&page, "groupNowner")), (vec!["", "a", ""], vec!["", "1", ""]));

    let page = send("ip_address1=10.0.0.0/8&group1=&group1owner=&group2=web&group2owner=&group3=&group3owner=");
    assert_wrong(&page, "group2owner", "");
    assert_eq!(rows(&page, "groupN"), ["", "web", ""]);

    // Sent by other names, each is there once all the same.
    let page = send("ip-address=1.1.1.1&IP_Address9=&ip_address3=here&ip_address3=2.2.2.2&ip_address99999999=3.3.3.3");
    assert_wrong(&page, "ip_address2", "here");
    assert_eq!(rows(&page, "ip_addressN"), ["1.1.1.1", "here", "2.2.2.2", "3.3.3.3"]);
    let page = send("group7owner=1&GROUP99999999999999999999=web");
    assert_wrong(&page, "group1", "");
    assert_eq!((rows(&page, "groupN"), rows(&page, "groupNowner")), (vec!["", "web", ""], vec!["1", "", ""]));

    // What is wrong with no field of this form, or with none at all, leads to none.
    for page in [send("rule_action=maybe"), send("ip_address1="), get(&server, "/api/firewalls/test/new_rule").body] {
        assert!(!page.contains("autofocus") && !page.contains("Go to the field"), "{page}");
    }
}

#[test]
fn what_is_required_is_said() {
    let server = Server::start();
    for (path, fields, count) in
        [("/api/firewalls/new", &["name", "description"][..], 2), ("/api/firewalls/test/new_rule", &["protocol"], 1)]
    {
        let page = get(&server, path).expect(200).body;
        for name in fields {
            let field = page.split(&format!("<input id=\"{name}\"")).nth(1).unwrap().split('>').next().unwrap();
            assert!(field.contains(" required"), "{field}");
            assert!(page.contains(&format!("<small id=\"{name}-hint\">Required")), "{name} in {page}");
        }
        assert_eq!((page.matches(" required").count(), page.matches(">Required").count()), (count, count), "{page}");
    }
}

#[test]
fn what_was_too_much_is_kept_as_it_was_typed() {
    let server = Server::with(&["--max-parameters", "12", "--max-body", "20000"]);
    let long = "x".repeat(4097);
    let send =
        |path: &str, status, form: &str| server.send(browser(Request::post(path).form(form))).expect(status).body;

    let page = send("/api/firewalls", 400, &format!("name=a+b&description={long}&vpc_id="));
    assert!(page.contains("Parameter &#39;description&#39; is longer than 4096 bytes."), "{page}");
    assert_wrong(&page, "description", &long);
    assert!(page.contains("name=\"name\" value=\"a b\""), "{page}");
    let form = [("name", "multipart"), ("description", &long)];
    let page = server.send(browser(Request::post("/api/firewalls").multipart(&form))).expect(400).body;
    assert_wrong(&page, "description", &long);

    let rule =
        format!("protocol=udp&port_from=1&port_to=9&ip_address1=&ip_address2={long}&ip_address3=1.1.1.1&group1=a");
    let page = send("/api/firewalls/test/rules", 400, &rule);
    assert_wrong(&page, "ip_address2", &long);
    assert_eq!(rows(&page, "ip_addressN"), ["", &long, "1.1.1.1"]);
    assert!(page.contains("value=\"udp\"") && page.contains("name=\"group1\" value=\"a\""), "{page}");

    let many: String = (1..20).map(|number| format!("&ip_address{number}=10.0.0.{number}")).collect();
    let page = send("/api/firewalls/test/rules", 400, &format!("protocol=udp&port_from=1&port_to=9{many}"));
    assert!(page.contains("The request has more than 12 parameters."), "{page}");
    assert_eq!(rows(&page, "ip_addressN").len(), 19, "{page}");

    let more: String = (20..40).map(|number| format!("&ip_address{number}=10.0.0.{number}")).collect();
    let page = send("/api/firewalls/test/rules", 400, &format!("protocol=udp&port_from=1&port_to=9{many}{more}"));
    assert!(!page.contains("<form"), "no person has typed so much: {page}");

    // What could not be read at all is not there to be kept, and what has no form has none now either.
    let page = send("/api/firewalls", 413, &format!("name=n&description={}", "x".repeat(20_000)));
    assert!(!page.contains("<form"), "{page}");
    let page = send("/api/firewalls/test", 405, &format!("_method=delete&x={long}"));
    assert!(!page.contains("<form"), "{page}");
    let fgcp = Request::post("/api/firewalls/x/rules").on_fgcp().accept(BROWSER).form(&rule);
    assert!(!server.send(fgcp).expect(400).body.contains("<form"), "this driver makes no rules");
    // Nor is any of it repeated to who may not ask.
    let anonymous = Request::post("/api/firewalls").accept(BROWSER).form(&format!("name=n&description={long}"));
    assert!(!server.send(anonymous).expect(401).body.contains(&long));
    get(&server, "/api/firewalls/n").expect(404);
}

#[test]
fn what_a_driver_cannot_do_is_not_offered() {
    let server = Server::start();
    let get = |path: &str| server.send(Request::get(path).on_fgcp().accept(BROWSER));
    let page = get("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001").expect(200).body;
    assert!(!page.contains("new_rule"), "{page}");
    for text in ["Delete this firewall", ">Direction</th>", ">Action</th>", ">Log</th>"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    get("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/new_rule").expect(501);
    let get = |path: &str| server.send(browser(Request::get(path))).expect(200).body;
    let page = get("/api/firewalls/test");
    assert!(page.contains(">Direction</th>") && page.contains(">Action</th>"), "these every rule has: {page}");
    assert!(!page.contains(">Log</th>"), "{page}");
    let form = get("/api/firewalls/test/new_rule");
    assert!(form.contains("name=\"direction\"") && !form.contains("name=\"rule_action\""), "{form}");
}

#[test]
fn ports_are_called_what_they_are() {
    let server = Server::start();
    for (number, (protocol, from, to, shown)) in [
        ("tcp", 22, 22, "22 <small>ssh</small>"),
        ("udp", 22, 22, "22"),
        ("tcp", 67, 67, "67"),
        ("udp", 67, 67, "67 <small>dhcp</small>"),
        ("tcp", 53, 53, "53 <small>dns</small>"),
        ("udp", 53, 53, "53 <small>dns</small>"),
        ("tcp", 0, 65535, "all"),
        ("tcp", 1, 65535, "1–65535"),
        ("udp", 80, 443, "80–443"),
        ("icmp", -1, -1, "all"),
        ("icmp", 8, 0, "type 8, code 0 <small>echo request</small>"),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/api/firewalls/n{number}");
        let made = Request::post("/api/firewalls").form(&format!("name=n{number}&description=d"));
        server.send(made.on_mock()).expect(201);
        let rule = format!("protocol={protocol}&port_from={from}&port_to={to}&ip_address1=10.0.0.0/8");
        server.send(Request::post(&format!("{path}/rules")).form(&rule).on_mock()).expect(201);
        let page = get(&server, &path).body;
        assert!(page.contains(&format!(">{shown}</td>")), "{protocol} {from} {to} {shown}: {page}");
    }
}

/// No source is the world, and all of them are.
#[test]
fn the_world_is_the_world_in_whatever_parts() {
    let server = Server::start();
    let halves = "0.0.0.0/1,128.0.0.0/1";
    let quarters = "0.0.0.0/2,64.0.0.0/2,128.0.0.0/2";
    for (number, (rules, marks)) in [
        (vec![("tcp", "0.0.0.0/0")], 1),
        (vec![("tcp", "0.0.0.0/0,10.0.0.0/8,::/0")], 2),
        (vec![("tcp", halves)], 1),
        (vec![("tcp", quarters)], 1),
        (vec![("tcp", "0.0.0.0/2,64.0.0.0/2,10.0.0.0/8,128.0.0.0/32")], 1),
        (vec![("tcp", "2000::/4,3000::/4,10.0.0.0/8")], 1),
        (vec![("tcp", "2000::/3")], 1),
        // By rules that let the same traffic in.
        (vec![("tcp", "0.0.0.0/1"), ("tcp", "128.0.0.0/1")], 2),
        (vec![("tcp", "0.0.0.0/1"), ("udp", "128.0.0.0/1")], 0),
        // Half of a family is not more than half, however often it is there.
        (vec![("tcp", "0.0.0.0/1")], 0),
        (vec![("tcp", "0.0.0.0/2,64.0.0.0/2,10.0.0.0/8")], 0),
        (vec![("tcp", "0.0.0.0/1,8000::/1")], 0),
        (vec![("tcp", "10.0.0.0/8,192.168.0.0/16,fc00::/7")], 0),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/api/firewalls/n{number}");
        let new = Request::post("/api/firewalls").form(&format!("name=n{number}&description=d"));
        server.send(new.on_mock()).expect(201);
        for direction in ["ingress", "egress"] {
            for (protocol, sources) in &rules {
                let rule =
                    format!("protocol={protocol}&port_from=1&port_to=9&direction={direction}&ip_address={sources}");
                server.send(Request::post(&format!("{path}/rules")).form(&rule).on_mock()).expect(201);
            }
        }
        let page = get(&server, &path).expect(200).body;
        assert_eq!(page.matches("open to the world").count(), marks, "{rules:?}: {page}");
    }
}

#[test]
fn everything_shown_is_text() {
    let hostile = "<script>alert(1)</script>\"'&";
    let data = format!("[[firewalls]]\nname = {hostile:?}\ndescription = {hostile:?}\n");
    let server = Server::with(&["--mock-data", &file("hostile-page.toml", &data)]);
    let form = [("name", hostile), ("description", hostile)];
    let refused = server.send(browser(Request::post("/api/firewalls").multipart(&form))).expect(502).body;
    assert!(refused.contains("&#60;script&#62;alert(1)") && !refused.contains("<script>alert"), "{refused}");
    let path = "/api/firewalls/%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26".to_owned();
    for path in
        [path.as_str(), "/api/firewalls", "/api/firewalls?filter=%3Cscript%3Ealert(1)%22", &format!("{path}/new_rule")]
    {
        let page = get(&server, path).expect(200).body;
        assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "{page}");
    }
    let title = "<title>&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38; – deltawall</title>";
    assert!(get(&server, &path).body.contains(title));
    let page = get(&server, "/api/firewalls/%3Cscript%3E").expect(404).body;
    assert!(page.contains("&#60;script&#62;") && !page.contains("<script>"), "{page}");
}

#[test]
fn the_list_is_filtered_without_a_script() {
    let server = Server::start();
    for (filter, names) in
        [("", 3), ("TEST", 1), ("new_one", 1), ("group", 1), ("e", 3), ("nothing", 0), ("%20Default+", 1)]
    {
        let page = get(&server, &format!("/api/firewalls?filter={filter}")).expect(200).body;
        assert_eq!(page.matches("<th scope=\"row\"").count(), names, "{filter}");
        assert!(page.contains(&format!("{names} of 3 firewalls")), "{filter}");
    }
}

#[test]
fn pages_have_their_headers_and_their_assets() {
    let server = Server::start();
    for path in ["/api", "/api/firewalls/absent", "/nothing"] {
        let answer = get(&server, path);
        let policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        assert_eq!(answer.header("Content-Security-Policy"), Some(policy));
        assert_eq!(answer.header("X-Frame-Options"), Some("DENY"));
        assert_eq!(answer.header("Referrer-Policy"), Some("same-origin"));
        let page = answer.body;
        assert!(!page.contains("style=") && !page.contains("onclick") && !page.contains("//"), "{page}");
        for (asset, content_type) in [
            ("style.css", "text/css; charset=utf-8"),
            ("script.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
        ] {
            assert!(page.contains(&format!("/api/assets/{asset}")), "{page}");
            // Without credentials, in no format, and whatever driver was chosen.
            let request = Request::get(&format!("/api;driver=none/assets/{asset}")).accept("image/png");
            let asset = server.send(request).expect(200);
            assert_eq!(asset.header("Content-Type"), Some(content_type));
            assert!(!asset.body.contains("http://") || asset.body.starts_with("<svg"), "nothing is of another host");
        }
    }
    let answer = server.send(Request::get("/api"));
    assert_eq!(answer.header("X-Frame-Options"), None, "other formats are as they always were");
    server.send(Request::get("/api/assets/other.css")).expect(404);
    server.send(Request::get("/api/assets/..%2fmod.rs")).expect(404);
}
