//! Another host, whose packets tell what is in force on this one.

use std::net::TcpListener;

use crate::namespaces::{self, run};

/// The addresses that it has.
pub const FROM: [&str; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

/// The address of this host.
const TO: &str = "10.0.0.254";

/// The namespace that it is.
const THERE: &str = namespaces::PROVIDERS[0];

/// Both hosts, with a cable between: from here on the test is in a namespace of its own.
pub fn connect() {
    namespaces::enter();
    run("ip", &["link", "add", "here", "type", "veth", "peer", "name", "there", "netns", THERE]);
    run("ip", &["address", "add", &format!("{TO}/24"), "dev", "here"]);
    run("ip", &["link", "set", "here", "up"]);
    for address in FROM {
        run("ip", &["-n", THERE, "address", "add", &format!("{address}/24"), "dev", "there"]);
    }
    run("ip", &["-n", THERE, "link", "set", "there", "up"]);
}

/// Where the other host connects to.
pub fn listen() -> TcpListener {
    TcpListener::bind((TO, 0)).unwrap()
}

/// From which of the addresses a connection comes to be.
pub fn let_in(listener: &TcpListener) -> Vec<&'static str> {
    let script = format!(
        "import concurrent.futures, socket\n\
         def connects(address):\n    \
             one = socket.socket(); one.settimeout(0.4); one.bind((address, 0))\n    \
             return '1' if one.connect_ex(('{TO}', {})) == 0 else '0'\n\
         print(''.join(concurrent.futures.ThreadPoolExecutor().map(connects, {FROM:?})))",
        listener.local_addr().unwrap().port()
    );
    let told = run("ip", &["netns", "exec", THERE, "python3", "-c", &script]);
    FROM.into_iter().zip(told.chars()).filter(|(_, is_in)| *is_in == '1').map(|(address, _)| address).collect()
}
