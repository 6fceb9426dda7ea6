//! The bodies of requests, within their limits.

use actix_http::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::connection::Held;
use crate::config::Limits;
use crate::message::Refusal;

/// How much more than a body may have is read and thrown away, so that the client reads why, and can go on with the connection.
const MAX_DISCARDED: usize = 8 * 1024 * 1024;

/// How many times a body is held at the most while its request is answered: as it came, and as what is made of it.
const TIMES_HELD: usize = 3;

/// Reads a body to its end, keeping no more of it than it may have, and than there is room for. What is left of a body that
/// never seems to end is the server's to deal with: it closes the connection.
///
/// # Errors
/// Why it is not there.
pub async fn read(payload: Payload, limits: &Limits, held: Option<&mut Held>) -> Result<Bytes, Refusal> {
    let reading = read_to_end(payload, limits.body_size, held);
    match tokio::time::timeout(limits.body_timeout, reading).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::BodyTime(limits.body_timeout.as_secs_f64())),
    }
}

async fn read_to_end(mut payload: Payload, most: usize, mut held: Option<&mut Held>) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    let mut refusal = None;
    let mut discarded = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.ok().ok_or(Refusal::BodyBroken)?;
        if refusal.is_none() {
            refusal = refuse(bytes.len() + chunk.len(), chunk.len(), most, held.as_deref_mut());
        }
        if refusal.is_none() {
            bytes.extend_from_slice(&chunk);
            continue;
        }
        bytes = BytesMut::new();
        if let Some(held) = &mut held {
            held.clear();
        }
        discarded += chunk.len();
        if discarded > MAX_DISCARDED {
            break;
        }
    }
    refusal.map_or(Ok(bytes.freeze()), Err)
}

/// Why a body that has now come so far, with these more bytes, is not kept.
fn refuse(length: usize, more: usize, most: usize, held: Option<&mut Held>) -> Option<Refusal> {
    if length > most {
        return Some(Refusal::BodySize(most));
    }
    held.is_some_and(|held| held.add(more * TIMES_HELD).is_err()).then_some(Refusal::BodyRoom)
}
