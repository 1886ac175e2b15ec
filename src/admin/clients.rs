//! `keystead client`: certificates for clients. The private key is made here and never leaves this machine; the server
//! signs with the CA key that its configuration names.

mod hand_over;
mod revoke;

use super::protocol::{AdminRequest, CLIENT_DAYS, Issued, ShownClient};
use super::table::table;
use super::{as_administrator, as_administrator_for, ask, ask_with, fail, host_files, json_line, password};
use crate::arguments::whole;
use crate::authenticate;
use crate::client::{ClientArgs, Error, Settings};
use crate::engine::rights::reference;
use crate::output;
use crate::pki::{self, Curve};
use crate::text;
use clap::{Args, Subcommand};
use keystead_hsm::{Entropy as _, SystemEntropy};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `keystead client …`.
#[derive(Args, Debug)]
#[command(after_help = as_administrator("keystead client list"))]
pub struct ClientCommand {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make what the host of a new client needs: NAME.pem, NAME.key, ca.pem and client.toml
    ///
    /// The key is made here; the server signs the certificate. Where ca.pem or client.toml of other clients stand in the
    /// folder, the new ones are called NAME.ca.pem and NAME.toml.
    ///
    /// A name that owns keys, or that was revoked, is refused: whoever holds the new certificate gets at those keys. With
    /// --replace it is signed, and is then the only certificate of the name that is good. A name that administers the server is
    /// refused, too, unless --administrator says that it is meant.
    #[command(after_help = as_administrator("keystead client add host-7 --out /root/host-7"))]
    Add {
        /// The name of the client, which its objects belong to; name:"..." around it is read as in other commands
        #[arg(value_parser = pki::client_name)]
        name: String,
        /// The folder that the files go into; it is made where it is missing
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// How long the certificate is valid
        #[arg(long, default_value_t = 365, allow_negative_numbers = true, value_parser = whole::<u32>((*CLIENT_DAYS.start()).into(), (*CLIENT_DAYS.end()).into()))]
        days: u32,
        /// The curve of the key; a server in Suite B 192 wants p384
        #[arg(long, value_enum, default_value_t = Curve::P256)]
        curve: Curve,
        /// Hand what the name owns over to this certificate, and end all others of the name
        #[arg(long)]
        replace: bool,
        /// Sign it though the name stands in admin.names: whoever holds the certificate administers the server
        #[arg(long)]
        administrator: bool,
        /// With --replace, end the certificate with which you ask yourself
        #[arg(long, requires = "replace")]
        myself: bool,
    },
    /// List the certificates that were issued
    #[command(after_help = as_administrator("keystead client list --json"))]
    List,
    /// End a client: it is refused from its next message on, for good
    ///
    /// A name ends every certificate with that name, whoever signed it and whenever, and what the client has asked for and
    /// is not done yet. A fingerprint ends one certificate alone. Neither is taken back; `client add NAME --replace` signs
    /// a new certificate for a name, and those of before stay ended. At a terminal it shows what goes, and asks. Your own name
    /// or certificate is refused without --myself.
    #[command(after_help = as_administrator("keystead client revoke host-7"))]
    Revoke(revoke::Revoke),
    /// Hand over what one name owns to another
    ///
    /// For objects whose owner cannot come in under its name any more, or under another one from now on. The objects keep their
    /// identifiers, names and groups. What the owner logs in with, its certificate and the keys of that, stays until the owner is
    /// revoked, and is told; so does a key that may be that one. What has the name of an object of the new owner stays too, where
    /// names are unique for that one; with --rename it goes, under another name. Interrupted, it goes on when it is repeated. A
    /// name that commands would refuse is written as the server prints it: name:"…".
    #[command(after_help = as_administrator_for("keystead client hand-over 'name:\"host-7 \"' host-7", hand_over::REFUSED))]
    HandOver(hand_over::HandOver),
    /// Show a client: its groups, its persona, and where each switch of that comes from
    ///
    /// A persona is a set of switches: what the server does differently for clients that need it (docs/personas.md).
    #[command(after_help = as_administrator("keystead client show host-7"))]
    Show {
        /// Its name, or `sha256:` and the fingerprint of its certificate
        name: String,
    },
    /// Hash a password, typed or from a pipe, for [[credentials]] in the configuration; asks no server
    #[command(
        after_help = "Example: keystead client password </run/secret\nExit codes: 0 done; 1 no password was read; 2 wrong usage."
    )]
    Password,
}

/// Does it.
pub fn run(command: &ClientCommand) -> ExitCode {
    let done = match &command.action {
        Action::Add { name, out, days, curve, replace, administrator, myself } => {
            command.client.settings().and_then(|settings| {
                let sign = |request| {
                    let (name, days, replace) = (reference::written(name), *days, *replace);
                    let (administrator, myself) = (*administrator, *myself);
                    let request =
                        AdminRequest::ClientAdd { name, days, request, replace, administrator, myself };
                    ask_with(settings.clone(), command.json, &request)
                };
                let issued = add((name, out), *curve, sign)?;
                complete(command.json, (name, out), &settings, issued)
            })
        }
        Action::List => list(command),
        Action::Revoke(asked) => revoke::run(command, asked),
        Action::HandOver(asked) => return hand_over::run(command, asked),
        Action::Show { name } => show(command, name),
        Action::Password => hash_password(command.json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(command.json, &error),
    }
}

/// Makes the key, has its certificate signed, and writes both.
fn add(
    (name, out): (&str, &Path),
    curve: Curve,
    sign: impl FnOnce(String) -> Result<Issued, Error>,
) -> Result<Issued, Error> {
    let named = |error: pki::Error| match error {
        wrong @ pki::Error::Name(..) => Error::usage(wrong.to_string(), "give another name"),
        other => Error::setup(other.to_string(), "correct it and try again"),
    };
    let (request, key) = pki::request(name, curve).map_err(named)?;
    let files = [".pem", ".key"].map(|end| out.join(format!("{}{end}", host_files::stem(name))));
    let [certificate_file, key_file] = &files;
    if let Some(there) = files.iter().find(|file| file.exists()) {
        let what = format!("{} exists already", text::path(there));
        return Err(Error::setup(what, "choose another name or folder; nothing is overwritten"));
    }
    let unwritten = |why: String| Error::setup(why, "name a folder that can be written with --out");
    let is_new = make_folder(out).map_err(unwritten)?;
    // Before the server is asked: what it has signed it lists, and only the key makes it of use.
    let written = pki::write_new(key_file, key.as_bytes());
    written.map_err(|error| unwritten(error.to_string()))?;
    let signed = sign(request).and_then(|issued| {
        pki::write_new(certificate_file, issued.certificate.as_bytes()).map_err(|error| {
            let end = format!("`keystead client revoke sha256:{}`", issued.fingerprint);
            Error::setup(error.to_string(), format!("end the certificate with {end}, and try again"))
        })?;
        Ok(issued)
    });
    signed.inspect_err(|_| {
        drop(std::fs::remove_file(key_file));
        if is_new {
            drop(std::fs::remove_dir(out));
        }
    })
}

/// Makes a folder for this user alone, where it is missing, inside one that is there; and says whether it was made.
fn make_folder(folder: &Path) -> Result<bool, String> {
    if folder.exists() {
        return Ok(false);
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
    made.map(|()| true).map_err(|error| format!("{}: {error}", text::path(folder)))
}

/// Writes what the host needs besides, and tells of all of it.
fn complete(
    json: bool,
    (name, out): (&str, &Path),
    settings: &Settings,
    issued: Issued,
) -> Result<(), Error> {
    let files = host_files::write(out, name, settings)?;
    let [certificate, key] = [".pem", ".key"].map(|end| out.join(format!("{}{end}", host_files::stem(name))));
    if json {
        let issued = Issued { certificate: String::new(), ..issued };
        let mut told = serde_json::json!(issued);
        if let Some(fields) = told.as_object_mut() {
            let paths = serde_json::json!({ "cert": certificate, "key": key, "ca": files.ca, "config": files.config });
            fields.insert("files".to_owned(), paths);
        }
        output::say(&json_line(&told))?;
        return Ok(());
    }
    let told = reference::told(name);
    output::say(&format!("client {told}: {} and {}", text::path(&certificate), text::path(&key)))?;
    output::say(&format!(
        "valid until {}, fingerprint sha256:{}",
        date(issued.not_after),
        issued.fingerprint
    ))?;
    output::say(&format!(
        "its host needs these two, {} and {}, in one folder: `--config {}` on the host then names all of them",
        files.ca.display(),
        files.config.display(),
        files.config.file_name().unwrap_or_default().to_string_lossy()
    ))?;
    Ok(())
}

/// The day of a time in seconds since 1970.
fn date(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds);
    time.map(|time| time.date().to_string()).unwrap_or_default()
}

fn list(command: &ClientCommand) -> Result<(), Error> {
    let issued: Vec<Issued> = ask(&command.client, command.json, &AdminRequest::ClientList)?;
    if command.json {
        output::say(&json_line(&issued))?;
        return Ok(());
    }
    print_certificates(&issued)
}

fn print_certificates(issued: &[Issued]) -> Result<(), Error> {
    let rows = issued.iter().map(|one| {
        let fingerprint = format!("sha256:{}", one.fingerprint);
        // Of a certificate that was barred before it ever came nothing is known.
        let known = |is_known: bool, text: String| if is_known { text } else { "-".to_owned() };
        [
            known(!one.name.is_empty(), reference::written(&one.name)),
            known(one.not_after != 0, date(one.not_after)),
            fingerprint,
            one.ended.clone().unwrap_or("good".to_owned()),
        ]
    });
    output::say(&table(["NAME", "UNTIL", "FINGERPRINT", "STANDING"], rows))
}

fn show(command: &ClientCommand, name: &str) -> Result<(), Error> {
    let shown: ShownClient =
        ask(&command.client, command.json, &AdminRequest::ClientShow { name: name.to_owned() })?;
    if command.json {
        output::say(&json_line(&shown))?;
        return Ok(());
    }
    let standing = &shown.standing;
    output::say(&format!("client {}, persona {:?}", reference::told(&standing.name), standing.persona))?;
    if let Some(why) = &shown.revoked {
        let why = text::lines(why);
        output::say(&format!(
            "  {why}: no certificate of this name is good but those that were signed for it after that"
        ))?;
    }
    match shown.objects {
        0 => {}
        1 => output::say("  owns 1 key or other object")?,
        count => output::say(&format!("  owns {count} keys and other objects"))?,
    }
    let default = |group: &String| standing.default_group.as_ref() == Some(group);
    for group in &standing.groups {
        output::say(&format!(
            "  in group {group:?}{}",
            if default(group) { ", which what it makes belongs to" } else { "" }
        ))?;
    }
    for (holds, what) in
        [(standing.admin, "an administrator"), (standing.weak_keys, "may have and use what is weak")]
    {
        if holds {
            output::say(&format!("  {what}"))?;
        }
    }
    if !shown.certificates.is_empty() {
        print_certificates(&shown.certificates)?;
    }
    let width = standing.switches.iter().map(|row| row.switch.len()).max().unwrap_or_default();
    for row in &standing.switches {
        output::say(&format!("  {:width$}  {:14}  {}", row.switch, row.value, row.from))?;
    }
    Ok(())
}

fn hash_password(json: bool) -> Result<(), Error> {
    let password = password::read()?;
    let mut salt = [0; 16];
    let filled = SystemEntropy::default().fill(&mut salt);
    filled.map_err(|error| Error::setup(error.to_string(), "try again"))?;
    let hash = authenticate::password_hash(password.as_bytes(), &salt);
    if json {
        output::say(&json_line(&serde_json::json!({ "hash": hash })))?;
    } else {
        output::say(&hash)?;
    }
    Ok(())
}
