//! The typed client: one generic call for every operation, over mutual TLS.
//!
//! It keeps no keys, decides nothing about them, and uses no async runtime: `keystead-unlock` runs in an initramfs.
//! It does not repeat a request that may have changed something.
//!
//! ```text
//! ClientArgs / client.toml -> Settings -> Client::call(request) -> answer
//!                                           race: servers in order, staggered
//!                                           Connection: TCP, TLS, one message after another, reused
//! ```
//!
//! ```no_run
//! use keystead_client::{Client, Settings};
//! use kmip_codec::payloads::GetRequest;
//! # fn demo(settings: Settings) -> Result<(), keystead_client::Error> {
//! let mut client = Client::new(settings);
//! let request = GetRequest { unique_identifier: Some("3f2a".into()), ..GetRequest::default() };
//! let answer = client.call(request)?;
//! # drop(answer);
//! # Ok(())
//! # }
//! ```

mod address;
mod answers;
mod args;
pub mod arguments;
mod cause;
mod connection;
mod error;
mod files;
pub mod output;
mod race;
mod reasons;
pub mod report;
mod settings;
mod spoken;
pub mod terminal;

pub use address::ServerAddress;
pub use answers::{Answers, batch_item_id};
pub use args::ClientArgs;
pub use cause::Cause;
pub use error::{Error, Refusal, Unreachable, exit};
pub use files::Files;
pub use race::{Race, race};
pub use settings::{Limits, Settings};
pub use spoken::Spoken;

use connection::Connection;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Call, Operation, Request};
use std::time::Instant;

/// Speaks with the first server that can be reached, and keeps the connection for the next call.
pub struct Client {
    settings: Settings,
    kept: Option<Connection>,
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, kept: None }
    }

    /// Asks for one operation and waits for its answer.
    pub fn call<R: Call>(&mut self, request: R) -> Result<R::Answer, Error> {
        self.batch([request.into_request()])?.take::<R>()
    }

    /// Asks for several operations in one message; the server ends at the first that it refuses. The answers are
    /// taken in the order of the requests.
    pub fn batch(&mut self, requests: impl IntoIterator<Item = Request>) -> Result<Answers, Error> {
        let mut items: Vec<RequestItem> = requests.into_iter().map(RequestItem::from).collect();
        if items.len() > 1 {
            number(&mut items);
        }
        let operations: Vec<Operation> = items.iter().map(|item| item.request.operation()).collect();
        let repeatable = operations.iter().all(|operation| is_repeatable(*operation));
        let request = RequestMessage::new(self.settings.version, items);
        let (server, answer) = self.exchange(&request, repeatable)?;
        Answers::new(server, &operations, answer)
    }

    /// Asks for a vendor's operation, whose payload no table knows.
    pub fn extension(&mut self, operation: Operation, payload: ItemValue) -> Result<ItemValue, Error> {
        self.batch([Request::Unknown(operation, payload)])?.take_extension()
    }

    fn exchange(
        &mut self,
        request: &RequestMessage,
        repeatable: bool,
    ) -> Result<(ServerAddress, ResponseMessage), Error> {
        let deadline = Instant::now() + self.settings.limits.total;
        if let Some(mut kept) = self.kept.take().filter(Connection::is_open) {
            match kept.exchange(request, self.answer_by(deadline)) {
                Ok(answer) => return Ok(self.keep(kept, answer)),
                Err(cause) if !repeatable => return Err(Error::broken(kept.server(), cause)),
                Err(_) => {}
            }
        }
        self.exchange_anew(request, deadline)
    }

    /// Asks the first server that accepts this client. In TLS 1.3 a server looks at a client's certificate when the
    /// client takes the connection for open: it refuses then instead of an answer, and has not read the request.
    fn exchange_anew(
        &mut self,
        request: &RequestMessage,
        deadline: Instant,
    ) -> Result<(ServerAddress, ResponseMessage), Error> {
        let mut left = self.settings.servers.clone();
        let mut refusing = Vec::new();
        loop {
            let mut fresh = match self.connect(&left, deadline) {
                Ok(fresh) => fresh,
                Err(mut others) => {
                    refusing.append(&mut others);
                    return Err(Error::Unreachable(refusing));
                }
            };
            match fresh.exchange(request, self.answer_by(deadline)) {
                Ok(answer) => return Ok(self.keep(fresh, answer)),
                Err(cause) if cause.is_refusal() => {
                    left.retain(|server| server != fresh.server());
                    refusing.push(Unreachable { server: fresh.server().clone(), cause });
                }
                Err(cause) => return Err(Error::broken(fresh.server(), cause)),
            }
        }
    }

    fn connect(&self, servers: &[ServerAddress], deadline: Instant) -> Result<Connection, Vec<Unreachable>> {
        let tls = self.settings.tls.clone();
        let limit = self.settings.limits.connect;
        let opened = race(servers, deadline, move |server| {
            Connection::open(server, &tls, deadline.min(Instant::now() + limit))
        });
        opened.map_err(|failures| failures.into_iter().map(Unreachable::from).collect())
    }

    fn answer_by(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.settings.limits.answer)
    }

    fn keep(&mut self, connection: Connection, answer: ResponseMessage) -> (ServerAddress, ResponseMessage) {
        let server = connection.server().clone();
        self.kept = Some(connection);
        (server, answer)
    }
}

/// Items of a batch are told apart by their place (KMIP 2.1, 8.3: an identifier is required from two items on).
fn number(items: &mut [RequestItem]) {
    for (place, item) in items.iter_mut().enumerate() {
        item.unique_batch_item_id = Some(batch_item_id(place));
    }
}

/// Whether a second try of the operation cannot do what the first may already have done.
fn is_repeatable(operation: Operation) -> bool {
    matches!(operation, Operation::Get)
}
