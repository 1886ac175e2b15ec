//! Which certificates of a CA a list is for, where it is not for all of them (RFC 5280, 5.2.5 and 6.3.3 (b)).

use super::names::ComparedName;
use std::collections::BTreeSet;
use webpki::Cert;
use x509_parser::extensions::{
    DistributionPointName, GeneralName, IssuingDistributionPoint, ParsedExtension,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Names of a point: of which kind, and what they say.
type Names = BTreeSet<(&'static str, String)>;

/// The part of the certificates of a CA that a list is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The names of where the list is published.
    names: Names,
    users_alone: bool,
    cas_alone: bool,
}

impl Part {
    /// As a list says it.
    pub fn of(point: &IssuingDistributionPoint<'_>) -> Self {
        Self {
            names: point.distribution_point.as_ref().and_then(names).unwrap_or_default(),
            users_alone: point.only_contains_user_certs,
            cas_alone: point.only_contains_ca_certs,
        }
    }

    /// Whether this certificate belongs to it: by its kind, and by where it says that its list is. One that does not say, or not
    /// so that it can be compared, belongs to each part.
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
        let Some(points) = points.next().filter(|_| !self.names.is_empty()) else { return true };
        points.iter().any(|point| {
            let named = point.distribution_point.as_ref().and_then(names).unwrap_or_default();
            let can_be_compared = named.iter().any(|(kind, _)| self.names.iter().any(|(own, _)| own == kind));
            !can_be_compared || !self.names.is_disjoint(&named)
        })
    }
}

/// The names of a point so that they can be compared; none where it has a name relative to that of its issuer.
fn names(point: &DistributionPointName<'_>) -> Option<Names> {
    let DistributionPointName::FullName(names) = point else { return None };
    let compared = |name: &GeneralName<'_>| match name {
        GeneralName::URI(address) => ("address", address_of(address)),
        GeneralName::DirectoryName(name) => ("directory name", format!("{:?}", ComparedName::of(name))),
        other => ("other", format!("{other:?}")),
    };
    Some(names.iter().map(compared).collect())
}

/// An address as it is compared: scheme and host do not differ by case (RFC 3986, 6.2.2.1).
fn address_of(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}
