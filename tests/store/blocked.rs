//! No read waits for a commit: the real server on a store whose commits do not end, with writers waiting and a rotation of the
//! master key under way, answers everything that only reads.

use keystead::admission::{Client, Stage};
use keystead::audit::Entry;
use keystead::authenticate::{Authenticator, Shown};
use keystead::authority;
use keystead::config::Config;
use keystead::pki::{self, Curve};
use keystead::server::Server;
use keystead::session::{Peer, Received, Service as _};
use keystead::start;
use keystead::store::*;
use keystead::vault::{Hierarchy, KekCaching};
use keystead_hsm::Software;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::Call;
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Encoding;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use zeroize::Zeroizing;

/// How many clients create while nothing can be committed.
const WRITERS: usize = 64;

/// How often each read is asked for meanwhile: more than the answers that the server may hold back.
const READS: usize = 40;

/// How many keys are read, each of them for the first time.
const KEYS: usize = 8;

/// How long an answer may take before it counts as one that waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store on disk whose commits wait while it is shut.
struct Gated {
    store: RedbStore,
    shut: Mutex<bool>,
    opened: Condvar,
    /// Commits that have come to the gate while it was shut.
    waiting: AtomicUsize,
}

impl Gated {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

impl Store for Gated {
    fn limits(&self) -> Limits {
        self.store.limits()
    }

    fn reads_stay_here(&self) -> bool {
        self.store.reads_stay_here()
    }

    fn shares_snapshots(&self) -> bool {
        self.store.shares_snapshots()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        self.store.snapshot()
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        let shut = self.shut.lock().unwrap();
        self.waiting.fetch_add(usize::from(*shut), Ordering::SeqCst);
        drop(self.opened.wait_while(shut, |shut| *shut).unwrap());
        self.store.commit(transaction)
    }

    fn close(&self) -> Result<(), Error> {
        self.store.close()
    }
}

/// A server, and a client of it that is let in.
struct Site {
    server: Arc<Server>,
    peer: Arc<Peer>,
    hierarchy: Arc<Hierarchy>,
    gate: Arc<Gated>,
    _folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let ca = pki::make_ca("CA", Curve::P256).unwrap();
        for (file, text) in [("c", &*ca.certificate), ("k", &*ca.key)] {
            std::fs::write(at(file), text).unwrap();
        }
        std::fs::create_dir(at("keys")).unwrap();
        std::fs::create_dir(at("store")).unwrap();
        let text = "[tls]\ncertificate = \"c\"\nkey = \"k\"\nca = \"c\"\n[store]\npath = \"store\"\n[hsm]\ndanger_software_keys = \"keys\"\n";
        std::fs::write(at("keystead.toml"), text).unwrap();
        let config = Config::read(&at("keystead.toml")).unwrap();
        let store = RedbStore::open(&at("store")).unwrap();
        let gate = Arc::new(Gated {
            store,
            shut: Mutex::default(),
            opened: Condvar::new(),
            waiting: AtomicUsize::new(0),
        });
        let database = Database::over(Arc::<Gated>::clone(&gate), &at("store")).unwrap();
        let database = Arc::new(database);
        let keys = Arc::new(Software::in_memory());
        let kept = KekCaching::Cached(Duration::from_secs(600));
        let hierarchy = Arc::new(Hierarchy::open(Arc::clone(&database), keys, kept).unwrap());
        let authenticator = Arc::new(Authenticator::new(&config).unwrap());
        let open = (database, Arc::clone(&hierarchy));
        let authority = authority::load(&config).unwrap();
        let server = start::server_over(&config, &[], &authenticator, authority, open).unwrap();
        let chain = [CertificateDer::from_pem_slice(ca.certificate.as_bytes()).unwrap()];
        let Ok(presented) = authenticator.enter(&chain, Shown::ByClient) else { panic!("not let in") };
        let peer = Arc::new(Peer {
            address: ([127, 0, 0, 1], 5696).into(),
            principal: presented.principal(),
            presented,
            can_reverse_roles: false,
            watch: None,
        });
        Self { server, peer, hierarchy, gate, _folder: folder }
    }

    /// The answer to one request, which has to succeed.
    async fn ask<R: Call>(&self, request: R) -> R::Answer {
        let bytes = RequestMessage::new(V2_1, vec![request.into_request().into()]).to_bytes();
        let room = self.server.memory().reserve(&Client::Server, Stage::Beginning, bytes.len()).await;
        let received = Received { encoding: Encoding::Ttlv, bytes: Zeroizing::new(bytes), room };
        let answer = self.server.answer(Arc::clone(&self.peer), received).await;
        let item = ResponseMessage::from_bytes(&answer.bytes).unwrap().items.remove(0);
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
        R::answer(item.response.unwrap()).unwrap()
    }

    async fn create(&self, name: &str) -> UniqueIdentifier {
        let attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            Attribute::Name(Name::text(name)),
        ];
        let object_type = ObjectType::SymmetricKey;
        let create = CreateRequest { object_type, attributes: attributes.into(), ..Default::default() };
        self.ask(create).await.unique_identifier
    }

    async fn get(&self, id: &UniqueIdentifier) {
        let get = GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() };
        assert_eq!(self.ask(get).await.unique_identifier, *id);
    }

    /// Everything that only reads, once, of the key of this name. From its first Get on it is not fresh.
    async fn read(&self, (name, id): &(String, UniqueIdentifier)) {
        self.get(id).await;
        let filter = [Attribute::Name(Name::text(name)), Attribute::Fresh(false)];
        let filter = AttributeFilter(filter.into());
        let locate = LocateRequest { attributes: Some(filter), ..LocateRequest::default() };
        assert_eq!(self.ask(locate).await.unique_identifiers, std::slice::from_ref(id));
        let of = Some(id.clone());
        let asked = GetAttributesRequest { unique_identifier: of, references: Vec::new() };
        let answer = self.ask(asked).await;
        assert_eq!(answer.unique_identifier, *id);
        assert_eq!(attribute!(answer.attributes.unwrap().0, Fresh).next(), Some(&false));
        let functions = vec![QueryFunction::QueryOperations];
        let query = QueryRequest { functions, ..QueryRequest::default() };
        assert!(!self.ask(query).await.operations.is_empty());
    }
}

#[test]
fn no_read_waits_for_a_commit_that_does_not_end() {
    let site = Arc::new(Site::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(read_while_commits_wait(site));
}

async fn read_while_commits_wait(site: Arc<Site>) {
    let mut keys = Vec::new();
    for number in 0..KEYS {
        let name = format!("volume {number}");
        let id = site.create(&name).await;
        keys.push((name, id));
    }
    site.gate.set(true);
    let rotating = {
        let hierarchy = Arc::clone(&site.hierarchy);
        std::thread::spawn(move || hierarchy.rotate(&Entry::default()))
    };
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let site = Arc::clone(&site);
            tokio::spawn(async move { site.create(&format!("new {number}")).await })
        })
        .collect();
    while site.gate.waiting.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for (number, key) in (0..READS).zip(keys.iter().cycle()) {
        let read = tokio::time::timeout(PATIENCE, site.read(key)).await;
        assert!(read.is_ok(), "read {number} waits for a commit that does not end");
    }
    assert!(writers.iter().all(|writer| !writer.is_finished()), "an answer came before its commit");
    assert!(!rotating.is_finished());
    site.gate.set(false);
    for writer in writers {
        let made = writer.await.unwrap();
        site.get(&made).await;
    }
    rotating.join().unwrap().unwrap();
    for key in &keys {
        site.read(key).await;
    }
}
