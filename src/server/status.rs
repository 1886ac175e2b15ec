//! What the server answers to its admin socket.

use super::{Server, now};
use crate::audit::Entry;
use crate::store::{Submission, Transaction};
use crate::vault::{MasterStatus, RotationReport};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A request on the admin socket, one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// Is the server ready? Really opens a canary in the HSM.
    Ready,
    /// How the master key stands.
    MasterStatus,
    /// Rotate the master key.
    MasterRotate,
}

/// The answer to `ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// The version of the program.
    pub version: String,
    /// What holds the master keys.
    pub token: String,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
}

impl Server {
    /// Answers a request of the admin socket: a JSON value, or why not. Blocks.
    pub fn admin(self: &Arc<Self>, request: &AdminRequest) -> Result<serde_json::Value, String> {
        match request {
            AdminRequest::Ready => {
                self.hierarchy.prove().map_err(|error| error.to_string())?;
                let status = ServerStatus {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    token: self.hierarchy.describe(),
                    uptime_seconds: now().milliseconds.saturating_sub(self.started) / 1000,
                };
                json(&status)
            }
            AdminRequest::MasterStatus => {
                let status: MasterStatus = self.hierarchy.status().map_err(|error| error.to_string())?;
                json(&status)
            }
            AdminRequest::MasterRotate => {
                let report = self.hierarchy.rotate().map_err(|error| error.to_string());
                self.audit_rotation(&report)?;
                json(&report?)
            }
        }
    }

    fn audit_rotation(&self, report: &Result<RotationReport, String>) -> Result<(), String> {
        let outcome = match report {
            Ok(report) => format!("Success: epoch {} to {}", report.from, report.to),
            Err(why) => format!("Failed: {why}"),
        };
        let entry = Entry {
            time: now().milliseconds,
            principal: "admin socket".to_owned(),
            operation: "MasterRotate".to_owned(),
            outcome,
            ..Entry::default()
        };
        let submission = Submission { transaction: Transaction::default(), entries: vec![entry] };
        self.database.commit_blocking(submission).map(drop).map_err(|error| error.to_string())
    }
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
