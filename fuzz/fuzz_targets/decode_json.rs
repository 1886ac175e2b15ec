//! What is read as a request in JSON comes back from JSON and from TTLV, or it is refused; nothing panics.
#![no_main]

#[path = "../../kmip-codec/tests/support/received.rs"]
mod received;

use kmip_codec::message::RequestMessage;
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    received::holds(Encoding::Json, bytes);
    if let Ok(message) = RequestMessage::decode(Encoding::Json, bytes) {
        assert_eq!(
            RequestMessage::decode(Encoding::Json, &message.encode(Encoding::Json)).as_ref(),
            Ok(&message)
        );
        assert_eq!(RequestMessage::from_bytes(&message.to_bytes()).as_ref(), Ok(&message));
    }
});
