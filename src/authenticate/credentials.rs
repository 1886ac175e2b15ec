//! Credentials in the header (KMIP 2.1, 9.4): user names and devices with a password, checked against hashes in the
//! configuration. The certificate still says who the client is, but where a persona tells its users apart.

use crate::authenticate::password::Hash;
use crate::config::CredentialConfig;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::identity::{ClientRef, Identity};
use crate::engine::rights::persona::Credentials;
use crate::engine::rights::principal::Principal;
use aws_lc_rs::{constant_time, digest, hmac};
use kmip_codec::SecretBytes;
use kmip_codec::message::{Authentication, Credential};
use std::sync::{Mutex, PoisonError};

/// A credential that was shown and is right.
#[derive(Debug)]
pub struct Verified {
    /// The user as whom the client acts from here on, where the persona tells users apart.
    pub user: Option<String>,
    /// The password of the containers that it gets, for a user name and a password.
    pub container_password: Option<SecretBytes>,
}

/// HEX(SHA256(Username || Password)), in lower case (KMIP 2.1, 11.10).
fn container_password(username: &str, password: &str) -> SecretBytes {
    let mut both = digest::Context::new(&digest::SHA256);
    both.update(username.as_bytes());
    both.update(password.as_bytes());
    hex::encode(both.finish()).into_bytes().into()
}

/// One that the configuration knows.
#[derive(Debug)]
struct Known {
    config: CredentialConfig,
    /// The clients that may show it; none for all.
    clients: Vec<ClientRef>,
    hash: Hash,
    /// The MAC of the password that was right last: a client shows it with every request, and PBKDF2 is slow.
    proven: Mutex<Option<Vec<u8>>>,
}

impl Known {
    fn may_be_of(&self, identity: &Identity) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|client| client.is_holder(identity))
    }
}

/// The client is not told which; the log and `keystead explain` are.
fn not_right(cause: Cause) -> Refusal {
    Refusal::new(cause, "this client must show a credential that the server knows, with its password")
}

/// Every credential that the configuration knows.
#[derive(Debug)]
pub struct CredentialStore {
    known: Vec<Known>,
    /// The key of the MACs, made anew with each start.
    key: hmac::Key,
}

impl CredentialStore {
    /// The credentials of the configuration.
    pub fn new(configured: &[CredentialConfig], key: &SecretBytes) -> Result<Self, String> {
        let mut known: Vec<Known> = Vec::new();
        for config in configured {
            let name = &config.name;
            if config.username.is_some() == config.device.is_some() {
                return Err(format!("credential {name:?} has a username or a device, and one of them"));
            }
            let hash = Hash::parse(&config.password).ok_or_else(|| {
                format!(
                    "the password of credential {name:?} is no hash: make one with `keystead client password`"
                )
            })?;
            let same = |other: &Known| {
                other.config.name == *name
                    || (other.config.username == config.username && other.config.device == config.device)
            };
            if name.is_empty() || known.iter().any(same) {
                return Err(format!("credential {name:?} is configured twice, or has no name"));
            }
            if name.contains('/') {
                return Err(format!("credential {name:?} has a slash in its name: choose one without"));
            }
            let clients = config.clients.iter().map(|client| ClientRef::read(client));
            let clients =
                clients.collect::<Result<_, _>>().map_err(|why| format!("credential {name:?}: {why}"))?;
            known.push(Known { config: config.clone(), clients, hash, proven: Mutex::default() });
        }
        Ok(Self { known, key: hmac::Key::new(hmac::HMAC_SHA256, key.expose()) })
    }

    /// Whether this client has a user of this name.
    pub fn knows(&self, user: &str, identity: &Identity) -> bool {
        self.known.iter().any(|known| known.config.name == user && known.may_be_of(identity))
    }

    /// What a credential that was shown does for this client. Blocks for as long as PBKDF2 takes.
    pub fn judge(
        &self,
        principal: &Principal,
        shown: Option<&Authentication>,
    ) -> Result<Option<Verified>, Refusal> {
        self.judged(principal, shown, Self::is_right)
    }

    /// The same for a credential that was right last time, and for clients that show none: at once.
    pub fn recognise(
        &self,
        principal: &Principal,
        shown: Option<&Authentication>,
    ) -> Option<Option<Verified>> {
        self.judged(principal, shown, Self::is_remembered).ok()
    }

    fn judged(
        &self,
        principal: &Principal,
        shown: Option<&Authentication>,
        is_right: fn(&Self, &Known, &str) -> bool,
    ) -> Result<Option<Verified>, Refusal> {
        let credentials = shown.map(|shown| shown.credentials.as_slice()).unwrap_or_default();
        match principal.persona.credentials {
            Credentials::Ignore => Ok(None),
            Credentials::Refuse if credentials.is_empty() => Ok(None),
            Credentials::Refuse => Err(Refusal::new(
                Cause::Authentication,
                "this client shows its certificate alone: no credentials",
            )),
            Credentials::Require | Credentials::Identify => {
                self.proven(principal, credentials, is_right).map(Some)
            }
        }
    }

    /// What the credentials tell, if the server knows each of them, their passwords are right, and they mean one user. Tickets and
    /// attestations are judged elsewhere, and take the place of no password.
    fn proven(
        &self,
        principal: &Principal,
        credentials: &[Credential],
        is_right: fn(&Self, &Known, &str) -> bool,
    ) -> Result<Verified, Refusal> {
        let is_elsewhere =
            |one: &&Credential| matches!(one, Credential::Ticket(_) | Credential::Attestation(_));
        let identifies = principal.persona.credentials == Credentials::Identify;
        let mut proven: Option<(&Known, &str)> = None;
        for credential in credentials.iter().filter(|one| !is_elsewhere(one)) {
            let found @ (known, password) =
                self.find(principal, credential).ok_or_else(|| not_right(Cause::CredentialUnknown))?;
            if !is_right(self, known, password) {
                return Err(not_right(Cause::CredentialPassword));
            }
            let differs = |other: &Known| {
                let both_are_users = other.config.username.is_some() && known.config.username.is_some();
                other.config.name != known.config.name && (identifies || both_are_users)
            };
            match proven {
                Some((other, _)) if differs(other) => return Err(not_right(Cause::CredentialsDiffer)),
                // A device stands beside the user, where the certificate says who acts.
                Some((other, _)) if other.config.username.is_some() => {}
                _ => proven = Some(found),
            }
        }
        let (known, password) = proven.ok_or_else(|| not_right(Cause::CredentialMissing))?;
        let user = identifies.then(|| known.config.name.clone());
        let username = known.config.username.as_deref();
        let container_password = username.map(|name| container_password(name, password));
        Ok(Verified { user, container_password })
    }

    /// The known credential that this one claims to be, with the password that it shows.
    fn find<'c>(&self, principal: &Principal, shown: &'c Credential) -> Option<(&Known, &'c str)> {
        let (username, device, password) = match shown {
            Credential::UsernameAndPassword(shown) => (Some(&shown.username), None, &shown.password),
            Credential::Device(shown) => {
                let device = shown.device_identifier.as_ref().or(shown.device_serial_number.as_ref());
                (None, device, &shown.password)
            }
            _ => return None,
        };
        let is_it = |known: &&Known| {
            let config = &known.config;
            known.may_be_of(&principal.identity)
                && config.username.as_ref() == username
                && config.device.as_ref() == device
        };
        // A known credential has a name or a device: one that shows neither is none of them.
        let known = self.known.iter().find(is_it)?;
        Some((known, password.as_ref().map(|password| password.expose()).unwrap_or_default()))
    }

    fn is_right(&self, known: &Known, password: &str) -> bool {
        if self.is_remembered(known, password) {
            return true;
        }
        let right = known.hash.is_of(password);
        if right {
            *known.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.mac(password));
        }
        right
    }

    /// Whether this password was right last time.
    fn is_remembered(&self, known: &Known, password: &str) -> bool {
        let proven = known.proven.lock().unwrap_or_else(PoisonError::into_inner);
        let mac = self.mac(password);
        proven.as_ref().is_some_and(|proven| constant_time::verify_slices_are_equal(proven, &mac).is_ok())
    }

    fn mac(&self, password: &str) -> Vec<u8> {
        hmac::sign(&self.key, password.as_bytes()).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_containers_is_the_digest_of_both() {
        let password = container_password("one-time-user", "one-time-password");
        assert_eq!(password.expose(), b"6ff41e75a33c5de250039379ab2c45ab065b114275399e5028ff2f628d1f1fd2");
    }
}
