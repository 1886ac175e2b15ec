//! From a request to the operation that performs it: made from the table of operations. A row that is served and has
//! no [`Execute`](crate::context::Execute) does not compile.

use crate::administration;
use crate::context::{Context, Execute as _};
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use kmip_codec::Version;
use kmip_codec::for_each_operation;
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request, Response};
use kmip_codec::version::VERSIONS;

macro_rules! perform {
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
    (quick_alone, $request:ident, $response:ident, $name:ident, $cx:ident) => {
        perform!(served, $request, $response, $name, $cx)
    };
    (quick_read, $request:ident, $response:ident, $name:ident, $cx:ident) => {
        perform!(served, $request, $response, $name, $cx)
    };
    (quick_change, $request:ident, $response:ident, $name:ident, $cx:ident) => {
        perform!(served, $request, $response, $name, $cx)
    };
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
