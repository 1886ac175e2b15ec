//! How every client command is told its servers and certificates: options, environment or a file, in this order.

use super::{Error, ServerAddress, Settings};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Read where neither `--config` nor `KEYSTEAD_CONFIG` is given, if it exists.
const DEFAULT_CONFIG: &str = "/etc/keystead/client.toml";

/// Options that every client command takes.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection")]
pub struct ClientArgs {
    /// A server; repeat for several, the preferred one first (KEYSTEAD_SERVER: separated by commas)
    #[arg(long, value_name = "HOST:PORT", env = "KEYSTEAD_SERVER", value_delimiter = ',', global = true)]
    pub server: Vec<ServerAddress>,
    /// The client's certificate (PEM, with its chain)
    #[arg(long, value_name = "FILE", env = "KEYSTEAD_CERT", global = true)]
    pub cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "KEYSTEAD_KEY", global = true)]
    pub key: Option<PathBuf>,
    /// The CA that the servers' certificates come from (PEM)
    #[arg(long, value_name = "FILE", env = "KEYSTEAD_CA", global = true)]
    pub ca: Option<PathBuf>,
    /// A file with `servers`, `cert`, `key` and `ca` [default: /etc/keystead/client.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "KEYSTEAD_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// The file of `--config`. Paths are relative to its folder.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ClientFile {
    #[serde(default)]
    servers: Vec<ServerAddress>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
}

impl ClientArgs {
    /// Everything that is needed for a call; an error says what is missing.
    pub fn settings(&self) -> Result<Settings, Error> {
        self.settings_or_servers(Vec::new())
    }

    /// The same, with servers for the case that none is configured here.
    pub fn settings_or_servers(&self, others: Vec<ServerAddress>) -> Result<Settings, Error> {
        let file = self.file()?;
        let servers = [self.server.clone(), file.servers, others].into_iter().find(|list| !list.is_empty());
        let servers = servers.ok_or_else(|| missing("a server", "--server HOST:PORT", "KEYSTEAD_SERVER"))?;
        let cert = self.cert.clone().or(file.cert);
        let cert = cert.ok_or_else(|| missing("the client's certificate", "--cert FILE", "KEYSTEAD_CERT"))?;
        let key = self.key.clone().or(file.key);
        let key = key.ok_or_else(|| missing("the client's private key", "--key FILE", "KEYSTEAD_KEY"))?;
        let ca = self.ca.clone().or(file.ca);
        let ca = ca.ok_or_else(|| missing("the servers' CA", "--ca FILE", "KEYSTEAD_CA"))?;
        Settings::read(servers, &cert, &key, &ca)
    }

    fn file(&self) -> Result<ClientFile, Error> {
        match &self.config {
            Some(path) => ClientFile::read(path),
            None if Path::new(DEFAULT_CONFIG).exists() => ClientFile::read(Path::new(DEFAULT_CONFIG)),
            None => Ok(ClientFile::default()),
        }
    }
}

impl ClientFile {
    fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::setup(what, "correct the file given with --config");
        let text = fs::read_to_string(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        let mut file: Self =
            toml::from_str(&text).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for relative in [&mut file.cert, &mut file.key, &mut file.ca].into_iter().flatten() {
            *relative = folder.join(&*relative);
        }
        Ok(file)
    }
}

fn missing(what: &str, option: &str, variable: &str) -> Error {
    Error::setup(format!("{what} is not given"), format!("use {option}, {variable}, or a file with --config"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        client: ClientArgs,
    }

    fn args(words: &[&str]) -> ClientArgs {
        CommandLine::parse_from(std::iter::once("test").chain(words.iter().copied())).client
    }

    fn error(args: &ClientArgs) -> String {
        args.settings().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn servers_keep_their_order() {
        let given = args(&["--server", "a:1,b:2", "--server", "[::1]"]).server;
        let given: Vec<_> = given.iter().map(ServerAddress::to_string).collect();
        assert_eq!(given, ["a:1", "b:2", "[::1]:5696"]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_option() {
        let steps = ["--server", "--cert", "--key", "--ca"];
        let mut words = Vec::new();
        for option in steps {
            assert!(error(&args(&words)).contains(option), "{option}: {}", error(&args(&words)));
            words.extend([option, "nowhere:1"]);
        }
        assert!(error(&args(&words)).contains("nowhere:1: No such file"), "{}", error(&args(&words)));
    }

    #[test]
    fn the_file_is_strict_and_options_go_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.toml");
        let named = ["--config", path.to_str().unwrap()];
        fs::write(&path, "servers = [\"a:1\"]\ncert = \"c.pem\"\nkey = \"/k.pem\"\nca = \"ca.pem\"").unwrap();
        let file = args(&named).file().unwrap();
        assert_eq!(file.cert, Some(folder.path().join("c.pem")));
        assert_eq!(file.key, Some(PathBuf::from("/k.pem")));
        assert!(error(&args(&named)).contains("ca.pem: No such file"), "{}", error(&args(&named)));
        let over = [named[0], named[1], "--ca", "/other.pem"];
        assert!(error(&args(&over)).starts_with("/other.pem"), "{}", error(&args(&over)));
        for wrong in ["server = \"a:1\"", "servers = [\"a:b\"]", "servers ="] {
            fs::write(&path, wrong).unwrap();
            assert!(error(&args(&named)).contains("client.toml"), "{wrong}");
        }
        assert!(error(&args(&["--config", "/nowhere.toml"])).contains("/nowhere.toml"));
    }
}
