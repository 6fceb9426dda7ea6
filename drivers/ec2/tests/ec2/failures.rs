//! Credentials, calls that EC2 fails or does not answer, and who is faster.

use std::time::{Duration, Instant};

use deltawall_core::{Context, Credentials, Driver, ErrorKind, Filter};
use deltawall_ec2::{Ec2, Endpoint, Options};
use tokio::runtime::Builder;

use crate::bench::{Bench, id, rule};

/// The session token that the emulator takes.
const TOKEN: &str = "session-token-of-tests";

#[test]
fn credentials_that_expired_lack_a_right_or_go_with_a_token() {
    let bench = Bench::new();
    bench.create("web");
    let temporary = Bench::context("ASIATEMP", &bench.account);
    let with_token = |token: &str| {
        let credentials = temporary.credentials.clone().with_session_token(token);
        Context { credentials, ..temporary.clone() }
    };
    let list = |context: &Context| bench.run(bench.driver.firewalls(context, &Filter::default()));
    assert!(list(&with_token(TOKEN)).is_ok());
    for expired in [&with_token("old"), &temporary] {
        assert_eq!(list(expired).unwrap_err().kind, ErrorKind::Unauthenticated);
        assert_eq!(bench.run(bench.driver.authenticate(expired)).unwrap_err().kind, ErrorKind::Unauthenticated);
    }
    let reader = Bench::context("AKIAREAD", &bench.account);
    assert!(list(&reader).is_ok());
    let denied = bench.run(bench.driver.delete_firewall(&reader, &id("web"))).unwrap_err();
    assert_eq!((denied.kind, denied.code.as_deref()), (ErrorKind::Forbidden, Some("UnauthorizedOperation")));
    assert!(bench.show("web").is_ok());
    assert_eq!(bench.driver.provider("mars-1").unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(bench.show("sg-nonsense").unwrap_err().kind, ErrorKind::NotFound);
}

/// They share the SDK's client, whose calls take turns on one thread.
#[test]
fn requests_at_the_same_time_have_credentials_of_their_own() {
    let benches = [Bench::new(), Bench::new()];
    for bench in &benches {
        bench.create(&format!("of-{}", bench.account));
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let endpoints = vec![Endpoint { region: None, url: benches[0].url.clone() }];
    let driver = Ec2::new([runtime.handle().clone()], Options { endpoints, ..Options::default() }).unwrap();
    let stranger = Context { credentials: Credentials::new("AKIANOBODY", "secret"), ..benches[0].context.clone() };
    let list = async |context: &Context| driver.firewalls(context, &Filter::default()).await;
    let round = async || {
        let (one, other, none) = tokio::join!(list(&benches[0].context), list(&benches[1].context), list(&stranger));
        assert_eq!(none.unwrap_err().kind, ErrorKind::Unauthenticated);
        for (bench, listed) in benches.iter().zip([one, other]) {
            let names: Vec<_> = listed.unwrap().iter().map(|group| group.name.to_string()).collect();
            assert_eq!(names, ["default".to_owned(), format!("of-{}", bench.account)]);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| benches[0].run(round())));
        }
    });
}

#[test]
fn each_code_has_its_kind() {
    use ErrorKind::{Forbidden, NotFound, Refused, Unauthenticated, Unavailable};
    let bench = Bench::new();
    let context = Bench::context("ASIATEMP", &bench.account);
    let context = Context { credentials: context.credentials.clone().with_session_token(TOKEN), ..context };
    bench.create("web");
    for (answer, kind) in [
        ("401 AuthFailure", Unauthenticated),
        ("400 ExpiredToken", Unauthenticated),
        ("400 ExpiredTokenException", Unauthenticated),
        ("400 IncompleteSignature", Unauthenticated),
        ("403 InvalidAccessKeyId", Unauthenticated),
        ("403 InvalidClientTokenId", Unauthenticated),
        ("400 InvalidToken", Unauthenticated),
        ("403 MissingAuthenticationToken", Unauthenticated),
        ("400 RequestExpired", Unauthenticated),
        ("403 SignatureDoesNotMatch", Unauthenticated),
        ("403 AccessDenied", Forbidden),
        ("401 OptInRequired", Forbidden),
        ("403 UnauthorizedOperation", Forbidden),
        ("400 InvalidGroup.NotFound", NotFound),
        ("400 InvalidGroupId.Malformed", NotFound),
        ("400 InvalidVpcID.NotFound", NotFound),
        ("400 InvalidParameterValue", Refused),
        ("400 ResourceLimitExceeded", Refused),
        ("500 InternalError", Unavailable),
        ("503 Unavailable", Unavailable),
    ] {
        // A change is not repeated, whatever the code.
        bench.fault("DeleteSecurityGroup", &answer.replace(' ', "+"), 1);
        let error = bench.run(bench.driver.delete_firewall(&context, &id("web"))).unwrap_err();
        let code = answer.split_once(' ').unwrap().1;
        assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)), "{error}");
        assert!(error.message.starts_with("The request signature we calculated does not match"), "{error}");
        assert!(error.message.contains("\n  REQUEST ID="), "{error}");
        // The emulator's words have the request as it should have been signed.
        assert_eq!(error.message.contains("x-amz-security-token:[hidden]"), kind != Unauthenticated, "{error}");
        assert!(!error.message.contains(TOKEN) && error.source.is_none(), "{error:?}");
    }
    for code in ["RequestLimitExceeded", "SlowDown", "ThrottledException"] {
        bench.fault("AuthorizeSecurityGroupIngress", &format!("503+{code}"), 1);
        bench.fault("RevokeSecurityGroupIngress", &format!("400+{code}"), 1);
        bench.add("web", rule("tcp", Some((1, 1)), &["10.0.0.0/8"])).unwrap();
        bench.delete_rule("web", &format!("{}~tcp~1~1~@address,ipv4,10.0.0.0,8", bench.account)).unwrap();
    }
}

/// Without a default VPC no group goes by its name.
#[test]
fn an_account_without_a_default_vpc_has_no_group_of_a_name() {
    let bench = Bench::new();
    bench.fault("DescribeSecurityGroups", "400+VPCIdNotSpecified", 2);
    assert_eq!(bench.show("web").unwrap_err().kind, ErrorKind::NotFound);
    let filter = Filter { id: Some(id("web")) };
    assert_eq!(bench.run(bench.driver.firewalls(&bench.context, &filter)).unwrap(), []);
}

#[test]
fn a_change_is_repeated_only_where_ec2_has_not_looked_at_it() {
    let bench = Bench::new();
    bench.create("web");
    let add = |port| bench.add("web", rule("tcp", Some((port, port)), &["10.0.0.0/8"]));
    let authorized = |calls: &[String]| calls.iter().filter(|call| call.starts_with("Authorize")).count();

    bench.fault("AuthorizeSecurityGroupIngress", "throttle", 2);
    let (made, calls) = bench.calls_of(|| add(1));
    assert!(made.is_ok());
    assert_eq!(authorized(&calls), 3);

    bench.fault("AuthorizeSecurityGroupIngress", "throttle", 20);
    let (refused, calls) = bench.calls_of(|| add(2));
    let refused = refused.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (ErrorKind::Refused, Some("RequestLimitExceeded")));
    assert_eq!(authorized(&calls), 5);

    // Whether EC2 has done it is unknown then.
    for kind in ["error", "garbage", "cut"] {
        let bench = Bench::new();
        bench.create("web");
        bench.fault("AuthorizeSecurityGroupIngress", kind, 1);
        let (failed, calls) = bench.calls_of(|| bench.add("web", rule("tcp", Some((3, 3)), &["10.0.0.0/8"])));
        assert_eq!((failed.unwrap_err().kind, authorized(&calls)), (ErrorKind::Unavailable, 1), "{kind}");
    }
    // What only reads is repeated by the SDK.
    bench.fault("DescribeSecurityGroups", "error", 1);
    assert!(bench.show("web").is_ok());
}

#[test]
fn no_answer_in_time_and_no_server_at_all() {
    let bench = Bench::new();
    bench.create("web");
    bench.fault("DescribeSecurityGroups", "hang", 1);
    let hurried = Context { deadline: Instant::now() + Duration::from_millis(500), ..bench.context.clone() };
    let error = bench.run(bench.driver.firewall(&hurried, &id("web"))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");

    let endpoints = vec![Endpoint { region: None, url: "http://127.0.0.1:9".into() }];
    let nowhere = Ec2::new([bench.runtime.handle().clone()], Options { endpoints, ..Options::default() }).unwrap();
    let error = bench.run(nowhere.firewall(&bench.context, &id("web"))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

/// EC2 shows what was made a little later.
#[test]
fn what_was_made_is_waited_for_and_never_said_not_to_be() {
    let bench = Bench::new();
    bench.fault("DescribeSecurityGroups", "absent", 2);
    let (made, calls) = bench.calls_of(|| bench.create("web"));
    assert_eq!(calls.iter().filter(|call| *call == "DescribeSecurityGroups").count(), 3);
    assert_eq!(bench.show("web").unwrap(), made);

    bench.fault("DescribeSecurityGroups", "deny", 1);
    let unseen = bench.try_create("unseen", None).unwrap_err();
    assert_eq!(unseen.kind, ErrorKind::Unavailable);
    assert!(unseen.message.starts_with("The security group was made, but could not be shown: "), "{}", unseen.message);
    assert!(bench.show("unseen").is_ok());
}

/// In the default VPC EC2 calls it a success to revoke what is not there any more.
#[test]
fn a_rule_that_another_has_deleted_meanwhile_is_not_found() {
    let bench = Bench::new();
    bench.create("web");
    bench.add("web", rule("tcp", Some((1, 1)), &["10.0.0.0/8"])).unwrap();
    bench.fault("RevokeSecurityGroupIngress", "overtaken", 1);
    let rule = format!("{}~tcp~1~1~@address,ipv4,10.0.0.0,8", bench.account);
    let (refused, calls) = bench.calls_of(|| bench.delete_rule("web", &rule));
    let refused = refused.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (ErrorKind::NotFound, Some("InvalidPermission.NotFound")));
    assert_eq!(calls, ["DescribeSecurityGroups", "RevokeSecurityGroupIngress"]);
}
