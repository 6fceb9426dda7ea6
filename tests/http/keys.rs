//! API keys and time-based codes: the clients of a gateway that hold them, as APIs ask after them.

use std::sync::Arc;

use deltawall::config::{Config, Start};
use deltawall::gateway::access::{Access, Asked, Denial};
use deltawall::gateway::keys::{KeyHolder, SAMPLE_KEY, SAMPLE_USER, SampleUser};
use deltawall::gateway::{Gateway, Registry};
use deltawall_core::ProviderName;

use crate::accounts::{By, OWN, add, password};
use crate::clients_file::list;
use crate::instance::{Instance, file, run};
use crate::server::no_documents;
use crate::wire::Request;

/// 1970-01-01 00:00:59, of RFC 6238's appendix B.
const NOW: u64 = 59;

/// A gateway in this process that is asked as an API asks it.
struct Asking(Arc<Gateway>);

impl Asking {
    fn with(arguments: &[&str]) -> Self {
        let all = ["deltawall"].iter().chain(arguments).map(Into::into);
        let Ok(Start::Serve(config)) = Config::from_arguments(all) else { panic!("{arguments:?}") };
        let registry = Registry::from_config(&config, &no_documents()).unwrap();
        Self(Arc::new(Gateway::new(registry, &config).unwrap()))
    }

    fn access(&self) -> &Access {
        &self.0.access
    }

    fn key(&self, id: &str, secret: &str) -> Result<KeyHolder, Denial> {
        wait(self.access().prove_key(id, secret, "mock", None, || true))
    }

    fn legacy(&self, key: &str) -> Result<KeyHolder, Denial> {
        wait(self.access().prove_legacy_key(key, "mock", None, || true))
    }

    fn code(&self, name: &str, password: &str, code: &str) -> Result<u64, Denial> {
        wait(self.access().prove_code(name, password, code, NOW, ("mock", Some(&north())), None))
    }

    /// Whose name and credentials a change goes with.
    fn change(&self, holder: &KeyHolder, driver: &'static str) -> Result<(Option<String>, String, bool), Denial> {
        let asked = Asked { driver, provider: None, is_change: true, peer: None };
        let caller = self.access().permit_key(holder, asked)?;
        Ok((caller.name, caller.credentials.user().to_owned(), caller.is_own))
    }
}

/// What a future comes to. A gateway is made and dropped where no runtime is: its drivers have their own.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn holder(id: &str, name: &str, may_change: bool) -> KeyHolder {
    KeyHolder { id: id.into(), name: name.into(), may_change }
}

/// The provider that some may use alone.
fn north() -> ProviderName {
    ProviderName::new("north").unwrap()
}

/// Adds a client with a key that was made up: its id and secret.
fn add_key(path: &str, name: &str, rights: &str, more: &[&str]) -> (String, String) {
    let arguments = ["clients", "add", path, name, "--rights", rights, "--drivers", "mock", "--key"];
    let (code, stdout, stderr) = run(&[&arguments[..], more].concat(), "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let lines: Vec<_> = stdout.lines().collect();
    let [done, id, secret, legacy] = lines[..] else { panic!("{stdout}") };
    assert!(done.ends_with(&format!("{name}, {rights} on mock")), "{done}");
    let (id, secret) = (id.strip_prefix("key id: ").unwrap(), secret.strip_prefix("secret: ").unwrap());
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    assert!((id.len(), secret.len()) == (8, 32) && is_hex(id) && is_hex(secret), "{id} {secret}");
    assert_eq!(legacy, format!("legacy key: {id}{secret}"));
    (id.to_owned(), secret.to_owned())
}

/// Adds a client with a key that there was before.
fn add_old_key(path: &str, name: &str, id: &str, secret: &str) -> (Option<i32>, String, String) {
    let arguments = ["clients", "add", path, name, "--rights", "read-only", "--drivers", "*", "--key", id];
    run(&arguments, &format!("{secret}\n"))
}

/// Adds a client with codes, whose password is its name backwards: the secret of them.
fn add_codes(path: &str, name: &str, drivers: &str) -> String {
    let arguments = ["clients", "add", path, name, "--rights", "none", "--drivers", drivers, "--totp"];
    let (code, stdout, stderr) = run(&arguments, &format!("{}\n", password(name)));
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let uri = stdout.lines().nth(1).unwrap();
    let rest = uri.strip_prefix(&format!("otpauth://totp/deltawall:{name}?secret=")).unwrap();
    assert!(stdout.lines().skip(2).all(|line| line.chars().all(|c| " ▀▄█".contains(c))), "{stdout}");
    rest.strip_suffix("&issuer=deltawall").unwrap().to_owned()
}

#[test]
fn a_key_is_printed_once_and_kept_as_a_hash() {
    let path = file("keys", "");
    let (id, secret) = add_key(&path, "ci", "read-write", &[]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("ci:$argon2id$") && text.ends_with(&format!(":read-write:mock::{id}\n")), "{text}");
    assert!(!text.contains(&secret));
    assert_eq!(list(&path), [["ci", "read-write", "mock", &format!("argon2id key {id}")]]);
    let check = |secret: &str| run(&["clients", "check", &path, "ci"], secret).0;
    assert_eq!((check(&secret), check(&id)), (Some(0), Some(1)));
    assert_eq!(run(&["clients", "check", &path], "").1, format!("{path}: clients: 1\n"));

    // The secret is a password as any other.
    let instance = Instance::with(&[&OWN[..], &["--clients", &path]].concat());
    instance.send(Request::get("/api/firewalls").by("ci", &secret)).expect(200);

    let (other, _) = add_key(&path, "ci", "read-only", &["--replace"]);
    assert_ne!(other, id);
    assert_eq!(list(&path), [["ci", "read-only", "mock", &format!("argon2id key {other}")]]);
}

#[test]
fn keys_of_another_service_go_on_working() {
    let path = file("old-keys", "");
    let (code, stdout, stderr) = add_old_key(&path, "old", "Key/1", "its,secret=");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_eq!(stdout, format!("{path}: added old, read-only on *\nkey id: Key/1\n"));
    assert_eq!(list(&path)[0][3], "argon2id key Key/1");
    let before = std::fs::read_to_string(&path).unwrap();
    let long = "x".repeat(65);
    for (name, id, secret, says) in [
        ("other", "Key/1", "s", "old holds the key Key/1 already"),
        ("other", "a:b", "s", "--key: the id of a key"),
        ("other", "a b", "s", "--key: the id of a key"),
        ("other", "", "s", "--key: the id of a key"),
        ("other", &long, "s", "1 to 64 characters"),
        ("other", "id", "a:b", "neither ':' nor white space"),
        ("other", "id", "", "no password on standard input"),
        ("old", "id", "s", "old is there already"),
    ] {
        let (code, stdout, stderr) = add_old_key(&path, name, id, secret);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{name} {id}: {stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
    for more in [&["--totp"][..], &["--digest"]] {
        let arguments = ["clients", "add", &path, "other", "--rights", "read-only", "--drivers", "*", "--key"];
        assert_eq!(run(&[&arguments[..], more].concat(), "x\n").0, Some(2));
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn lines_have_nothing_behind_what_is_there() {
    let hash = bcrypt::hash_with_result("x", 4).unwrap().format_for_version(bcrypt::Version::TwoY);
    let path = file("fields", "");
    let secret = SAMPLE_USER.totp;
    let md5 = "0123456789abcdef0123456789abcdef";
    for (more, says) in [
        (String::new(), None),
        (format!(":R={md5}"), None),
        ("::id".into(), None),
        (format!(":R={md5}:id"), None),
        (format!(":::{secret}"), None),
        (format!(":R={md5}:id:{secret}"), None),
        (":".into(), Some("line 1: it is not NAME:HASH:RIGHTS:DRIVERS[:DIGESTS[:KEY[:TOTP]]]")),
        ("::".into(), Some("line 1: it is not NAME")),
        ("::id:".into(), Some("line 1: it is not NAME")),
        (format!(":::{secret}:"), Some("line 1: it is not NAME")),
        ("::i d".into(), Some("line 1: the id of a key")),
        (":::MFRGG".into(), Some("line 1: the secret of codes is not base32")),
        (format!(":::{}", secret.to_lowercase()), Some("line 1: the secret of codes is not base32")),
        (format!("::id\nbob:{hash}:none:*::id"), Some("line 2: there is another line with this id of a key")),
    ] {
        std::fs::write(&path, format!("alice:{hash}:read-only:mock{more}\n")).unwrap();
        let (code, _, stderr) = run(&["clients", "check", &path], "");
        assert_eq!(code, Some(if says.is_some() { 2 } else { 0 }), "{more}: {stderr}");
        assert!(stderr.contains(says.unwrap_or_default()), "{more}: {stderr}");
        assert!(!stderr.contains(secret), "{stderr}");
    }
}

#[test]
fn a_key_that_is_known_has_the_rights_of_its_client() {
    let path = file("known-keys", "");
    let (id, secret) = add_key(&path, "ci", "read-write", &[]);
    let (eye, seen) = add_key(&path, "eye", "read-only", &[]);
    let asking = Asking::with(&[&OWN[..], &["--clients", &path]].concat());
    let (ci, looks) = (holder(&id, "ci", true), holder(&eye, "eye", false));
    // Twice: a secret that was right before is known again.
    for _ in 0..2 {
        assert_eq!(asking.key(&id, &secret), Ok(ci.clone()));
        assert_eq!(asking.legacy(&format!("{id}{secret}")), Ok(ci.clone()));
        assert_eq!(asking.legacy(&format!("{eye}{seen}")), Ok(looks.clone()));
    }
    for (id, secret) in [(&*id, &*seen), (&id, ""), (&eye, &secret), ("ci", &secret), ("00000000", &secret)] {
        assert_eq!(asking.key(id, secret), Err(Denial::Wrong), "{id} {secret}");
        assert_eq!(asking.legacy(&format!("{id}{secret}")), Err(Denial::Wrong), "{id} {secret}");
    }
    assert_eq!((asking.key("", "x"), asking.legacy("")), (Err(Denial::Anonymous), Err(Denial::Anonymous)));
    // What is published opens nothing here, and a page of another site has to know a key as anybody.
    assert_eq!(asking.key(SAMPLE_KEY.0, SAMPLE_KEY.1), Err(Denial::Wrong));
    assert_eq!(wait(asking.access().prove_key(&id, &secret, "mock", None, || false)), Ok(ci.clone()));

    assert_eq!(asking.change(&ci, "mock"), Ok((Some("ci".into()), "mockuser".into(), true)));
    let forbidden = |why: &str| Err(Denial::Forbidden(why.into()));
    assert_eq!(asking.change(&looks, "mock"), forbidden("eye may not change anything."));
    assert_eq!(asking.change(&ci, "fgcp"), forbidden("ci may not use the driver fgcp."));

    // The file is read anew: of one the rights are others, and the other is there no more.
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("ci:")).unwrap().replace("read-write", "none");
    std::fs::write(&path, format!("{line}\n")).unwrap();
    asking.0.reload().unwrap();
    assert_eq!(asking.access().key_holder(&id, "mock"), Some(holder(&id, "ci", false)));
    assert_eq!(asking.change(&ci, "mock"), forbidden("ci may not use the driver mock."));
    assert_eq!(asking.access().key_holder(&eye, "mock"), None);
    assert_eq!(asking.change(&looks, "mock"), Err(Denial::Wrong));
    assert_eq!(asking.key(&eye, &seen), Err(Denial::Wrong));
    assert_eq!(asking.legacy(&format!("{eye}{seen}")), Err(Denial::Wrong));
}

/// Where an id begins with another, and where characters have more bytes than one.
#[test]
fn a_legacy_key_is_found_by_any_id_that_it_begins_with() {
    let path = file("legacy-keys", "");
    let keys = [("one", "key", "secret"), ("two", "key1", "other"), ("three", "schlüssel", "geheim-ü")];
    for (name, id, secret) in keys {
        assert_eq!(add_old_key(&path, name, id, secret).0, Some(0));
    }
    let asking = Asking::with(&[&OWN[..], &["--clients", &path]].concat());
    for (name, id, secret) in keys {
        assert_eq!(asking.legacy(&format!("{id}{secret}")), Ok(holder(id, name, false)));
    }
    for wrong in ["key", "key1", "keysecre", "keyother", "key1secret", "secret", "schl", "schlüsselgeheim", "ü"] {
        assert_eq!(asking.legacy(wrong), Err(Denial::Wrong), "{wrong}");
    }
}

#[test]
fn a_code_opens_ports_with_its_password_and_nothing_else() {
    let path = file("codes", "");
    std::fs::remove_file(&path).unwrap();
    let secret = add_codes(&path, "jo", "mock/north");
    add(&path, "alice", "read-write", "*");
    add_codes(&path, "ann", "fgcp");
    add_codes(&path, "amy", "*");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(list(&path)[0], ["jo", "none", "mock/north", "argon2id totp"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(&format!(":none:mock/north:::{secret}\n")) && secret.len() == 32, "{text}");
    // A secret whose codes the RFC says.
    std::fs::write(&path, text.replace(&secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();

    let asking = Asking::with(&[&OWN[..], &["--clients", &path]].concat());
    assert_eq!(asking.access().ghost_ports_users("mock", Some(&north())), ["jo", "amy"]);
    assert_eq!(asking.access().ghost_ports_users("mock", None), ["amy"]);
    assert_eq!(asking.access().ghost_ports_users("fgcp", None), ["ann", "amy"]);
    for _ in 0..2 {
        assert_eq!(asking.code("jo", "oj", "287082"), Ok(1));
    }
    for (name, password, code) in [
        ("jo", "oj", "287083"),
        ("jo", "oj", ""),
        ("jo", "jo", "287082"),
        ("jo", "", "287082"),
        ("alice", "ecila", "287082"),
        ("nobody", "oj", "287082"),
        (SAMPLE_USER.name, SAMPLE_USER.password, "287082"),
    ] {
        assert_eq!(asking.code(name, password, code), Err(Denial::Wrong), "{name} {password} {code}");
    }
    let elsewhere = wait(asking.access().prove_code("jo", "oj", "287082", NOW, ("fgcp", None), None));
    assert_eq!(elsewhere, Err(Denial::Wrong));

    let instance = Instance::with(&[&OWN[..], &["--clients", &path]].concat());
    for target in ["/api/firewalls", "/api;provider=north/firewalls", "/api/firewalls/default"] {
        let answer = instance.send(Request::get(target).by("jo", "oj")).expect(403);
        assert_eq!(answer.header("X-Backend-Runtime"), None, "no driver was asked");
    }
    instance.send(Request::get("/api/firewalls").by("jo", "jo")).expect(401);
}

#[test]
fn what_is_published_opens_sample_data_alone() {
    let asking = Asking::with(&[]);
    let (id, secret) = SAMPLE_KEY;
    let sample = holder(id, "sample key", true);
    assert_eq!(asking.key(id, secret), Ok(sample.clone()));
    assert_eq!(asking.legacy(&format!("{id}{secret}")), Ok(sample.clone()));
    assert_eq!(asking.access().key_holder(id, "mock"), Some(sample.clone()));
    for (id, secret) in [(id, "x"), ("d0c5a7e2", secret), (id, ""), (secret, id)] {
        assert_eq!(asking.key(id, secret), Err(Denial::Wrong));
        assert_eq!(asking.legacy(&format!("{id}{secret}")), Err(Denial::Wrong));
    }
    assert_eq!((asking.key("", ""), asking.legacy("")), (Err(Denial::Anonymous), Err(Denial::Anonymous)));
    assert_eq!(asking.access().key_holder("d0c5a7e2", "mock"), None);
    assert_eq!(asking.change(&sample, "mock"), Ok((Some("sample key".into()), "mockuser".into(), false)));
    assert_eq!(asking.change(&holder("other", "sample key", true), "mock"), Err(Denial::Wrong));

    let SampleUser { name, password, .. } = SAMPLE_USER;
    assert_eq!(asking.access().ghost_ports_users("mock", None), [name]);
    // As Python's hmac makes it of the published secret.
    let code = "503347";
    assert_eq!(asking.code(name, password, code), Ok(1));
    for (name, password, code) in [("jo", "x", code), ("ann", password, code), (name, password, "000000")] {
        assert_eq!(asking.code(name, password, code), Err(Denial::Wrong));
    }

    // Data of the operator's own is no sample.
    let data = file("own-data", "");
    let asking = Asking::with(&["--mock-data", &data]);
    assert_eq!(asking.key(id, secret), Err(Denial::Wrong));
    assert_eq!(asking.code(name, password, code), Err(Denial::Wrong));
    assert_eq!(asking.access().ghost_ports_users("mock", None), [""; 0]);
}

#[test]
fn who_serves_this_machine_alone_takes_any_key() {
    let asking = Asking::with(&OWN);
    let anyone = |id: &str| holder(id, "anyone", true);
    assert_eq!(asking.key("x", ""), Ok(anyone("x")));
    assert_eq!(asking.legacy("0123456789"), Ok(anyone("01234567")));
    assert_eq!(asking.legacy("ü"), Ok(anyone("ü")));
    assert_eq!((asking.key("", "x"), asking.legacy("")), (Err(Denial::Anonymous), Err(Denial::Anonymous)));
    assert_eq!(asking.access().key_holder("x", "mock"), Some(anyone("x")));
    assert_eq!(asking.change(&anyone("x"), "mock"), Ok((Some("anyone".into()), "mockuser".into(), true)));
    for denial in [
        wait(asking.access().prove_key("x", "", "mock", None, || false)),
        wait(asking.access().prove_legacy_key("x", "mock", None, || false)),
    ] {
        assert!(
            matches!(denial, Err(Denial::Forbidden(why)) if why.starts_with("Without --clients the gateway serves"))
        );
    }
    assert_eq!(asking.access().ghost_ports_users("mock", None), [""; 0]);
    assert_eq!(asking.code(SAMPLE_USER.name, SAMPLE_USER.password, "287082"), Err(Denial::Wrong));
}
