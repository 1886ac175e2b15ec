//! What every number of the configuration may be. A number outside would never take effect, or end the server.

use super::Config;
use super::wrong::Wrong;
use crate::admission::{ALLOWANCE, PARTS};

/// A number: its key, what it is, the least and the most that it may be.
type Row = (&'static str, fn(&Config) -> u64, u64, u64);

const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;
const MANY: u64 = 1_000_000;
const U32: u64 = u32::MAX as u64;

/// The least that the longest message may be set to: a request for a certificate with its chain fits.
const MESSAGE_BYTES_MIN: u64 = 16 * 1024;

/// The least memory for pages of the store.
const CACHE_BYTES_MIN: u64 = crate::store::CACHE_BYTES_MIN as u64;

/// The longest message that there may be: KMIP has 32 bits for it, and it is held in memory.
const MESSAGE_BYTES_MAX: u64 = 1 << 30;

/// The least that bytes in flight may be limited to: each part of a share has room for the beginning of a message.
const BYTES_IN_FLIGHT_MIN: u64 = PARTS as u64 * (ALLOWANCE as u64);

const ROWS: &[Row] = &[
    ("tls.client_days", |c| c.tls.client_days.unwrap_or(1).into(), 1, 3650),
    ("tls.crl_grace_seconds", |c| c.tls.crl_grace_seconds, 0, YEAR),
    ("store.cache_bytes", |c| c.store.cache_bytes.unwrap_or(CACHE_BYTES_MIN), CACHE_BYTES_MIN, 1 << 40),
    ("hsm.workers", |c| c.hsm.workers as u64, 1, 256),
    ("hsm.call_timeout_seconds", |c| c.hsm.call_timeout_seconds, 1, 3600),
    ("vault.cache_seconds", |c| c.vault.cache_seconds, 1, YEAR),
    ("rng.seed_bytes_max", |c| c.rng.seed_bytes_max as u64, 1, 65_536),
    ("certify.days", |c| c.certify.days.into(), 1, 36_500),
    ("asynchronous.delay_milliseconds", |c| c.asynchronous.delay_milliseconds, 0, 1000 * DAY),
    ("asynchronous.requests", |c| c.asynchronous.requests as u64, 1, MANY),
    ("asynchronous.answer_seconds", |c| c.asynchronous.answer_seconds.into(), 1, YEAR),
    ("explain.exchanges", |c| c.explain.exchanges as u64, 1, MANY),
    ("explain.clients", |c| c.explain.clients as u64, 1, MANY),
    ("explain.bytes", |c| c.explain.bytes as u64, 1, 1 << 40),
    ("limits.connections", |c| c.limits.connections as u64, 1, MANY),
    ("limits.connections_per_address", |c| c.limits.connections_per_address as u64, 1, MANY),
    ("limits.connections_per_client", |c| c.limits.connections_per_client as u64, 1, MANY),
    ("limits.message_bytes", |c| c.limits.message_bytes as u64, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    ("limits.answer_bytes", |c| c.limits.answer_bytes as u64, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    ("limits.change_bytes", |c| c.limits.change_bytes as u64, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    ("limits.bytes_in_flight", |c| c.limits.bytes_in_flight as u64, BYTES_IN_FLIGHT_MIN, 1 << 40),
    (
        "limits.bytes_in_flight_per_client",
        |c| c.limits.bytes_in_flight_per_client as u64,
        BYTES_IN_FLIGHT_MIN,
        1 << 40,
    ),
    ("limits.requests_per_client", |c| c.limits.requests_per_client as u64, 1, 1024),
    ("limits.batch_items", |c| c.limits.batch_items as u64, 1, MANY),
    ("limits.searched_objects", |c| c.limits.searched_objects as u64, 1000, 1000 * MANY),
    ("limits.located_items", |c| c.limits.located_items as u64, 1, 100 * MANY),
    ("limits.work_milliseconds", |c| c.limits.work_milliseconds, 100, DAY),
    ("limits.rsa_bits", |c| c.limits.rsa_bits, 0, MANY * MANY),
    ("limits.pbkdf2_iterations", |c| c.limits.pbkdf2_iterations, 0, MANY * MANY),
    ("limits.tickets", |c| c.limits.tickets as u64, 1, MANY),
    ("limits.ticket_seconds", |c| c.limits.ticket_seconds.into(), 1, U32),
    ("limits.handshake_seconds", |c| c.limits.handshake_seconds, 1, 3600),
    ("limits.message_seconds", |c| c.limits.message_seconds, 1, DAY),
    ("limits.write_seconds", |c| c.limits.write_seconds, 1, DAY),
    ("limits.idle_seconds", |c| c.limits.idle_seconds, 1, YEAR),
    ("limits.connection_seconds", |c| c.limits.connection_seconds, 1, YEAR),
    ("limits.notices", |c| c.limits.notices as u64, 1, MANY),
    ("limits.date_check_seconds", |c| c.limits.date_check_seconds, 1, DAY),
    ("limits.stop_seconds", |c| c.limits.stop_seconds, 0, DAY),
];

/// Whether every number is one that works.
pub fn check(config: &Config) -> Result<(), Wrong> {
    for (key, value, least, most) in ROWS {
        let value = value(config);
        if !(*least..=*most).contains(&value) {
            let advice = match *key {
                "explain.exchanges" | "explain.clients" | "explain.bytes" => {
                    "; say `enabled = false` under [explain] to keep nothing"
                }
                "vault.cache_seconds" => "; say `mode = \"strict\"` to keep no opened key",
                _ => "",
            };
            return Err(Wrong::new(*key, format!("it must be from {least} to {most}{advice}")));
        }
    }
    Ok(())
}
