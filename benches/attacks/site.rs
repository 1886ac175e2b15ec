//! A server with two clients: the good one with a key of its own, and the attacker.

use keystead::client::{Client, ServerAddress, Settings};
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::Request;
use kmip_codec::payloads::{CreateRequest, GetRequest};
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A server of its own folder, ended with it.
pub struct Site {
    folder: TempDir,
    child: Mutex<Child>,
    process: u32,
    /// How many connections have asked for a number.
    numbers: AtomicUsize,
    /// Where it speaks KMIP.
    pub kmip: String,
    /// Where it speaks HTTPS.
    pub https: String,
}

/// A TLS connection of which each byte is ours.
pub type Raw = StreamOwned<ClientConnection, TcpStream>;

impl Site {
    /// Makes a server, adds the clients, so many more attackers among them, and starts it again with these lines in its
    /// configuration.
    pub fn start(configuration: &str, more: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut first = launch(&folder);
        let more = (0..more).map(|number| format!("attacker-{number}"));
        for name in ["good".to_owned(), "attacker".to_owned()].into_iter().chain(more) {
            let files = ["--cert", "admin.pem", "--key", "admin.key", "--ca", "ca.pem"];
            let mut add = Command::new(program());
            add.current_dir(folder.path())
                .args(["client", "add", &name, "--server", &first.kmip])
                .args(files);
            assert!(add.stdout(Stdio::null()).status().unwrap().success());
        }
        first.child.kill().unwrap();
        first.child.wait().unwrap();
        let path = folder.path().join("keystead.toml");
        let text = fs::read_to_string(&path).unwrap();
        let configuration = configuration.replace("{password}", &hashed_password());
        fs::write(&path, format!("{text}\n{configuration}\n")).unwrap();
        let Launched { child, kmip, https } = launch(&folder);
        let process = child.id();
        Self { folder, child: Mutex::new(child), process, numbers: AtomicUsize::new(0), kmip, https }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client by name.
    pub fn client(&self, name: &str) -> Client {
        Client::new(self.settings(name))
    }

    /// The good client, and its key.
    pub fn good(&self) -> (Client, UniqueIdentifier) {
        let mut client = self.client("good");
        let id = client.call(aes()).unwrap().unique_identifier;
        client.call(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() }).unwrap();
        (client, id)
    }

    fn settings(&self, name: &str) -> Settings {
        let address: ServerAddress = self.kmip.parse().unwrap();
        let (cert, key) = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        let mut settings = Settings::read(vec![address], &cert, &key, &self.file("ca.pem")).unwrap();
        settings.limits.answer = Duration::from_secs(120);
        settings.limits.total = Duration::from_secs(120);
        settings
    }

    /// A number for a connection, from 0 on.
    pub fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A connection of the attacker on which nothing was said.
    pub fn raw(&self, address: &str) -> std::io::Result<Raw> {
        self.raw_as("attacker", address)
    }

    /// The same of a client by name.
    pub fn raw_as(&self, name: &str, address: &str) -> std::io::Result<Raw> {
        let tls = self.settings(name).tls;
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut raw = StreamOwned::new(ClientConnection::new(tls, name).unwrap(), tcp);
        raw.flush()?;
        Ok(raw)
    }

    /// A connection of a stranger who shows the first of these, the others behind it; the last is the private key.
    pub fn raw_with(&self, certificates: &[Vec<u8>], address: &str) -> std::io::Result<Raw> {
        let (key, chain) = certificates.split_last().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.file("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = chain.iter().map(|one| CertificateDer::from(one.clone())).collect();
        let key = PrivateKeyDer::try_from(key.clone()).unwrap();
        let tls = tls.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
        let tcp = TcpStream::connect(address)?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut raw = StreamOwned::new(ClientConnection::new(Arc::new(tls), name).unwrap(), tcp);
        raw.flush()?;
        Ok(raw)
    }

    /// Ends the server, and with it whatever the attacker still waits for.
    pub fn end(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// What the server has in memory, in bytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or(" 0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.end();
    }
}

/// A password as it stands in the configuration.
fn hashed_password() -> String {
    let mut command = Command::new(program());
    let command = command.args(["client", "password"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut hashing = command.spawn().unwrap();
    hashing.stdin.take().unwrap().write_all(b"correct horse").unwrap();
    String::from_utf8(hashing.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

struct Launched {
    child: Child,
    kmip: String,
    https: String,
}

/// The server that is attacked: this one, or an older one to compare with.
fn program() -> String {
    std::env::var("KEYSTEAD").unwrap_or_else(|_| env!("CARGO_BIN_EXE_keystead").to_owned())
}

fn launch(folder: &TempDir) -> Launched {
    let mut command = Command::new(program());
    command.args(["dev", "--listen", "127.0.0.1:0", "--https", "127.0.0.1:0", "--dir"]).arg(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ready = || lines.next().unwrap().unwrap().trim_start_matches("ready ").to_owned();
    let kmip = ready();
    let https = ready().trim_start_matches("https://").trim_end_matches("/kmip").to_owned();
    Launched { child, kmip, https }
}

/// A request for a key.
pub fn aes() -> CreateRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        ..Default::default()
    }
}

/// A message of these requests.
pub fn message(requests: impl IntoIterator<Item = Request>) -> RequestMessage {
    let mut items: Vec<RequestItem> = requests.into_iter().map(RequestItem::from).collect();
    for (number, item) in items.iter_mut().enumerate() {
        item.unique_batch_item_id = Some((number as u32).to_be_bytes().to_vec().into());
    }
    RequestMessage::new(V2_1, items)
}

/// Sends bytes, and reads the answer and throws it away; its length.
pub fn exchange(raw: &mut Raw, bytes: &[u8]) -> std::io::Result<usize> {
    raw.write_all(bytes)?;
    raw.flush()?;
    let mut head = [0; ITEM_HEADER_BYTES];
    raw.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let mut rest = vec![0; 64 * 1024];
    let mut left = length;
    while left > 0 {
        let room = rest.len().min(left);
        left -= match raw.read(&mut rest[..room])? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
    }
    Ok(length)
}
