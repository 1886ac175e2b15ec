//! `keystead client`: certificates for clients. The private key is made here and never leaves this machine; the server
//! signs with the CA key that its configuration names.

use super::protocol::{AdminRequest, Issued, Revoked, ShownClient};
use super::{AS_ADMINISTRATOR, ask, fail, json_line};
use crate::client::{ClientArgs, Error};
use crate::gate;
use crate::pki::{self, Curve};
use crate::text::printable;
use clap::{Args, Subcommand};
use keystead_hsm::{Entropy as _, SystemEntropy};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// The longest name that is shown, in characters.
const NAME_CHARS_MAX: usize = 256;

/// `keystead client …`.
#[derive(Args, Debug)]
#[command(after_help = AS_ADMINISTRATOR)]
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
    /// Make a key and get a certificate for a new client: NAME.pem and NAME.key
    ///
    /// A name that owns keys, or that was revoked, is refused: whoever holds the new certificate gets at those keys. With
    /// --replace it is signed, and is then the only certificate of the name that is good.
    #[command(after_help = AS_ADMINISTRATOR)]
    Add {
        /// The name of the client: what its objects belong to
        name: String,
        /// Where the two files go
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// How long the certificate is valid
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// The curve of the key; a server in Suite B 192 wants p384
        #[arg(long, value_enum, default_value_t = Curve::P256)]
        curve: Curve,
        /// Hand what the name owns over to this certificate, and end all others of the name
        #[arg(long)]
        replace: bool,
    },
    /// List the certificates that were issued
    #[command(after_help = AS_ADMINISTRATOR)]
    List,
    /// End a client: it is refused from its next message on, for good
    ///
    /// A name ends every certificate with that name, whoever signed it and whenever, and what the client has asked for and
    /// is not done yet. A fingerprint ends one certificate alone. Neither is taken back; `client add NAME --replace` signs
    /// a new certificate for a name, and those of before stay ended.
    #[command(after_help = AS_ADMINISTRATOR)]
    Revoke {
        /// Its name, or `sha256:` and the fingerprint of one certificate
        name: String,
        /// End the name even if nothing here knows it
        #[arg(long)]
        unknown: bool,
    },
    /// Show a client: its groups, its persona, and where each switch of that comes from
    #[command(after_help = AS_ADMINISTRATOR)]
    Show {
        /// Its name, or `sha256:` and the fingerprint of its certificate
        name: String,
    },
    /// Hash a password, read from standard input, for [[credentials]] in the configuration; asks no server
    #[command(after_help = "Exit codes: 0 done; 1 no password was read; 2 wrong usage.")]
    Password,
}

/// Does it.
pub fn run(command: &ClientCommand) -> ExitCode {
    let done = match &command.action {
        Action::Add { name, out, days, curve, replace } => {
            add(command, name, out, *curve, |request| sign(command, name, (*days, *replace), request))
        }
        Action::List => list(command),
        Action::Revoke { name, unknown } => revoke(command, name, *unknown),
        Action::Show { name } => show(command, name),
        Action::Password => password(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn add(
    command: &ClientCommand,
    name: &str,
    out: &Path,
    curve: Curve,
    sign: impl FnOnce(String) -> Result<Issued, Error>,
) -> Result<(), Error> {
    let files = [out.join(format!("{name}.pem")), out.join(format!("{name}.key"))];
    let [certificate_file, key_file] = &files;
    if let Some(there) = files.iter().find(|file| file.exists()) {
        let what = format!("{} exists already", there.display());
        return Err(Error::setup(what, "choose another name or folder; nothing is overwritten"));
    }
    let named = |error: pki::Error| Error::setup(error.to_string(), "correct it and try again");
    let (request, key) = pki::request(name, curve).map_err(named)?;
    // Before the server is asked: what it has signed it lists, and only the key makes it of use.
    let written = pki::write_new(key_file, key.as_bytes());
    written
        .map_err(|error| Error::setup(error.to_string(), "name a folder that can be written with --out"))?;
    let signed = sign(request).and_then(|issued| {
        pki::write_new(certificate_file, issued.certificate.as_bytes()).map_err(|error| {
            let end = format!("`keystead client revoke sha256:{}`", issued.fingerprint);
            Error::setup(error.to_string(), format!("end the certificate with {end}, and try again"))
        })?;
        Ok(issued)
    });
    let issued = signed.inspect_err(|_| drop(std::fs::remove_file(key_file)))?;
    if command.json {
        println!("{}", json_line(&Issued { certificate: String::new(), ..issued }));
    } else {
        println!("client {name:?}: {} and {}", certificate_file.display(), key_file.display());
        println!("valid until {}, fingerprint sha256:{}", date(issued.not_after), issued.fingerprint);
    }
    Ok(())
}

fn sign(
    command: &ClientCommand,
    name: &str,
    (days, replace): (u32, bool),
    request: String,
) -> Result<Issued, Error> {
    ask(&command.client, &AdminRequest::ClientAdd { name: name.to_owned(), days, request, replace })
}

/// The day of a time in seconds since 1970.
fn date(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds);
    time.map(|time| time.date().to_string()).unwrap_or_default()
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn list(command: &ClientCommand) -> Result<(), Error> {
    let issued: Vec<Issued> = ask(&command.client, &AdminRequest::ClientList)?;
    if command.json {
        println!("{}", json_line(&issued));
        return Ok(());
    }
    print_certificates(&issued);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn revoke(command: &ClientCommand, name: &str, unknown: bool) -> Result<(), Error> {
    let request = AdminRequest::ClientRevoke { name: name.to_owned(), unknown };
    let revoked: Revoked = ask(&command.client, &request)?;
    if command.json {
        println!("{}", json_line(&revoked));
        return Ok(());
    }
    if let Some(name) = &revoked.name {
        println!("revoked the name {name:?}: every certificate with it is refused, whoever signed it");
    }
    for fingerprint in &revoked.certificates {
        println!("revoked sha256:{fingerprint}");
    }
    if revoked.name.is_none() {
        println!("this certificate alone: others of the same name stay good");
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn print_certificates(issued: &[Issued]) {
    for one in issued {
        let ended = one.ended.as_ref().map(|why| format!("\t{}", printable(why, NAME_CHARS_MAX)));
        let ended = ended.unwrap_or_default();
        println!(
            "{}\tuntil {}\tsha256:{}{ended}",
            printable(&one.name, NAME_CHARS_MAX),
            date(one.not_after),
            one.fingerprint
        );
    }
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn show(command: &ClientCommand, name: &str) -> Result<(), Error> {
    let shown: ShownClient = ask(&command.client, &AdminRequest::ClientShow { name: name.to_owned() })?;
    if command.json {
        println!("{}", json_line(&shown));
        return Ok(());
    }
    let standing = &shown.standing;
    println!("client {:?}, persona {:?}", standing.name, standing.persona);
    if !standing.configured && shown.certificates.is_empty() {
        println!("  nothing here names it: this is how a client of that name would stand");
    }
    if let Some(why) = &shown.revoked {
        println!("  {why}: no certificate of this name is good but those that were signed for it after that");
    }
    let default = |group: &String| standing.default_group.as_ref() == Some(group);
    for group in &standing.groups {
        println!(
            "  in group {group:?}{}",
            if default(group) { ", which what it makes belongs to" } else { "" }
        );
    }
    for (holds, what) in
        [(standing.admin, "an administrator"), (standing.weak_keys, "may have and use what is weak")]
    {
        if holds {
            println!("  {what}");
        }
    }
    print_certificates(&shown.certificates);
    let width = standing.switches.iter().map(|row| row.switch.len()).max().unwrap_or_default();
    for row in &standing.switches {
        println!("  {:width$}  {:14}  {}", row.switch, row.value, row.from);
    }
    Ok(())
}

/// The longest password that is taken.
const PASSWORD_BYTES_MAX: u64 = 1024;

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn password() -> Result<(), Error> {
    let mut text = Zeroizing::new(String::with_capacity(PASSWORD_BYTES_MAX as usize));
    let read = std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| {
        Error::setup(format!("cannot read the password: {error}"), "write it to standard input")
    })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Error::setup("the password is empty", "write it to standard input"));
    }
    let mut salt = [0; 16];
    let filled = SystemEntropy::default().fill(&mut salt);
    filled.map_err(|error| Error::setup(error.to_string(), "try again"))?;
    println!("{}", gate::password_hash(password.as_bytes(), &salt));
    Ok(())
}
