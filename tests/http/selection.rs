//! Which driver and provider a request is for.

use insta::assert_snapshot;

use crate::instance::file;
use crate::server::{Server, printed, program};
use crate::wire::{Answer, Request};

fn chosen(answer: &Answer) -> (&str, Option<&str>) {
    (answer.header("X-Deltacloud-Driver").unwrap(), answer.header("X-Deltacloud-Provider"))
}

#[test]
fn matrix_parameters_win_over_headers_and_these_over_the_defaults() {
    let server = Server::with(&["-i", "fgcp", "-P", "SG"]);
    for (path, driver, provider, expected) in [
        ("/api", "", "", ("fgcp", Some("sg"))),
        ("/api", "", "au", ("fgcp", Some("au"))),
        ("/api", "FGCP", "", ("fgcp", Some("sg"))),
        ("/api", "mock", "", ("mock", None)),
        ("/api", "Memory", "Paris", ("mock", Some("paris"))),
        ("/api;driver=gcp", "mock", "", ("fgcp", Some("sg"))),
        ("/api;driver=gcp;provider=de", "mock", "paris", ("fgcp", Some("de"))),
        ("/api;provider=us", "", "uk", ("fgcp", Some("us"))),
        ("/api;driver=;provider=", "mock", "", ("mock", None)),
    ] {
        let request =
            Request::get(path).header("X-Deltacloud-Driver", driver).header("X-Deltacloud-Provider", provider);
        assert_eq!(chosen(&server.send(request).expect(200)), expected, "{path} {driver} {provider}");
    }
}

#[test]
fn matrix_parameters_choose_with_every_method() {
    let server = Server::with(&["--fgcp-stop-delay", "60"]);
    let base = "/api;driver=fgcp;provider=jp-east/firewalls";
    let archive = format!("{base}/UZXC0GRT-7KX0B4T1E-S-0001");
    for (request, status) in [
        (Request::get(base), 200),
        (Request::new("HEAD", base), 200),
        (Request::new("OPTIONS", base), 200),
        (Request::get(&archive), 200),
        (Request::post(base).form("name=n&description=2-tier+Skeleton"), 201),
        (Request::post(&format!("{archive}/rules")), 501),
        (Request::delete(&format!("{base}/UZXC0GRT-ZG8ZJCJ07-S-0001/45001")), 204),
        (Request::delete(&archive), 204),
        (Request::get(&archive), 404),
    ] {
        let answer = server.send(request.on_fgcp().header("X-Deltacloud-Driver", "mock")).expect(status);
        assert_eq!(chosen(&answer), ("fgcp", Some("jp-east")));
    }
}

#[test]
fn links_keep_the_matrix_parameters() {
    let server = Server::start();
    let base = "http://gateway.test:3001/api;driver=memory;provider=b";
    let request = Request::post("/api;provider=b;driver=memory/firewalls?name=n%2Fm&description=d").on_mock();
    let answer = server.send(request).expect(201);
    assert_eq!(answer.header("Location").unwrap(), format!("{base}/firewalls/n%2Fm"));
    assert!(answer.body.contains(&format!("href='{base}/firewalls/n%2Fm/rules'")), "{}", answer.body);
    let answer = server.send(Request::get("/api;driver=memory;provider=b?format=json")).json();
    assert_eq!(answer["api"]["links"][1]["href"], format!("{base}/firewalls"));
}

#[test]
fn what_is_not_there_is_refused() {
    let server = Server::start();
    for format in ["xml", "json"] {
        let answer = server.send(Request::get(&format!("/api?format={format}")).header("X-Deltacloud-Driver", "azure"));
        assert_snapshot!(format!("unknown_driver-{format}"), answer.text());
        let answer = server.send(Request::get(&format!("/api;driver=fgcp;provider=mars?format={format}")));
        assert_snapshot!(format!("unknown_provider-{format}"), answer.text());
    }
    let answer = server.send(Request::get("/api;driver=fgcp;provider=mars"));
    assert_eq!(chosen(&answer.expect(400)), ("fgcp", None), "the driver was there");
    for provider in ["a/b", "a@b", "a:1", "169.254.169.254/latest", "..%2f", "a b", "-a", &"a".repeat(64), "\u{e9}"] {
        server.send(Request::get("/api/firewalls").on_mock().header("X-Deltacloud-Provider", provider)).expect(400);
    }
}

/// Else anybody may fill the mock of a gateway to EC2, whose login is published.
#[test]
fn a_driver_that_is_not_served_is_not_there() {
    let ids = |server: &Server| -> Vec<String> {
        let list = server.send(Request::get("/api/drivers")).expect(200).body;
        let ids = list.split("<driver ").skip(1).map(|one| one.split(" id='").nth(1).unwrap());
        ids.map(|id| id.split('\'').next().unwrap().to_owned()).collect()
    };
    for (arguments, served) in [
        (&[][..], &["mock", "mock-nftables", "ec2", "fgcp"][..]),
        (&["-i", "GCP"], &["mock", "mock-nftables", "ec2", "fgcp"]),
        (&["-i", "ec2"], &["ec2"]),
        (&["--drivers", "mock"], &["mock"]),
        (&["-i", "Mock-NFTables", "--drivers", "mock-nftables"], &["mock-nftables"]),
        (&["--drivers", "Memory, MOCK"], &["mock"]),
        (&["-i", "fgcp", "--drivers", "gcp,ec2"], &["ec2", "fgcp"]),
        (&["-i", "ec2", "--drivers", "mock", "--drivers", "EC2"], &["mock", "ec2"]),
        (&["-i", "ec2", "--drivers", ""], &["ec2"]),
    ] {
        let server = Server::with(arguments);
        assert_eq!(ids(&server), served, "{arguments:?}");
        assert!(server.greeting[0].ends_with(&format!("has {}", served.join(", "))), "{:?}", server.greeting);
        let page = server.send(Request::get("/api").accept("text/html")).expect(200).body;
        for (id, alias) in [("mock", "memory"), ("mock-nftables", "MOCK-nftables"), ("ec2", "EC2"), ("fgcp", "gcp")] {
            let is_served = served.contains(&id);
            assert_eq!(page.contains(&format!("/api;driver={id}\"")), is_served, "{page}");
            for name in [id, alias] {
                let [shown, chosen] = [format!("/api/drivers/{name}"), format!("/api;driver={name}/drivers")]
                    .map(|path| server.send(Request::get(&path)).status);
                assert_eq!((shown, chosen), if is_served { (200, 200) } else { (404, 400) }, "{name} of {arguments:?}");
                let by_header = Request::get("/api").header("X-Deltacloud-Driver", name);
                assert_eq!(server.send(by_header).status, if is_served { 200 } else { 400 });
            }
        }
    }
    let ec2 = Server::with(&["-i", "ec2"]);
    let form = format!("name=n&description=d&x={}", "y".repeat(4000));
    let post = Request::post("/api;driver=mock/firewalls").on_mock().form(&form);
    assert_eq!(ec2.send(post).expect(400).message(), "Unknown driver 'mock'. The drivers are ec2.");
}

/// It costs nothing: no thread, and its file is not read.
#[test]
fn a_driver_that_is_not_served_costs_nothing() {
    let threads = |arguments: &[&str]| {
        let server = Server::with(arguments);
        server.send(Request::get("/api")).expect(200);
        let tasks = std::fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
        let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
        names.filter(|name| name.trim() == "cloud").count()
    };
    assert_eq!(threads(&[]), 2);
    assert_eq!(threads(&["--drivers", "mock,fgcp", "--ec2-endpoint", "http://127.0.0.1:1"]), 0);
    threads(&["-i", "ec2", "--mock-data", "/nowhere.toml", "--fgcp-data", "/nowhere.toml"]);
}

/// Rights outlive a change of what is served.
#[test]
fn rights_may_be_for_a_driver_that_is_not_served() {
    let hash = "$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232";
    let clients = file("unserved-clients", &format!("alice:{hash}:read-only:ec2/eu-west-1,GCP,mock\n"));
    let own = ["--user", "mockuser", "--password", "mockpassword", "--clients", &clients];
    let server = Server::with(&[&own[..], &["--drivers", "mock"]].concat());
    server.send(Request::get("/api;driver=ec2/firewalls")).expect(400);
    server.send(Request::get("/api/firewalls").on_mock()).expect(401);
}

#[test]
fn the_drivers_that_are_served_are_set_in_the_environment_and_the_file_too() {
    let config = file("drivers.toml", "port = 0\ndriver = \"fgcp\"\ndrivers = [\"mock\", \"fgcp\"]\n");
    let mut command = program(&["--config", &config]);
    command.stderr(printed());
    assert!(Server::spawn(command).greeting[0].ends_with("has mock, fgcp"));
    let mut command = program(&["--config", &config]);
    command.env("API_DRIVERS", "FGCP,ec2").stderr(printed());
    assert!(Server::spawn(command).greeting[0].ends_with("has ec2, fgcp"));
}

#[test]
fn providers_of_the_mock_are_worlds_of_their_own_and_bounded() {
    let server = Server::start();
    let list = |provider: &str| {
        server.send(Request::get("/api/firewalls?format=json").on_mock().header("X-Deltacloud-Provider", provider))
    };
    server.send(Request::post("/api;provider=a/firewalls?name=n&description=d").on_mock()).expect(201);
    let count = |provider: &str| list(provider).expect(200).json()["firewalls"].as_array().unwrap().len();
    assert_eq!([count("a"), count("A"), count("b"), count("")], [4, 4, 3, 3]);
    // Looking at a provider costs nothing, changing it does.
    for n in 0..200 {
        list(&format!("seen{n}")).expect(200);
    }
    let change = |provider: &str| {
        server.send(Request::post(&format!("/api;provider={provider}/firewalls?name=n&description=d")).on_mock())
    };
    for n in 1..100 {
        // What changes nothing takes no place.
        let refused = Request::delete(&format!("/api;provider=untouched{n}/firewalls/absent"));
        server.send(refused.on_mock()).expect(404);
        change(&format!("changed{n}")).expect(201);
    }
    let refused = change("one-too-many").expect(502);
    assert!(refused.message().starts_with("ResourceLimitExceeded: "), "{}", refused.body);
    assert_eq!([count("a"), count("one-too-many")], [4, 3]);
}

#[test]
fn hrefs_start_with_the_host_that_was_called() {
    let server = Server::start();
    let port = server.address.port();
    for (request, base) in [
        (Request::get("/api"), "http://gateway.test:3001/api".to_owned()),
        (Request::get("/api").header("Host", "other"), "http://other/api".to_owned()),
        (Request::get("/api").header("Host", "[::1]:80"), "http://[::1]:80/api".to_owned()),
        (Request::get("/api").header("Host", "user@evil"), format!("http://127.0.0.1:{port}/api")),
        (Request::get("/api").header("Host", "a'><b"), format!("http://127.0.0.1:{port}/api")),
        (Request::get("/api").header("X-Forwarded-Host", "evil"), "http://gateway.test:3001/api".to_owned()),
        (Request::get("/api").header("Forwarded", "host=evil;proto=https"), "http://gateway.test:3001/api".to_owned()),
    ] {
        let answer = server.send(request).expect(200);
        assert!(answer.body.contains(&format!("href='{base}/firewalls'")), "{}", answer.body);
    }
    let mut connection = server.connect();
    connection.write(b"GET /api HTTP/1.0\r\n\r\n");
    assert!(connection.read(true).expect(200).body.contains(&format!("http://127.0.0.1:{port}/api/firewalls")));

    let behind_proxy = Server::with(&["--public-url", "https://fw.example.com/cloud/"]);
    let answer = behind_proxy.send(Request::get("/api"));
    assert!(answer.body.contains("href='https://fw.example.com/cloud/api/firewalls'"), "{}", answer.body);
}
