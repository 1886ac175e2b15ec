//! The functions of PKCS#11 over KMIP: which are there is asked of the engine.

use super::page::{head, table};
use super::world::{Bench, principal};
use kmip_codec::enums::{PKCS11Function, PKCS11ReturnCode, TABLES};
use kmip_codec::payloads::{PKCS11Request, PKCS11Response};
use kmip_codec::version::V2_1;

pub fn page() -> String {
    let mut bench = Bench::new(1);
    let functions = TABLES.iter().find(|table| table.name == "PKCS11Function").unwrap();
    let mut served = 0;
    let mut lines = Vec::new();
    for (number, name, _) in functions.rows {
        // Each in an application of its own: C_Finalize ends one.
        bench.now += 3601;
        let begun = call(&mut bench, PKCS11Function::C_Initialize, &[1], None).unwrap();
        // One that reads parameters refuses that there are none.
        let answer = call(&mut bench, PKCS11Function(*number), &[], begun.correlation_value);
        let is_there =
            answer.is_none_or(|answer| answer.return_code != PKCS11ReturnCode::FUNCTION_NOT_SUPPORTED);
        served += usize::from(is_there);
        let how = if is_there { "yes" } else { "CKR_FUNCTION_NOT_SUPPORTED" };
        lines.push(vec![(*name).to_owned(), number.to_string(), how.to_owned()]);
    }
    let mut text = head(
        "PKCS#11 over KMIP",
        &format!(
            "The operation PKCS#11 (2.1, 6.1.37) shows a client its objects as a token, by {served} of the {} functions \
             of PKCS#11 3.0. How parameters are written is told in `src/engine/pkcs11/encoding.rs`. There are no functions \
             of vendors: an Integer in the place of the function is refused with PKCS#11 Invalid Function.",
            lines.len()
        ),
    );
    text += "\n";
    text += &table(&["function", "number", "is there"], lines);
    text
}

/// What the function answers; nothing where it refuses its parameters.
fn call(
    bench: &mut Bench,
    function: PKCS11Function,
    input: &[u8],
    correlation_value: Option<bytes::Bytes>,
) -> Option<PKCS11Response> {
    let request = PKCS11Request {
        function: function.into(),
        correlation_value,
        input_parameters: Some(input.to_vec().into()),
        ..PKCS11Request::default()
    };
    bench.ask(&principal("client", &[]), V2_1, request).ok()
}
