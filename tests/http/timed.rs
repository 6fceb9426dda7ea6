//! A gateway in this process whose time is the test's: on each driver that can do all of it, with each kind of store that can keep it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deltawall::config::{Config, Ec2, Kept, StorePlace};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor};
use tempfile::TempDir;

use crate::clock::SetClock;
use crate::emulator::{Account, STRICT};
use crate::server;
use crate::wire::{Answer, Connection, MOCK_LOGIN, Request};

/// One `#[test]` for each of these functions, each driver, and each kind of store. One that is left out is dead code, which the lints deny.
macro_rules! on_each_store {
    ($($test:ident),+ $(,)?) => {
        $crate::timed::on_each_store! { @ mock_in_memory mock memory $($test)+ }
        $crate::timed::on_each_store! { @ nftables_in_memory nftables memory $($test)+ }
        $crate::timed::on_each_store! { @ mock_in_sqlite mock sqlite $($test)+ }
        $crate::timed::on_each_store! { @ nftables_in_sqlite nftables sqlite $($test)+ }
        $crate::timed::on_each_store! { @ ec2_in_sqlite ec2 sqlite $($test)+ }
        $crate::timed::on_each_store! { @ mock_in_postgres mock postgres $($test)+ }
        $crate::timed::on_each_store! { @ nftables_in_postgres nftables postgres $($test)+ }
        $crate::timed::on_each_store! { @ ec2_in_postgres ec2 postgres $($test)+ }
    };
    (@ $module:ident $driver:ident $store:ident $($test:ident)+) => {
        mod $module {
            $(#[test] fn $test() { super::$test(&$crate::timed::Timed::$driver($crate::timed::$store())); })+
        }
    };
}
pub(crate) use on_each_store;

/// A gateway in this process whose time is the test's.
pub struct Timed {
    pub clock: Arc<SetClock>,
    pub driver: &'static str,
    /// One that has rules.
    pub firewall: &'static str,
    /// Who asks.
    pub user: String,
    /// The cloud, where there is one.
    pub cloud: Option<Account>,
    login: String,
    address: SocketAddr,
    _folder: Option<TempDir>,
}

/// Where changes are kept, and the folder that it is in.
pub type Place = (Kept, Option<TempDir>);

/// What a test asks for.
pub const RULE: &str = "protocol=tcp&port_from=8443&port_to=8443&ip_address1=10.9.0.0/16";

pub fn memory() -> Place {
    (Kept::default(), None)
}

pub fn sqlite() -> Place {
    let folder = TempDir::new().unwrap();
    let place = StorePlace::File(folder.path().join("state.db"));
    (Kept { place, ..Kept::default() }, Some(folder))
}

pub fn postgres() -> Place {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let place = StorePlace::Postgres(database());
    (Kept { place, key: Some(key), ..Kept::default() }, Some(folder))
}

/// An empty database of PostgreSQL's.
pub fn database() -> SecretString {
    let server = std::env::var("DELTAWALL_POSTGRES")
        .expect("nextest starts PostgreSQL; before cargo test: export $(tests/postgres/start $$)");
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    });
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}").into()
}

impl Timed {
    pub fn mock(place: Place) -> Self {
        Self::start(Config { driver: "mock".into(), ..Config::default() }, "mock", "default", place)
    }

    pub fn nftables(place: Place) -> Self {
        Self::start(Config { driver: "mock-nftables".into(), ..Config::default() }, "mock-nftables", "web", place)
    }

    pub fn ec2(place: Place) -> Self {
        Self::ec2_in_time(place, Config::default().backend_timeout)
    }

    /// The same, where the cloud has so long for an answer.
    pub fn ec2_in_time(place: Place, backend_timeout: Duration) -> Self {
        let timed = Self::on_account(Account::on(STRICT), place, backend_timeout);
        timed.send(Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
        let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=87.228.192.251";
        timed.send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201);
        timed
    }

    /// Another gateway for the same account.
    pub fn beside(&self, place: Place) -> Self {
        let Account { url, number } = self.cloud.as_ref().unwrap();
        let account = Account { url: url.clone(), number: number.clone() };
        Self::on_account(account, place, Config::default().backend_timeout)
    }

    fn on_account(account: Account, place: Place, backend_timeout: Duration) -> Self {
        let ec2 = Ec2 { endpoints: vec![(None, account.url.clone())], ..Ec2::default() };
        let login = account.login();
        let (user, _) = account.keys_of("AKIAFULL");
        let config = Config { driver: "ec2".into(), ec2, backend_timeout, ..Config::default() };
        Self { login, user, cloud: Some(account), ..Self::start(config, "ec2", "web", place) }
    }

    fn start(config: Config, driver: &'static str, firewall: &'static str, (kept, folder): Place) -> Self {
        let clock = Arc::new(SetClock::default());
        Self {
            address: server::listen_by(Config { kept, ..config }, None, Arc::clone(&clock) as _),
            clock,
            driver,
            firewall,
            user: "mockuser".into(),
            cloud: None,
            login: MOCK_LOGIN.into(),
            _folder: folder,
        }
    }

    pub fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    pub fn send(&self, request: Request) -> Answer {
        self.connect().send(self.signed(request))
    }

    /// A request of the user's, who wants JSON.
    pub fn signed(&self, request: Request) -> Request {
        request.login(&self.login).accept("application/json")
    }

    pub fn get(&self, path: &str) -> Value {
        self.send(Request::get(path)).expect(200).json()
    }

    pub fn rules(&self, firewall: &str) -> Value {
        self.get(&format!("/api/firewalls/{firewall}?direction=all"))["firewall"]["rules"].clone()
    }

    /// The last change.
    pub fn last(&self) -> Value {
        self.get("/api/changes?limit=1")["changes"][0].clone()
    }

    pub fn change(&self, id: &str) -> Value {
        self.get(&format!("/api/changes/{id}"))["change"].clone()
    }

    /// Asks for a rule, and gives the change's id.
    pub fn post(&self, firewall: &str, query: &str) -> String {
        let answer = self.send(Request::post(&format!("/api/firewalls/{firewall}/rules?{query}")).form(RULE));
        id_of(&answer.expect(201))
    }
}

/// Whether changes are kept over a restart, which clients are told unasked.
pub fn is_kept(gateway: &Timed) -> bool {
    gateway.send(Request::get("/api")).expect(200).body.contains("changes")
}

/// The id of the change that an answer tells of.
pub fn id_of(answer: &Answer) -> String {
    let url = answer.header("X-Deltawall-Change").expect("the answer tells of its change");
    url.rsplit('/').next().unwrap().to_owned()
}
