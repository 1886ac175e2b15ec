//! What administrative operations want of the server outside the engine: the HSM, the CA's key, the configuration, the
//! memory of exchanges. Who may ask the engine has decided before (see
//! [`administration`](crate::engine::administration)).

use super::{Error, Executor};
use crate::admin::protocol::{AdminRequest, Issued};
use crate::audit::Entry;
use crate::engine::draft::Changes;
use crate::engine::need::Outside;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::supplies::Supplies;
use crate::gate::{self, fingerprint};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

impl Executor {
    /// Does what is asked, after its start is in the audit where it has one. Blocks.
    pub(super) fn do_outside(&self, outside: Outside, supplies: &mut Supplies) -> Result<(), Error> {
        if let Some(start) = &outside.start {
            self.commit_blocking(Changes::default(), vec![start.clone()])?;
        }
        let answer = self.answer(&outside.request, outside.start.as_ref());
        supplies.add_outside(outside.request, answer);
        Ok(())
    }

    /// `start` is the audit entry of the start of a job: the entries of its steps are made from it.
    fn answer(&self, request: &AdminRequest, start: Option<&Entry>) -> Result<Value, Refusal> {
        match request {
            AdminRequest::Ready => json(self.readiness()),
            AdminRequest::MasterStatus => json(self.hierarchy.status().map_err(failed)?),
            AdminRequest::MasterRotate => {
                let start = start.ok_or_else(|| failed("a job without the entry of its start"))?;
                json(self.hierarchy.rotate(start).map_err(failed)?)
            }
            AdminRequest::ClientAdd { name, days, request, .. } => self.sign(name, *days, request),
            AdminRequest::ClientShow { name } => {
                json(self.gate.standing(name).map_err(|why| Refusal::new(Cause::InvalidField, why))?)
            }
            AdminRequest::Explain { id } => json(self.memory.exchange(*id).ok_or_else(|| {
                let text = format!(
                    "nothing is kept of request {id}: it succeeded, or is older than what [explain] has room for, or the \
                     server was restarted since"
                );
                Refusal::new(Cause::NotFound, text)
            })?),
            AdminRequest::ExplainLast { client, count } => json(self.memory.last(client.as_deref(), *count)),
            AdminRequest::ClientRevoke { .. } | AdminRequest::ClientList => {
                Err(failed("it is done in the draft"))
            }
        }
    }

    /// A certificate, without who asked for it and when.
    fn sign(&self, name: &str, days: u32, request: &str) -> Result<Value, Refusal> {
        let signed = self.registrar.ca()?.sign(request, name, i64::from(days));
        let certificate = signed.map_err(|error| Refusal::new(Cause::InvalidField, error.to_string()))?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(failed)?;
        json(Issued {
            name: name.to_owned(),
            fingerprint: fingerprint(&der),
            not_after: gate::ends(&der).unwrap_or_default(),
            by: String::new(),
            at: 0,
            ended: None,
            certificate,
        })
    }
}

fn json(value: impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(failed)
}

/// An administrator is told what failed, in full.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Cause::Internal, error.to_string())
}
