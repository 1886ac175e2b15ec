//! The key of the audit: random bytes, sealed under a key-encryption key and listed with the rows of the hierarchy. Whoever can write
//! to the store and not ask the HSM makes no block that fits.

use super::rows::{self, Rows};
use super::{Error, Hierarchy, job};
use keystead_hsm::{Entropy as _, Kek, RecordIdentity, SystemEntropy, kek_of};
use keystead_records::audit::{MacKey, MacState};
use zeroize::Zeroizing;

/// The number of the first key.
const FIRST: u32 = 1;

const BYTES: usize = 32;

/// What the audit calls the making of a key.
const CREATED: &str = "AuditKeyCreate";

/// What the audit calls the look at its own end, at a start.
const CHECKED: &str = "AuditCheck";

/// Whom a sealed key belongs to.
fn identity(name: &str, number: u32) -> RecordIdentity<'_> {
    RecordIdentity {
        object: name,
        object_type: 0,
        generation: number,
        algorithm: 0,
        length: 8 * BYTES as u32,
    }
}

fn name(number: u32) -> String {
    format!("audit key/{number}")
}

fn open(kek: &Kek, number: u32, sealed: &[u8]) -> Result<MacKey, Error> {
    let wrong = || Error::Changed(rows::name(&rows::numbered(rows::AUDIT_KEY, number)));
    let opened = kek.open_record(&identity(&name(number), number), sealed).map_err(|_| wrong())?;
    Ok(MacKey::new(number, opened.as_slice().try_into().map_err(|_| wrong())?))
}

impl Hierarchy {
    /// The keys that the MACs of the audit's blocks are under, opened in the HSM; none in a store that has had none yet.
    pub fn audit_keys(&self) -> Result<Vec<MacKey>, Error> {
        let rows = self.rows()?;
        rows.numbered(rows::AUDIT_KEY).map(|(number, sealed)| self.open_audit_key(number, sealed)).collect()
    }

    fn open_audit_key(&self, number: u32, sealed: &[u8]) -> Result<MacKey, Error> {
        let kek = kek_of(sealed)?;
        open(&*self.load(kek)?, number, sealed)
    }

    /// Opens the journal of reads. Blocks of the audit have a MAC from now on: under the newest key, which is made where a store
    /// has none yet. That a row of one was lost is known from the list of rows.
    pub(super) fn open_journal(&self) -> Result<(), Error> {
        let keys = self.audit_keys()?;
        let Some(newest) = keys.iter().max_by_key(|key| key.number()) else {
            let key = self.make_audit_key()?;
            return Ok(self.database.open_journal(Some(key))?);
        };
        let last = self.database.mac_of_audit(&keys)?;
        self.database.open_journal(Some(newest.clone()))?;
        if last == Some(MacState::Right) {
            return Ok(());
        }
        let why = "the last block of the audit was not written by this server, or blocks were taken away: `keystead check` says more";
        tracing::error!("{why}");
        let entry = job::entry_of(&job::at_start(CHECKED), "Broken", why.to_owned());
        super::commit(&self.database, Vec::new(), Vec::new(), vec![entry])
    }

    fn make_audit_key(&self) -> Result<MacKey, Error> {
        let rows: Rows = self.rows()?;
        let kek = self.load(self.current)?;
        let mut secret = Zeroizing::new([0; BYTES]);
        SystemEntropy::default().fill(&mut *secret)?;
        let sealed =
            kek.seal_record(&identity(&name(FIRST), FIRST), &*secret, &mut SystemEntropy::default())?;
        let sealed = sealed.into_bytes();
        // What is sealed is opened again before anything relies on it.
        let key = open(&kek, FIRST, &sealed)?;
        // The block that tells of it has its MAC already.
        self.database.set_audit_key(key.clone())?;
        let entry = job::entry_of(&job::at_start(CREATED), "Success", format!("audit key {FIRST}"));
        let writes = vec![(rows::numbered(rows::AUDIT_KEY, FIRST), Some(sealed))];
        super::change(&self.database, &rows, (writes, vec![entry]), &kek)?;
        Ok(key)
    }
}
