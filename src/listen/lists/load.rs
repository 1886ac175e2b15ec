//! Reads the files of `tls.crl` and judges each list, once, at start and at SIGHUP: what is taken here is used as it is, and what
//! could not be used later is refused with its file and place.

use super::issuers::{Issuers, Signer};
use super::read::Read;
use super::{Lists, RevocationList};
use crate::listen::Error;
use crate::listen::files::unusable;
use crate::regular;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm};
use std::path::{Path, PathBuf};

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

    /// Its lists, each with who has signed it.
    fn judged(&self, issuers: &Issuers<'_>) -> Result<Vec<RevocationList>, Error> {
        let judged = self.lists.iter().enumerate().map(|(place, der)| {
            let which = match self.lists.len() {
                1 => "its list".to_owned(),
                count => format!("list {} of the {count} in it", place + 1),
            };
            let judged = Read::of(der).and_then(|read| Ok((issuers.of(&read)?, read)));
            let (signer, read) =
                judged.map_err(|why| self.refused(&format!("{which} cannot be used: {why}")))?;
            Ok(RevocationList::new(der, read, signer))
        });
        judged.collect()
    }
}

/// The lists of these files that count, for these CAs of `tls.ca`.
pub fn load(
    paths: &[PathBuf],
    trusted: &[CertificateDer<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    grace_seconds: u64,
) -> Result<Lists, Error> {
    let files = paths.iter().map(|path| File::read(path)).collect::<Result<Vec<_>, _>>()?;
    let given: Vec<_> = files.iter().flat_map(|file| file.certificates.iter().cloned()).collect();
    let issuers = Issuers::new(trusted, &given, algorithms);
    let judged = files.iter().map(|file| file.judged(&issuers)).collect::<Result<Vec<_>, _>>()?;
    let lists: Vec<_> = judged.into_iter().flatten().collect();
    let signers: Vec<Signer> = lists.iter().map(|list| list.signer.clone()).collect();
    let is_idle =
        |file: &&File<'_>| file.lists.is_empty() && !issuers.is_needed(&file.certificates, &signers);
    match files.iter().find(is_idle) {
        Some(idle) => Err(idle.refused(
            "there is no certificate revocation list in it, and no list in tls.crl is signed by one of its certificates: put a list \
             there",
        )),
        None => Ok(Lists::newest(lists, grace_seconds)),
    }
}
