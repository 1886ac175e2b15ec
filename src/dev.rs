//! `keystead dev`: a server from nothing. Makes in one folder whatever is missing (a CA, certificates, a SoftHSM token,
//! a configuration), so that starting it again finds the same keys.

mod certificates;
mod token;

use crate::pki::{self, Curve, write_new};
use crate::store::{self, Folder, FolderLock, Made, Named};
use crate::suite_b::SuiteB;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Where Debian and others put SoftHSM's module.
const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// Where `dev` listens unless it is told.
const DEFAULT_LISTEN: &str = "127.0.0.1:5696";

/// Why the folder could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a certificate.
    #[error(transparent)]
    Pki(#[from] pki::Error),
    /// The folder.
    #[error("cannot make the folder {}: {why}. {FOLDER_ADVICE}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The token.
    #[error(transparent)]
    Hsm(#[from] keystead_hsm::Error),
    /// The folder cannot be had: another process makes or serves it, or it is no folder.
    #[error("{error}{}", place_advice(error))]
    Place {
        /// Why not.
        #[from]
        error: store::Error,
    },
    /// SoftHSM is not there.
    #[error("SoftHSM is not installed (looked in {0}): apt install softhsm2")]
    NoSoftHsm(String),
    /// Half of what belongs together.
    #[error(
        "{} is gone, and what it signed is still there: put it back from a copy beside {}. To begin with new \
         certificates instead, move every .pem and .key of this folder away and keep them; clients then need new ones too",
        lost.display(), kept.display()
    )]
    HalfPair {
        /// What is missing.
        lost: PathBuf,
        /// Its other half.
        kept: PathBuf,
    },
    /// The token is gone and the store is not.
    #[error(
        "there is no token in {}, and the store in {} was made with one: put the token back from a copy, for without \
         it no key of the store can be read. To begin anew beside it, name another folder with --dir",
        tokens.display(), store.display()
    )]
    TokenLost {
        /// Where the token was.
        tokens: PathBuf,
        /// The store.
        store: PathBuf,
    },
    /// The store is gone and the token is not.
    #[error(
        "there is no store in {}, and the token in {} has the master key of one: put the store back from a copy. To make a \
         new store all the same, make an empty file {} first, or name another folder with --dir",
        store.display(), tokens.display(), store.join("begin-anew").display()
    )]
    StoreLost {
        /// The token.
        tokens: PathBuf,
        /// Where the store was.
        store: PathBuf,
    },
    /// The PIN is gone and the token is not.
    #[error("{} is gone, and the token in {} opens with that PIN alone: put it back from a copy", pin.display(), tokens.display())]
    PinLost {
        /// Where the PIN was.
        pin: PathBuf,
        /// The token.
        tokens: PathBuf,
    },
}

/// What `dev` was asked for besides the folder.
#[derive(Clone, Copy, Default)]
pub struct Wishes {
    /// Where to listen for KMIP.
    pub listen: Option<SocketAddr>,
    /// Where to listen for HTTPS.
    pub https: Option<SocketAddr>,
    /// The level of Suite B.
    pub suite_b: Option<SuiteB>,
}

/// SoftHSM's own configuration in a folder of `dev`; the environment must name it before any thread starts.
pub fn softhsm_config(folder: &Path) -> PathBuf {
    folder.join("softhsm2.conf")
}

/// A folder that is whole. It is locked for as long as this lives: two processes that make what is missing of it at once
/// would make certificates and tokens that do not belong together.
pub struct Prepared {
    /// The configuration.
    pub config: PathBuf,
    /// Held for as long as the server runs.
    #[allow(dead_code, reason = "it is dropped")]
    lock: FolderLock,
}

/// Makes what is missing. SoftHSM reads where its tokens are from the environment alone, which
/// `use_softhsm` sets.
pub fn prepare(folder: &Path, templates: Wishes, use_softhsm: fn(&Path)) -> Result<Prepared, Error> {
    let failed = |why| Error::Folder { path: folder.into(), why };
    let mut made = Made::folders(folder)?;
    let lock = FolderLock::take(&Folder::open(folder).map_err(failed)?)?;
    // Judged first: where it is refused, nothing has been made.
    certificates::judge(folder)?;
    token::judge(folder)?;
    let module = MODULES.iter().map(Path::new).find(|module| module.exists());
    let module = module.ok_or_else(|| Error::NoSoftHsm(MODULES.join(", ")))?;
    let curve = if templates.suite_b == Some(SuiteB::Level192) { Curve::P384 } else { Curve::P256 };
    certificates::certificates(folder, curve, templates.suite_b.is_none())?;
    token::token(folder, module, use_softhsm)?;
    let config = folder.join("keystead.toml");
    write_new(&config, configuration(module, templates).as_bytes())?;
    made.keep();
    if let Err(error) = lock.settle(Named::default()) {
        tracing::warn!(folder = %folder.display(), %error, "the lock does not say who holds it");
    }
    Ok(Prepared { config, lock })
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|why| Error::Folder { path: folder.into(), why })
}

const FOLDER_ADVICE: &str = "Name with --dir a folder that you may make, or one that you may write in";

fn place_advice(error: &store::Error) -> String {
    match error {
        store::Error::File { .. } => format!(". {FOLDER_ADVICE}"),
        _ => String::new(),
    }
}

/// The folder of the store, as the configuration says, if there is one.
fn store_folder(folder: &Path) -> PathBuf {
    let config = std::fs::read_to_string(folder.join("keystead.toml")).unwrap_or_default();
    let config: toml::Table = config.parse().unwrap_or_default();
    let path = config.get("store").and_then(|store| store.get("path")).and_then(toml::Value::as_str);
    folder.join(path.unwrap_or("store"))
}

/// Whether there is nothing in a folder, or no folder. What a new file system brings along does not count.
fn is_empty(folder: &Path) -> bool {
    let is_ours = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name() != "lost+found")
    };
    std::fs::read_dir(folder).map_or(true, |mut entries| !entries.any(is_ours))
}

/// The configuration of `dev`, with every key that people change; what stands between @ is put in.
const CONFIGURATION: &str = include_str!("dev/keystead.toml");

fn configuration(module: &Path, templates: Wishes) -> String {
    let suite_b = match templates.suite_b {
        Some(level) => format!("suite_b = {:?}", level.name()),
        None => "# suite_b = \"128\"    # or \"192\": Suite B alone".to_owned(),
    };
    // Suite B has no RSA.
    let second = match templates.suite_b {
        Some(_) => "",
        None => {
            "second_certificate = \"server-rsa.pem\"    # for clients that take no ECDSA\nsecond_key = \"server-rsa.key\"\n"
        }
    };
    // A port that was free once is no place to be found at later.
    let fixed = |address: &SocketAddr| address.port() != 0;
    let listen =
        templates.listen.filter(fixed).map_or(DEFAULT_LISTEN.to_owned(), |address| address.to_string());
    let https = templates.https.filter(fixed);
    let https = https.map_or(String::new(), |address| format!("\n[https]\nlisten = [\"{address}\"]\n"));
    CONFIGURATION
        .replace("@listen@", &listen)
        .replace("@https@", &https)
        .replace("@suite_b@", &suite_b)
        .replace("@second@", second)
        .replace("@module@", &module.display().to_string())
        .replace("@token@", token::LABEL)
}
