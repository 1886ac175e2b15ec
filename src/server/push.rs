//! What the server sends without having been asked: made by the engine, committed and audited like the answer to a
//! request, before it leaves.

use super::{CONFLICTS_MAX, Server, entries};
use crate::endpoints::{Delivery, Mailbox, deliver};
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::telling::notice::{self, Notice};
use crate::engine::telling::push;
use crate::session::{Peer, Turned};
use crate::store;
use kmip_codec::Version;
use kmip_codec::enums::EndpointRole;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Response};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

impl Server {
    /// The message of a notice, audited; `None` where the client may not have it any more.
    pub async fn push(
        self: &Arc<Self>,
        peer: &Peer,
        version: Version,
        notice: &Notice,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let request = self.next_request();
        for _ in 0..CONFLICTS_MAX {
            let (server, principal, notice) = (Arc::clone(self), Arc::clone(&peer.principal), notice.clone());
            let made = tokio::task::spawn_blocking(move || {
                server.until_met(|world, entropy, _| push::push(world, &principal, version, &notice, entropy))
            });
            let made = made.await.map_err(|panic| panic.to_string())??;
            if let Some(reason) = made.deed.reason {
                let (client, objects) = (&peer.principal.name, &made.deed.objects);
                tracing::warn!(request, %client, ?objects, ?reason, "not sent: the client may not have it");
            }
            let bytes = made.message.map(|message| Zeroizing::new(message.to_bytes()));
            let entries = vec![entries::one(request, peer, version, &made.deed, "")];
            match self.persist(made.changes, entries).await {
                Ok(store::Outcome::Committed) => return Ok(bytes),
                Ok(store::Outcome::Conflict) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("the object changed again and again".to_owned())
    }

    /// Stores, every so often, the states to which dates have led the objects of clients that want to be told.
    pub async fn follow_dates(self: Arc<Self>, every: Duration) {
        let followed = || self.settings.subscriptions.iter().filter(|row| row.follows_dates());
        if followed().next().is_none() {
            return;
        }
        loop {
            tokio::time::sleep(every).await;
            for subscription in followed() {
                let (server, wanted) = (Arc::clone(&self), subscription.clone());
                let settled = tokio::task::spawn_blocking(move || {
                    server.until_met(|world, _, _| notice::settle(world, &wanted))
                });
                let committed = match settled.await {
                    Ok(Ok((changes, notices))) => (self.persist(changes, Vec::new()).await, notices),
                    Ok(Err(why)) => {
                        tracing::error!(why, "cannot look for objects that a date has moved");
                        continue;
                    }
                    Err(panic) => return tracing::error!(%panic, "nobody looks at dates any more"),
                };
                // A conflict means that somebody else was at an object: the next look finds it again.
                if let (Ok(store::Outcome::Committed), notices) = committed {
                    self.endpoints.post(notices);
                }
            }
        }
    }

    /// Every mailbox that has an address to call.
    pub fn endpoints_to_call(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.endpoints.iter().filter(|mailbox| mailbox.endpoint.address.is_some())
    }
}

/// Why a message cannot be taken, where it asks for roles that its connection cannot give.
pub fn cannot_turn(peer: &Peer, message: &RequestMessage) -> Option<Refusal> {
    let turns = |item: &RequestItem| item.request.operation() == Operation::SetEndpointRole;
    let text = "the ends of this connection cannot change their roles: ask over KMIP's own port, as the client that the \
                certificate names";
    (!peer.turnable && message.items.iter().any(turns))
        .then(|| Refusal::new(Cause::FeatureNotSupported, text))
}

/// Whether an exchange turns its connection around: its last item does.
pub fn turned(message: &RequestMessage, response: &ResponseMessage) -> Option<Version> {
    let asked = message.items.last()?.request.operation() == Operation::SetEndpointRole;
    match &response.items.last()?.response {
        Some(Response::SetEndpointRole(answer)) if asked && answer.endpoint_role == EndpointRole::Client => {
            Some(response.version())
        }
        _ => None,
    }
}

/// Tells a client what waits for it, over its own connection.
pub async fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(
    server: Arc<Server>,
    turned: Turned<S>,
) -> io::Result<()> {
    let Some(mailbox) = server.endpoints.of(&turned.peer.principal.name) else { return Ok(()) };
    let Turned { stream, peer, version, limits, stopping } = turned;
    let delivery = Delivery { stream, peer, version, negotiable: false, limits };
    deliver(&server, mailbox, delivery, stopping, &mut false).await
}
