//! Clients that are let in, and what they bring.

use super::*;
use keystead_engine::draft::logins;

/// The clients that a test knows, others are in no group, and users only where they are known; and those of them who have not come,
/// with whether the CAs would let them in.
#[derive(Default)]
pub struct Known(pub Vec<Principal>, pub BTreeMap<String, bool>);

impl Clients for Known {
    fn principal(&self, identity: &Identity) -> Option<Principal> {
        let same = |known: &&Principal| {
            let one = |identity: &Identity| {
                (identity.certificate.clone(), identity.user.clone(), identity.fingerprint)
            };
            one(&known.identity) == one(identity)
        };
        let known = self.0.iter().find(same).cloned();
        known.or_else(|| {
            let named = Principal { identity: identity.clone(), ..principal(&identity.name(), &[]) };
            identity.user.is_none().then_some(named)
        })
    }

    fn knows(&self, whom: &ClientRef) -> bool {
        self.0.iter().any(|known| whom.is_holder(&known.identity))
    }

    fn came_as(&self, whom: &ClientRef) -> Option<String> {
        let known = self.0.iter().find(|known| whom.is_holder(&known.identity));
        known.map(|known| known.name.clone())
    }

    fn came_with(&self, key: &Fingerprint) -> Vec<(Fingerprint, String)> {
        let certificate = |known: &Principal| {
            let path = known.identity.path.clone();
            path.certificates().next().map(<[u8]>::to_vec)
        };
        let come = self.0.iter().filter_map(|known| Some((certificate(known)?, known.name.clone())));
        let come = come.filter(|(certificate, _)| logins::of_certificate(certificate) == Some(*key));
        come.map(|(certificate, name)| (Fingerprint::of(&certificate), name)).collect()
    }

    /// The names that a certificate states stand in it one to a line, in tests.
    fn stated(&self, certificate: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(certificate).unwrap_or_default();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    fn comes_in(&self, whom: &ClientRef) -> Vec<Identity> {
        let has_come = |known: &&Principal| known.admin && !self.1.contains_key(&known.name);
        let come = self.0.iter().filter(has_come).filter(|known| whom.is_holder(&known.identity));
        come.map(|known| known.identity.clone()).collect()
    }

    /// A certificate that the CA of a test has signed is made of a name and a fingerprint.
    fn lets_in(&self, certificate: &[u8]) -> Option<Principal> {
        let (name, fingerprint) = std::str::from_utf8(certificate).ok()?.split_once(' ')?;
        let identity = Identity { fingerprint: Fingerprint::parse(fingerprint), ..Identity::named(name) };
        let is_admin = self.0.iter().any(|known| known.admin && known.identity.certificate == name);
        (self.1.get(name) != Some(&false)).then(|| Principal {
            identity,
            admin: is_admin,
            ..principal(name, &[])
        })
    }

    fn holder(&self, name: &str) -> Result<Principal, String> {
        if self.0.iter().any(|known| known.identity.user.is_some() && known.name == name) {
            return Err("a user has the name".to_owned());
        }
        let known = self.0.iter().find(|known| known.identity.certificate == name);
        Ok(known.cloned().unwrap_or_else(|| principal(name, &[])))
    }

    fn administrators(&self) -> Vec<ClientRef> {
        let admins = self.0.iter().filter(|known| known.admin);
        admins.map(|known| ClientRef::Name(known.identity.certificate.clone())).collect()
    }
}

/// A client that may have what is weak.
pub fn granted(name: &str, groups: &[&str]) -> Principal {
    Principal { weak_keys: true, ..principal(name, groups) }
}

/// A principal in these groups; what it makes belongs to the first.
pub fn principal(name: &str, groups: &[&str]) -> Principal {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let identity = Identity::named(name);
    Principal {
        name: name.into(),
        identity,
        default_group: groups.first().cloned(),
        groups,
        ..Principal::default()
    }
}
