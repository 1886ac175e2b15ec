//! `keystead client revoke`: what goes is shown and asked for before it is done.

use super::super::protocol::{AdminRequest, Issued, Revoked, ShownClient};
use super::super::{ask, confirm, json_line};
use super::ClientCommand;
use crate::client::Error;
use crate::engine::rights::identity::SHA256_PREFIX;
use crate::engine::rights::reference;
use crate::output;
use crate::text::printable;
use clap::Args;

/// How much of a name is shown in a question.
const NAME_CHARS: usize = 256;

#[derive(Args, Debug)]
pub struct Revoke {
    /// Its name, or `sha256:` and the fingerprint of one certificate
    name: String,
    /// End the name or bar the certificate even if nothing here knows it
    #[arg(long)]
    unknown: bool,
    /// End the name or the certificate with which you ask yourself
    #[arg(long)]
    myself: bool,
    /// Do not ask at a terminal
    #[arg(long, short)]
    yes: bool,
}

/// Asks a person, revokes, and tells what was revoked.
pub fn run(command: &ClientCommand, revoke: &Revoke) -> Result<(), Error> {
    if confirm::is_asked(revoke.yes) {
        confirmed(command, revoke)?;
    }
    let Revoke { name, unknown, myself, .. } = revoke;
    let request = AdminRequest::ClientRevoke { name: name.clone(), unknown: *unknown, myself: *myself };
    let revoked: Revoked = ask(&command.client, command.json, &request)?;
    if command.json {
        output::say(&json_line(&revoked))?;
        return Ok(());
    }
    if let Some(name) = &revoked.name {
        output::say(&format!(
            "revoked the name {}: every certificate with it is refused, whoever signed it",
            reference::told(name)
        ))?;
    }
    for fingerprint in &revoked.certificates {
        output::say(&format!("revoked sha256:{fingerprint}"))?;
    }
    if revoked.name.is_none() {
        output::say("this certificate alone: others of the same name stay good")?;
    }
    Ok(())
}

/// Asks whether that is meant which would go. What the server would refuse is not asked for: it says why.
fn confirmed(command: &ClientCommand, revoke: &Revoke) -> Result<(), Error> {
    let show = AdminRequest::ClientShow { name: revoke.name.clone() };
    let shown: Option<ShownClient> = match ask(&command.client, command.json, &show) {
        Ok(shown) => Some(shown),
        Err(Error::Refused(refusal)) if refusal.is_not_found() => None,
        Err(other) => return Err(other),
    };
    let question = match &shown {
        Some(shown) if shown.own && !revoke.myself => return Ok(()),
        Some(shown) => question(shown),
        None if revoke.unknown => {
            format!("revoke {} for good? nothing here knows it", printable(&revoke.name, NAME_CHARS))
        }
        None => return Ok(()),
    };
    confirm::must_say_yes(&question)
}

/// What goes.
fn question(shown: &ShownClient) -> String {
    let name = &shown.standing.name;
    let good = |issued: &&Issued| issued.ended.is_none();
    let what = if name.starts_with(SHA256_PREFIX) {
        let of = shown.certificates.first().filter(|known| !known.name.is_empty());
        let of = of.map(|known| format!(" of {}", reference::told(&known.name))).unwrap_or_default();
        format!("revoke the certificate {name}{of} for good? other certificates of the same name stay good")
    } else {
        let certificates = match shown.certificates.iter().filter(good).count() {
            0 => "no certificate of it is recorded here; every one, whoever signed it, is".to_owned(),
            1 => "1 certificate that is recorded here, and every other one, is".to_owned(),
            count => format!("{count} certificates that are recorded here, and every other one, are"),
        };
        let objects = match shown.objects {
            0 => "it owns nothing".to_owned(),
            1 => "it owns 1 key or other object, which".to_owned(),
            count => format!("it owns {count} keys or other objects, which"),
        };
        let kept = "only its groups, and who gets the name by `client add --replace`, reach then";
        let kept = if shown.objects == 0 { String::new() } else { format!(" {kept}") };
        format!(
            "revoke the name {} for good? {certificates} refused from the next message on; {objects}{kept}",
            reference::told(name)
        )
    };
    match (shown.own, shown.last_administrator) {
        (false, _) => what,
        (true, false) => format!("{what}; it is the one with which you ask: you are not let in any more"),
        (true, true) => format!(
            "{what}; it is the one with which you ask, and no other administrator is known who gets in: nobody administers this \
             server after that, until its configuration is changed"
        ),
    }
}
