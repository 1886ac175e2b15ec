//! What the other side of a connection has shown, and what that came to when it was judged last.

use super::Trust;
use super::rules::Rules;
use crate::engine::rights::policy::Principal;
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a chain came to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// By a client, in a whole handshake, which has judged it.
    Whole,
    /// By a client that takes up a session of before: it was judged then.
    Resumed,
    /// By the endpoint that the server has called, as a server's.
    Called,
}

/// What the other side of a connection has shown.
pub struct Presented {
    chain: Vec<CertificateDer<'static>>,
    shown: Shown,
    judged: Mutex<Judged>,
}

/// What a chain came to, and by what it was judged.
#[derive(Clone)]
pub(super) struct Judged {
    pub rules: Arc<Rules>,
    pub trust: Arc<Option<Trust>>,
    pub principal: Arc<Principal>,
}

impl Presented {
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, shown: Shown, judged: Judged) -> Self {
        Self { chain, shown, judged: Mutex::new(judged) }
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

    pub(super) fn judged(&self) -> Judged {
        self.lock().clone()
    }

    pub(super) fn note(&self, judged: Judged) {
        *self.lock() = judged;
    }

    fn lock(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
