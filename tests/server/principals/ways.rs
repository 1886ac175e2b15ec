//! Every way in for a client that was let in before.

use super::*;
use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use kmip_codec::value::Interval;
use kmip_codec::wire::Encoding;
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};
use std::sync::Arc;

const TLS: [(&SupportedProtocolVersion, &str); 2] = [
    (&rustls::version::TLS12, "TLS 1.2 taken up again"),
    (&rustls::version::TLS13, "TLS 1.3 taken up again"),
];

/// Every way in, each with a connection, a session or a promise of then.
pub struct Ways {
    live: Wire,
    https: Wire,
    sessions: Vec<(Arc<ClientConfig>, &'static str)>,
    own_ticket: Ticket,
    given_ticket: Ticket,
    /// A request that waits to be done.
    pub waiting: bytes::Bytes,
}

impl Ways {
    pub fn new(dev: &Dev, pair: &Pair) -> Self {
        let mut live = wire::connect_with(dev, Some(pair));
        // Good for less than tickets may be, so that a clock that is set back a little does not end them.
        let lease_time = Some(TicketLease::Interval(Interval(3600)));
        let login = LoginRequest { lease_time, ..LoginRequest::default() };
        let own_ticket = ask(&mut live, login).unwrap().ticket;
        let delegated = DelegatedLoginRequest { lease_time, ..everything() };
        let given_ticket = ask(&mut live, delegated).unwrap().ticket;
        let mut https = wire::connect_to(dev, &dev.https, Some(pair));
        https.post(Encoding::Xml, &message(create().into_request())).unwrap();
        let mut sessions = Vec::new();
        for (version, name) in TLS {
            let config = wire::settings(dev, Some(pair), &[version]);
            ask(&mut wire::connect_using(&dev.address, Arc::clone(&config)), create()).unwrap();
            // That the session can be taken up at all is the control.
            let mut again = wire::connect_using(&dev.address, Arc::clone(&config));
            ask(&mut again, create()).unwrap();
            assert_eq!(again.0.conn.handshake_kind(), Some(HandshakeKind::Resumed), "{name}");
            sessions.push((config, name));
        }
        let accepted = exchange(&mut live, &later(create().into_request())).unwrap();
        let waiting = accepted.asynchronous_correlation_value.unwrap();
        Self { live, https, sessions, own_ticket, given_ticket, waiting }
    }

    /// How a request ends on each of them. `other` is another good certificate, of the same name where there is one.
    fn tried(&mut self, dev: &Dev, pair: &Pair, other: &Pair) -> Vec<(&'static str, Ended)> {
        let request = || message(create().into_request());
        let over_https = match self.https.post(Encoding::Xml, &request()) {
            Err(_) => Ended::Closed,
            Ok(mut answer) => end(Ok(answer.items.remove(0))),
        };
        let mut all = vec![("live", end(exchange(&mut self.live, &request()))), ("HTTPS", over_https)];
        for (config, version) in &self.sessions {
            let mut resumed = wire::connect_using(&dev.address, Arc::clone(config));
            all.push((version, end(exchange(&mut resumed, &request()))));
        }
        all.push(("new", end(exchange(&mut wire::connect_with(dev, Some(pair)), &request()))));
        let mut by_other = wire::connect_with(dev, Some(other));
        for (what, ticket) in [("own ticket", &self.own_ticket), ("given ticket", &self.given_ticket)] {
            all.push((what, end(exchange(&mut by_other, &showing(ticket, create().into_request())))));
        }
        assert_eq!(end(exchange(&mut by_other, &request())), Ended::Well, "others");
        all
    }

    /// None of them leads in any more.
    pub fn are_shut(&mut self, dev: &Dev, pair: &Pair, other: &Pair, what: &str) {
        for (way, ended) in self.tried(dev, pair, other) {
            let is_shut =
                if way.ends_with("ticket") { matches!(ended, Ended::Refused(_)) } else { ended.is_out() };
            assert!(is_shut, "{what}: {way}: {ended:?}");
        }
    }

    /// Each of them leads in again.
    pub fn are_open(&mut self, dev: &Dev, pair: &Pair, other: &Pair, what: &str) {
        for (way, ended) in self.tried(dev, pair, other) {
            assert_eq!(ended, Ended::Well, "{what}: {way}");
        }
    }

    /// What the connection of then is told.
    pub fn told(&mut self) -> String {
        exchange(&mut self.live, &message(create().into_request()))
            .unwrap()
            .result_message
            .unwrap_or_default()
    }
}
