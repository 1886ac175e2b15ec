//! The command line.

use super::workload::Workload;
use crate::arguments::whole;
use crate::client::{ClientArgs, exit};
use clap::Args;
use kmip_codec::Version;
use kmip_codec::version::VERSIONS;
use std::path::PathBuf;
use std::time::Duration;

/// The most connections at once that are asked for: more have no port of their own at one address.
const CONNECTIONS_MAX: u64 = 28_000;

/// `keystead bench`.
#[derive(Args, Debug)]
#[command(after_help = help())]
pub struct BenchCommand {
    /// What to measure, one after the other
    #[arg(value_name = "WORKLOAD", value_enum, required_unless_present_any = ["from", "preload"])]
    pub workloads: Vec<Workload>,
    /// On how many connections at once; several, separated by commas, are measured one after the other
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [1, 16, 64], allow_negative_numbers = true,
          value_parser = whole::<usize>(1, CONNECTIONS_MAX))]
    pub connections: Vec<usize>,
    /// How long each is measured, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", allow_negative_numbers = true, value_parser = seconds)]
    pub duration: Duration,
    /// How long it runs before that, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", allow_negative_numbers = true, value_parser = seconds_or_none)]
    pub warm_up: Duration,
    /// How often each is measured: the run with the median of the rates is told
    #[arg(long, value_name = "COUNT", default_value_t = 1, allow_negative_numbers = true, value_parser = whole::<usize>(1, 99))]
    pub runs: usize,
    /// How many keys are asked for: PREFIX-00000000 and so on
    #[arg(long, value_name = "COUNT", default_value_t = 1000, allow_negative_numbers = true,
          value_parser = whole::<usize>(1, 100_000_000))]
    pub population: usize,
    /// What the names of the keys begin with
    #[arg(long, value_name = "TEXT", default_value = "bench", value_parser = prefix)]
    pub prefix: String,
    /// First make what is missing of the population, and activate it; the keys stay
    #[arg(long)]
    pub preload: bool,
    /// Ask for no key twice, and end when there is none left, instead of drawing keys at random; of what is not about keys, do as much
    /// as there are keys
    #[arg(long)]
    pub each_once: bool,
    /// What random choices begin with: the same seed asks for the same keys
    #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true, value_parser = whole::<u64>(0, u64::MAX))]
    pub seed: u64,
    /// Ask so often a second, all connections together, instead of as fast as answers come. Latencies then count from when a request was
    /// due (corrected for coordinated omission)
    #[arg(long, value_name = "PER_SECOND", allow_negative_numbers = true, value_parser = whole::<u64>(1, 10_000_000))]
    pub rate: Option<u64>,
    /// The server's process on this machine: its CPU an operation and its memory are told
    #[arg(long, value_name = "PID", allow_negative_numbers = true, value_parser = whole::<u32>(1, i32::MAX as u64))]
    pub pid: Option<u32>,
    /// The version of KMIP: 1.0 to 1.4, 2.0 or 2.1
    #[arg(long, value_name = "VERSION", default_value = "2.1", value_parser = version)]
    pub kmip: Version,
    /// Measure in the same run what this machine could do at the most, and tell the share of it
    #[arg(long)]
    pub limits: bool,
    /// With --limits: the certificate that TLS echo shows, such as the server's own. Without it one is made for the run
    #[arg(long, value_name = "FILE", requires = "echo_key")]
    pub echo_cert: Option<PathBuf>,
    /// The private key of that certificate
    #[arg(long, value_name = "FILE", requires = "echo_cert")]
    pub echo_key: Option<PathBuf>,
    /// Also measure synced appends to a file in this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Also measure AES-GCM in the HSM of this server configuration, with a key that is gone with the session
    #[arg(long, value_name = "FILE")]
    pub hsm: Option<PathBuf>,
    /// A word that stands with the figures, such as the mode of the server
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Tell the figures of earlier runs (what --json printed) together; nothing is measured
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["workloads", "preload", "pid", "limits", "hsm", "dir"])]
    pub from: Vec<PathBuf>,
    /// Write a plot (SVG): rates by connections, and the cost by population where there are several
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print a table in Markdown
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// The server, and who asks it.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wanted = "seconds from 0.01 to 86400 are wanted, such as 5 or 0.5";
    seconds_or_none(text)
        .ok()
        .filter(|time| *time >= Duration::from_millis(10))
        .ok_or_else(|| wanted.to_owned())
}

fn seconds_or_none(text: &str) -> Result<Duration, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|number| is_plain && (0.0..=86_400.0).contains(number));
    number
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "seconds from 0 to 86400 are wanted, such as 1 or 0.5".to_owned())
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match (1..=64).contains(&text.len()) && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("1 to 64 ASCII letters, digits, `-`, `_` or `.` are wanted".to_owned()),
    }
}

fn version(text: &str) -> Result<Version, String> {
    let version = VERSIONS.into_iter().find(|version| version.to_string() == text);
    version.ok_or_else(|| "1.0, 1.1, 1.2, 1.3, 1.4, 2.0 or 2.1 is wanted".to_owned())
}

fn help() -> String {
    let refused = "the server refused, or has too few keys of the population, one side does not accept the other's certificate, or no \
                   KMIP is spoken there";
    let wrong = "answers were wrong or missing in the run, or something on this machine";
    format!(
        "Speaks with the first server that is given. Every answer is checked: its result, whose key it is, and how long the key is; a \
         sample of the keys is compared with the digests that the server tells of them.\nWhat create, register and activate make \
         stays on the server, under names that begin with the prefix. Measure a server that is there for that.\nWith --limits the \
         same requests go, as bytes of the same length, to a TLS echo in a second process of this program; the share is the server's \
         rate by that of the echo.\nExample: keystead bench get locate --population 20000 --preload --connections 1,16,64 --limits\n{}",
        exit::help(&[(exit::REFUSED, refused), (exit::HERE, wrong)])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds_or_none("0"), Ok(Duration::ZERO));
        for wrong in ["", "0", "-1", "1e3", "nan", "inf", "86401", "5s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
