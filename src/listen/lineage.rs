//! Which CAs of `tls.ca` a chain that was refused comes from, by signatures alone: so it is told what is wrong on the way that
//! leads there, and not what the search came upon elsewhere.

use super::anchors::{Ca, dates};
use super::sent::Chain;
use super::shape::{Shape, Signed};
use crate::pki::Facts;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A chain with the CAs that its certificates come from.
pub struct Lineage<'c, 'l> {
    cas: &'l [Ca],
    algorithms: &'l [&'l dyn SignatureVerificationAlgorithm],
    /// The own one first.
    all: Vec<Descended<'c>>,
}

struct Descended<'c> {
    der: &'c [u8],
    shape: Shape<'c>,
    /// The places of the CAs that it comes from.
    from: BTreeSet<usize>,
    /// Whether a CA of that name could have signed it, by a signature or with a key of a kind that is not looked at.
    is_unsure: bool,
}

/// Where the own certificate comes from.
pub enum Origin<'l> {
    /// From these CAs.
    Cas(Vec<&'l Ca>),
    /// From none, as far as signatures can be checked.
    Unsure,
    /// The last of these, which are the way up, names a CA of `tls.ca`, whose key has not signed it.
    OtherKeyThanCa(Vec<CertificateDer<'static>>),
    /// A certificate names one that was sent, whose key has not signed it.
    OtherKeyThanSent(Box<Facts>),
    /// From somebody else, who has signed the last of these, which are the way up.
    Elsewhere(Vec<CertificateDer<'static>>),
}

impl<'c, 'l> Lineage<'c, 'l> {
    /// Follows the signatures down from the CAs.
    pub fn of(
        chain: &'c Chain<'_>,
        cas: &'l [Ca],
        algorithms: &'l [&'l dyn SignatureVerificationAlgorithm],
    ) -> Self {
        let descended = |der: &'c [u8]| {
            let shape = Shape::of(der)?;
            Some(Descended { der, shape, from: BTreeSet::new(), is_unsure: false })
        };
        let all = chain.all().filter_map(|one| descended(one.as_ref())).collect();
        let mut lineage = Self { cas, algorithms, all };
        lineage.begin();
        lineage.go_on();
        lineage
    }

    /// Those that the CAs have signed themselves.
    fn begin(&mut self) {
        for one in &mut self.all {
            for (place, ca) in self.cas.iter().enumerate().filter(|(_, ca)| ca.subject() == one.shape.issuer)
            {
                match one.shape.is_by(&ca.key(), self.algorithms) {
                    Signed::Yes => one.from.extend([place]),
                    Signed::No => {}
                    Signed::NotTaken => one.is_unsure = true,
                }
            }
        }
    }

    /// Those that are signed by one that comes from a CA.
    fn go_on(&mut self) {
        let mut next: Vec<usize> = (0..self.all.len()).filter(|at| !self.from(*at).is_empty()).collect();
        let mut known = BTreeMap::new();
        while let Some(above) = next.pop() {
            let from = self.from(above);
            for below in 0..self.all.len() {
                let signed = *known.entry((above, below)).or_insert_with(|| self.signed(above, below));
                let Some(one) = self.all.get_mut(below).filter(|_| signed == Signed::Yes) else { continue };
                let before = one.from.len();
                one.from.extend(&from);
                if one.from.len() > before {
                    next.push(below);
                }
            }
        }
    }

    fn from(&self, at: usize) -> BTreeSet<usize> {
        self.all.get(at).map(|one| one.from.clone()).unwrap_or_default()
    }

    /// Whether one has signed another of the chain.
    fn signed(&self, above: usize, below: usize) -> Signed {
        match (self.all.get(above), self.all.get(below)) {
            (Some(above), Some(below)) if below.shape.issuer == above.shape.subject => {
                below.shape.is_by(above.shape.key, self.algorithms)
            }
            _ => Signed::No,
        }
    }

    /// Where the own certificate comes from.
    pub fn origin(&self) -> Origin<'l> {
        let cas: Vec<&Ca> = self.from(0).into_iter().filter_map(|place| self.cas.get(place)).collect();
        if cas.is_empty() { self.stray() } else { Origin::Cas(cas) }
    }

    /// Those above the own one that come from a CA, without those that were renewed with their key and have ended.
    pub fn above(&self, now: i64) -> Vec<CertificateDer<'c>> {
        let is_good = |one: &Descended<'_>| dates(one.der).is_some_and(|dates| dates.has(now));
        let is_same =
            |one: &Shape<'_>, other: &Shape<'_>| (one.subject, one.key) == (other.subject, other.key);
        let come: Vec<_> = self.all.iter().skip(1).filter(|one| !one.from.is_empty()).collect();
        let is_followed = |one: &Descended<'_>| {
            !is_good(one) && come.iter().any(|other| is_same(&one.shape, &other.shape) && is_good(other))
        };
        let left = come.iter().filter(|one| !is_followed(one));
        left.map(|one| CertificateDer::from(one.der)).collect()
    }

    /// Where the way up from the own certificate ends that no CA has signed.
    fn stray(&self) -> Origin<'l> {
        let (mut at, mut way) = (0, vec![0]);
        let ders = |way: &[usize]| {
            let passed = way.iter().skip(1).filter_map(|at| self.all.get(*at));
            passed.map(|one| CertificateDer::from(one.der.to_vec())).collect()
        };
        loop {
            let Some(one) = self.all.get(at) else { return Origin::Unsure };
            let is_named = |above: &usize| {
                *above != at && self.all.get(*above).is_some_and(|it| it.shape.subject == one.shape.issuer)
            };
            let named: Vec<_> =
                (0..self.all.len()).filter(is_named).map(|above| (above, self.signed(above, at))).collect();
            let signer = named.iter().find(|(_, signed)| *signed == Signed::Yes).map(|(above, _)| *above);
            if let Some(above) = signer.filter(|above| !way.contains(above)) {
                way.push(above);
                at = above;
                continue;
            }
            let is_unsure = one.is_unsure || named.iter().any(|(_, signed)| *signed == Signed::NotTaken);
            let names_a_ca = self.cas.iter().any(|ca| ca.subject() == one.shape.issuer);
            return match (signer, named.first()) {
                _ if is_unsure => Origin::Unsure,
                _ if names_a_ca => Origin::OtherKeyThanCa(ders(&way)),
                (None, Some(_)) => Origin::OtherKeyThanSent(Box::new(Facts::of(one.der))),
                _ => Origin::Elsewhere(ders(&way)),
            };
        }
    }
}

/// A CA of `tls.ca` has issued the certificate, and is outside of its own dates.
#[derive(Debug)]
pub struct CaOutOfDate(pub Facts);

impl fmt::Display for CaOutOfDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the CA {} is outside of its dates", self.0.subject)
    }
}

impl std::error::Error for CaOutOfDate {}

/// This certificate names as its issuer one that was sent with it, whose key has not signed it.
#[derive(Debug)]
pub struct OtherKey(pub Facts);

impl fmt::Display for OtherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the certificate {} is not signed by the one that was sent as its issuer", self.0.subject)
    }
}

impl std::error::Error for OtherKey {}
