//! How every client command is told its servers and certificates: options, files and the environment.

use super::{Error, ServerAddress, Settings};
use keystead_base::text;
use keystead_base::toml_error::toml_error;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Read where neither `--config` nor `KEYSTEAD_CONFIG` is given, if it exists.
const DEFAULT_CONFIG: &str = "/etc/keystead/client.toml";

// The variables are read here and not by clap, for which they would go before the file of `--config`.
/// Options that every client command takes.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection")]
pub struct ClientArgs {
    /// A server; repeat for several, the preferred one first [env: KEYSTEAD_SERVER, separated by commas]
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', global = true)]
    pub server: Vec<ServerAddress>,
    /// The client's certificate (PEM, with its chain) [env: KEYSTEAD_CERT]
    #[arg(long, value_name = "FILE", global = true)]
    pub cert: Option<PathBuf>,
    /// The private key of the certificate (PEM) [env: KEYSTEAD_KEY]
    #[arg(long, value_name = "FILE", global = true)]
    pub key: Option<PathBuf>,
    /// The CA that the servers' certificates come from (PEM) [env: KEYSTEAD_CA]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca: Option<PathBuf>,
    /// A file with `servers`, `cert`, `key` and `ca`. Each of these comes from the first that has it: its option; this
    /// file; its variable, unless that is empty; the file of KEYSTEAD_CONFIG, or else /etc/keystead/client.toml, if it
    /// exists
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What one place tells: the options, the environment, or a file, in which paths are relative to its folder.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default)]
    servers: Vec<ServerAddress>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
}

/// A variable of the environment; an empty one is none.
type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl ClientArgs {
    /// Everything that is needed for a call; an error says what is missing.
    pub fn settings(&self) -> Result<Settings, Error> {
        self.settings_or_servers(Vec::new()).map(|(settings, _)| settings)
    }

    /// The same, with servers for the case that none is configured here; and whether one is.
    pub fn settings_or_servers(&self, others: Vec<ServerAddress>) -> Result<(Settings, bool), Error> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let given = self.given(&set)?;
        let of_this_machine = !given.servers.is_empty();
        let settings = given.or(Given { servers: others, ..Given::default() }).settings()?;
        Ok((settings, of_this_machine))
    }

    fn given(&self, environment: Environment<'_>) -> Result<Given, Error> {
        let options = Given {
            servers: self.server.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
            ca: self.ca.clone(),
        };
        if let Some(path) = &self.config {
            let file = Given::in_file(path, "the file given with --config")?;
            return options.or(file).or_environment(environment);
        }
        let given = options.or_environment(environment)?;
        if given.is_whole() {
            return Ok(given);
        }
        let file = match environment("KEYSTEAD_CONFIG") {
            Some(path) => Given::in_file(Path::new(&path), "the file that KEYSTEAD_CONFIG names")?,
            None if Path::new(DEFAULT_CONFIG).exists() => {
                Given::in_file(Path::new(DEFAULT_CONFIG), "it, or name another file with --config")?
            }
            None => Given::default(),
        };
        Ok(given.or(file))
    }
}

impl Given {
    /// With what the environment tells where this one tells nothing. What does not count is not read, and so not wrong.
    fn or_environment(self, environment: Environment<'_>) -> Result<Self, Error> {
        let counts = self.servers.is_empty();
        let servers = environment("KEYSTEAD_SERVER").filter(|_| counts).unwrap_or_default();
        let servers = servers.to_string_lossy();
        let each = servers.split(',').map(str::trim).filter(|server| !server.is_empty());
        let servers: Result<_, _> = each.map(str::parse).collect();
        let path = |name: &str| environment(name).map(PathBuf::from);
        let told = Self {
            servers: servers.map_err(|why| Error::usage(why, "correct the variable KEYSTEAD_SERVER"))?,
            cert: path("KEYSTEAD_CERT"),
            key: path("KEYSTEAD_KEY"),
            ca: path("KEYSTEAD_CA"),
        };
        Ok(self.or(told))
    }

    /// `what` is what there is to correct.
    fn in_file(path: &Path, what: &str) -> Result<Self, Error> {
        let advice = &format!("correct {what}");
        let shown = text::path(path);
        let bytes = text::read(path).map_err(|error| Error::setup(format!("{shown}: {error}"), advice))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
            Error::usage(format!("{shown}: line {line}: a text of UTF-8 is wanted, and this is none"), advice)
        })?;
        let mut file: Self = toml::from_str(text)
            .map_err(|error| Error::usage(format!("{shown}: {}", toml_error(text, &error)), advice))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for relative in [&mut file.cert, &mut file.key, &mut file.ca].into_iter().flatten() {
            *relative = folder.join(&*relative);
        }
        Ok(file)
    }

    /// Whether nothing is left to be told.
    fn is_whole(&self) -> bool {
        !self.servers.is_empty() && [&self.cert, &self.key, &self.ca].into_iter().all(Option::is_some)
    }

    /// With what another place tells where this one tells nothing.
    fn or(self, other: Self) -> Self {
        Self {
            servers: if self.servers.is_empty() { other.servers } else { self.servers },
            cert: self.cert.or(other.cert),
            key: self.key.or(other.key),
            ca: self.ca.or(other.ca),
        }
    }

    fn settings(self) -> Result<Settings, Error> {
        if self.servers.is_empty() {
            return Err(missing("a server", "--server HOST:PORT", "KEYSTEAD_SERVER"));
        }
        let cert =
            self.cert.ok_or_else(|| missing("the client's certificate", "--cert FILE", "KEYSTEAD_CERT"))?;
        let key =
            self.key.ok_or_else(|| missing("the client's private key", "--key FILE", "KEYSTEAD_KEY"))?;
        let ca = self.ca.ok_or_else(|| missing("the servers' CA", "--ca FILE", "KEYSTEAD_CA"))?;
        Settings::read(self.servers, &cert, &key, &ca)
    }
}

fn missing(what: &str, option: &str, variable: &str) -> Error {
    Error::usage(format!("{what} is not given"), format!("use {option}, {variable}, or a file with --config"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use clap::Parser as _;
    use std::fs;

    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        client: ClientArgs,
    }

    fn args(words: &[&str]) -> ClientArgs {
        CommandLine::parse_from(std::iter::once("test").chain(words.iter().copied())).client
    }

    fn error(args: &ClientArgs) -> String {
        let settings = args.given(&|_| None).and_then(Given::settings);
        settings.err().map(|error| error.to_string()).unwrap_or_default()
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
        let file = args(&named).given(&|_| None).unwrap();
        assert_eq!(file.cert, Some(folder.path().join("c.pem")));
        assert_eq!(file.key, Some(PathBuf::from("/k.pem")));
        assert!(error(&args(&named)).contains("ca.pem: No such file"), "{}", error(&args(&named)));
        let over = [named[0], named[1], "--ca", "/other.pem"];
        assert!(error(&args(&over)).starts_with("/other.pem"), "{}", error(&args(&over)));
        for wrong in ["server = \"a:1\"", "servers = [\"a:b\"]", "servers = [\"https://a\"]", "servers ="] {
            fs::write(&path, wrong).unwrap();
            assert!(error(&args(&named)).contains("client.toml"), "{wrong}");
            let code = args(&named).given(&|_| None).err().map(|error| error.exit_code());
            assert_eq!(code, Some(2), "{wrong}");
        }
        assert!(error(&args(&["--config", "/nowhere.toml"])).contains("/nowhere.toml"));
    }
    #[test]
    fn what_is_said_closer_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(format!("{name}.toml"));
            fs::write(&path, format!("servers = [\"{name}:1\"]\ncert = \"/{name}.pem\"")).unwrap();
            path
        };
        let (explicit, ambient) = (file("explicit"), file("ambient"));
        let environment = |name: &str| match name {
            "KEYSTEAD_SERVER" => Some("variable:1, second:2".into()),
            "KEYSTEAD_CA" => Some("/variable.pem".into()),
            "KEYSTEAD_CONFIG" => Some(ambient.clone().into_os_string()),
            _ => None,
        };
        let told = |words: &[&str]| {
            let given = args(words).given(&environment).unwrap();
            let servers: Vec<_> = given.servers.iter().map(ServerAddress::to_string).collect();
            let path = |path: Option<PathBuf>| path.unwrap().display().to_string();
            (servers.join(" "), path(given.cert), path(given.ca))
        };
        let all =
            |servers: &str, cert: &str| (servers.to_owned(), cert.to_owned(), "/variable.pem".to_owned());
        let config = ["--config", explicit.to_str().unwrap()];
        assert_eq!(told(&[]), all("variable:1 second:2", "/ambient.pem"));
        assert_eq!(told(&config), all("explicit:1", "/explicit.pem"));
        let option = [config[0], config[1], "--server", "option:1"];
        assert_eq!(told(&option), all("option:1", "/explicit.pem"));
        let wrong = args(&[]).given(&|name| (name == "KEYSTEAD_SERVER").then(|| "a:b".into()));
        assert_eq!(wrong.err().map(|error| error.exit_code()), Some(2));
        // What does not count is not read.
        let overruled = args(&["--server", "option:1"]).given(&|name| match name {
            "KEYSTEAD_SERVER" => Some("https://wrong".into()),
            "KEYSTEAD_CERT" | "KEYSTEAD_KEY" | "KEYSTEAD_CA" => Some("/variable.pem".into()),
            _ => Some("/no/such/client.toml".into()),
        });
        assert_eq!(overruled.ok().map(|given| given.servers.len()), Some(1));
    }
}
