//! What is read as a response is written back byte for byte and comes back from XML and JSON, or it is refused; nothing
//! panics.
#![no_main]

use kmip_codec::message::ResponseMessage;
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = ResponseMessage::from_bytes(bytes) {
        assert_eq!(message.to_bytes(), bytes);
        let _ = message.to_log();
        for encoding in [Encoding::Json, Encoding::Xml] {
            assert_eq!(
                ResponseMessage::decode(encoding, &message.encode(encoding)).as_ref(),
                Ok(&message),
                "{encoding}"
            );
        }
    }
});
