//! Which of the certificates that came with one may stand between it and a CA: those alone are searched. Anything else may be
//! sent, as clients send their whole file, and counts for nothing.

use super::shape::{Shape, Signed};
use crate::pki::Facts;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error, OtherError};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

/// How many certificates may stand above one, in all. webpki follows six, one above the other.
pub const ABOVE_MAX: usize = 8;

/// How many of these may be of one name, such as those of a CA that was renewed or that several others have signed.
pub const SAME_NAME_MAX: usize = 3;

/// Of how many it is looked at whether they have signed themselves, which takes a signature each.
const SELF_SIGNED_MAX: usize = 16;

/// A certificate, and those that may stand above it: each the issuer, by its name, of another one here.
#[derive(Clone)]
pub struct Chain<'c> {
    /// The own one.
    pub own: CertificateDer<'c>,
    /// Those above it, the nearest first, none twice.
    pub above: Vec<CertificateDer<'c>>,
    /// Whether others were sent as well that are not issued by themselves.
    pub has_strays: bool,
}

impl<'c> Chain<'c> {
    /// Of what was sent. More than is searched is an error: of many one could be the right one, and none is left out unsaid.
    /// Those that are trusted themselves lead no further, and count for nothing.
    pub fn of(
        own: &'c CertificateDer<'_>,
        sent: &'c [CertificateDer<'_>],
        trusted: &HashSet<CertificateDer<'_>>,
    ) -> Result<Self, Error> {
        match Self::gather(own, sent, &|one| trusted.contains(one)) {
            (_, Some(excess)) => Err(CertificateError::Other(OtherError(Arc::new(excess))).into()),
            (chain, None) => Ok(chain),
        }
    }

    /// The same with the nearest of them, for messages.
    pub fn cut(own: &'c CertificateDer<'_>, sent: &'c [CertificateDer<'_>]) -> Self {
        Self::gather(own, sent, &|_| false).0
    }

    /// The nearest of them, as many as are searched, and whether there are more.
    fn gather(
        own: &'c CertificateDer<'_>,
        sent: &'c [CertificateDer<'_>],
        is_trusted: &dyn Fn(&CertificateDer<'_>) -> bool,
    ) -> (Self, Option<TooMany>) {
        let mut by_name: HashMap<&[u8], Vec<(&'c [u8], Shape<'c>)>> = HashMap::new();
        let mut seen = HashSet::from([own.as_ref()]);
        let sent = sent.iter().filter(|one| !is_trusted(one));
        for one in sent.map(|one| one.as_ref()).filter(|one| seen.insert(one)) {
            if let Some(shape) = Shape::of(one) {
                by_name.entry(shape.subject).or_default().push((one, shape));
            }
        }
        let (mut above, mut excess, mut count, mut looks) = (Vec::new(), None, 0, SELF_SIGNED_MAX);
        let mut wanted: VecDeque<&[u8]> = Shape::of(own).map(|shape| shape.issuer).into_iter().collect();
        while let Some(name) = wanted.pop_front() {
            let Some(mut same) = by_name.remove(name) else { continue };
            same.retain(|(_, shape)| !is_self_signed(shape, &mut looks));
            count += same.len();
            if same.len() > SAME_NAME_MAX {
                let subject = same.first().map(|(one, _)| Facts::of(one).subject).unwrap_or_default();
                excess = excess.or(Some(TooMany::OfOneName(subject, same.len())));
            }
            wanted.extend(same.iter().map(|(_, shape)| shape.issuer));
            above.extend(same.into_iter().map(|(one, _)| CertificateDer::from(one)));
        }
        if count > ABOVE_MAX {
            excess = excess.or(Some(TooMany::InAll(count)));
        }
        above.truncate(ABOVE_MAX);
        let has_strays = by_name.values().flatten().any(|(_, shape)| shape.issuer != shape.subject);
        (Self { own: CertificateDer::from(own.as_ref()), above, has_strays }, excess)
    }

    /// All of them, the own one first.
    pub fn all(&self) -> impl Iterator<Item = &CertificateDer<'c>> {
        std::iter::once(&self.own).chain(&self.above)
    }
}

/// Whether it has signed itself: a root that was sent along. What it has signed follows from the same CA in `tls.ca` or from none,
/// so that it stands between nothing. A certificate for another key of the same name is none.
fn is_self_signed(shape: &Shape<'_>, looks: &mut usize) -> bool {
    if shape.issuer != shape.subject || *looks == 0 {
        return false;
    }
    *looks -= 1;
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    shape.is_by(shape.key, algorithms) != Signed::No
}

/// More certificates were sent that may stand above the own one than are searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TooMany {
    /// So many in all.
    InAll(usize),
    /// So many of this name.
    OfOneName(String, usize),
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InAll(count) => {
                write!(
                    f,
                    "it sent {count} certificates that may stand between its own and a CA, and at most {ABOVE_MAX} are taken"
                )
            }
            Self::OfOneName(subject, count) => write!(
                f,
                "it sent {count} certificates of the name {subject} that may stand between its own and a CA, and at most \
                 {SAME_NAME_MAX} of one name are taken"
            ),
        }
    }
}

impl std::error::Error for TooMany {}
