//! How the servers of the benchmark run.

use std::io::{self, Read};

use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, rt};

/// Serves what `configure` says on a free port of this machine, prints the address, and ends with standard input.
///
/// # Errors
/// When it cannot listen.
pub fn serve(workers: usize, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> io::Result<()> {
    rt::System::new().block_on(async {
        let app = move || App::new().configure(configure.clone());
        let server = HttpServer::new(app).workers(workers).bind(("127.0.0.1", 0))?;
        println!("{}", server.addrs().first().map(ToString::to_string).unwrap_or_default());
        std::thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        server.run().await
    })
}
