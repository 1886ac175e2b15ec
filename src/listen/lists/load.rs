//! Reads the files of `tls.crl` and judges each list, once, at start and at SIGHUP: what is taken here is used as it is, and what
//! could not be used later is refused with its file and place.

use super::issuers::{Issuers, Standing};
use super::names::ComparedName;
use super::read::Read;
use super::{Lists, RevocationList, SKEW_SECONDS};
use crate::listen::Error;
use crate::listen::files::unusable;
use crate::pki::moment;
use crate::regular;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WHAT: &str = "certificate revocation list";

/// What a file of `tls.crl` holds.
struct File<'p> {
    path: &'p Path,
    lists: Vec<CertificateRevocationListDer<'static>>,
    /// Of CAs between those of `tls.ca` and clients, whose lists these are.
    certificates: Vec<CertificateDer<'static>>,
}

impl<'p> File<'p> {
    /// PEM or DER.
    fn read(path: &'p Path) -> Result<Self, Error> {
        let bad = |why: &pem::Error| unusable("tls.crl", path, WHAT, why);
        let bytes = regular::read(path).map_err(|why| bad(&pem::Error::Io(why)))?;
        const SEQUENCE: u8 = 0x30;
        if bytes.first() == Some(&SEQUENCE) {
            let lists = vec![CertificateRevocationListDer::from(bytes.to_vec())];
            return Ok(Self { path, lists, certificates: Vec::new() });
        }
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let (lists, certificates) = (lists.map_err(|why| bad(&why))?, certificates.map_err(|why| bad(&why))?);
        match lists.is_empty() && certificates.is_empty() {
            true => Err(bad(&pem::Error::NoItemsFound)),
            false => Ok(Self { path, lists, certificates }),
        }
    }

    fn refused(&self, why: &str) -> Error {
        Error::Certificate { key: "tls.crl", path: self.path.to_owned(), why: why.to_owned() }
    }

    /// Its lists, each with by whom it is.
    fn judged(&self, issuers: &Issuers<'_>) -> Result<Vec<Judged<'_>>, Error> {
        let judged = self.lists.iter().enumerate().map(|(place, der)| {
            let which = match self.lists.len() {
                1 => "its list".to_owned(),
                count => format!("list {} of the {count} in it", place + 1),
            };
            let judged = Read::of(der).and_then(|read| Ok((issuers.of(&read)?, read)));
            let (standing, read) =
                judged.map_err(|why| self.refused(&format!("{which} cannot be used: {why}")))?;
            let (name, issuer) = (read.name.clone(), read.issuer.clone());
            let by = match standing {
                Standing::By(signer) => By::Known(Box::new(RevocationList::new(der, read, signer))),
                Standing::Unverified(why) => By::Unknown(why),
                Standing::Withdrawn => By::Withdrawn,
            };
            Ok(Judged { file: self, which, name, issuer, by })
        });
        judged.collect()
    }
}

/// A list of a file.
struct Judged<'f> {
    file: &'f File<'f>,
    /// Which one of the file it is.
    which: String,
    name: ComparedName,
    issuer: String,
    by: By,
}

/// By whom it is.
enum By {
    Known(Box<RevocationList>),
    /// For this reason it cannot be verified.
    Unknown(String),
    /// By a CA that did stand in `tls.ca`.
    Withdrawn,
}

impl Judged<'_> {
    /// What the operator is told of a list that nobody can verify.
    fn told(&self) -> Option<String> {
        let what = format!("tls.crl: {}: {}", self.file.path.display(), self.which);
        match &self.by {
            By::Known(_) => None,
            By::Unknown(why) => Some(format!(
                "{what} cannot be verified, so that nobody knows whom it revokes: while it is there, nobody comes in with a certificate \
                 of a CA of the name {} that stands below tls.ca and has no other list, and no list that was in force ends. {why}",
                self.issuer
            )),
            By::Withdrawn => Some(format!(
                "{what} is of {}, a CA that does not stand in tls.ca any more: take the list out of tls.crl as well",
                self.issuer
            )),
        }
    }

    fn list(&self) -> Option<&RevocationList> {
        match &self.by {
            By::Known(list) => Some(list),
            By::Unknown(_) | By::Withdrawn => None,
        }
    }
}

/// The lists of these files that count, for these CAs of `tls.ca`, in the place of those before. One that cannot be verified takes
/// nobody's place: the lists of before stay in force then.
pub fn load(
    paths: &[PathBuf],
    trusted: &[CertificateDer<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    grace_seconds: u64,
    before: &Lists,
) -> Result<Lists, Error> {
    let files = paths.iter().map(|path| File::read(path)).collect::<Result<Vec<_>, _>>()?;
    let given: Vec<_> = files.iter().flat_map(|file| file.certificates.iter().cloned()).collect();
    let mut issuers = Issuers::new(trusted, &given, &before.known, algorithms);
    let judged = files.iter().map(|file| file.judged(&issuers)).collect::<Result<Vec<_>, _>>()?;
    let judged: Vec<_> = judged.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    let of_files =
        judged.iter().filter_map(Judged::list).filter(|list| seen.insert(list.fingerprint.clone()));
    let mut lists: Vec<RevocationList> = of_files.cloned().collect();
    issuers.forget_revoked(&lists);
    for list in &mut lists {
        list.signer = issuers.signer(&(list.name.clone(), list.signer.key.clone()));
    }
    refuse(&files, &judged, &issuers, &lists)?;
    let unverified: Vec<_> = judged.iter().filter(|one| one.list().is_none()).collect();
    let mut warnings: Vec<String> = unverified.iter().filter_map(|one| one.told()).collect();
    warnings.extend(issuers.told(&lists));
    warnings.extend(lists.iter().filter_map(early));
    let mut all: Vec<_> = lists.into_iter().map(Arc::new).collect();
    if judged.iter().any(|one| matches!(one.by, By::Unknown(_))) {
        let is_gone = |one: &&Arc<RevocationList>| !all.iter().any(|list| list.has_scope_of(one));
        let kept: Vec<_> = before.all.iter().filter(is_gone).cloned().collect();
        warnings.extend(
            kept.iter().map(|list| format!("tls.crl: {list} is in no file any more, and stays in force")),
        );
        all.extend(kept);
    }
    let unverified = unverified.iter().map(|one| one.name.clone()).collect();
    let known = Arc::new(issuers.known());
    Ok(Lists { all: all.into(), unverified, known, warnings: warnings.into(), grace_seconds })
}

/// Refuses files without a list, and lists that stand in the place of one of a CA of `tls.ca`.
fn refuse(
    files: &[File<'_>],
    judged: &[Judged<'_>],
    issuers: &Issuers<'_>,
    lists: &[RevocationList],
) -> Result<(), Error> {
    let is_idle = |file: &&File<'_>| file.lists.is_empty() && !issuers.is_needed(&file.certificates, lists);
    if let Some(idle) = files.iter().find(is_idle) {
        return Err(idle.refused(
            "there is no certificate revocation list in it, and no list in tls.crl is signed by one of its certificates: put a list \
             there",
        ));
    }
    for one in judged.iter().filter(|one| !matches!(one.by, By::Withdrawn)) {
        let list =
            lists.iter().find(|list| one.list().is_some_and(|own| own.fingerprint == list.fingerprint));
        if let Some(why) = issuers.amiss(&one.name, list.map(|list| &list.signer), lists) {
            return Err(one.file.refused(&format!("{} cannot be used: {why}", one.which)));
        }
    }
    Ok(())
}

/// That a list is made in the future.
fn early(list: &RevocationList) -> Option<String> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    (list.age.0 > now.saturating_add(SKEW_SECONDS)).then(|| {
        format!(
            "tls.crl: {list} says that it is made on {}, and it is {} here: whom it revokes is revoked, and until then it takes the place \
             of no other list. Look at the server's clock (`date`), and at that of the CA",
            moment(list.age.0),
            moment(now)
        )
    })
}
