//! What connections are accepted with: TLS, the certificates of clients and how they are judged, how many connections there may
//! be. [`accept`] does it; nothing of a connection is parsed before its handshake has ended well.

pub mod accept;
mod anchors;
mod called;
mod chain;
pub mod descriptors;
mod files;
mod hello;
mod judge;
mod keys;
mod lineage;
mod lists;
mod log_throttle;
mod resolver;
mod sent;
mod shape;
mod slots;
mod turned_away;
mod verifier;
mod work;

pub use called::CalledVerifier;
pub use files::{Tls, TlsFiles, tls, tls_after};
pub use judge::{Own, due};
pub use slots::{Caps, Evicted, Slot};
pub use turned_away::{Reason, Trust, TurnedAway};
pub use verifier::Verifier;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be had.
    #[error("cannot listen on {address}: {why}. {}", address_advice(address, why))]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{key}, {}: {why}", crate::text::path(path))]
    Certificate {
        /// The key of the configuration that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The server's certificate and private key are not of one pair.
    #[error(
        "{}, {}, is not the private key of the certificate in {}, {}: name two that belong together",
        key.0, crate::text::path(&key.1), certificate.0, crate::text::path(&certificate.1)
    )]
    OtherKey {
        /// The private key: the key of the configuration, and the file.
        key: (&'static str, PathBuf),
        /// The certificate, likewise.
        certificate: (&'static str, PathBuf),
    },
    /// The TLS settings do not fit together.
    #[error("TLS: {0}")]
    Tls(String),
}

/// What to do when an address cannot be had.
fn address_advice(address: &SocketAddr, why: &std::io::Error) -> String {
    let elsewhere = "listen elsewhere (`listen` and `https.listen` in the configuration)";
    match why.kind() {
        ErrorKind::AddrInUse => format!("Is another server running there? Stop it, or {elsewhere}"),
        ErrorKind::AddrNotAvailable => format!(
            "This machine has no address {}: use one that it has (`ip address` shows them), or 0.0.0.0 for all of them",
            address.ip()
        ),
        ErrorKind::PermissionDenied => format!(
            "Ports below 1024 are for root and for who has CAP_NET_BIND_SERVICE (AmbientCapabilities= in the unit of \
             systemd): give the server that, or {elsewhere}"
        ),
        _ => format!("If it stays so, {elsewhere}"),
    }
}
