//! Attestation: nonces for clients, and the judgement of what they prove with them. A nonce is good for one client, once,
//! and for a minute; nothing is kept of it until then but the time at which it was spent.

use crate::config::AttestationConfig;
use crate::crypto::tpm::{self, Registers};
use crate::engine::refusal::Cause;
use crate::engine::rights::attestation::Unproven;
use crate::engine::rights::identity::{ClientRef, Identity};
use crate::regular;
use aws_lc_rs::hmac;
use bytes::Bytes;
use keystead_hsm::{Entropy as _, SystemEntropy};
use kmip_codec::SecretBytes;
use kmip_codec::enums::AttestationType;
use kmip_codec::message::{AttestationCredential, Credential, Nonce, RequestHeader};
use kmip_codec::operations::Operation;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// For how many seconds a nonce is good.
const NONCE_SECONDS: u64 = 60;

/// Bytes of the time and of the random part of the identifier of a nonce.
const TIME_BYTES: usize = 8;
const RANDOM_BYTES: usize = 8;

/// What one client must prove.
struct Row {
    client: String,
    whom: ClientRef,
    key: Vec<u8>,
    registers: Registers,
    operations: Vec<Operation>,
}

/// Judges what clients prove of their platforms.
pub struct Attestor {
    rows: Vec<Row>,
    /// The key of the nonces, made anew with each start.
    key: hmac::Key,
    /// The nonces of the last minute with which something was proven: their identifiers, which begin with their time.
    spent: Mutex<BTreeSet<Vec<u8>>>,
}

impl Attestor {
    /// What the configuration asks for.
    pub fn new(configured: &[AttestationConfig], key: &SecretBytes) -> Result<Self, String> {
        let mut rows: Vec<Row> = Vec::new();
        for config in configured {
            let unreadable =
                |why: &dyn std::fmt::Display| format!("cannot read {}: {why}", config.key.display());
            let bytes = regular::read(&config.key).map_err(|why| unreadable(&why))?;
            let spki = SubjectPublicKeyInfoDer::from_pem_slice(&bytes).map_err(|why| unreadable(&why))?;
            let row = Row {
                client: config.client.clone(),
                whom: ClientRef::read(&config.client).map_err(|why| format!("[[attestation]]: {why}"))?,
                key: spki.as_ref().to_vec(),
                registers: config.registers()?,
                operations: config.operations()?,
            };
            if rows.iter().any(|other| other.whom == row.whom) {
                return Err(format!("attestation of {} is configured twice", config.client));
            }
            rows.push(row);
        }
        Ok(Self { rows, key: hmac::Key::new(hmac::HMAC_SHA256, key.expose()), spent: Mutex::default() })
    }

    /// What holds for a client before it has proven anything.
    pub fn demand(&self, client: &Identity) -> Option<Arc<Unproven>> {
        self.row(client).map(|row| {
            let message = "this client must prove the state of its platform, which is asked of it in a message of its own";
            pending(row, Cause::Denied, message.to_owned(), None)
        })
    }

    /// What holds for a client after it has sent this header; `now` is in seconds.
    pub fn judge(
        &self,
        client: &Identity,
        header: &RequestHeader,
        now: u64,
    ) -> Result<Option<Arc<Unproven>>, String> {
        let Some(row) = self.row(client) else { return Ok(None) };
        let credentials = header.authentication.iter().flat_map(|shown| &shown.credentials);
        let shown = credentials.filter_map(|credential| match credential {
            Credential::Attestation(shown) => Some(shown),
            _ => None,
        });
        let judged = shown.last().map(|shown| self.proves(row, shown, now));
        let (cause, message) = match judged {
            Some(Ok(())) => return Ok(None),
            Some(Err(why)) => (Cause::AttestationFailed, format!("the attestation proves nothing: {why}")),
            None if header.attestation_capable_indicator != Some(true) => {
                let message = "this client must prove the state of its platform: set Attestation Capable Indicator, and \
                    answer with a quote of its TPM for the nonce that comes back";
                return Ok(Some(pending(row, Cause::Denied, message.to_owned(), None)));
            }
            None => (
                Cause::AttestationRequired,
                "prove the state of the platform with a quote of its TPM for the nonce of this answer"
                    .to_owned(),
            ),
        };
        Ok(Some(pending(row, cause, message, Some(self.nonce(&row.client, now)?))))
    }

    fn proves(&self, row: &Row, shown: &AttestationCredential, now: u64) -> Result<(), &'static str> {
        if shown.attestation_type != AttestationType::TPMQuote {
            return Err("only TPM Quote is judged here");
        }
        if !self.is_fresh(&row.client, &shown.nonce, now) {
            return Err("its nonce is not one of the last minute");
        }
        let quote = shown.measurement.as_ref().ok_or("there is no Attestation Measurement")?;
        tpm::check(quote, &row.key, &shown.nonce.value, &row.registers)?;
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.split_off(now.saturating_sub(NONCE_SECONDS).to_be_bytes().as_slice());
        match spent.insert(shown.nonce.id.to_vec()) {
            true => Ok(()),
            false => Err("its nonce was used before"),
        }
    }

    /// Whether this nonce was made for this client, and is still good.
    fn is_fresh(&self, client: &str, nonce: &Nonce, now: u64) -> bool {
        // What is bound is told apart by its length alone: another length would be another client's.
        let Some(time) =
            nonce.id.first_chunk::<TIME_BYTES>().filter(|_| nonce.id.len() == TIME_BYTES + RANDOM_BYTES)
        else {
            return false;
        };
        let made = u64::from_be_bytes(*time);
        let is_ours = hmac::verify(&self.key, &bound(client, &nonce.id), &nonce.value).is_ok();
        is_ours && made <= now && now - made <= NONCE_SECONDS
    }

    fn nonce(&self, client: &str, now: u64) -> Result<(Bytes, Bytes), String> {
        let mut random = [0; RANDOM_BYTES];
        SystemEntropy::default().fill(&mut random).map_err(|error| error.to_string())?;
        let id = [now.to_be_bytes(), random].concat();
        let value = hmac::sign(&self.key, &bound(client, &id)).as_ref().to_vec();
        Ok((id.into(), value.into()))
    }

    fn row(&self, client: &Identity) -> Option<&Row> {
        self.rows.iter().find(|row| row.whom.is_holder(client))
    }
}

/// What the value of a nonce is a MAC of. The identifier has a fixed length, so that no two are alike.
fn bound(client: &str, id: &[u8]) -> Vec<u8> {
    [client.as_bytes(), id].concat()
}

fn pending(row: &Row, cause: Cause, message: String, nonce: Option<(Bytes, Bytes)>) -> Arc<Unproven> {
    Arc::new(Unproven { operations: row.operations.clone(), cause, message, nonce })
}
