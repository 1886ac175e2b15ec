//! `keystead dev`: a server from nothing. Makes in one folder whatever is missing (a CA, certificates, a SoftHSM token,
//! a configuration), so that starting it again finds the same keys.

use crate::pki::{self, Ca, Curve, write_new};
use crate::suite_b::SuiteB;
use keystead_hsm::token::{TokenSeed, init_token};
use keystead_hsm::{Entropy as _, Pin, SystemEntropy};
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

/// The label of the token that is made.
const TOKEN: &str = "keystead-dev";

/// Why the folder could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a certificate.
    #[error(transparent)]
    Pki(#[from] pki::Error),
    /// The token.
    #[error(transparent)]
    Hsm(#[from] keystead_hsm::Error),
    /// SoftHSM is not there.
    #[error("SoftHSM is not installed (looked in {0}): apt install softhsm2")]
    NoSoftHsm(String),
}

/// SoftHSM's own configuration in a folder of `dev`; the environment must name it before any thread starts.
pub fn softhsm_config(folder: &Path) -> PathBuf {
    folder.join("softhsm2.conf")
}

/// Makes what is missing; returns the configuration.
pub fn prepare(folder: &Path, suite_b: Option<SuiteB>) -> Result<PathBuf, Error> {
    make_folder(folder)?;
    certificates(folder, if suite_b == Some(SuiteB::Level192) { Curve::P384 } else { Curve::P256 })?;
    let module = MODULES.iter().map(Path::new).find(|module| module.exists());
    let module = module.ok_or_else(|| Error::NoSoftHsm(MODULES.join(", ")))?;
    token(folder, module)?;
    let config = folder.join("keystead.toml");
    write_new(&config, configuration(module, suite_b).as_bytes())?;
    Ok(config)
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|why| pki::Error::File { path: folder.into(), why }.into())
}

fn certificates(folder: &Path, curve: Curve) -> Result<(), Error> {
    let (ca_file, ca_key) = (folder.join("ca.pem"), folder.join("ca.key"));
    if !ca_file.exists() {
        let ca = pki::make_ca("Keystead development CA", curve)?;
        write_new(&ca_key, ca.key.as_bytes())?;
        write_new(&ca_file, ca.certificate.as_bytes())?;
    }
    // Another authority than that of the clients, for Certify.
    if !folder.join("certify.pem").exists() {
        let authority = pki::make_ca("Keystead development certificates", Curve::P256)?;
        write_new(&folder.join("certify.key"), authority.key.as_bytes())?;
        write_new(&folder.join("certify.pem"), authority.certificate.as_bytes())?;
    }
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|why| pki::Error::File { path: path.into(), why })
    };
    let missing = |name: &str| !folder.join(format!("{name}.pem")).exists();
    if !["server", "client", "admin"].into_iter().any(missing) {
        return Ok(());
    }
    let ca = Ca::from_pem(&read(&ca_file)?, &read(&ca_key)?)?;
    for name in ["server", "client", "admin"].into_iter().filter(|name| missing(name)) {
        let pair = if name == "server" { ca.server()? } else { ca.client(name, 825)? };
        write_new(&folder.join(format!("{name}.key")), pair.key.as_bytes())?;
        write_new(&folder.join(format!("{name}.pem")), pair.certificate.as_bytes())?;
    }
    Ok(())
}

/// Makes the token once. It is made when its PIN file is: the PIN is written first, so that a token without a PIN
/// cannot be.
fn token(folder: &Path, module: &Path) -> Result<(), Error> {
    let tokens = folder.join("tokens");
    make_folder(&tokens)?;
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
        std::path::absolute(&tokens).unwrap_or(tokens.clone()).display()
    );
    write_new(&softhsm_config(folder), text.as_bytes())?;
    let (pin_file, officer_file) = (folder.join("pin"), folder.join("so-pin"));
    for file in [&pin_file, &officer_file] {
        write_new(file, format!("{}\n", random_pin()?).as_bytes())?;
    }
    let empty = std::fs::read_dir(&tokens).is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        let read = |path: &Path| match std::fs::read(path) {
            Ok(bytes) => Ok(Pin::from_file_bytes(bytes)),
            Err(why) => Err(pki::Error::File { path: path.into(), why }),
        };
        let (officer_pin, user_pin) = (read(&officer_file)?, read(&pin_file)?);
        init_token(module, &TokenSeed { label: TOKEN, officer_pin: &officer_pin, user_pin: &user_pin })?;
    }
    Ok(())
}

fn random_pin() -> Result<String, Error> {
    let mut bytes = [0; 12];
    SystemEntropy::default().fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// The configuration of `dev`, with every key that people change.
fn configuration(module: &Path, suite_b: Option<SuiteB>) -> String {
    let suite_b = match suite_b {
        Some(level) => format!("suite_b = {:?}", level.name()),
        None => "# suite_b = \"128\"    # or \"192\": Suite B alone".to_owned(),
    };
    format!(
        r#"# Made by `keystead dev`. Paths that are not absolute start at this folder.
# docs/configuration.md explains every key; one that does not exist is refused.

listen = ["127.0.0.1:5696"]
interop = true         # the operation Interop, for test suites: for development, not for production

[tls]
certificate = "server.pem"
key = "server.key"
ca = "ca.pem"          # clients with a certificate of this CA are let in
ca_key = "ca.key"      # for `keystead client add`
minimum = "1.2"        # or "1.3"
{suite_b}

[store]
engine = "redb"        # or "sled"
path = "store"

[hsm]
module = "{module}"
token = "{TOKEN}"
pin_file = "pin"
softhsm_config = "softhsm2.conf"

[vault]
mode = "cached"        # "strict" asks the HSM at every request
cache_seconds = 300

[objects]
lease_seconds = 3600
weak_keys = true       # what docs/cryptography.md calls weak: for development, not for production

[certify]
certificate = "certify.pem"  # the authority that makes certificates for clients; never that of [tls]
key = "certify.key"

[audit]
reads = "written"      # "durable" lets reads wait for the disk

[log]
level = "info"

[admin]
names = ["admin"]      # who may rotate master keys and enrol clients, by the name in the certificate

# Groups of clients that share what they make:
# [[groups]]
# name = "storage"
# members = ["host-a", "host-b"]
# default = true
"#,
        module = module.display()
    )
}
