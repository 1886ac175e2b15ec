//! The message of a notification: made by the engine, committed and audited like the answer to a request, before it leaves.

use crate::admission::Reservation;
use crate::engine::notifications::notification::Notification;
use crate::engine::notifications::push;
use crate::executor::{self, Effects, Executor, entries};
use crate::session::Peer;
use kmip_codec::Version;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The message of a notification, audited, with the room that it takes until it is written; `None` where the client may not
/// have it any more.
pub async fn message(
    executor: &Arc<Executor>,
    peer: &Peer,
    version: Version,
    notification: &Notification,
) -> Result<Option<(Zeroizing<Vec<u8>>, Reservation)>, executor::Error> {
    let request = executor.next_request();
    // Who answers on the connection may have lost its rights since it began.
    let current = executor.authenticator().current(&peer.presented);
    let principal = current.as_ref().unwrap_or(&peer.principal);
    let peer = Peer { principal: Arc::clone(principal), ..peer.clone() };
    let (refusal, notification) = (current.err(), notification.clone());
    let client = peer.presented.client().clone();
    let pushed = executor.run(&client, move |world, entropy, _| {
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
        let entries = entries::one(request, &peer, version, &made.item_outcome);
        Ok(Effects { changes: made.changes, entries, notifications: Vec::new(), result, bytes })
    });
    let pushed = pushed.await?;
    Ok(pushed.result.map(|message| (message, pushed.room)))
}
