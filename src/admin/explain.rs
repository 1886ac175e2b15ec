//! `keystead explain`: why an exchange failed, what its client probably wanted, and what to do.

mod view;

use super::protocol::AdminRequest;
use super::{ask, fail, json_line};
use crate::arguments::whole;
use crate::client::{ClientArgs, Error, exit};
use crate::explain::{Exchange, to_case};
use crate::output;
use crate::text;
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `keystead explain …`.
#[derive(Args, Debug)]
#[command(after_help = help())]
pub struct ExplainCommand {
    /// The number of the request
    #[arg(value_name = "ID", allow_negative_numbers = true, value_parser = whole::<u64>(0, u64::MAX))]
    id: Option<u64>,
    /// List those of this client alone, by the name in its certificate; "" is whom TLS turned away
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    client: Option<String>,
    /// List at most this many
    #[arg(long, value_name = "COUNT", default_value_t = 20, conflicts_with = "id", allow_negative_numbers = true, value_parser = whole::<usize>(1, u64::MAX))]
    last: usize,
    /// Write the exchange as a regression case (XML) into a new file
    #[arg(long, value_name = "FILE", requires = "id")]
    write: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ClientArgs,
}

/// Asks, and tells.
pub fn run(command: &ExplainCommand) -> ExitCode {
    let done = match command.id {
        Some(id) => explain(command, id),
        None => list(command),
    };
    match done.and_then(|text| output::say(text.trim_end())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(command.json, &error),
    }
}

fn help() -> String {
    let refused = "the server refused, or keeps nothing of this request, one side does not accept the other's certificate, or no \
                   KMIP is spoken there";
    format!(
        "Without ID it lists the last exchanges that failed or were odd, the newest first. The ID is what \
         the client's error message ends with (\"request 1764…\"), what the log and the audit call `request`, and the Server \
         Correlation Value of the answer.\nNo key, secret or password is shown: length and fingerprint stand for each; equal \
         secrets have equal fingerprints until the server is restarted. Kept are the last ones of each client, in the server's \
         memory ([explain] in docs/configuration.md).\nIt asks the server as an administrator: use a certificate that its \
         configuration lists under [admin].\nExample: keystead explain --client host-7 --last 5\n{}",
        exit::help(&[(exit::REFUSED, refused)])
    )
}

fn list(command: &ExplainCommand) -> Result<String, Error> {
    let request = AdminRequest::ExplainLast { client: command.client.clone(), count: command.last };
    let all: Vec<Exchange> = ask(&command.connection, command.json, &request)?;
    if command.json {
        return Ok(json_line(&all));
    }
    if all.is_empty() {
        return Ok("nothing failed or was odd, as far as the server remembers".to_owned());
    }
    Ok(view::list(&all))
}

fn explain(command: &ExplainCommand, id: u64) -> Result<String, Error> {
    let exchange: Exchange = ask(&command.connection, command.json, &AdminRequest::Explain { id })?;
    let written = command.write.as_deref().map(|file| write(file, &exchange)).transpose()?;
    if command.json {
        return Ok(json_line(&exchange));
    }
    Ok(view::whole(&exchange) + &written.unwrap_or_default())
}

fn write(file: &Path, exchange: &Exchange) -> Result<String, Error> {
    let case = to_case(exchange).map_err(|why| {
        Error::setup(format!("request {} cannot be a case: {why}", exchange.id), "leave --write out")
    })?;
    let made = std::fs::File::create_new(file).and_then(|mut made| made.write_all(case.as_bytes()));
    made.map_err(|why| {
        Error::setup(
            format!("cannot write {}: {why}", text::path(file)),
            "name a file that does not exist yet",
        )
    })?;
    Ok(format!("\nwritten as a regression case: {}\n", file.display()))
}
