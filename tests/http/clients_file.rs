//! `deltawall clients`: the file is whole, keeps whose it is, and holds nothing that the gateway would not take.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::accounts::{By, OWN, add, password};
use crate::instance::{Instance, eventually, file, run};
use crate::server::program;
use crate::wire::Request;

/// A hash of `secret`, as `htpasswd -B -C 4` makes it.
fn bcrypt_hash(secret: &str) -> String {
    bcrypt::hash_with_result(secret, 4).unwrap().format_for_version(bcrypt::Version::TwoY)
}

/// An empty directory that only this test has.
fn directory(name: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    fs::create_dir(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

fn names(directory: &str) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What `clients list` says of each client, in fields.
pub fn list(path: &str) -> Vec<Vec<String>> {
    let (code, stdout, stderr) = run(&["clients", "list", path], "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn the_commands_make_and_check_the_file() {
    let path = file("made", "");
    std::fs::remove_file(&path).unwrap();
    add(&path, "alice", "read-only", "mock,ec2/eu-west-1");
    add(&path, "bob", "read-write", "*");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("alice:$argon2id$") && text.contains(":read-only:mock,ec2/eu-west-1\nbob:"), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // A new password, in the place of the old one; comments stay.
    std::fs::write(&path, format!("# ours\n{text}")).unwrap();
    let arguments = ["clients", "add", &path, "alice", "--replace", "--rights", "read-write", "--drivers", "*"];
    assert_eq!(run(&arguments, "ecila\n").0, Some(0));
    let changed = std::fs::read_to_string(&path).unwrap();
    assert!(changed.starts_with("# ours\nbob:") && changed.lines().count() == 3, "{changed}");
    assert_eq!(run(&["clients", "check", &path], "").1, format!("{path}: clients: 2\n"));

    let check = |name: &str, password: &str| run(&["clients", "check", &path, name], &format!("{password}\n")).0;
    assert_eq!((check("alice", "ecila"), check("alice", "x"), check("carol", "x")), (Some(0), Some(1), Some(1)));
    for (arguments, input, says) in [
        (&["add", &path, "a:b", "--rights", "read-only", "--drivers", "*"][..], "x\n", "has neither ':'"),
        (
            &["add", &path, "a", "--rights", "all", "--drivers", "*"],
            "x\n",
            "[possible values: none, read-only, read-write]",
        ),
        (&["add", &path, "a", "--rights", "read-only"], "x\n", "--drivers"),
        (&["add", &path, "a", "--rights", "read-only", "--drivers", "mock,"], "x\n", "a driver has no name"),
        (&["add", &path, "a", "--rights", "read-only", "--drivers", "*"], "\n", "no password on standard input"),
        (&["add", "/nowhere/file", "a", "--rights", "read-only", "--drivers", "*"], "x\n", "/nowhere/file: "),
        (&["check", "/nowhere/file"], "", "/nowhere/file: "),
    ] {
        let (code, stdout, stderr) = run(&[&["clients"], arguments].concat(), input);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);
}

#[test]
fn owner_mode_and_link_stay() {
    let here = directory("kept");
    let (real, link) = (format!("{here}/real"), format!("{here}/link"));
    fs::write(&real, "").unwrap();
    symlink("real", &link).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root may give a file away.
    let is_root = chown(&real, Some(1234), Some(2345)).is_ok();
    let what = || {
        let file = fs::metadata(&real).unwrap();
        (file.mode() & 0o7777, file.uid(), file.gid())
    };
    let before = what();
    add(&link, "alice", "read-only", "*");
    assert_eq!(what(), before);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().starts_with("alice:$argon2id$"));
    assert_eq!(run(&["clients", "remove", &link, "alice"], "").0, Some(0));
    assert_eq!((what(), fs::read_to_string(&real).unwrap().as_str()), (before, ""));
    assert_eq!(names(&here), ["link", "real"]);

    // Who may not keep the owner changes nothing.
    if !is_root {
        return;
    }
    fs::set_permissions(&here, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    let before = what();
    let mut command = program(&["clients", "add", &real, "bob", "--rights", "read-only", "--drivers", "*"]);
    let mut child = command.uid(65534).gid(65534).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"bob\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("its owner cannot be kept"), "{stderr}");
    assert_eq!((what(), fs::read_to_string(&real).unwrap().as_str()), (before, ""));
    assert_eq!(names(&here), ["link", "real"]);
}

#[test]
fn a_link_to_nothing_stays_one() {
    let here = directory("dangling");
    let link = format!("{here}/link");
    symlink("nothing", &link).unwrap();
    let arguments = ["clients", "add", &link, "alice", "--rights", "read-only", "--drivers", "*"];
    let (code, _, stderr) = run(&arguments, "ecila\n");
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert_eq!(
        (names(&here), fs::read_link(&link).unwrap().as_path()),
        (vec!["link".to_owned()], Path::new("nothing"))
    );
}

#[test]
fn of_many_at_once_none_is_lost() {
    let path = format!("{}/clients", directory("at-once"));
    let people: Vec<_> = (0..12).map(|number| format!("client{number:02}")).collect();
    std::thread::scope(|scope| {
        for name in &people {
            scope.spawn(|| add(&path, name, "read-only", "*"));
        }
    });
    let mut known: Vec<_> =
        fs::read_to_string(&path).unwrap().lines().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    known.sort();
    assert_eq!(known, people);
}

/// No file may grow past nothing here, and that is not what ends the program.
#[test]
fn a_disk_that_is_full_leaves_the_file_as_it_was() {
    let here = directory("full");
    let path = format!("{here}/clients");
    let add_there = || {
        let arguments = ["clients", "add", &path, "bob", "--rights", "read-only", "--drivers", "*"];
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_deltawall")]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"bob\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
        assert!(stderr.starts_with(&format!("deltawall: {path}: ")), "{stderr}");
    };
    add_there();
    assert_eq!(names(&here), [""; 0]);
    add(&path, "alice", "read-only", "*");
    let before = fs::read_to_string(&path).unwrap();
    add_there();
    assert_eq!((names(&here), fs::read_to_string(&path).unwrap()), (vec!["clients".to_owned()], before));
}

/// Such as by a disk that was full, where the last line would otherwise say `ec2` for `ec2/eu-west-1`.
#[test]
fn a_file_that_is_cut_off_gives_nothing_more() {
    let [alice, bob] = ["alice", "bob"].map(bcrypt_hash);
    let whole = format!("# people\nalice:{alice}:read-write:ec2/eu-west-1,mock/north\n\nbob:{bob}:read-only:fgcp/uk\n");
    let path = file("cut", "");
    let mut taken = Vec::new();
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (code, _, stderr) = run(&["clients", "check", &path], "");
        match code {
            Some(0) => taken.push(&whole[..end]),
            _ => assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}"),
        }
    }
    assert!(taken.iter().all(|text| text.is_empty() || text.ends_with('\n')), "{taken:?}");
    assert_eq!(taken.len(), 1 + whole.lines().count());
    fs::write(&path, whole.trim_end()).unwrap();
    let (_, _, stderr) = run(&[&OWN[..], &["--clients", &path]].concat(), "");
    assert!(stderr.contains("its last line has no end"), "{stderr}");
}

#[test]
fn what_the_gateway_refuses_is_refused_before() {
    let argon2 =
        |parameters: &str, output: &str| format!("$argon2id$v=19${parameters}$c29tZXNhbHRzb21lc2FsdA${output}");
    let output = "A".repeat(43);
    let of_cost = |cost: &str| bcrypt_hash("x").replacen("$04$", cost, 1);
    let good = argon2("m=19456,t=2,p=1", &output);
    let line = |hash: &str| format!("alice:{hash}:read-only:*\n");
    let path = file("refused", "");
    for (text, says) in [
        (format!("alice:{good}:read-only:azure\n"), "line 1: unknown driver 'azure'; the drivers are mock"),
        (format!("# \nalice:{good}:read-only:mock,\n"), "line 2: a driver has no name"),
        (format!("alice:{good}:read-only:mock/\n"), "line 1: "),
        (format!("{0}{0}", line(&good)), "line 2: there is another line for this client"),
        (line("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"), "32 bytes"),
        (line(&argon2("m=19456,t=2,p=1", &output[..40])), "32 bytes"),
        (line(&argon2("m=19456,t=2,p=1", &output[..16])), "32 bytes"),
        (line("$argon2id$v=19$m=19456,t=2,p=1"), "32 bytes"),
        (line(&argon2("m=4194304,t=2,p=1", &output)), "262144 KiB"),
        (line(&argon2("m=19456,t=1000,p=1", &output)), "16 passes"),
        (line(&argon2("m=19456,t=2,p=17", &output)), "16 lanes"),
        (line(&argon2("m=1,t=2,p=1", &output)), "Argon2"),
        (line(&argon2("m=19456,x=2,p=1", &output)), "Argon2"),
        (line(&argon2("m=19456,t=2,p=1", &output).replace("v=19", "v=18")), "Argon2"),
        (line(&argon2("m=19456,t=2,p=1", &output).replace("argon2id", "argon2x")), "Argon2"),
        (line(&argon2("m=19456,t=2,p=1", &output).replace("c29tZXNhbHRzb21lc2FsdA", "c29tZQ")), "Argon2"),
        (line(&of_cost("$16$")), "bcrypt's cost is between 4 and 15"),
        (line(&of_cost("$31$")), "bcrypt's cost is between 4 and 15"),
        (line(&of_cost("$03$")), "bcrypt's cost is between 4 and 15"),
        (line(&bcrypt_hash("x")[..59]), "neither Argon2's nor bcrypt's"),
        (line("$6$salt$hash"), "neither Argon2's nor bcrypt's"),
    ] {
        fs::write(&path, &text).unwrap();
        for arguments in [&["clients", "check", &path][..], &[&OWN[..], &["-p", "0", "--clients", &path]].concat()] {
            let (code, stdout, stderr) = run_briefly(arguments);
            assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{arguments:?} {text}: {stdout}{stderr}");
            assert!(stderr.contains(says), "{text}: {stderr}");
        }
    }
    fs::write(&path, line(&good) + &format!("bob:{}:read-only:memory/x,gcp\n", of_cost("$15$"))).unwrap();
    assert_eq!(run(&["clients", "check", &path], "").0, Some(0));
    let arguments = ["clients", "add", &path, "carol", "--rights", "read-only", "--drivers", "mock,azure"];
    let (code, _, stderr) = run(&arguments, "x\n");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("unknown driver 'azure'"), "{stderr}");
}

/// Runs the program, which is not waited for where it does not end by itself.
fn run_briefly(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new("timeout");
    command.arg("5").arg(env!("CARGO_BIN_EXE_deltawall")).args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// bcrypt compares 72 bytes, and takes what follows a NUL for the same again.
#[test]
fn passwords_are_compared_whole_or_not_at_all() {
    let long = "0123456789".repeat(10);
    let lines = [("cut", &long[..]), ("full", &long[..72]), ("short", "short")];
    let lines = lines.map(|(name, password)| format!("{name}:{}:read-only:mock\n", bcrypt_hash(password)));
    let path = file("long", &lines.concat());
    let instance = Instance::with(&[&OWN[..], &["--clients", &path]].concat());
    for (name, password, is_right) in [
        ("cut", &long[..], false),
        ("cut", &long[..73], false),
        ("full", &long[..72], true),
        ("full", &long[..73], false),
        ("full", &long[..], false),
        ("full", &long[..71], false),
        ("short", "short", true),
        ("short", "short\0short", false),
        ("short", "short\0", false),
    ] {
        let status = instance.send(Request::get("/api/firewalls").by(name, password)).status;
        assert_eq!(status, if is_right { 200 } else { 401 }, "{name} {password:?}");
        let (code, _, stderr) = run(&["clients", "check", &path, name], &format!("{password}\n"));
        assert_eq!(code, Some(if is_right { 0 } else { 1 }), "{name} {password:?}");
        let is_refused = password.len() > 72 || password.contains('\0');
        assert_eq!(stderr.contains("bcrypt compares no more than 72 bytes"), is_refused, "{stderr}");
    }

    let before = fs::read_to_string(&path).unwrap();
    let arguments = ["clients", "add", &path, "longest", "--rights", "read-only", "--drivers", "*"];
    let longest = "x".repeat(1024);
    let (code, _, stderr) = run(&arguments, &format!("{longest}y\n"));
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("1024 bytes"), "{stderr}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(run(&arguments, &format!("{longest}\n")).0, Some(0));
    assert_eq!(run(&["clients", "check", &path, "longest"], &longest).0, Some(0));
    assert_eq!(run(&["clients", "check", &path, "longest"], &longest[1..]).0, Some(1));
}

#[test]
fn clients_are_listed_replaced_and_removed() {
    let path = file("listed", &format!("# people\nold:{}:read-write:memory/x,gcp\n", bcrypt_hash("x")));
    add(&path, "alice", "read-only", "*");
    assert_eq!(run(&["clients", "list", &file("nobody", "")], "").1, "");
    let expected =
        [["old", "read-write", "mock/x,fgcp", "bcrypt"], ["alice", "read-only", "*", "argon2id"]].map(Vec::from);
    assert_eq!(list(&path), expected);

    let before = fs::read_to_string(&path).unwrap();
    let again = ["clients", "add", &path, "alice", "--rights", "read-write", "--drivers", "mock"];
    let (code, stdout, stderr) = run(&again, "other\n");
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{stderr}");
    assert!(stderr.contains("alice is there already") && stderr.contains("--replace"), "{stderr}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let (code, stdout, stderr) = run(&[&again[..], &["--replace"]].concat(), "other\n");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("changed alice, read-write on mock"), "{stdout}");
    assert_eq!(list(&path)[1], ["alice", "read-write", "mock", "argon2id"]);
    assert_eq!(run(&["clients", "check", &path, "alice"], "other\n").0, Some(0));

    assert_eq!(run(&["clients", "remove", &path, "old"], "").1, format!("{path}: removed old\n"));
    assert_eq!(list(&path).len(), 1);
    assert!(fs::read_to_string(&path).unwrap().starts_with("# people\nalice:"));
    let (code, stdout, stderr) = run(&["clients", "remove", &path, "old"], "");
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(1), "", 1), "{stderr}");
    assert!(stderr.contains("there is no old"), "{stderr}");
    for command in ["list", "remove"] {
        let arguments = [&["clients", command, "/nowhere/file"][..], &["x"][..usize::from(command == "remove")]];
        assert_eq!(run(&arguments.concat(), "").0, Some(2));
    }
}

/// Runs the program at a terminal of its own, where each answer is typed once its question is there; a password once the
/// terminal does not show it.
fn at_a_terminal(arguments: &[&str], typed: &[(&str, &str)]) -> (Option<i32>, String) {
    let tty = file("tty", "");
    let quoted: Vec<_> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let command = format!("tty >{tty}; exec {} {}", env!("CARGO_BIN_EXE_deltawall"), quoted.join(" "));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    for (question, answer) in typed {
        let start = shown.len();
        while !String::from_utf8_lossy(&shown[start..]).contains(question) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{question} in {}", String::from_utf8_lossy(&shown));
            shown.extend(byte);
        }
        if !question.contains("[y/N]") {
            eventually("nothing typed is shown", || {
                let terminal = fs::read_to_string(&tty).unwrap();
                let modes = Command::new("stty").args(["-F", terminal.trim(), "-a"]).output().unwrap().stdout;
                String::from_utf8(modes).unwrap().contains(" -echo ").then_some(())
            });
        }
        stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    drop(stdin);
    stdout.read_to_end(&mut shown).unwrap();
    (child.wait().unwrap().code(), String::from_utf8(shown).unwrap())
}

#[test]
fn at_a_terminal_a_password_is_asked_for_twice_and_not_shown() {
    let path = file("terminal", "");
    let arguments = ["clients", "add", &path, "alice", "--rights", "read-only", "--drivers", "*"];
    let (code, shown) = at_a_terminal(&arguments, &[("Password: ", "ecila"), ("again: ", "ecila")]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("added alice") && !shown.contains("ecila"), "{shown}");
    assert_eq!(run(&["clients", "check", &path, "alice"], &password("alice")).0, Some(0));

    let (code, shown) = at_a_terminal(&["clients", "check", &path, "alice"], &[("Password: ", "ecila")]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("ecila") && !shown.contains("again"), "{shown}");

    let before = fs::read_to_string(&path).unwrap();
    let (code, shown) = at_a_terminal(&arguments, &[("Replace it? [y/N] ", "n")]);
    assert_eq!(code, Some(2), "{shown}");
    let asked = [("Replace it? [y/N] ", "y"), ("Password: ", "one"), ("again: ", "two")];
    let (code, shown) = at_a_terminal(&arguments, &asked);
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the two passwords are not the same"), "{shown}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let asked = [("Replace it? [y/N] ", "y"), ("Password: ", "new one"), ("again: ", "new one")];
    let (code, shown) = at_a_terminal(&arguments, &asked);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(run(&["clients", "check", &path, "alice"], "new one\n").0, Some(0));
}
