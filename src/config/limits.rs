//! What is asked of clients: sizes, numbers and times.

use serde::Deserialize;

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// Connections of one client.
    pub connections_per_client: usize,
    /// The longest message.
    pub message_bytes: usize,
    /// The longest answer, in bytes of TTLV: the item that would make it longer fails.
    pub answer_bytes: usize,
    /// The most bytes that one request changes: values, attributes, and what is kept for later.
    pub change_bytes: usize,
    /// Bytes of all clients in flight: messages that arrive or are carried out, answers that are not written yet.
    pub bytes_in_flight: usize,
    /// The same of one client.
    pub bytes_in_flight_per_client: usize,
    /// Requests of one client that are carried out at a time.
    pub requests_per_client: usize,
    /// The most items of a batch.
    pub batch_items: usize,
    /// The most objects that one request looks at to find others among them.
    pub searched_objects: usize,
    /// The most identifiers that one Locate returns.
    pub located_items: usize,
    /// The most work of a processor that one request asks for, as far as it can be told before it is done.
    pub work_milliseconds: u64,
    /// The most bits that the RSA key pairs have together that one request makes.
    pub rsa_bits: u64,
    /// The most iterations of PBKDF2, over all blocks of its output, and of PKCS#12 containers that one request wants.
    pub pbkdf2_iterations: u64,
    /// The most tickets (Login, Delegated Login) of one client.
    pub tickets: usize,
    /// The longest that a ticket is good.
    pub ticket_seconds: u32,
    /// For the TLS handshake.
    pub handshake_seconds: u64,
    /// From the first byte of a message to its last.
    pub message_seconds: u64,
    /// For writing an answer.
    pub write_seconds: u64,
    /// Between two messages.
    pub idle_seconds: u64,
    /// From the beginning of a connection to its end, which comes between two messages.
    pub connection_seconds: u64,
    /// The most notices that wait for one client of `[[endpoints]]`.
    pub notices: usize,
    /// How often the server looks for objects to rotate, and, for the clients that want to be told, for those that a
    /// date has moved.
    pub date_check_seconds: u64,
    /// For requests under way when the server stops.
    pub stop_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 10_000,
            connections_per_client: 2000,
            message_bytes: 4 * 1024 * 1024,
            answer_bytes: 16 * 1024 * 1024,
            change_bytes: 32 * 1024 * 1024,
            bytes_in_flight: 256 * 1024 * 1024,
            bytes_in_flight_per_client: 64 * 1024 * 1024,
            requests_per_client: 8,
            batch_items: 1000,
            searched_objects: 2_000_000,
            located_items: 100_000,
            work_milliseconds: 10_000,
            rsa_bits: 262_144,
            pbkdf2_iterations: 10_000_000,
            tickets: 64,
            ticket_seconds: 86_400,
            handshake_seconds: 5,
            message_seconds: 10,
            write_seconds: 10,
            idle_seconds: 600,
            connection_seconds: 86_400,
            notices: 1000,
            date_check_seconds: 60,
            stop_seconds: 8,
        }
    }
}
