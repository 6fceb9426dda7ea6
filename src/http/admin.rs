//! What operators ask: whether the gateway lives, whether it is ready for clients, and its figures. It has a listener of its
//! own, so that none of it can be had where clients connect.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, rt, web};

use super::peers::Connections;
use super::stop::Stop;
use crate::gateway::metrics::{CONTENT_TYPE, Metrics};
use crate::logging;

/// Answers on this listener until the handle stops it. Once `stop` has begun the gateway is not ready any more, nor is it
/// while it cannot log what it does.
///
/// # Errors
/// When the worker cannot be started.
pub fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    connections: Arc<Connections>,
    stop: Stop,
) -> io::Result<ServerHandle> {
    let server = HttpServer::new(move || {
        let (metrics, connections, stop) = (Arc::clone(&metrics), Arc::clone(&connections), stop.clone());
        App::new()
            .route("/healthz", web::get().to(|| async { plain(StatusCode::OK, "alive") }))
            .route("/readyz", web::get().to(move || std::future::ready(readiness(&stop))))
            .route("/metrics", web::get().to(move || std::future::ready(figures(&metrics, &connections))))
            .default_service(web::to(|| async {
                plain(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics")
            }))
    });
    let server = server.workers(1).disable_signals().listen(listener)?.run();
    let handle = server.handle();
    rt::spawn(server);
    Ok(handle)
}

fn readiness(stop: &Stop) -> HttpResponse {
    if stop.has_begun() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match logging::trouble() {
        Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, &why),
        None => plain(StatusCode::OK, "ready"),
    }
}

fn figures(metrics: &Metrics, connections: &Connections) -> HttpResponse {
    match metrics.text(connections.count(), connections.held()) {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn plain(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).content_type(ContentType::plaintext()).body(format!("{text}\n"))
}
