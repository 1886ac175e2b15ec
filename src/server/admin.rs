//! The requests of the commands of `keystead` (see [`crate::admin::protocol`]): who may ask, and the answers.

use super::{Server, now};
use crate::admin::protocol::{self, AdminRequest, Issued, Readiness, ShownClient};
use crate::audit::Entry;
use crate::engine::batch;
use crate::engine::refusal::{Cause, Refusal};
use crate::gate::fingerprint;
use crate::pki::Ca;
use crate::session::Peer;
use crate::store::{Order, Outcome, Submission, Transaction};
use kmip_codec::enums::ResultStatus;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Request, Response};
use kmip_codec::value::DateTime;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Where the CA is that signs clients.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What keys of issued certificates begin with; the fingerprint follows.
const ISSUED: &[u8] = b"c";

/// The payload of an admin request, where the message is one.
pub fn payload(message: &RequestMessage) -> Option<&ItemValue> {
    match message.items.as_slice() {
        [item] => match &item.request {
            Request::Unknown(protocol::OPERATION, payload) => Some(payload),
            _ => None,
        },
        _ => None,
    }
}

impl Server {
    /// Answers an admin request. Blocks.
    pub(super) fn administer(
        self: &Arc<Self>,
        peer: &Peer,
        message: &RequestMessage,
        payload: &ItemValue,
    ) -> ResponseMessage {
        let answer = self.admin_answer(peer, payload).and_then(|value| {
            protocol::payload(&value).map_err(|error| Refusal::new(Cause::Internal, error.to_string()))
        });
        let version = message.version();
        let mut item = match answer {
            Ok(payload) => ResponseItem {
                result_status: ResultStatus::Success,
                response: Some(Response::Unknown(protocol::OPERATION, payload)),
                ..ResponseItem::default()
            },
            Err(refusal) => batch::refused(&refusal, version, None),
        };
        item.operation = Some(protocol::OPERATION);
        item.unique_batch_item_id = message.items.first().and_then(|item| item.unique_batch_item_id.clone());
        ResponseMessage::new(version, DateTime(now().seconds()), vec![item])
    }

    fn admin_answer(
        self: &Arc<Self>,
        peer: &Peer,
        payload: &ItemValue,
    ) -> Result<serde_json::Value, Refusal> {
        let request: AdminRequest = serde_json::from_str(protocol::text(payload).unwrap_or_default())
            .map_err(|error| Refusal::new(Cause::InvalidField, format!("not an admin request: {error}")))?;
        if request == AdminRequest::Ready {
            return self.readiness();
        }
        if !peer.principal.admin {
            let text = format!("client {:?} is no administrator of this server", peer.principal.name);
            self.audit_admin(peer, &request, "PermissionDenied", Transaction::default())?;
            return Err(Refusal::new(Cause::Denied, text));
        }
        match &request {
            AdminRequest::Ready | AdminRequest::MasterStatus => {
                json(self.hierarchy.status().map_err(failed)?)
            }
            AdminRequest::MasterRotate => {
                let report = self.hierarchy.rotate();
                let outcome = match &report {
                    Ok(report) => format!("Success: epoch {} to {}", report.from, report.to),
                    Err(error) => format!("Failed: {error}"),
                };
                self.audit_admin(peer, &request, &outcome, Transaction::default())?;
                json(report.map_err(failed)?)
            }
            AdminRequest::ClientAdd { name, days, request: csr } => {
                self.add_client(peer, &request, name, *days, csr)
            }
            AdminRequest::ClientList => self.issued().and_then(json),
            AdminRequest::ClientShow { name } => self.show_client(name),
            AdminRequest::Explain { id } => self.explained(*id).and_then(json),
            AdminRequest::ExplainLast { client, count } => json(self.memory.last(client.as_deref(), *count)),
        }
    }

    fn readiness(&self) -> Result<serde_json::Value, Refusal> {
        self.hierarchy.prove().map_err(failed)?;
        json(Readiness {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            token: self.hierarchy.describe(),
            uptime_seconds: now().milliseconds().saturating_sub(self.started) / 1000,
        })
    }

    fn add_client(
        &self,
        peer: &Peer,
        request: &AdminRequest,
        name: &str,
        days: u32,
        csr: &str,
    ) -> Result<serde_json::Value, Refusal> {
        let Some(signer) = &self.signer else {
            return Err(Refusal::new(
                Cause::FeatureNotSupported,
                "this server has no CA key: name it as tls.ca_key, or issue certificates with your own CA",
            ));
        };
        let read = |path| std::fs::read_to_string(path).map_err(failed);
        let ca = Ca::from_pem(&read(&signer.certificate)?, &read(&signer.key)?).map_err(failed)?;
        let certificate = ca
            .sign(csr, name, i64::from(days))
            .map_err(|error| Refusal::new(Cause::InvalidField, error.to_string()))?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(failed)?;
        let not_after = X509Certificate::from_der(&der).map_err(failed)?.1.validity().not_after.timestamp();
        let issued = Issued {
            name: name.to_owned(),
            fingerprint: fingerprint(&der),
            not_after,
            by: peer.principal.name.clone(),
            at: now().seconds(),
            certificate: String::new(),
        };
        let key = [ISSUED, issued.fingerprint.as_bytes()].concat();
        let writes = vec![(key, Some(serde_json::to_vec(&issued).map_err(failed)?))];
        self.audit_admin(peer, request, "Success", Transaction { expects: Vec::new(), writes })?;
        json(Issued { certificate, ..issued })
    }

    fn issued(&self) -> Result<Vec<Issued>, Refusal> {
        let mut all = Vec::new();
        let snapshot = self.database.snapshot().map_err(failed)?;
        let scanned = snapshot.scan(ISSUED, Order::Forward, &mut |_, value| {
            all.extend(serde_json::from_slice::<Issued>(value));
            ControlFlow::Continue(())
        });
        scanned.map_err(failed)?;
        all.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        Ok(all)
    }

    fn show_client(&self, name: &str) -> Result<serde_json::Value, Refusal> {
        let standing = self.gate.standing(name).map_err(|why| Refusal::new(Cause::InvalidField, why))?;
        let is_its = |issued: &Issued| {
            issued.name == name || name.strip_prefix("sha256:") == Some(issued.fingerprint.as_str())
        };
        let certificates = self.issued()?.into_iter().filter(is_its).collect();
        json(ShownClient { standing, certificates })
    }

    /// Enters an admin request in the audit, in one commit with what it changes.
    fn audit_admin(
        &self,
        peer: &Peer,
        request: &AdminRequest,
        outcome: &str,
        transaction: Transaction,
    ) -> Result<(), Refusal> {
        let (operation, note) = match request {
            AdminRequest::Ready => ("Ready", String::new()),
            AdminRequest::MasterStatus => ("MasterStatus", String::new()),
            AdminRequest::MasterRotate => ("MasterRotate", String::new()),
            AdminRequest::ClientAdd { name, days, .. } => ("ClientAdd", format!("{name}, {days} days")),
            AdminRequest::ClientList => ("ClientList", String::new()),
            AdminRequest::ClientShow { name } => ("ClientShow", name.clone()),
            AdminRequest::Explain { id } => ("Explain", format!("request {id}")),
            AdminRequest::ExplainLast { .. } => ("ExplainLast", String::new()),
        };
        let entry = Entry {
            time: now().milliseconds(),
            principal: peer.principal.name.clone(),
            peer: peer.address.to_string(),
            operation: operation.to_owned(),
            outcome: outcome.to_owned(),
            note,
            ..Entry::default()
        };
        match self.database.commit_blocking(Submission { transaction, entries: vec![entry] }) {
            Ok(Outcome::Committed) => Ok(()),
            Ok(Outcome::Conflict) => Err(failed("a conflict in the store")),
            Err(error) => Err(failed(error)),
        }
    }
}

fn json(value: impl serde::Serialize) -> Result<serde_json::Value, Refusal> {
    serde_json::to_value(value).map_err(failed)
}

/// An administrator is told what failed, in full.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Cause::Internal, error.to_string())
}
