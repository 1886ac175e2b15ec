//! What the configuration says about clients, read once. One function makes a principal ([`Rules::principal`]), of an
//! [`Identity`]: what a certificate and a credential have told, or what was kept of that for later.

use super::attestation::Attestor;
use super::credentials::{CredentialStore, Verified};
use super::listed::{Listed, Whom};
use super::names;
use super::older::KnownOwners;
use super::personas::{PersonaRegistry, ResolvedPersona};
use crate::config::{Config, GroupConfig};
use crate::engine::administration::protocol::ClientStatus;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::identity::{
    CertificatePath, ClientRef, Fingerprint, Identity, SHA256_PREFIX, Validity,
};
use crate::engine::rights::persona::Credentials;
use crate::engine::rights::principal::{LastAdmitted, Principal};
use crate::engine::rights::reference;
use keystead_hsm::{Entropy as _, SystemEntropy};
use kmip_codec::SecretBytes;
use kmip_codec::message::RequestMessage;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the configuration says about clients.
pub struct Rules {
    config: Config,
    listed: Listed,
    personas: PersonaRegistry,
    credentials: CredentialStore,
    attestor: Attestor,
}

impl Rules {
    /// What the configuration says; refuses what does not fit together.
    pub fn new(config: &Config) -> Result<Self, String> {
        let personas = PersonaRegistry::new(config.objects.lease_seconds, &config.personas)?;
        personas.check(config)?;
        let listed = Listed::new(config)?;
        let mut key = [0; 32];
        SystemEntropy::default().fill(&mut key).map_err(|error| error.to_string())?;
        let key = SecretBytes::from(key.as_slice());
        let credentials = CredentialStore::new(&config.credentials, &key)?;
        let attestor = Attestor::new(&config.attestation, &key)?;
        Ok(Self { config: config.clone(), listed, personas, credentials, attestor })
    }

    /// What a principal is made from that shows this certificate, which leads to a CA by this path and was judged to be good
    /// at these times. Refuses one that names nobody.
    pub fn identity(
        &self,
        shown: &CertificateDer<'_>,
        (path, validity): (CertificatePath, Option<Validity>),
        owners: Option<&KnownOwners>,
    ) -> Result<Identity, String> {
        let fingerprint = Fingerprint::of(shown);
        let whole = Identity { fingerprint: Some(fingerprint), validity, path, ..Identity::default() };
        let named = match names::name_of(shown) {
            Ok(name) => name.ok_or_else(|| {
                "its certificate names nobody: it has no common name and no alternative name, and the configuration does not \
                 list its fingerprint"
                    .to_owned()
            }),
            Err(misnamed) => self.older_name(misnamed, fingerprint, owners),
        };
        let certificate = match named {
            Ok(name) => name,
            // A certificate that the configuration lists by its fingerprint needs no name: it is called by that.
            Err(_) if self.has_listed(&ClientRef::Certificate(fingerprint)) => {
                format!("{SHA256_PREFIX}{fingerprint}")
            }
            Err(why) => return Err(why),
        };
        self.no_user_has(&certificate)?;
        // Called by one of its names, or by none, it is asked for the revocation of each.
        let stated = names::stated(shown).into_iter().filter(|name| *name != certificate).collect();
        Ok(Identity { certificate, stated, ..whole })
    }

    /// As whom a certificate with this name is let in, or why it is not.
    pub fn holder_of(&self, name: &str) -> Result<Principal, String> {
        self.no_user_has(name)?;
        self.principal(&Identity::named(name))
    }

    /// `admin.names`.
    pub fn administrators(&self) -> &[ClientRef] {
        &self.listed.admins
    }

    /// Whether a list of the configuration has this entry.
    pub(super) fn has_listed(&self, entry: &ClientRef) -> bool {
        self.listed.has(entry)
    }

    fn no_user_has(&self, name: &str) -> Result<(), String> {
        match self.user_called(name) {
            None => Ok(()),
            Some(user) => Err(format!(
                "its certificate has the name {}, under which the user {user:?} of another certificate acts: sign one with \
                 another name",
                reference::told(name)
            )),
        }
    }

    /// The user of a certificate that would act under this name.
    fn user_called(&self, name: &str) -> Option<String> {
        let (certificate, user) = name.rsplit_once('/')?;
        let identity = Identity { user: Some(user.to_owned()), ..Identity::named(certificate) };
        self.principal(&identity).ok().map(|_| user.to_owned())
    }

    /// The one function that makes a principal, of what a certificate and a credential have told: now, and again for
    /// what is done later.
    pub fn principal(&self, identity: &Identity) -> Result<Principal, String> {
        let holder = self.holder(identity)?;
        match &identity.user {
            None => Ok(holder),
            Some(user) => self.user(holder, user),
        }
    }

    /// The holder of a certificate.
    fn holder(&self, identity: &Identity) -> Result<Principal, String> {
        let identity = Identity { user: None, ..identity.clone() };
        let whom = Whom::Holder(&identity);
        let groups = self.groups(&whom);
        let mut persona = self.resolved(&whom)?.persona;
        persona.disclose |= groups.iter().any(|group| group.disclose);
        let admin = self.listed.admins.iter().any(|listed| whom.is(listed));
        Ok(Principal {
            name: identity.name(),
            groups: groups.iter().map(|group| group.name.clone()).collect(),
            default_group: groups.iter().find(|group| group.default).map(|group| group.name.clone()),
            persona,
            weak_keys: self.config.objects.weak_keys || groups.iter().any(|group| group.weak_keys),
            admin,
            container_password: None,
            pending_attestation: self.attestor.demand(&identity),
            identity,
            last_admitted: LastAdmitted::default(),
        })
    }

    /// A user of a certificate, whom its credential names: in its own groups, under the persona of the certificate, and
    /// never an administrator.
    fn user(&self, holder: Principal, user: &str) -> Result<Principal, String> {
        let tells_users_apart = holder.persona.credentials == Credentials::Identify;
        if !tells_users_apart || !self.credentials.knows(user, &holder.identity) {
            return Err(format!("{} has no user {user:?}", reference::told(&holder.name)));
        }
        let identity = Identity { user: Some(user.to_owned()), ..holder.identity.clone() };
        let name = identity.name();
        let groups = self.groups(&Whom::User(&name));
        Ok(Principal {
            groups: groups.iter().map(|group| group.name.clone()).collect(),
            default_group: groups.iter().find(|group| group.default).map(|group| group.name.clone()),
            admin: false,
            name,
            identity,
            ..holder
        })
    }

    /// Who sends this message: the holder of the certificate, or who its credential tells. Takes long.
    pub fn identify(
        &self,
        holder: &Arc<Principal>,
        message: &RequestMessage,
    ) -> Result<Arc<Principal>, Refusal> {
        let proven = self.credentials.judge(holder, message.header.authentication.as_ref())?;
        self.attested(holder, self.acting(holder, proven)?, message)
    }

    /// The same where no password must be hashed, because it was right last time: `None` where one must.
    pub fn recognise(&self, holder: &Arc<Principal>, message: &RequestMessage) -> Option<Arc<Principal>> {
        let proven = self.credentials.recognise(holder, message.header.authentication.as_ref())?;
        self.attested(holder, self.acting(holder, proven).ok()?, message).ok()
    }

    /// The holder of a certificate with what a credential gives it, if it has shown one.
    fn acting(&self, holder: &Arc<Principal>, proven: Option<Verified>) -> Result<Arc<Principal>, Refusal> {
        let Some(proven) = proven else { return Ok(Arc::clone(holder)) };
        let sender = match proven.user {
            None => Principal::clone(holder),
            user => {
                let identity = Identity { user, ..holder.identity.clone() };
                self.principal(&identity).map_err(|why| Refusal::new(Cause::Authentication, why))?
            }
        };
        Ok(Arc::new(Principal { container_password: proven.container_password, ..sender }))
    }

    /// The sender with what the holder of the certificate has proven of its platform, where it has to. It comes last: a
    /// proof is good once.
    fn attested(
        &self,
        holder: &Principal,
        sender: Arc<Principal>,
        message: &RequestMessage,
    ) -> Result<Arc<Principal>, Refusal> {
        if sender.pending_attestation.is_none() {
            return Ok(sender);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let judged = self.attestor.judge(&holder.identity, &message.header, now);
        let pending_attestation = judged.map_err(|why| Refusal::new(Cause::Internal, why))?;
        Ok(Arc::new(Principal { pending_attestation, ..Principal::clone(&sender) }))
    }

    /// How the client of this name stands; `sha256:` and a fingerprint names one certificate.
    pub fn standing(&self, name: &str) -> Result<ClientStatus, String> {
        let identity = match ClientRef::read(name)? {
            ClientRef::Certificate(fingerprint) => {
                Identity { fingerprint: Some(fingerprint), ..Identity::named(name) }
            }
            ClientRef::Name(name) => match (self.user_called(&name), name.rsplit_once('/')) {
                (user @ Some(_), Some((certificate, _))) => Identity { user, ..Identity::named(certificate) },
                _ => Identity::named(&name),
            },
        };
        let principal = self.principal(&identity)?;
        let holder = Identity { user: None, ..identity };
        let resolved = self.resolved(&Whom::Holder(&holder))?;
        let disclosing = self.groups(&Whom::Holder(&holder)).into_iter().find(|group| group.disclose);
        let listed = self.listed.clients.iter().any(|client| Whom::Holder(&holder).is(client));
        Ok(ClientStatus {
            configured: listed || principal.admin || !principal.groups.is_empty(),
            admin: principal.admin,
            weak_keys: principal.weak_keys,
            groups: principal.groups,
            default_group: principal.default_group,
            persona: resolved.name.clone(),
            switches: resolved.shown(disclosing.map(|group| group.name.as_str())),
            name: principal.name,
        })
    }

    fn groups(&self, whom: &Whom<'_>) -> Vec<&GroupConfig> {
        let members = self.config.groups.iter().zip(&self.listed.members);
        let own = members.filter(|(_, members)| members.iter().any(|listed| whom.is(listed)));
        own.map(|(group, _)| group).collect()
    }

    fn resolved(&self, whom: &Whom<'_>) -> Result<&ResolvedPersona, String> {
        let clients = self.config.clients.iter().zip(&self.listed.clients);
        let own = clients.filter(|(_, listed)| whom.is(listed)).map(|(client, _)| client);
        self.personas.of(whom.name(), own, self.groups(whom).into_iter())
    }

    /// Whether this names a client here.
    pub fn names(&self, whom: &ClientRef) -> bool {
        self.listed.has(whom)
            || match whom {
                ClientRef::Certificate(_) => false,
                ClientRef::Name(name) => {
                    let is_called = self.config.endpoints.iter().any(|endpoint| endpoint.client == *name);
                    is_called || self.user_called(name).is_some()
                }
            }
    }
}
