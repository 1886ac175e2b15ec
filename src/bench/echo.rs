//! The other end of TLS echo: mutual TLS as a KMIP server has it, and for every message as many bytes back as it asks for.
//!
//! It is a process of its own, so that client and server share the processors of a machine just as they do with a real server.
//! Its certificate and key come through its standard input, which nobody else reads; when that ends, it ends.

use super::frame::headed;
use crate::client::Error;
use crate::output;
use kmip_codec::Tag;
use kmip_codec::wire::frame_length;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::{Deserialize, Serialize};
use std::io::BufRead as _;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The longest answer that is asked for.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What the process is told, as a line of JSON.
#[derive(Serialize, Deserialize)]
pub struct Credentials {
    /// Its certificate with the chain, PEM.
    pub certificate: String,
    /// The private key, PEM.
    pub key: String,
    /// The certificates that clients may come from, PEM.
    pub clients: String,
}

/// Serves until standard input ends. Prints `ready ADDR`.
pub fn serve() -> Result<(), Error> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::setup(format!("TLS echo: {what}"), "see what is said of the certificate")
    };
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| failed(&error))?;
    let credentials: Credentials = serde_json::from_str(&line).map_err(|error| failed(&error))?;
    let tls = tls(&credentials).map_err(|error| failed(&error))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| failed(&error))?;
    let listener = {
        let _inside = runtime.enter();
        crate::listen::accept::bind(([127, 0, 0, 1], 0).into()).map_err(|error| failed(&error))?
    };
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    output::say(&format!("ready {address}"))?;
    runtime.spawn(accept(listener, TlsAcceptor::from(Arc::new(tls))));
    // Whoever started it has ended, or wants it to.
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    runtime.shutdown_background();
    Ok(())
}

fn tls(credentials: &Credentials) -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut clients = RootCertStore::empty();
    for one in CertificateDer::pem_slice_iter(credentials.clients.as_bytes()) {
        clients.add(one?)?;
    }
    let chain =
        CertificateDer::pem_slice_iter(credentials.certificate.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(credentials.key.as_bytes())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider)).build()?;
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut tls = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    // As Keystead does: a ticket is part of what a handshake costs.
    tls.send_tls13_tickets = 1;
    Ok(tls)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // How a connection ends is the client's to count.
                    let _ = connection(stream, acceptor).await;
                });
            }
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let (mut buffer, mut filled) = (vec![0; 4096], 0);
    let mut answer = Vec::new();
    loop {
        let head = buffer.get(..filled).and_then(<[u8]>::first_chunk::<16>);
        let asked = head.map(asked).transpose()?;
        if let Some((length, wanted)) = asked {
            if filled >= length {
                if answer.len() != wanted {
                    answer = headed(Tag::ResponseMessage, wanted);
                }
                stream.write_all(&answer).await?;
                stream.flush().await?;
                buffer.copy_within(length..filled, 0);
                filled -= length;
                continue;
            }
            buffer.resize(buffer.len().max(length), 0);
        }
        match stream.read(buffer.get_mut(filled..).unwrap_or_default()).await? {
            0 => return stream.shutdown().await,
            count => filled += count,
        }
    }
}

/// How long a message is, and its answer.
fn asked(head: &[u8; 16]) -> std::io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h, answer @ ..] = *head;
    let length =
        frame_length([a, b, c, d, e, f, g, h], Tag::RequestMessage).map_err(std::io::Error::other)?;
    let [i, j, k, l, ..] = answer;
    let wanted = usize::try_from(u32::from_be_bytes([i, j, k, l])).unwrap_or_default();
    Ok((length, wanted.clamp(16, ANSWER_BYTES_MAX)))
}
