//! What the server sends without having been asked: made by the engine, committed and audited like the answer to a
//! request, before it leaves.

use super::{Server, entries};
use crate::admission::{Client, Reservation};
use crate::endpoints::{Delivery, Mailbox, deliver};
use crate::engine::notifications::notification::{self, Notification, Settled};
use crate::engine::notifications::push;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::settings::Subscription;
use crate::executor::{self, Effects};
use crate::session::{Peer, RoleReversed};
use kmip_codec::Version;
use kmip_codec::enums::EndpointRole;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Response};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

impl Server {
    /// The message of a notification, audited, with the room that it takes until it is written; `None` where the client may not
    /// have it any more.
    pub async fn push(
        self: &Arc<Self>,
        peer: &Peer,
        version: Version,
        notification: &Notification,
    ) -> Result<Option<(Zeroizing<Vec<u8>>, Reservation)>, executor::Error> {
        let request = self.next_request();
        // Who answers on the connection may have lost its rights since it began.
        let current = self.executor.authenticator().current(&peer.presented);
        let principal = current.as_ref().unwrap_or(&peer.principal);
        let peer = Peer { principal: Arc::clone(principal), ..peer.clone() };
        let (refusal, notification) = (current.err(), notification.clone());
        let client = peer.presented.client().clone();
        let pushed = self.executor.run(&client, move |world, entropy, _| {
            let made = match &refusal {
                Some(refusal) => push::refused(&notification, version, refusal),
                None => push::push(world, &peer.principal, version, &notification, entropy)?,
            };
            if let Some(reason) = made.item_outcome.reason {
                let (client, objects) = (&peer.principal.name, &made.item_outcome.objects);
                tracing::warn!(request, %client, ?objects, ?reason, "not sent: the client may not have it");
            }
            let result = made.message.map(|message| Zeroizing::new(message.to_bytes()));
            let bytes = result.as_ref().map_or(0, |message: &Zeroizing<Vec<u8>>| message.len());
            let entries = vec![entries::one(request, &peer, version, &made.item_outcome, "")];
            Ok(Effects { changes: made.changes, entries, notifications: Vec::new(), result, bytes })
        });
        let pushed = pushed.await?;
        Ok(pushed.result.map(|message| (message, pushed.room)))
    }

    /// Stores, every so often, the states to which dates have led the objects of clients that want to be told: some of each
    /// client's, in turn, so that nobody waits for another's many.
    pub async fn follow_dates(self: Arc<Self>, every: Duration) {
        let followed = || self.executor.settings().subscriptions.iter().filter(|row| row.follows_dates());
        if followed().next().is_none() {
            return;
        }
        loop {
            tokio::time::sleep(every).await;
            let mut turns: VecDeque<_> = followed().collect();
            while let Some(subscription) = turns.pop_front() {
                if self.apply_dates(subscription).await {
                    turns.push_back(subscription);
                }
            }
        }
    }

    /// Stores some of what dates have led to, and says whether there may be more.
    async fn apply_dates(&self, subscription: &Subscription) -> bool {
        let wanted = subscription.clone();
        let settled = self.executor.run(&Client::Server, move |world, _, _| {
            let Settled { changes, notifications, goes_on } = notification::apply_dates(world, &wanted)?;
            Ok(Effects { changes, entries: Vec::new(), notifications, result: goes_on, bytes: 0 })
        });
        settled.await.map(|done| done.result).unwrap_or_else(|error| {
            tracing::error!(%error, "cannot look for objects that a date has moved");
            false
        })
    }

    /// Every mailbox that has an address to call.
    pub fn endpoints_to_call(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.executor.endpoints().iter().filter(|mailbox| mailbox.endpoint.address.is_some())
    }
}

/// Why a message cannot be taken, where it asks for roles that its connection cannot give.
pub fn check_role_reversal(peer: &Peer, message: &RequestMessage) -> Option<Refusal> {
    let turns = |item: &RequestItem| item.request.operation() == Operation::SetEndpointRole;
    let text = "the ends of this connection cannot change their roles: ask over KMIP's own port, as the client that the \
                certificate names";
    (!peer.can_reverse_roles && message.items.iter().any(turns))
        .then(|| Refusal::new(Cause::FeatureNotSupported, text))
}

/// Whether an exchange turns its connection around: its last item does.
pub fn role_reversal(message: &RequestMessage, response: &ResponseMessage) -> Option<Version> {
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
    reversed: RoleReversed<S>,
) -> io::Result<()> {
    let Some(mailbox) = server.executor.endpoints().of(&reversed.peer.principal.name) else { return Ok(()) };
    let RoleReversed { stream, peer, version, limits, stopping } = reversed;
    let memory = server.executor.admission().memory().clone();
    let delivery = Delivery { stream, peer, version, negotiable: false, limits, memory };
    deliver(&server, mailbox, delivery, stopping, &mut false).await
}
