//! What is kept of exchanges that failed or were odd (see [`crate::explain`]).

use super::Server;
use crate::engine::batch::Outcome;
use crate::engine::notifications::object_facts::object_facts;
use crate::engine::refusal::Cause;
use crate::engine::world::World;
use crate::executor::now;
use crate::explain::{Exchange, ExchangeRecord, What};
use crate::listen::{Reason, TurnedAway};
use crate::session::Peer;
use kmip_codec::message::{RefusedMessage, RequestMessage, ResponseMessage};
use std::net::SocketAddr;

impl Server {
    /// What is to be kept of an exchange that was found worth it. Of what was refused, what an administrator is told of its objects is
    /// read in the same world, where there is one.
    pub(super) fn kept(
        &self,
        request: u64,
        peer: &Peer,
        (message, outcome): (&RequestMessage, &Outcome),
        classified: (What, usize),
        world: Option<&World<'_>>,
    ) -> Option<Box<Exchange>> {
        if !self.executor.memory().is_on() {
            return None;
        }
        let objects = match (classified.0, world) {
            (What::Refused(_), Some(world)) => {
                let named = outcome.item_outcomes.iter().flat_map(|item_outcome| &item_outcome.objects);
                object_facts(world, &peer.principal, named)
            }
            _ => Vec::new(),
        };
        let time = now().milliseconds();
        let record = ExchangeRecord {
            id: request,
            time,
            peer,
            request: message,
            answer: &outcome.response,
            classified,
            objects,
        };
        let counted = matches!(classified.0, What::Odd(_))
            && self.executor.memory().counted(
                &peer.principal.name,
                classified.0,
                &record.operation_name(),
                time,
            );
        (!counted).then(|| Box::new(record.told(self.executor.memory())))
    }

    /// Keeps it, and says in the log where it is.
    pub(super) fn keep(&self, exchange: Exchange) {
        let Exchange { id, client, operation, what, .. } = &exchange;
        if exchange.odd {
            tracing::debug!(request = id, principal = %client, operation, what, "odd: keystead explain {id}");
        } else {
            tracing::info!(request = id, principal = %client, operation, what, "refused: keystead explain {id}");
        }
        self.executor.memory().keep(exchange);
    }

    /// Keeps what was wrong with a message that could not be read.
    pub(super) fn remember_unreadable(
        &self,
        request: u64,
        peer: &Peer,
        refused: &RefusedMessage,
        answer: &ResponseMessage,
    ) {
        if self.executor.memory().is_on() {
            self.executor.memory().keep(Exchange::unreadable(
                request,
                now().milliseconds(),
                peer,
                refused,
                answer,
            ));
        }
    }

    /// Keeps that a message was refused before it was read.
    pub(super) fn remember_unread(&self, request: u64, peer: &Peer, cause: Cause, answer: &ResponseMessage) {
        let memory = self.executor.memory();
        if memory.is_on() {
            memory.keep(Exchange::unread(request, now().milliseconds(), peer, cause, answer));
        }
    }

    /// Says in the log that somebody was turned away, and why, and keeps it. What the same stranger does again and again
    /// is counted.
    pub(super) fn remember_stranger(&self, address: SocketAddr, why: TurnedAway) {
        let exchange =
            Exchange::turned_away(self.executor.next_request(), now().milliseconds(), address, &why);
        let (request, advice, memory) = (exchange.id, &why.advice, self.executor.memory());
        match why.reason {
            // As common as health checks are; or told with how many they are.
            Reason::ClosedEarly | Reason::TooManyHandshakes | Reason::TooManyConnections => {
                tracing::debug!(request, peer = %address, "turned away: {why}");
            }
            reason => tracing::info!(request, peer = %address, ?reason, advice, "turned away: {why}"),
        }
        if memory.is_on() && !memory.counted_stranger(&exchange) {
            memory.keep(exchange);
        }
    }
}
