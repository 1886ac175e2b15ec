//! From a certificate to a principal: who somebody is, and what the configuration says about them.

use crate::config::GroupConfig;
use crate::engine::policy::{Clients, Principal};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What the configuration says about clients.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    groups: Vec<GroupConfig>,
    /// Whether every client may have weak keys.
    weak_keys: bool,
    /// Who may administer the server.
    admins: Vec<String>,
}

impl Gate {
    /// A gate with these groups and administrators.
    pub fn new(groups: Vec<GroupConfig>, weak_keys: bool, admins: Vec<String>) -> Self {
        Self { groups, weak_keys, admins }
    }

    /// Who the holder of this certificate is; TLS has checked the certificate itself. `None` for one that names
    /// nobody.
    pub fn admit(&self, certificate: &[u8]) -> Option<Principal> {
        Some(self.principal(&name_of(certificate)?, &fingerprint(certificate)))
    }
}

impl Clients for Gate {
    fn principal(&self, name: &str, fingerprint: &str) -> Principal {
        let mine = || self.groups.iter().filter(|group| is_listed(&group.members, name, fingerprint));
        Principal {
            name: name.to_owned(),
            fingerprint: fingerprint.to_owned(),
            groups: mine().map(|group| group.name.clone()).collect(),
            default_group: mine().find(|group| group.default).map(|group| group.name.clone()),
            disclose: mine().any(|group| group.disclose),
            weak_keys: self.weak_keys || mine().any(|group| group.weak_keys),
            admin: is_listed(&self.admins, name, fingerprint),
        }
    }
}

/// People and hosts are listed by the common name of their certificate, or by its fingerprint.
fn is_listed(list: &[String], name: &str, fingerprint: &str) -> bool {
    list.iter().any(|listed| listed == name || *listed == format!("sha256:{fingerprint}"))
}

/// The common name, else the first name of the alternative ones.
fn name_of(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let common = certificate.subject().iter_common_name().find_map(|name| name.as_str().ok());
    if let Some(name) = common.filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let alternative = certificate.subject_alternative_name().ok()??;
    alternative.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        _ => None,
    })
}

/// SHA-256 of the certificate, in hex.
pub fn fingerprint(certificate: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate))
}
