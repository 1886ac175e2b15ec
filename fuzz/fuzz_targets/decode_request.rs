//! What is read as a request is written back byte for byte, or it is refused; nothing panics.
#![no_main]

use kmip_codec::message::RequestMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = RequestMessage::from_bytes(bytes) {
        assert_eq!(message.to_bytes(), bytes);
        let _ = message.to_log();
        let _ = message.to_xml();
    }
});
