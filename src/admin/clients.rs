//! `keystead client`: certificates for clients. The private key is made here and never leaves this machine; the server
//! signs with the CA key that its configuration names.

use super::protocol::{AdminRequest, Issued, ShownClient};
use super::{AS_ADMINISTRATOR, ask, fail};
use crate::client::{ClientArgs, Error};
use crate::gate;
use crate::pki::{self, Curve};
use clap::{Args, Subcommand};
use keystead_hsm::{Entropy as _, SystemEntropy};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

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
    },
    /// List the certificates that were issued
    #[command(after_help = AS_ADMINISTRATOR)]
    List,
    /// End the certificates of a client: it is refused from its next message on
    #[command(after_help = AS_ADMINISTRATOR)]
    Revoke {
        /// Its name, or `sha256:` and the fingerprint of one certificate
        name: String,
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
        Action::Add { name, out, days, curve } => add(command, name, out, *days, *curve),
        Action::List => list(command),
        Action::Revoke { name } => revoke(command, name),
        Action::Show { name } => show(command, name),
        Action::Password => password(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn add(command: &ClientCommand, name: &str, out: &Path, days: u32, curve: Curve) -> Result<(), Error> {
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
    let signed = sign(command, name, days, request).and_then(|issued| {
        pki::write_new(certificate_file, issued.certificate.as_bytes()).map_err(|error| {
            let end = format!("`keystead client revoke sha256:{}`", issued.fingerprint);
            Error::setup(error.to_string(), format!("end the certificate with {end}, and try again"))
        })?;
        Ok(issued)
    });
    let issued = signed.inspect_err(|_| drop(std::fs::remove_file(key_file)))?;
    if command.json {
        println!("{}", serde_json::json!(Issued { certificate: String::new(), ..issued }));
    } else {
        println!("client {name:?}: {} and {}", certificate_file.display(), key_file.display());
        println!("valid for {days} days, fingerprint sha256:{}", issued.fingerprint);
    }
    Ok(())
}

fn sign(command: &ClientCommand, name: &str, days: u32, request: String) -> Result<Issued, Error> {
    ask(&command.client, &AdminRequest::ClientAdd { name: name.to_owned(), days, request })
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn list(command: &ClientCommand) -> Result<(), Error> {
    let issued: Vec<Issued> = ask(&command.client, &AdminRequest::ClientList)?;
    if command.json {
        println!("{}", serde_json::json!(issued));
        return Ok(());
    }
    print_certificates(&issued);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn revoke(command: &ClientCommand, name: &str) -> Result<(), Error> {
    let ended: Vec<String> = ask(&command.client, &AdminRequest::ClientRevoke { name: name.to_owned() })?;
    if command.json {
        println!("{}", serde_json::json!(ended));
    } else {
        ended.iter().for_each(|fingerprint| println!("revoked sha256:{fingerprint}"));
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn print_certificates(issued: &[Issued]) {
    for one in issued {
        let until =
            time::OffsetDateTime::from_unix_timestamp(one.not_after).map(|time| time.date().to_string());
        let ended = one.ended.as_ref().map(|why| format!("\t{why}")).unwrap_or_default();
        println!("{}\tuntil {}\tsha256:{}{ended}", one.name, until.unwrap_or_default(), one.fingerprint);
    }
}

#[allow(clippy::print_stdout, reason = "this is the command line")]
fn show(command: &ClientCommand, name: &str) -> Result<(), Error> {
    let shown: ShownClient = ask(&command.client, &AdminRequest::ClientShow { name: name.to_owned() })?;
    if command.json {
        println!("{}", serde_json::json!(shown));
        return Ok(());
    }
    let standing = &shown.standing;
    println!("client {:?}, persona {:?}", standing.name, standing.persona);
    if !standing.configured && shown.certificates.is_empty() {
        println!("  nothing here names it: this is how a client of that name would stand");
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
