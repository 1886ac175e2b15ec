//! What the other side of a connection has shown, and what that came to when it was judged last.

use super::rules::Rules;
use super::trust::Trust;
use crate::admission::Client;
use crate::engine::rights::identity::Validity;
use crate::engine::rights::principal::Principal;
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub(super) struct Judged {
    pub rules: Arc<Rules>,
    pub trust: Arc<Option<Trust>>,
    /// For how long nothing else comes of judging it again.
    pub holds: Validity,
    pub principal: Arc<Principal>,
}

impl Presented {
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, shown: Shown, judged: Judged) -> Self {
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

    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    pub(super) fn shown(&self) -> Shown {
        self.shown
    }

    /// As whom it was let in last, where that holds.
    pub(super) fn principal_if(&self, holds: impl FnOnce(&Judged) -> bool) -> Option<Arc<Principal>> {
        let judged = self.lock();
        holds(&judged).then(|| Arc::clone(&judged.principal))
    }

    pub(super) fn note(&self, judged: Judged) {
        *self.lock() = judged;
    }

    fn lock(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
