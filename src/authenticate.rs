//! Who a message comes from: from the certificate of a connection, and the credential of a message, to a principal. That is
//! asked anew for each message, of the configuration and the CA as they are then.

mod attestation;
mod credentials;
mod listed;
mod names;
mod older;
pub mod password;
mod personas;
mod rules;
mod seen;
mod trust;

pub use names::name_of;
pub use older::{KnownOwners, Owners};
pub use password::hash as password_hash;
pub use trust::{Judge, Judgement, Refused, Trust};

use crate::admission::Client;
use crate::config::Config;
use crate::engine::administration::protocol::ClientStatus;
use crate::engine::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::identity::{CertificatePath, ClientRef, Fingerprint, Identity, Validity};
use crate::engine::rights::principal::{Clients, Principal};
use crate::swap::Swap;
use kmip_codec::message::RequestMessage;
use rules::Rules;
use rustls::pki_types::{CertificateDer, UnixTime};
use seen::Seen;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who is who.
pub struct Authenticator {
    /// What the configuration says about clients now.
    rules: Swap<Rules>,
    /// What judges certificates now; none where TLS alone does.
    trust: Swap<Option<Trust>>,
    /// The owners of the store, once it is open.
    owners: Swap<Option<KnownOwners>>,
    /// Who has come by.
    seen: Seen,
}

impl Authenticator {
    /// A authenticator with what the configuration says; refuses what does not fit together.
    pub fn new(config: &Config) -> Result<Self, String> {
        let rules = Swap::new(Rules::new(config)?);
        let (trust, owners) = (Swap::new(None), Swap::new(None));
        Ok(Self { rules, trust, owners, seen: Seen::default() })
    }

    /// Puts what another configuration says about clients in the place of what is said now, for live connections too.
    /// Refuses what does not fit together, and goes on as before.
    pub fn reload(&self, config: &Config) -> Result<(), String> {
        self.rules.set(Rules::new(config)?);
        Ok(())
    }

    /// Judges certificates by this from now on, those of live connections too.
    pub fn trust(&self, trust: Trust) {
        self.trust.set(Some(trust));
    }

    /// Asks these from now on whether a name owns objects, or is known, that the rule of names refuses.
    pub fn owners(&self, owners: KnownOwners) {
        self.owners.set(Some(owners));
    }

    /// Lets in the other side of a connection that has shown this chain, or says why not. It is judged whether TLS has done
    /// so or not: what TLS takes up again was judged when the session began, and something else may hold now.
    pub fn enter(&self, chain: &[CertificateDer<'_>], shown: Shown) -> Result<Arc<Presented>, Refused> {
        let chain: Vec<_> = chain.iter().map(|one| one.clone().into_owned()).collect();
        let judged = self.judge(self.rules.get(), self.trust.get(), &chain, shown)?;
        self.seen.note(&judged.principal);
        Ok(Arc::new(Presented::new(chain, shown, judged)))
    }

    /// As whom the other side of a connection is let in now: what it has shown is judged again where the CA, its lists or the
    /// configuration have changed, or a date has passed.
    pub fn current(&self, presented: &Presented) -> Result<Arc<Principal>, Refusal> {
        let is_same = |judged: &Judged| self.rules.is(&judged.rules) && self.trust.is(&judged.trust);
        if let Some(principal) = presented.principal_if(|judged| is_same(judged) && judged.holds.has(now())) {
            return Ok(principal);
        }
        let (rules, trust) = (self.rules.get(), self.trust.get());
        let judged = self.judge(rules, trust, presented.chain(), presented.shown()).map_err(|refused| {
            let text = format!("the certificate of this client is not taken any more: {}", refused.why);
            Refusal::new(Cause::Certificate, text)
        })?;
        let principal = Arc::clone(&judged.principal);
        self.seen.note(&principal);
        presented.note(judged);
        Ok(principal)
    }

    /// Who sends this message: the holder of the certificate, or who its credential tells. Takes long.
    pub fn identify(
        &self,
        holder: &Arc<Principal>,
        message: &RequestMessage,
    ) -> Result<Arc<Principal>, Refusal> {
        self.rules.get().identify(holder, message)
    }

    /// The same where no password must be hashed, because it was right last time: `None` where one must.
    pub fn recognise(&self, holder: &Arc<Principal>, message: &RequestMessage) -> Option<Arc<Principal>> {
        self.rules.get().recognise(holder, message)
    }

    /// How the client of this name stands; `sha256:` and a fingerprint names one certificate.
    pub fn standing(&self, name: &str) -> Result<ClientStatus, String> {
        self.rules.get().standing(name)
    }

    /// As whom an identity of earlier is let in now.
    fn made_again(&self, identity: &Identity) -> Result<Principal, String> {
        let path: Vec<_> = identity.path.certificates().map(CertificateDer::from).collect();
        if let Some(trust) = self.trust.get().as_ref()
            && !path.is_empty()
        {
            trust.judge(&path, Shown::ByClient, now()).map_err(|refused| refused.why)?;
        }
        self.rules.get().principal(identity)
    }

    /// Judges a chain now, and makes the principal that it stands for. Where nothing judges, the dates of the client are those
    /// of its own certificate.
    fn judge(
        &self,
        rules: Arc<Rules>,
        trust: Arc<Option<Trust>>,
        chain: &[CertificateDer<'_>],
        shown: Shown,
    ) -> Result<Judged, Refused> {
        let Some(own) = chain.first() else { return Err("it has no certificate".to_owned().into()) };
        let Judgement { path, validity, holds } = match &*trust {
            Some(trust) => trust.judge(chain, shown, now())?,
            None => Judgement {
                path: CertificatePath::default(),
                validity: names::validity(own),
                holds: Validity::EVER,
            },
        };
        let owners = self.owners.get();
        let identity = rules.identity(own, (path, validity), owners.as_ref().as_ref())?;
        let principal = Arc::new(rules.principal(&identity)?);
        Ok(Judged { rules, trust, holds, principal })
    }
}

/// Who has shown a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// A client.
    ByClient,
    /// The endpoint that the server has called, as a server's.
    ByEndpoint,
}

/// What the other side of a connection has shown.
pub struct Presented {
    chain: Vec<CertificateDer<'static>>,
    shown: Shown,
    client: Client,
    judged: Mutex<Judged>,
}

/// What a chain came to, and by what it was judged.
struct Judged {
    rules: Arc<Rules>,
    trust: Arc<Option<Trust>>,
    /// For how long nothing else comes of judging it again.
    holds: Validity,
    principal: Arc<Principal>,
}

impl Presented {
    fn new(chain: Vec<CertificateDer<'static>>, shown: Shown, judged: Judged) -> Self {
        let client = Client::named(&judged.principal.name);
        Self { chain, shown, client, judged: Mutex::new(judged) }
    }

    /// For whom is counted what comes of the connection: for the client that the certificate names, whatever credential or
    /// ticket a message shows beside it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// As whom it was let in last.
    pub fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.lock().principal)
    }

    fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    fn shown(&self) -> Shown {
        self.shown
    }

    /// As whom it was let in last, where that holds.
    fn principal_if(&self, holds: impl FnOnce(&Judged) -> bool) -> Option<Arc<Principal>> {
        let judged = self.lock();
        holds(&judged).then(|| Arc::clone(&judged.principal))
    }

    fn note(&self, judged: Judged) {
        *self.lock() = judged;
    }

    fn lock(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of the system, in seconds since 1970.
fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}

impl Clients for Authenticator {
    fn principal(&self, identity: &Identity) -> Option<Principal> {
        let made = self.made_again(identity);
        made.inspect_err(|why| {
            let client = noted(&identity.name(), NOTED_CHARS_MAX);
            tracing::warn!(client, why, "what was given to this client earlier is not good any more");
        })
        .ok()
    }

    fn knows(&self, whom: &ClientRef) -> bool {
        self.rules.get().names(whom) || self.seen.name_of(whom).is_some()
    }

    fn came_as(&self, whom: &ClientRef) -> Option<String> {
        self.seen.name_of(whom)
    }

    fn came_with(&self, key: &Fingerprint) -> Vec<(Fingerprint, String)> {
        self.seen.with_key(key)
    }

    fn comes_in(&self, whom: &ClientRef) -> Vec<Identity> {
        let mut come = self.seen.administrators(whom);
        come.retain(|identity| self.made_again(identity).is_ok_and(|principal| principal.admin));
        come
    }

    fn lets_in(&self, certificate: &[u8]) -> Option<Principal> {
        let own = [CertificateDer::from(certificate)];
        let judged = self.judge(self.rules.get(), self.trust.get(), &own, Shown::ByClient).ok()?;
        Some(Principal::clone(&judged.principal))
    }

    fn stated(&self, certificate: &[u8]) -> Vec<String> {
        names::stated(certificate)
    }

    fn holder(&self, name: &str) -> Result<Principal, String> {
        self.rules.get().holder_of(name)
    }

    fn administrators(&self) -> Vec<ClientRef> {
        self.rules.get().administrators().to_vec()
    }
}

/// SHA-256 of a certificate, DER.
pub fn fingerprint(certificate: &[u8]) -> Fingerprint {
    Fingerprint::of(certificate)
}

/// When a certificate ends, in seconds since 1970.
pub fn ends(certificate: &[u8]) -> Option<i64> {
    names::validity(certificate).map(|validity| validity.until)
}
