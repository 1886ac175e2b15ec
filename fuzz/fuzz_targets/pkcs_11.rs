//! Calls of PKCS#11 functions, one after another in one application: each returns or is refused; nothing panics. A call
//! is the function's number in a byte, the length of its parameters in a byte, and the parameters.
#![no_main]

use keystead_fuzz::Bench;
use kmip_codec::enums::PKCS11Function;
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::PKCS11Request;
use kmip_codec::version::V2_1;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// An application that has begun, and its correlation value.
static APPLICATION: LazyLock<(Bench, Vec<u8>)> = LazyLock::new(|| {
    let mut bench = Bench::default();
    let begin = call(PKCS11Function::C_Initialize, &[1], None);
    let answer = bench.committed(&RequestMessage::new(V2_1, vec![begin.into()]));
    match answer.items.into_iter().find_map(|item| item.response) {
        Some(Response::PKCS_11(answer)) => {
            (bench, answer.correlation_value.expect("an application").to_vec())
        }
        _ => panic!("C_Initialize failed"),
    }
});

fn call(function: PKCS11Function, input: &[u8], correlation: Option<&[u8]>) -> Request {
    PKCS11Request {
        interface: None,
        function: function.into(),
        correlation_value: correlation.map(|value| value.to_vec().into()),
        input_parameters: Some(input.to_vec().into()),
    }
    .into_request()
}

fuzz_target!(|bytes: &[u8]| {
    let (bench, correlation) = &*APPLICATION;
    let (mut rest, mut calls) = (bytes, Vec::new());
    while let [function, length, behind @ ..] = rest {
        let (input, after) = behind.split_at(behind.len().min(usize::from(*length)));
        calls.push(call(PKCS11Function(u32::from(*function)), input, Some(correlation)));
        rest = after;
    }
    if !calls.is_empty() {
        bench.ask(calls);
    }
});
