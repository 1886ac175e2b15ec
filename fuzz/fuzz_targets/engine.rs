//! Any message has an answer, which every encoding can write and read; nothing panics.
#![no_main]

use keystead_fuzz::Bench;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static BENCH: LazyLock<Bench> = LazyLock::new(Bench::default);

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = RequestMessage::from_bytes(bytes) else { return };
    let Some(answer) = BENCH.decide(&message) else { return };
    // Written once, so that what the version does not have is left out.
    let answer = ResponseMessage::from_bytes(&answer.to_bytes()).expect("an answer that can be read");
    for encoding in Encoding::ALL {
        let decoded = ResponseMessage::decode(encoding, &answer.encode(encoding));
        assert_eq!(decoded.as_ref(), Ok(&answer), "{encoding}");
    }
});
