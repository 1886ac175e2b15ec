//! The requests of the commands of `keystead` (see [`crate::admin::protocol`]): who may ask, and the answers.

use super::Server;
use crate::admin::protocol::{self, AdminRequest, Issued, Readiness, ShownClient};
use crate::audit::Entry;
use crate::engine::batch;
use crate::engine::draft::Changes;
use crate::engine::refusal::{Cause, Halt, Refusal};
use crate::engine::rights::credentials;
use crate::executor::now;
use crate::gate::{self, fingerprint};
use crate::session::Peer;
use crate::store::{Order, Outcome};
use kmip_codec::enums::ResultStatus;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Request, Response};
use kmip_codec::value::DateTime;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::ops::ControlFlow;
use std::sync::Arc;

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
        self.must_be_admin(peer, &request)?;
        match &request {
            AdminRequest::Ready | AdminRequest::MasterStatus => {
                json(self.executor.hierarchy().status().map_err(failed)?)
            }
            AdminRequest::MasterRotate => {
                let report = self.executor.hierarchy().rotate();
                let outcome = match &report {
                    Ok(report) => format!("Success: epoch {} to {}", report.from, report.to),
                    Err(error) => format!("Failed: {error}"),
                };
                self.audit_admin(peer, &request, &outcome, Changes::default())?;
                json(report.map_err(failed)?)
            }
            AdminRequest::ClientAdd { name, days, request: csr } => {
                self.add_client(peer, &request, name, *days, csr)
            }
            AdminRequest::ClientRevoke { name } => self.revoke_client(peer, &request, name),
            AdminRequest::ClientList => self.issued().and_then(json),
            AdminRequest::ClientShow { name } => self.show_client(name),
            AdminRequest::Explain { id } => self.explained(*id).and_then(json),
            AdminRequest::ExplainLast { client, count } => json(self.memory.last(client.as_deref(), *count)),
        }
    }

    /// Only an administrator asks, by a certificate that is good.
    fn must_be_admin(&self, peer: &Peer, request: &AdminRequest) -> Result<(), Refusal> {
        let admitted =
            self.executor.look(|world, _, _| match credentials::must_be_good(world, &peer.principal) {
                Ok(()) => Ok(Ok(())),
                Err(Halt::Refused(refusal)) => Ok(Err(refusal)),
                Err(Halt::Need(need)) => Err(need),
            });
        admitted.map_err(failed)??;
        if peer.principal.admin {
            return Ok(());
        }
        let text = format!("client {:?} is no administrator of this server", peer.principal.name);
        self.audit_admin(peer, request, "PermissionDenied", Changes::default())?;
        Err(Refusal::new(Cause::Denied, text))
    }

    fn readiness(&self) -> Result<serde_json::Value, Refusal> {
        self.executor.hierarchy().prove().map_err(failed)?;
        json(Readiness {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            token: self.executor.hierarchy().describe(),
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
        let ca = self.executor.registrar().ca()?;
        let certificate = ca
            .sign(csr, name, i64::from(days))
            .map_err(|error| Refusal::new(Cause::InvalidField, error.to_string()))?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(failed)?;
        let issued = Issued {
            name: name.to_owned(),
            fingerprint: fingerprint(&der),
            not_after: gate::ends(&der).unwrap_or_default(),
            by: peer.principal.name.clone(),
            at: now().seconds(),
            ended: None,
            certificate: String::new(),
        };
        let key = [ISSUED, issued.fingerprint.as_bytes()].concat();
        let writes = vec![(key, Some(serde_json::to_vec(&issued).map_err(failed)?))];
        self.audit_admin(peer, request, "Success", Changes { expects: Vec::new(), writes })?;
        json(Issued { certificate, ..issued })
    }

    fn issued(&self) -> Result<Vec<Issued>, Refusal> {
        let mut all = Vec::new();
        let snapshot = self.executor.view().map_err(failed)?.0;
        let scanned = snapshot.scan(ISSUED, Order::Forward, &mut |_, value| {
            all.extend(serde_json::from_slice::<Issued>(value));
            ControlFlow::Continue(())
        });
        scanned.map_err(failed)?;
        drop(snapshot);
        for (fingerprint, record) in
            self.executor.look(|world, _, _| credentials::all(world)).map_err(failed)?
        {
            match all.iter_mut().find(|issued| issued.fingerprint == fingerprint) {
                Some(issued) => issued.ended = record.ended,
                None => all.push(Issued {
                    name: record.client.clone(),
                    fingerprint,
                    not_after: record.until.unwrap_or_default(),
                    by: record.client,
                    at: record.at,
                    ended: record.ended,
                    certificate: String::new(),
                }),
            }
        }
        all.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        Ok(all)
    }

    /// Ends certificates: all of a name that are known here, or the one of a fingerprint, known or not.
    fn revoke_client(
        self: &Arc<Self>,
        peer: &Peer,
        request: &AdminRequest,
        name: &str,
    ) -> Result<serde_json::Value, Refusal> {
        let good = |issued: &Issued| issued.ended.is_none();
        let mut found: Vec<Issued> =
            self.issued()?.into_iter().filter(|issued| is_of(issued, name)).collect();
        found.retain(good);
        let mut ending: Vec<(String, String)> =
            found.iter().map(|issued| (issued.fingerprint.clone(), issued.name.clone())).collect();
        match name.strip_prefix("sha256:") {
            Some(fingerprint) if ending.is_empty() => {
                must_be_fingerprint(fingerprint)?;
                ending.push((fingerprint.to_owned(), name.to_owned()));
            }
            None if ending.is_empty() => {
                let text = format!(
                    "no certificate of {name:?} is known here that is good: name one that another CA signed by sha256: and \
                     its fingerprint"
                );
                return Err(Refusal::new(Cause::NotFound, text));
            }
            _ => {}
        }
        let why = format!("revoked by {}", peer.principal.name);
        let mut transaction = Changes::default();
        for (fingerprint, client) in &ending {
            let changes = self
                .executor
                .look(|world, _, _| credentials::revoke(world, fingerprint, client, &why))
                .map_err(failed)?;
            transaction.expects.extend(changes.expects);
            transaction.writes.extend(changes.writes);
        }
        self.audit_admin(peer, request, "Success", transaction)?;
        json(ending.into_iter().map(|(fingerprint, _)| fingerprint).collect::<Vec<_>>())
    }

    fn show_client(&self, name: &str) -> Result<serde_json::Value, Refusal> {
        let standing =
            self.executor.gate().standing(name).map_err(|why| Refusal::new(Cause::InvalidField, why))?;
        let certificates = self.issued()?.into_iter().filter(|issued| is_of(issued, name)).collect();
        json(ShownClient { standing, certificates })
    }

    /// Enters an admin request in the audit, in one commit with what it changes.
    fn audit_admin(
        &self,
        peer: &Peer,
        request: &AdminRequest,
        outcome: &str,
        changes: Changes,
    ) -> Result<(), Refusal> {
        let (operation, note) = match request {
            AdminRequest::Ready => ("Ready", String::new()),
            AdminRequest::MasterStatus => ("MasterStatus", String::new()),
            AdminRequest::MasterRotate => ("MasterRotate", String::new()),
            AdminRequest::ClientAdd { name, days, .. } => ("ClientAdd", format!("{name}, {days} days")),
            AdminRequest::ClientRevoke { name } => ("ClientRevoke", name.clone()),
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
        match self.executor.commit_blocking(changes, vec![entry]) {
            Ok(Outcome::Committed) => Ok(()),
            Ok(Outcome::Conflict) => Err(failed("a conflict in the store")),
            Err(error) => Err(failed(error)),
        }
    }
}

/// A fingerprint that none can have would end nothing, and the administrator would believe that it had.
fn must_be_fingerprint(text: &str) -> Result<(), Refusal> {
    let is_lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if text.len() == 64 && text.bytes().all(is_lower_hex) {
        return Ok(());
    }
    let text = format!(
        "{text:?} is no fingerprint: write sha256: and 64 hexadecimal digits in lower case, as `keystead client list` does"
    );
    Err(Refusal::new(Cause::InvalidField, text))
}

/// Whether a certificate is of this client, or has this fingerprint.
fn is_of(issued: &Issued, name: &str) -> bool {
    issued.name == name || name.strip_prefix("sha256:") == Some(issued.fingerprint.as_str())
}

fn json(value: impl serde::Serialize) -> Result<serde_json::Value, Refusal> {
    serde_json::to_value(value).map_err(failed)
}

/// An administrator is told what failed, in full.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Cause::Internal, error.to_string())
}
