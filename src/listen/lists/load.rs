//! Reads the files of `tls.crl` and judges each list, once, at start and at SIGHUP: what is taken here is used as it is. What could
//! not be used later ends a start, with its file and place; a reload leaves it out, and takes the rest.

use super::issuers::{Issuers, Standing};
use super::kept;
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
    fn judged(&self, issuers: &Issuers<'_>) -> Vec<Result<Judged<'_>, Error>> {
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
}

impl Judged<'_> {
    /// What the operator is told of a list that nobody can verify.
    fn told(&self) -> Option<String> {
        let what = format!("tls.crl: {}: {}", self.file.path.display(), self.which);
        match &self.by {
            By::Known(_) => None,
            By::Unknown(why) => Some(format!(
                "{what} cannot be verified, so that nobody knows whom it revokes: while it is there, nobody comes in with a certificate \
                 of a CA of the name {} that stands below tls.ca and has no other list. {why}",
                self.issuer
            )),
        }
    }

    /// Whether it is this list.
    fn is(&self, list: &RevocationList) -> bool {
        self.list().is_some_and(|own| own.fingerprint == list.fingerprint)
    }

    fn list(&self) -> Option<&RevocationList> {
        match &self.by {
            By::Known(list) => Some(list),
            By::Unknown(_) => None,
        }
    }
}

/// What cannot be used: at a start the first of it ends that; a reload goes on without it.
struct Unusable {
    is_start: bool,
    told: Vec<String>,
}

impl Unusable {
    fn unless<T>(&mut self, one: Result<T, Error>) -> Result<Option<T>, Error> {
        match one {
            Ok(one) => Ok(Some(one)),
            Err(error) if self.is_start => Err(error),
            Err(error) => {
                self.told.push(format!(
                    "{error}. It is left out; what it would have replaced stays in force, and the next start is refused with it"
                ));
                Ok(None)
            }
        }
    }

    fn each<T>(&mut self, all: impl IntoIterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
        all.into_iter().filter_map(|one| self.unless(one).transpose()).collect()
    }
}

/// The lists of these files that count, for these CAs of `tls.ca`; at a reload in the place of those before, as far as they take it.
pub fn load(
    paths: &[PathBuf],
    trusted: &[CertificateDer<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    grace_seconds: u64,
    before: Option<&Lists>,
) -> Result<Lists, Error> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let mut unusable = Unusable { is_start: before.is_none(), told: Vec::new() };
    let none = Lists::default();
    let before = before.unwrap_or(&none);
    let in_force: Vec<_> = before.at(now).each().cloned().collect();
    let files = unusable.each(paths.iter().map(|path| File::read(path)))?;
    let given: Vec<_> = files.iter().flat_map(|file| file.certificates.iter().cloned()).collect();
    let mut issuers = Issuers::new(trusted, &given, &before.known, algorithms);
    let judged = unusable.each(files.iter().flat_map(|file| file.judged(&issuers)))?;
    let all = signed(&judged, &mut issuers, &in_force, now);
    unusable.each(files.iter().map(|file| idle(file, &issuers, &all)))?;
    let judged = unusable.each(judged.into_iter().map(|one| fit(one, &issuers, &all)))?;
    let all: Vec<_> = all.into_iter().filter(|list| judged.iter().any(|one| one.is(list))).collect();
    let unknown: Vec<_> = judged.iter().filter(|one| one.list().is_none()).collect();
    let any: Vec<_> = all.iter().chain(&in_force).cloned().collect();
    let held = if unusable.told.is_empty() { Vec::new() } else { issuers.new_without(&before.known, &any) };
    let mut warnings: Vec<String> = unknown.iter().filter_map(|one| one.told()).collect();
    warnings.extend(held.iter().map(|(subject, _)| {
        format!(
            "tls.ca: {subject} is new there, and not every list can be used: it may have revoked somebody, so nobody comes in by it until \
             it has a list or the others can be used"
        )
    }));
    let mut names: Vec<_> = unknown.iter().map(|one| one.name.clone()).collect();
    names.extend(held.iter().map(|(_, id)| id.0.clone()));
    let told = issuers.told(&all, &any, now);
    let mut known = issuers.known();
    known.trusted.retain(|id| !held.iter().any(|(_, held)| held == id));
    let is_gone = |one: &&Arc<RevocationList>| !kept::is_followed(one, &all, &known, now);
    let kept: Vec<_> = in_force.iter().filter(is_gone).cloned().collect();
    warnings.extend(told);
    warnings.extend(all.iter().filter_map(|list| early(list, now)));
    warnings.extend(kept.iter().map(|list| kept::told(list)));
    warnings.extend(unusable.told);
    let (all, kept, known) = (all.into(), kept.into(), Arc::new(known));
    Ok(Lists { all, kept, unverified: names.into(), known, warnings: warnings.into(), grace_seconds })
}

/// The lists that a known key has signed, each once, with whom that key speaks for: no certificate counts that one of them revokes,
/// or one in force before whose place none of its key takes.
fn signed(
    judged: &[Judged<'_>],
    issuers: &mut Issuers<'_>,
    in_force: &[Arc<RevocationList>],
    now: i64,
) -> Vec<Arc<RevocationList>> {
    let mut seen = HashSet::new();
    let of_files = judged.iter().filter_map(Judged::list).filter(|list| seen.insert(&list.fingerprint));
    let lists: Vec<_> = of_files.cloned().map(Arc::new).collect();
    let goes_on = |one: &&Arc<RevocationList>| !kept::is_followed_by_own(one, &lists, &issuers.former, now);
    let before: Vec<_> = in_force.iter().filter(goes_on).collect();
    issuers.forget_revoked(lists.iter().chain(before).map(|list| &**list));
    let anew = |list: Arc<RevocationList>| {
        let signer = issuers.signer(&list.id());
        Arc::new(Arc::unwrap_or_clone(list).by(signer))
    };
    lists.into_iter().map(anew).collect()
}

/// Refuses a file without a list, unless its certificates are of use to those of other files.
fn idle(file: &File<'_>, issuers: &Issuers<'_>, lists: &[Arc<RevocationList>]) -> Result<(), Error> {
    match file.lists.is_empty() && !issuers.is_needed(&file.certificates, lists) {
        false => Ok(()),
        true => Err(file.refused(
            "there is no certificate revocation list in it, and no list in tls.crl is signed by one of its certificates: put a list \
             there",
        )),
    }
}

/// Refuses a list that stands in the place of one of a CA of `tls.ca`.
fn fit<'f>(
    one: Judged<'f>,
    issuers: &Issuers<'_>,
    lists: &[Arc<RevocationList>],
) -> Result<Judged<'f>, Error> {
    let list = lists.iter().find(|list| one.is(list));
    match issuers.amiss(&one.name, list.map(|list| &list.signer), lists) {
        Some(why) => Err(one.file.refused(&format!("{} cannot be used: {why}", one.which))),
        None => Ok(one),
    }
}

/// That a list is made in the future.
fn early(list: &RevocationList, now: i64) -> Option<String> {
    (list.age.0 > now.saturating_add(SKEW_SECONDS)).then(|| {
        format!(
            "tls.crl: {list} says that it is made on {}, and it is {} here: whom it revokes is revoked, and until then it takes the place \
             of no other list. Look at the server's clock (`date`), and at that of the CA",
            moment(list.age.0),
            moment(now)
        )
    })
}
