//! SIGHUP: the configuration and the files that it names are read again. What is wrong is refused whole, with its reason,
//! and what was before stays; what cannot be changed while the server runs is named.

use crate::authenticate::Authenticator;
use crate::config::{Config, ConfigError};
use crate::endpoints::{self, DialContext};
use crate::listen::accept::ListenerContext;
use crate::listen::{self, due};
use crate::pki::{Facts, bounded, moment};
use crate::regular;
use crate::server::Server;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::filter::Targets;

/// Where the configuration comes from, at start and at SIGHUP.
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// What the command line says instead of the file.
    pub amend: Box<dyn Fn(&mut Config) + Send + Sync>,
    /// Logs by another filter from now on.
    pub log_by: Box<dyn Fn(Targets) -> Result<(), String> + Send + Sync>,
}

impl Source {
    /// Reads and checks it.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let mut config = Config::read(&self.file)?;
        (self.amend)(&mut config);
        Ok(config)
    }
}

/// The keys that are read anew, with all below them. Others need a restart.
const RELOADED: &[&str] = &[
    "tls.certificate",
    "tls.key",
    "tls.second_certificate",
    "tls.second_key",
    "tls.ca",
    "tls.crl",
    "tls.crl_grace_seconds",
    "tls.minimum",
    "groups",
    "clients",
    "personas",
    "admin",
    "credentials",
    "attestation",
    "objects.lease_seconds",
    "objects.weak_keys",
    "log",
];

/// How often the dates of the server's certificates are looked at.
const LOOK: Duration = Duration::from_secs(3600);

const DAY: i64 = 86_400;

/// What a running server has that can be read anew.
pub struct Running {
    /// Who is who.
    pub authenticator: Arc<Authenticator>,
    /// Where clients come in.
    pub context: Arc<ListenerContext<Arc<Server>>>,
    /// What endpoints are called with.
    pub dial: Arc<DialContext>,
}

/// Reads anew what a running server has.
pub struct Reload {
    source: Source,
    /// As the server started; what needs a restart stays so.
    started: Config,
    /// The keys of the file as they were read last.
    keys: BTreeMap<String, String>,
}

impl Reload {
    /// Of a server that starts by this configuration.
    pub fn new(source: Source, started: Config) -> Self {
        let keys = keys_of(&source.file);
        Self { source, started, keys }
    }

    /// Reads everything again, and says in the log what came of it. Blocks.
    pub fn again(&mut self, running: &Running) {
        match self.read(running) {
            Ok(changes) if changes.is_empty() => {
                tracing::info!("SIGHUP: read again, and nothing has changed")
            }
            Ok(changes) => changes.iter().for_each(|change| tracing::info!("SIGHUP: {change}")),
            Err(why) => tracing::error!("SIGHUP: nothing was changed, what was before goes on: {why}"),
        }
    }

    fn read(&mut self, running: &Running) -> Result<Vec<String>, String> {
        let mut config = self.source.read().map_err(|error| error.to_string())?;
        config.tls.suite_b = self.started.tls.suite_b;
        let files = super::tls_files(&config.tls);
        let before = running.context.tls.get();
        let tls = listen::tls_after(&files, &before.trust.lists).map_err(|error| error.to_string())?;
        let connector = endpoints::connector(&files, &tls.verifier).map_err(|error| error.to_string())?;
        let findings =
            tls.own.iter().flat_map(|own| own.judged(now(), &config.listen, &tls.trust.subjects()));
        if let Some(fatal) = findings.into_iter().find(|finding| finding.is_fatal) {
            return Err(fatal.text);
        }
        let filter = config.log.filter()?;
        running.authenticator.reload(&config)?;
        (self.source.log_by)(filter)?;
        let keys = keys_of(&self.source.file);
        let mut changes = changed_keys(&self.keys, &keys);
        changes.extend(changed_files(&before, &tls));
        tell(&tls, &config.listen);
        tls.trust
            .lists
            .older_than(&before.trust.lists, now())
            .iter()
            .for_each(|text| tracing::warn!("{text}"));
        config.weaknesses().iter().for_each(|text| tracing::warn!("{text}"));
        running.authenticator.trust(Arc::<listen::Verifier>::clone(&tls.verifier));
        running.context.tls.set(tls);
        running.dial.tls.set(connector);
        self.keys = keys;
        Ok(changes)
    }
}

/// Says what is wrong with the server's certificates, the CAs of the clients and the revocation lists.
fn tell(tls: &listen::Tls, listening: &[SocketAddr]) {
    tell_overdue(tls);
    tls.trust.lists.warnings().for_each(|text| tracing::warn!("{text}"));
    let subjects = tls.trust.subjects();
    for finding in tls.own.iter().flat_map(|own| own.judged(now(), listening, &subjects)) {
        match finding.is_fatal {
            true => tracing::error!("{}", finding.text),
            false => tracing::warn!("{}", finding.text),
        }
    }
}

fn tell_overdue(tls: &listen::Tls) {
    tls.trust.lists.overdue(now()).iter().for_each(|text| tracing::warn!("{text}"));
}

/// Says 30, 7 and 1 days before that a certificate of the server ends.
#[derive(Default)]
pub struct Ends {
    /// What was told last of each certificate, by its fingerprint.
    told: HashMap<String, i64>,
}

impl Ends {
    /// Says at start what is wrong, and what soon ends.
    pub fn begin(tls: &listen::Tls, listening: &[SocketAddr]) -> Self {
        tell(tls, listening);
        let mut ends = Self::default();
        ends.look(tls);
        ends
    }

    /// Looks at the certificates of now: the server's own, and those of `tls.ca`.
    fn look(&mut self, tls: &listen::Tls) {
        for own in &tls.own {
            let Some(leaf) = own.chain.first() else { continue };
            self.tell(leaf, own.days_left(now()), own.key, "");
        }
        for trusted in &tls.trust.trusted {
            let left = (trusted.validity.1 - now()).div_euclid(DAY);
            let what = format!("tls.ca: {}", trusted.subject);
            self.tell(trusted, left, &what, ", and lets in nobody after that");
        }
    }

    fn tell(&mut self, certificate: &Facts, left: i64, what: &str, effect: &str) {
        let fingerprint = &certificate.fingerprint;
        let Some(days) = due(left, self.told.get(fingerprint).copied()) else { return };
        self.told.insert(fingerprint.clone(), days);
        let until = moment(certificate.validity.1);
        let when = match left < 0 {
            true => format!("has ended on {until}"),
            false => format!("ends in {left} days, on {until}"),
        };
        tracing::warn!(
            "{what} {when}{effect}: put a new one there, and let the server read it (SIGHUP, `systemctl reload`)"
        );
    }

    /// Looks again and again, for as long as the server runs.
    pub async fn watch(mut self, context: Arc<ListenerContext<Arc<Server>>>) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look(&context.tls.get());
            tell_overdue(&context.tls.get());
        }
    }
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

/// What has changed in the file, key by key: what takes effect, and what needs a restart.
fn changed_keys(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    const UNSET: &str = "not set";
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = all.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let line = |key: &String| {
        let shown = |keys: &BTreeMap<String, String>| match keys.get(key) {
            Some(_) if key.ends_with(".password") => "a hash".to_owned(),
            Some(value) => bounded(value),
            None => UNSET.to_owned(),
        };
        let effect = if is_reloaded(key) { "" } else { "; it needs a restart to take effect" };
        format!("{key}: {} -> {}{effect}", shown(before), shown(after))
    };
    changed.map(line).collect()
}

fn is_reloaded(key: &str) -> bool {
    RELOADED
        .iter()
        .any(|one| key.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])))
}

/// What has changed in the files of TLS.
fn changed_files(before: &listen::Tls, after: &listen::Tls) -> Vec<String> {
    let mut changes = Vec::new();
    for own in &after.own {
        let same = before.own.iter().find(|other| other.key == own.key);
        if same.is_none_or(|other| other.chain != own.chain)
            && let Some(leaf) = own.chain.first()
        {
            changes.push(format!("{}: now {leaf}, valid until {}", own.key, moment(leaf.validity.1)));
        }
    }
    let certificates =
        |tls: &listen::Tls| tls.trust.trusted.iter().map(ToString::to_string).collect::<Vec<_>>();
    let lists = |tls: &listen::Tls| tls.trust.lists.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (key, old, new) in
        [("tls.ca", certificates(before), certificates(after)), ("tls.crl", lists(before), lists(after))]
    {
        let added = new.iter().filter(|one| !old.contains(one)).map(|one| format!("{key}: added {one}"));
        let gone = old.iter().filter(|one| !new.contains(one)).map(|one| format!("{key}: taken away {one}"));
        changes.extend(added.chain(gone));
    }
    changes
}

/// Every key of the file with its value, as text.
fn keys_of(file: &std::path::Path) -> BTreeMap<String, String> {
    let text = regular::read_to_string(file).unwrap_or_default();
    let mut keys = BTreeMap::new();
    if let Ok(table) = toml::from_str::<toml::Table>(&text) {
        flatten("", &toml::Value::Table(table), &mut keys);
    }
    keys
}

fn flatten(key: &str, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            let dot = if key.is_empty() { "" } else { "." };
            table.iter().for_each(|(name, value)| flatten(&format!("{key}{dot}{name}"), value, keys));
        }
        toml::Value::Array(rows) if rows.iter().any(toml::Value::is_table) => {
            rows.iter().enumerate().for_each(|(row, value)| flatten(&format!("{key}[{row}]"), value, keys));
        }
        other => {
            keys.insert(key.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_effect_and_what_does_not_is_told() {
        let keys = |text: &str| {
            let mut keys = BTreeMap::new();
            flatten("", &toml::from_str(text).unwrap(), &mut keys);
            keys
        };
        let before = keys(
            "listen = [\"a\"]\n[tls]\nca = \"x\"\nca_key = \"x\"\n[[groups]]\nname = \"g\"\nmembers = [\"a\"]\n",
        );
        let after = keys(
            "listen = [\"a\"]\n[tls]\nca = \"x\"\nca_key = \"y\"\n[[groups]]\nname = \"g\"\nmembers = [\"a\", \"b\"]\n",
        );
        assert_eq!(
            changed_keys(&before, &after),
            [
                "groups[0].members: [\"a\"] -> [\"a\", \"b\"]",
                "tls.ca_key: \"x\" -> \"y\"; it needs a restart to take effect"
            ]
        );
        let secret = keys("[[credentials]]\nname = \"c\"\npassword = \"1\"\n");
        assert!(
            changed_keys(&BTreeMap::new(), &secret)
                .iter()
                .any(|line| line == "credentials[0].password: not set -> a hash")
        );
        assert_eq!(changed_keys(&after, &after), Vec::<String>::new());
    }
}
