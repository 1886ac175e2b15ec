//! How commands tell that they failed: one line on standard error, for people or, with `--json`, for programs.
//! Standard output is for results alone.

use crate::arguments;
use crate::output::{self, unwritten};
use crate::{Error, exit};
use keystead_base::text::printable;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// How much of an error is shown to people, with everything escaped that a terminal obeys.
const MESSAGE_CHARS: usize = 4000;

/// Why a command did not do what it was asked to.
pub struct Report {
    /// One word for its kind; programs rely on it.
    pub kind: &'static str,
    /// What was found, where, and what to do.
    pub message: String,
    /// The exit code.
    pub code: u8,
    /// The standard's word, where a server refused.
    pub reason: Option<&'static str>,
}

impl From<&Error> for Report {
    fn from(error: &Error) -> Self {
        let (kind, reason) = match error {
            Error::Usage { .. } => ("usage", None),
            Error::Setup { .. } => ("setup", None),
            Error::Unreachable(_) | Error::Broken { .. } if error.is_other_protocol() => ("no-kmip", None),
            Error::Unreachable(_) | Error::Broken { .. } if error.exit_code() == exit::REFUSED => {
                ("not-accepted", None)
            }
            Error::Unreachable(_) => ("unreachable", None),
            Error::Broken { .. } => ("broken", None),
            Error::Refused(refusal) => ("refused", Some(refusal.reason_name())),
        };
        Self { kind, message: error.to_string(), code: error.exit_code(), reason }
    }
}

impl Report {
    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        let Self { kind, message, code, reason } = self;
        let mut told = serde_json::json!({ "error": message, "kind": kind, "exit_code": code });
        if let (Some(reason), Some(fields)) = (reason, told.as_object_mut()) {
            fields.insert("reason".to_owned(), (*reason).into());
        }
        told
    }
}

/// Tells it, and gives the exit code.
pub fn fail(json: bool, report: impl Into<Report>) -> ExitCode {
    fail_as("keystead", json, report)
}

/// The same of a program of another name.
fn fail_as(program: &str, json: bool, report: impl Into<Report>) -> ExitCode {
    let report = report.into();
    let line = match json {
        true => output::json_line(&report.json()),
        false => format!("{program}: {}", printable(&report.message, MESSAGE_CHARS)),
    };
    // Nobody may be there to read it.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(report.code)
}

/// Tells what is wrong with the command line of a program, or shows the help or the version that it asks for; where standard
/// output is closed, nobody wants to see it.
pub fn command_line(program: &str, error: clap::Error) -> ExitCode {
    let error = arguments::bounded(error);
    let json = std::env::args_os().any(|argument| argument == "--json");
    if !json || !error.use_stderr() {
        // Whoever reads a help may have seen enough; that it cannot be written is told.
        match error.print() {
            Err(why) if !error.use_stderr() && why.kind() != io::ErrorKind::BrokenPipe => {
                return fail_as(program, json, &unwritten(&why));
            }
            _ => {}
        }
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
    }
    let text = error.render().to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let told = told.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    // A line that ends with a colon is about the one below it.
    let words = told.collect::<Vec<_>>().join("; ").replace(":; ", ": ");
    let message = words.strip_prefix("error: ").unwrap_or(&words).to_owned();
    fail_as(program, true, Report { kind: "usage", message, code: exit::USAGE, reason: None })
}

/// Tells of something that does not hinder the command; programs are not told.
pub fn warn(json: bool, text: &str) {
    if !json {
        let _ = writeln!(io::stderr(), "keystead: warning: {text}");
    }
}
