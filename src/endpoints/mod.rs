//! Clients as servers: where each client of `[[endpoints]]` is told what concerns it (KMIP 2.1, 6.2). Either the server
//! calls it ([`dial`]), or it turns its own connection around (Set Endpoint Role).
//!
//! A notification waits in the mailbox of its client, which is bounded: the oldest gives way. Posting never waits, so that no
//! request is ever held up by a client that does not listen. What waits holds no secret, and does not outlive the
//! server.

mod deliver;
mod dial;
pub mod mailbox;
mod push;

pub use deliver::{Delivery, deliver, take_over};
pub use dial::{DialContext, connector, dial};
pub use mailbox::{Endpoints, Mailbox, Waiting};
