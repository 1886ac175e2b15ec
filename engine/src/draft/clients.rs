//! What a draft knows of the certificates of clients and of their names: signed here, replaced, revoked.

use super::Draft;
use crate::administration::protocol::Issued;
use crate::keyspace;
use crate::need::Need;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, refuse, unless_damaged};
use crate::rights::credentials::record::is_in_use;
use crate::rights::credentials::record::{NameRecord, Record};
use crate::rights::identity::Fingerprint;
use kmip_codec::enums::ObjectType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::ControlFlow;

/// What stands for the name of a client that cannot be read any more.
const DAMAGED: &str = "(the record of this certificate is damaged)";

impl Draft<'_> {
    /// What is known of the certificate with this fingerprint.
    pub fn credential(&mut self, fingerprint: &Fingerprint) -> OpResult<Option<Record>> {
        self.protected(&keyspace::credential(&fingerprint.to_string()), || credential_id(fingerprint))
    }

    /// Notes what is known of it, under a MAC. What has ended stays so.
    pub fn put_credential(&mut self, fingerprint: &Fingerprint, record: &Record) -> OpResult<()> {
        let before = match self.credential(fingerprint) {
            // What ends it may stand in the place of what is damaged; nothing else may.
            before if record.ended.is_some() => unless_damaged(before)?,
            before => before?,
        };
        if before.is_some_and(|before| before.ended.is_some()) && record.ended.is_none() {
            return refuse(Cause::Denied, "this certificate was replaced or revoked before, which is final");
        }
        let key = keyspace::credential(&fingerprint.to_string());
        self.put_protected(key, &credential_id(fingerprint), record)
    }

    /// The fingerprints of the certificates of which something is known.
    pub fn credentials(&self) -> OpResult<Vec<Fingerprint>> {
        let found = self.kept_behind(&keyspace::credential(""), 0)?;
        let text = |key: Vec<u8>| String::from_utf8(key).ok();
        Ok(found.into_iter().filter_map(text).filter_map(|text| Fingerprint::parse(&text)).collect())
    }

    /// What is known of a name.
    pub fn client_name(&mut self, name: &str) -> OpResult<Option<NameRecord>> {
        self.protected(&keyspace::client_name(name), || client_name_id(name))
    }

    /// Notes what is known of a name, under a MAC. A name that was revoked stays so: certificates are reinstated.
    pub fn put_client_name(&mut self, record: &NameRecord) -> OpResult<()> {
        let before = match self.client_name(&record.client) {
            before if record.ended.is_some() => unless_damaged(before)?,
            before => before?,
        };
        let ended = record.ended.clone().or(before.and_then(|before| before.ended));
        let record = NameRecord { ended, ..record.clone() };
        self.put_protected(keyspace::client_name(&record.client), &client_name_id(&record.client), &record)
    }

    /// The managed certificate with which a client logs in, whoever asks: to know whether it was revoked.
    pub fn credential_object(&mut self, id: &str) -> OpResult<Option<Object>> {
        self.load(id)
    }

    /// How many objects are of this owner, whoever asks: to warn who would hand them over. At most so many are counted.
    pub fn owned_by(&mut self, name: &str, most: usize) -> OpResult<usize> {
        let (mut found, mut living) = (0, 0);
        self.owned(name, None, &mut |draft, (_, place)| {
            found += 1;
            // What is damaged may have been a key.
            let is_living =
                draft.load(place).map(|found| Some(found.is_some_and(|object| !object.is_destroyed())));
            living += usize::from(unless_damaged(is_living)?.unwrap_or(true));
            Ok(if found < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(living)
    }

    /// Refuses to bring back a managed certificate with which a client logged in and that is over: Import could.
    pub(super) fn check_stays_ended(&mut self, before: &Object, after: &Object) -> OpResult<()> {
        let now = self.world.now.seconds();
        if before.object_type() != ObjectType::Certificate || is_in_use(before, now) || !is_in_use(after, now)
        {
            return Ok(());
        }
        for fingerprint in self.credentials()? {
            self.count_looked_at()?;
            // One that is damaged lets nobody in anyway.
            let record = unless_damaged(self.credential(&fingerprint))?;
            if record.is_some_and(|record| record.object.as_ref() == Some(&before.id)) {
                return refuse(
                    Cause::Denied,
                    "a client logged in with this certificate, and it was revoked or is over, which is final",
                );
            }
        }
        Ok(())
    }

    /// Every certificate that was signed for a client here, without what became of it.
    pub fn issued(&mut self) -> OpResult<Vec<Issued>> {
        let all = self.issued_with_keys()?;
        Ok(all.into_iter().map(|issued| Issued { public_key: None, ..issued }).collect())
    }

    /// The same with the digests of their keys, which are nothing to be shown.
    pub fn issued_with_keys(&mut self) -> OpResult<Vec<Issued>> {
        let found = self.kept_behind(&keyspace::issued(""), 0)?;
        let mut all = Vec::new();
        let text = |key: Vec<u8>| String::from_utf8(key).ok();
        for fingerprint in found.into_iter().filter_map(text).filter_map(|text| Fingerprint::parse(&text)) {
            let Some(bytes) = self.read_row(&keyspace::issued(&fingerprint.to_string()))? else { continue };
            all.push(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                self.world.vault.note_damage(&format!("issued/{fingerprint}"));
                damaged(fingerprint)
            }));
        }
        Ok(all)
    }

    /// Keeps one.
    pub fn put_issued(&mut self, issued: &Issued) -> OpResult<()> {
        let key = keyspace::issued(&issued.fingerprint.to_string());
        self.read_tracked(&key)?;
        self.put_row(key, Some(written(issued)?))?;
        Ok(())
    }

    fn protected<T: DeserializeOwned>(
        &mut self,
        key: &[u8],
        id: impl FnOnce() -> String,
    ) -> OpResult<Option<T>> {
        let Some(protected) = self.read_row(key)? else { return Ok(None) };
        let id = id();
        let record = self.world.vault.verify(&id, &protected).map_err(|error| self.opened(error, &id))?;
        serde_json::from_slice(record).map(Some).map_err(|_| self.damaged(&id))
    }

    fn put_protected(&mut self, key: Vec<u8>, id: &str, record: &impl Serialize) -> OpResult<()> {
        self.read_tracked(&key)?;
        let protected = self.world.vault.protect(id, &written(record)?).map_err(Interrupt::Need)?;
        self.put_row(key, Some(protected))?;
        Ok(())
    }
}

/// What stands in the list for a certificate that was signed here, where no more is known of it.
fn damaged(fingerprint: Fingerprint) -> Issued {
    Issued {
        name: DAMAGED.to_owned(),
        fingerprint,
        not_after: 0,
        by: String::new(),
        at: 0,
        ended: None,
        public_key: None,
        certificate: String::new(),
    }
}

fn written(record: &impl Serialize) -> OpResult<Vec<u8>> {
    serde_json::to_vec(record).map_err(|error| Interrupt::Need(Need::Failed(error.to_string())))
}

/// What is known of a certificate is bound to its fingerprint: no identifier of an object has a slash.
fn credential_id(fingerprint: &Fingerprint) -> String {
    format!("credential/{fingerprint}")
}

/// What is known of a name is bound to it.
fn client_name_id(name: &str) -> String {
    format!("client/{name}")
}
