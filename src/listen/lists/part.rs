//! Which certificates of a CA a list is for, where it is not for all of them (RFC 5280, 5.2.5 and 6.3.3 (b)).

use std::collections::HashSet;
use webpki::Cert;
use x509_parser::extensions::{
    DistributionPointName, GeneralName, IssuingDistributionPoint, ParsedExtension,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The part of the certificates of a CA that a list is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where the list is published; empty where it does not say.
    addresses: HashSet<String>,
    users_alone: bool,
    cas_alone: bool,
}

impl Part {
    /// As a list says it.
    pub fn of(point: &IssuingDistributionPoint<'_>) -> Self {
        Self {
            addresses: point.distribution_point.iter().flat_map(addresses).collect(),
            users_alone: point.only_contains_user_certs,
            cas_alone: point.only_contains_ca_certs,
        }
    }

    /// Whether this certificate belongs to it: by its kind, and by where it says that its list is. One that does not say, or not
    /// so that it can be read, belongs to each part.
    pub fn has(&self, certificate: &Cert<'_>, is_ca: bool) -> bool {
        if (self.users_alone && is_ca) || (self.cas_alone && !is_ca) {
            return false;
        }
        let der = certificate.der();
        let Ok((_, read)) = X509Certificate::from_der(&der) else { return true };
        let mut points =
            read.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::CRLDistributionPoints(points) => Some(points),
                _ => None,
            });
        let Some(points) = points.next().filter(|_| !self.addresses.is_empty()) else { return true };
        let direct = points.iter().filter(|point| point.reasons.is_none() && point.crl_issuer.is_none());
        let mut named = direct.filter_map(|point| point.distribution_point.as_ref()).flat_map(addresses);
        named.any(|address| self.addresses.contains(&address))
    }
}

fn addresses(name: &DistributionPointName<'_>) -> Vec<String> {
    let DistributionPointName::FullName(names) = name else { return Vec::new() };
    let address = |name: &GeneralName<'_>| match name {
        GeneralName::URI(address) => Some((*address).to_owned()),
        _ => None,
    };
    names.iter().filter_map(address).collect()
}
