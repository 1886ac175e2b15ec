//! What is read as a request is written back byte for byte and comes back from XML and JSON, or it is refused; nothing
//! panics.
#![no_main]

#[path = "../../kmip-codec/tests/support/received.rs"]
mod received;

use kmip_codec::message::RequestMessage;
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    received::holds(Encoding::Ttlv, bytes);
    if let Ok(message) = RequestMessage::from_bytes(bytes) {
        assert_eq!(message.to_bytes(), bytes);
        let _ = message.to_log();
        for encoding in [Encoding::Json, Encoding::Xml] {
            assert_eq!(
                RequestMessage::decode(encoding, &message.encode(encoding)).as_ref(),
                Ok(&message),
                "{encoding}"
            );
        }
    }
});
