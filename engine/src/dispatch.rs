//! From a request to the operation that performs it: made from the table of operations. A row that is served and has
//! no [`Execute`](crate::context::Execute) does not compile.

use crate::administration;
use crate::context::{Context, Execute as _};
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use kmip_codec::Version;
use kmip_codec::enums::CredentialType;
use kmip_codec::for_each_operation;
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request, Response};
use kmip_codec::version::VERSIONS;

macro_rules! perform {
    (quick, $request:ident, $response:ident, $name:ident, $cx:ident) => {
        perform!(served, $request, $response, $name, $cx)
    };
    (served, $request:ident, $response:ident, $name:ident, $cx:ident) => {
        $request.execute($cx).map(Response::$name)
    };
    (sent, $request:ident, $response:ident, $name:ident, $cx:ident) => {{
        let _ = $request;
        let text = concat!(stringify!($name), " goes from the server to clients, never to the server");
        refuse(Cause::NotSupported, text)
    }};
    (declared, $request:ident, $response:ident, $name:ident, $cx:ident) => {{
        let _ = $request;
        refuse(Cause::NotSupported, concat!("this server does not serve ", stringify!($name)))
    }};
}

macro_rules! dispatch {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $request:ident => $response:ident, in $range:expr, $served:ident;)*) => {
        /// Performs a request.
        pub fn dispatch(request: Request, cx: &mut Context<'_, '_>) -> OpResult<Response> {
            match request {
                $(Request::$name(request) => perform!($served, request, $response, $name, cx),)*
                Request::Unknown(administration::OPERATION, payload) => administration::perform(&payload, cx)
                    .map(|answer| Response::Unknown(administration::OPERATION, answer)),
                Request::Unknown(operation, _) => refuse(Cause::NotSupported, unknown(operation, cx.version)),
                Request::Unreadable(unreadable) => Err(Refusal::unreadable(&unreadable.why).into()),
            }
        }
    };
}
for_each_operation!(dispatch);

/// Whether a batch may begin on a thread that many connections share: where a request turns out to ask for more than others of its
/// operation, [`work`](crate::work) counts it, and it goes on elsewhere. A batch whose sender shows a ticket may not: the certificate of
/// the ticket's giver is judged for it.
pub fn is_quick(message: &RequestMessage) -> bool {
    let shown = message.header.authentication.iter().flat_map(|authentication| &authentication.credentials);
    message.items.iter().all(|item| item.request.is_quick())
        && !shown.into_iter().any(|credential| credential.credential_type() == CredentialType::Ticket)
}

/// Whether it is plain that a batch needs a key-encryption key: all that is quick and done with objects does. What needs none is
/// answered without the HSM.
pub fn needs_kek(message: &RequestMessage) -> bool {
    message.items.iter().any(|item| {
        let request = &item.request;
        request.is_quick()
            && !matches!(
                request,
                Request::Query(_)
                    | Request::DiscoverVersions(_)
                    | Request::Poll(_)
                    | Request::RNGRetrieve(_)
                    | Request::Hash(_)
                    | Request::Ping(_)
            )
    })
}

/// What is said of an operation that the version of its message does not have.
fn unknown(operation: Operation, version: Version) -> String {
    let row = OPERATION_ROWS.iter().find(|row| row.operation == operation);
    let named = row.and_then(|row| {
        let versions: Vec<Version> = VERSIONS.into_iter().filter(|version| (row.is_in)(*version)).collect();
        Some((row.operation, *versions.first()?, *versions.last()?))
    });
    match named {
        Some((operation, first, _)) if version < first => {
            format!("{operation:?} begins with KMIP {first}, and the message is one of KMIP {version}")
        }
        Some((operation, _, last)) => {
            format!("{operation:?} ends with KMIP {last}, and the message is one of KMIP {version}")
        }
        None => format!("no version of KMIP has an operation 0x{:x}", operation.0),
    }
}
