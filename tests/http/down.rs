//! The cloud, or the store, is down at the wrong time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor};

use crate::instance::{Instance, eventually};
use crate::server::{Server, program};
use crate::timed::{self, RULE, Timed, id_of, sqlite};
use crate::wire::Request;

fn minute() -> Duration {
    Duration::from_secs(60)
}

/// What the cloud may do when it is asked to take a rule away.
const FAULTS: [&str; 5] = ["throttle", "error", "deny", "hang", "cut"];

#[test]
fn a_trial_is_undone_as_soon_as_the_cloud_lets_it() {
    for fault in FAULTS {
        let gateway = Timed::ec2_in_time(sqlite(), Duration::from_secs(1));
        let cloud = gateway.cloud.as_ref().unwrap();
        let before = gateway.rules("web");
        let id = gateway.post("web", "confirm_within=60");
        cloud.fault("RevokeSecurityGroupIngress", fault, 1_000);
        gateway.clock.passes(minute());
        eventually("it was tried in vain", || {
            let change = gateway.change(&id);
            (change["state"] == "undoing" && change["note"].is_string()).then_some(())
        });
        assert_ne!(gateway.rules("web"), before);
        let refused = gateway.send(Request::post(&format!("/api/changes/{id}/confirm"))).expect(409);
        assert!(refused.message().contains("Its time is over"), "{}", refused.message());
        gateway.send(Request::post("/api/firewalls/web/rules").form(RULE)).expect(409);
        cloud.forgive();
        eventually("it is undone", || {
            gateway.clock.passes(Duration::from_secs(1));
            (gateway.change(&id)["state"] == "undone").then_some(())
        });
        assert_eq!(gateway.rules("web"), before, "{fault}");
    }
}

#[test]
fn a_rule_ends_as_soon_as_the_cloud_lets_it() {
    for fault in FAULTS {
        let gateway = Timed::ec2_in_time(sqlite(), Duration::from_secs(1));
        let cloud = gateway.cloud.as_ref().unwrap();
        let before = gateway.rules("web");
        gateway.post("web", "expires_in=60");
        cloud.fault("RevokeSecurityGroupIngress", fault, 1_000);
        gateway.clock.passes(minute());
        let calls = || cloud.calls().iter().filter(|call| call.starts_with("RevokeSecurityGroupIngress")).count();
        eventually("it was tried in vain", || (calls() > 0).then_some(()));
        cloud.forgive();
        eventually("it is gone", || {
            gateway.clock.passes(Duration::from_secs(1));
            (gateway.rules("web") == before).then_some(())
        });
    }
}

/// One cloud that hangs holds up no other firewall.
#[test]
fn others_end_in_time_while_one_hangs() {
    let gateway = Timed::ec2_in_time(sqlite(), Duration::from_secs(20));
    let cloud = gateway.cloud.as_ref().unwrap();
    gateway.send(Request::post("/api/firewalls").form("name=other&description=d")).expect(201);
    gateway.post("web", "confirm_within=10");
    let other = gateway.post("other", "confirm_within=20");
    cloud.fault("RevokeSecurityGroupIngress", "hang", 1);
    gateway.clock.passes(Duration::from_secs(10));
    let calls = || cloud.calls().iter().filter(|call| call.starts_with("RevokeSecurityGroupIngress")).count();
    eventually("the first hangs", || (calls() > 0).then_some(()));
    gateway.clock.passes(Duration::from_secs(10));
    let began = Instant::now();
    eventually("the other is undone", || (gateway.change(&other)["state"] == "undone").then_some(()));
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// The program, whose files may have so many KiB.
fn with_little_room(state: &str, kib: u32) -> Instance {
    let deltawall = program(&[]).get_program().to_owned();
    let mut command = program(&[]);
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    let arguments = ["-p", "0", "--state", state, "--admin-listen", "0", "--log-format", "json"];
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).arg(deltawall).args(arguments);
    shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    std::mem::swap(&mut command, &mut shell);
    Instance::spawn(command)
}

#[test]
fn a_store_that_is_full_takes_no_change_and_reads_go_on() {
    let folder = tempfile::TempDir::new().unwrap();
    let state = folder.path().join("state.db");
    let gateway = with_little_room(state.to_str().unwrap(), 200);
    let send = |request: Request| gateway.send(request.on_mock().accept("application/json"));
    let make = |nth: usize| send(Request::post("/api/firewalls").form(&format!("name=n{nth}&description=d"))).status;
    let statuses = (0..2_000).map(make).scan(0, |refused, status| {
        *refused += usize::from(status == 503);
        (*refused <= 5).then_some(status)
    });
    let statuses: Vec<_> = statuses.collect();
    assert!(statuses.iter().all(|status| [201, 503].contains(status)) && statuses.contains(&503), "{statuses:?}");
    let made: BTreeSet<_> =
        (0..).zip(&statuses).filter(|(_, status)| **status == 201).map(|(nth, _)| format!("n{nth}")).collect();
    let names = |list: &Value, key: &str| -> BTreeSet<String> {
        let names = list.as_array().unwrap().iter().map(|one| one.pointer(key).unwrap().as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with('n') && name != "new_firewall").collect()
    };
    // Nothing was asked of the driver for what was refused.
    assert_eq!(names(&send(Request::get("/api/firewalls")).expect(200).json()["firewalls"], "/name"), made);
    drop(gateway);
    // What was answered is on the disk, and did not only seem to be.
    let gateway = Server::with(&["--state", state.to_str().unwrap()]);
    let mut kept = BTreeSet::new();
    let mut next = Some("/api/changes".to_owned());
    while let Some(path) = next {
        let page = gateway.send(Request::get(&path).on_mock().accept("application/json")).expect(200).json();
        kept.extend(names(&page["changes"], "/firewall/id"));
        next = page["next"].as_str().map(|url| format!("/api{}", url.split_once("/api").unwrap().1));
    }
    assert!(made.is_subset(&kept), "{made:?} {kept:?}");
}

#[test]
fn a_file_that_is_gone_takes_no_change() {
    let folder = tempfile::TempDir::new().unwrap();
    let state = folder.path().join("state.db");
    let gateway = Instance::with(&["--state", state.to_str().unwrap()]);
    let send = |request: Request| gateway.send(request.on_mock().accept("application/json"));
    send(Request::post("/api/firewalls/default/rules").form(RULE)).expect(201);
    std::fs::remove_file(&state).unwrap();
    let other = "protocol=tcp&port_from=8080&port_to=8080&ip_address1=10.9.0.0/16";
    send(Request::post("/api/firewalls/default/rules").form(other)).expect(503);
    assert_eq!(send(Request::get("/api/changes")).expect(200).json()["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_is_gone_takes_no_change_until_it_is_back() {
    let (kept, folder) = timed::postgres();
    let url = match &kept.place {
        deltawall::config::StorePlace::Postgres(url) => secrecy::ExposeSecret::expose_secret(url).to_owned(),
        _ => unreachable!(),
    };
    let gateway = Timed::mock((kept, folder));
    let id = gateway.post("default", "confirm_within=60");
    let (server, name) = url.rsplit_once('/').unwrap();
    let admin = |statement: String| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = sqlx::AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
            connection.execute(AssertSqlSafe(statement)).await.unwrap();
        });
    };
    admin(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    admin(format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{name}'"));
    let rules = gateway.rules("default");
    let make = || gateway.send(Request::post("/api/firewalls").form("name=n&description=d"));
    make().expect(503);
    gateway.send(Request::post(&format!("/api/changes/{id}/confirm"))).expect(503);
    gateway.clock.passes(minute());
    assert_eq!(gateway.rules("default"), rules);
    admin(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    eventually("the trial is undone", || {
        gateway.clock.passes(Duration::from_secs(1));
        let shown = gateway.send(Request::get(&format!("/api/changes/{id}")));
        (shown.status == 200 && shown.json()["change"]["state"] == "undone").then_some(())
    });
    assert_eq!(make().expect(201).json()["firewall"]["name"], json!("n"));
}

/// Gateways that share a store end what others have begun, and each thing once.
#[test]
fn what_one_gateway_has_begun_another_ends() {
    let (kept, folder) = timed::postgres();
    let key = kept.key.clone();
    let first = Timed::ec2((kept.clone(), folder));
    let second = first.beside((deltawall::config::Kept { key, ..kept }, None));
    let before = first.rules("web");
    let id = first.post("web", "confirm_within=60");
    eventually("the other knows of it", || {
        second.clock.passes(Duration::from_secs(1));
        let shown = second.get("/api/firewalls/web");
        (shown["firewall"]["trial"]["id"] == json!(id)).then_some(())
    });
    let refused = second.send(Request::post("/api/firewalls/web/rules").form(RULE)).expect(409);
    assert!(refused.message().contains(&id), "{}", refused.message());
    // The time of the first stands still, as if it were dead.
    eventually("the other undoes it", || {
        second.clock.passes(Duration::from_secs(1));
        (second.change(&id)["state"] == "undone").then_some(())
    });
    assert_eq!(second.rules("web"), before);
    let tried = first.send(Request::post("/api/firewalls/web/rules?confirm_within=3600").form(RULE)).expect(201);
    let id = id_of(&tried);
    second.send(Request::post(&format!("/api/changes/{id}/confirm"))).expect(200);
    assert_eq!(first.change(&id)["state"], "confirmed");
}
