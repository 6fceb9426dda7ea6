//! Where pages lead.

use crate::pages::{browser, get};
use crate::server::Server;
use crate::wire::Request;

/// Where a page leads: to which links, and to which forms' actions.
fn links(page: &str) -> Vec<&str> {
    let of = |name| page.split(name).skip(1).map(|rest| rest.split('"').next().unwrap());
    of(" href=\"").chain(of(" action=\"")).collect()
}

#[test]
fn a_choice_that_is_refused_leads_nowhere_again() {
    let server = Server::start();
    for (path, entry_point) in [
        ("/api;driver=bogus/firewalls", "/api"),
        ("/api;driver=bogus;provider=here/firewalls", "/api"),
        ("/api;driver=fgcp;provider=mars/firewalls/new", "/api;driver=fgcp"),
    ] {
        let page = get(&server, path).expect(400).body;
        assert!(page.contains(&format!("href=\"{entry_point}/firewalls\"")), "{page}");
        for link in links(&page).iter().filter(|link| !link.contains("/assets/") && !link.starts_with('#')) {
            let after = link.strip_prefix(entry_point).unwrap_or_else(|| panic!("{link} on {path}"));
            assert!(after.is_empty() || after.starts_with('/'), "{link} on {path}");
        }
    }
}

#[test]
fn the_providers_are_in_sight_where_one_is_chosen() {
    let server = Server::start();
    let is_open = |path: &str| get(&server, path).expect(200).body.contains("<details open>");
    assert!(is_open("/api/drivers/fgcp"), "a few are always");
    assert!(!is_open("/api;driver=ec2/drivers/ec2"));
    assert!(is_open("/api;driver=ec2;provider=eu-west-1/drivers/ec2"));
    assert!(!is_open("/api;driver=fgcp;provider=uk/drivers/ec2"));
}

/// Everything that can be reached from the entry point by links alone keeps the choice, but for what pages are made of
/// and the links to another choice; and so does what forms lead to.
#[test]
fn links_keep_the_choice_and_what_a_proxy_puts_before_the_path() {
    let server = Server::with(&["--public-url", "https://fw.example.com/gateway"]);
    let (proxy, chosen) = ("/gateway", "/gateway/api;driver=mock;provider=here");
    let send = |request: Request| server.send(browser(request));
    let path_of = |link: &str| link.strip_prefix(proxy).unwrap().to_owned();
    let keeps = |link: &str| link.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let (mut found, mut seen, mut actions) = (vec![chosen.to_owned()], Vec::new(), Vec::new());
    let mut look = |found: &mut Vec<String>, page: &str| {
        for link in links(page).into_iter().filter(|link| !link.starts_with('#')) {
            let is_choice = link.starts_with("/gateway/api;driver=") && link.matches('/').count() == 2;
            let is_asset = link.starts_with("/gateway/api/assets/");
            assert!(keeps(link) || is_asset || is_choice && page.contains("<h1>Drivers"), "{link} in {page}");
            match page.contains(&format!(" action=\"{link}\"")) {
                true => actions.push(link.to_owned()),
                false if keeps(link) => found.push(link.to_owned()),
                false => {}
            }
        }
    };
    while let Some(link) = found.pop() {
        if !seen.contains(&link) {
            let answer = send(Request::get(&path_of(&link))).expect(200);
            if answer.header("Content-Type") == Some("text/html; charset=utf-8") {
                look(&mut found, &answer.body);
            }
            seen.push(link);
        }
    }
    for page in ["", "/docs", "/firewalls", "/firewalls/new", "/firewalls/test", "/firewalls/test/new_rule"] {
        assert!(seen.contains(&format!("{chosen}{page}")), "{page} was not reached: {seen:?}");
    }
    // What went wrong leads on, too.
    let form = |path: &str, form: &str| send(Request::post(&path_of(&format!("{chosen}{path}"))).form(form));
    for page in [
        send(Request::get(&path_of(&format!("{chosen}/firewalls/absent")))).expect(404),
        form("/firewalls", "name=").expect(400),
        form("/firewalls/test/rules", "protocol=tcp").expect(400),
        form("/firewalls/default", "_method=delete").expect(502),
    ] {
        look(&mut found, &page.body);
    }
    actions.sort();
    actions.dedup();
    let rule = "protocol=tcp&port_from=1&port_to=2&direction=egress&ip_address1=10.0.0.0/8";
    for (path, body, next) in [
        ("/firewalls", "name=n&description=d", "/firewalls/n"),
        ("/firewalls/test/rules", rule, "/firewalls/test?direction=all"),
    ] {
        assert!(actions.contains(&format!("{chosen}{path}")), "{actions:?}");
        assert_eq!(form(path, body).expect(303).header("Location"), Some(&*format!("{chosen}{next}")));
    }
    let deletions = actions.iter().filter(|action| action.starts_with(&format!("{chosen}/firewalls/test")));
    let deletions: Vec<_> =
        deletions.filter(|action| !["/rules", "/edit"].iter().any(|end| action.ends_with(end))).rev().collect();
    assert_eq!(deletions.len(), 2, "of a rule, then of its firewall: {deletions:?}");
    for (action, next) in deletions.into_iter().zip(["/firewalls/test", "/firewalls"]) {
        let answer = send(Request::post(&path_of(action)).form("_method=delete")).expect(303);
        assert_eq!(answer.header("Location"), Some(&*format!("{chosen}{next}")));
    }
}
