//! From a request to the operation that performs it: made from the table of operations. A row that is served and has
//! no [`Execute`](crate::engine::context::Execute) does not compile.

use crate::engine::administration;
use crate::engine::context::{Context, Execute as _};
use crate::engine::refusal::{Cause, Refusal, Step, refuse};
use kmip_codec::for_each_operation;
use kmip_codec::operations::{Request, Response};

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
}

macro_rules! dispatch {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $request:ident => $response:ident, in $range:expr, $served:ident;)*) => {
        /// Performs a request.
        pub fn dispatch(request: Request, cx: &mut Context<'_, '_>) -> Step<Response> {
            match request {
                $(Request::$name(request) => perform!($served, request, $response, $name, cx),)*
                Request::Unknown(administration::OPERATION, payload) => administration::perform(&payload, cx)
                    .map(|answer| Response::Unknown(administration::OPERATION, answer)),
                Request::Unknown(operation, _) => refuse(
                    Cause::NotSupported,
                    format!("operation 0x{:x} does not exist in KMIP {}", operation.0, cx.version),
                ),
                Request::Unreadable(unreadable) => Err(Refusal::unreadable(&unreadable.why).into()),
            }
        }
    };
}
for_each_operation!(dispatch);
