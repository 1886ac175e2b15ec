//! What administrative operations want of the server outside the engine: the HSM, the CA's key, the configuration, the
//! memory of exchanges. Who may ask the engine has decided before (see
//! [`administration`](crate::engine::administration)).

use super::{Error, Executor, now};
use crate::audit::Entry;
use crate::authenticate::{self, fingerprint};
use crate::engine::administration::protocol::{AdminRequest, Issued};
use crate::engine::certificates;
use crate::engine::changes::Changes;
use crate::engine::draft::logins;
use crate::engine::fulfilled::Fulfilled;
use crate::engine::need::Outside;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::identity::ClientRef;
use crate::store::Outcome;
use crate::vault;
use serde_json::Value;

/// Seconds.
const DAY: i64 = 86_400;

impl Executor {
    /// Does what is asked, after its start is in the audit where it has one. Nothing where whoever asks may have been revoked since
    /// that was decided: the engine decides again. Blocks.
    pub(super) fn do_outside(&self, outside: Outside, fulfilled: &mut Fulfilled) -> Result<(), Error> {
        if let Some(start) = &outside.start {
            let changes = Changes { expects: outside.expects, ..Changes::default() };
            if self.commit_blocking(changes, [start].into_iter().collect())? == Outcome::Conflict {
                return Ok(());
            }
        }
        let answer = self.answer(&outside.request, outside.start.as_ref());
        fulfilled.add_outside(outside.request, answer);
        Ok(())
    }

    /// `start` is the audit entry of the start of a job: the entries of its steps are made from it.
    fn answer(&self, request: &AdminRequest, start: Option<&Entry>) -> Result<Value, Refusal> {
        match request {
            AdminRequest::Ready => json(self.readiness()),
            AdminRequest::MasterStatus => json(self.hierarchy.status().map_err(failed)?),
            AdminRequest::MasterRotate => {
                let start = start.ok_or_else(|| failed("a job without the entry of its start"))?;
                json(self.hierarchy.rotate(start).map_err(not_rotated)?)
            }
            AdminRequest::ClientAdd { name, days, request, .. } => self.sign(name, *days, request),
            AdminRequest::ClientShow { name } => {
                json(self.authenticator.standing(name).map_err(|why| Refusal::new(Cause::InvalidField, why))?)
            }
            AdminRequest::Explain { id } => json(self.memory.exchange(*id).ok_or_else(|| {
                let text = format!(
                    "nothing is kept of request {id}: it succeeded, or is older than what [explain] has room for, or the \
                     server was restarted since"
                );
                Refusal::new(Cause::NotFound, text)
            })?),
            AdminRequest::ExplainLast { client, count } => {
                // What is no way to write a client may still be the name under which somebody was turned away.
                let named =
                    |text: &String| ClientRef::read(text).map_or_else(|_| text.clone(), |whom| whom.owner());
                json(self.memory.last(client.as_ref().map(named).as_deref(), *count))
            }
            AdminRequest::ClientRevoke { .. }
            | AdminRequest::ClientHandOver { .. }
            | AdminRequest::ClientList => Err(failed("it is done in the draft")),
        }
    }

    /// A certificate, without who asked for it and when.
    fn sign(&self, name: &str, days: u32, request: &str) -> Result<Value, Refusal> {
        let key = certificates::login_key(request)?;
        let until = now().seconds().saturating_add(i64::from(days) * DAY);
        let signed = self.registrar.ca()?.certified(&key, name, until);
        let signed = signed.map_err(|error| Refusal::new(Cause::InvalidField, error.to_string()))?;
        json(Issued {
            name: name.to_owned(),
            fingerprint: fingerprint(signed.der()),
            not_after: authenticate::ends(signed.der()).unwrap_or_default(),
            by: String::new(),
            at: 0,
            ended: None,
            public_key: logins::of_public_key(&key),
            certificate: signed.pem(),
        })
    }
}

fn json(value: impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(failed)
}

/// One rotation at a time: that another one runs is no failure, and passes.
fn not_rotated(error: vault::Error) -> Refusal {
    let cause = if matches!(error, vault::Error::Running(_)) { Cause::Limit } else { Cause::Internal };
    Refusal::new(cause, error.to_string())
}

/// An administrator is told what failed, in full.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Cause::Internal, error.to_string())
}
