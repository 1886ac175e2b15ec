//! The functions of PKCS#11 over KMIP: which are there is asked of the engine.

use super::page::{head, table};
use crate::world::{Bench, principal};
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
             of PKCS#11 3.0. How parameters are written is told in `engine/src/pkcs11/encoding.rs`. There are no functions \
             of vendors: an Integer in the place of the function is refused with PKCS#11 Invalid Function.",
            lines.len()
        ),
    );
    text += "\n";
    text += &table(&["function", "number", "is there"], lines);
    text += "\n## Mechanisms\n\nThose of C_GetMechanismList. A parameter, where there is one, is an IV; the lengths of keys are in bytes, of those of pairs in bits.\n\n";
    text += &table(&["mechanism", "number", "keys", "functions"], mechanisms(&mut bench));
    text
}

/// What PKCS#11 calls the mechanisms, behind `CKM_`.
const NAMES: &[(u64, &str)] = &[
    (0x1081, "AES_ECB"),
    (0x1082, "AES_CBC"),
    (0x1085, "AES_CBC_PAD"),
    (0x210, "MD5"),
    (0x220, "SHA_1"),
    (0x240, "RIPEMD160"),
    (0x255, "SHA224"),
    (0x250, "SHA256"),
    (0x260, "SHA384"),
    (0x270, "SHA512"),
    (0x2b5, "SHA3_224"),
    (0x2b0, "SHA3_256"),
    (0x2c0, "SHA3_384"),
    (0x2d0, "SHA3_512"),
    (0x108a, "AES_CMAC"),
    (0x221, "SHA_1_HMAC"),
    (0x256, "SHA224_HMAC"),
    (0x251, "SHA256_HMAC"),
    (0x261, "SHA384_HMAC"),
    (0x271, "SHA512_HMAC"),
    (0x6, "SHA1_RSA_PKCS"),
    (0x46, "SHA224_RSA_PKCS"),
    (0x40, "SHA256_RSA_PKCS"),
    (0x41, "SHA384_RSA_PKCS"),
    (0x42, "SHA512_RSA_PKCS"),
    (0x1042, "ECDSA_SHA1"),
    (0x1043, "ECDSA_SHA224"),
    (0x1044, "ECDSA_SHA256"),
    (0x1045, "ECDSA_SHA384"),
    (0x1046, "ECDSA_SHA512"),
    (0x1057, "EDDSA"),
];

/// The flags of CK_MECHANISM_INFO, and the functions that they are about.
const FLAGS: &[(u64, &str)] =
    &[(0x100, "encrypt"), (0x200, "decrypt"), (0x400, "digest"), (0x800, "sign"), (0x2000, "verify")];

/// Every mechanism that the token lists, with what it says of each.
fn mechanisms(bench: &mut Bench) -> Vec<Vec<String>> {
    bench.now += 3601;
    let begun = call(bench, PKCS11Function::C_Initialize, &[1], None).unwrap().correlation_value;
    let slot = [0; 8];
    let all = [&slot[..], &[1, 0, 0, 1, 0]].concat();
    let numbers = |bytes: &[u8]| -> Vec<u64> {
        bytes.chunks(8).map(|number| u64::from_be_bytes(number.try_into().unwrap())).collect()
    };
    let list = call(bench, PKCS11Function::C_GetMechanismList, &all, begun.clone()).unwrap();
    let list = numbers(&list.output_parameters.unwrap().expose()[5..]);
    let row = |number: u64| {
        let asked = [slot, number.to_be_bytes()].concat();
        let info = call(bench, PKCS11Function::C_GetMechanismInfo, &asked, begun.clone()).unwrap();
        let info = numbers(info.output_parameters.unwrap().expose());
        let does = FLAGS.iter().filter(|(flag, _)| info[2] & flag != 0).map(|(_, name)| *name);
        let keys = if info[1] == 0 { "none".to_owned() } else { format!("{} to {}", info[0], info[1]) };
        let name = NAMES.iter().find(|(known, _)| *known == number).unwrap().1;
        vec![format!("CKM_{name}"), format!("0x{number:X}"), keys, does.collect::<Vec<_>>().join(", ")]
    };
    list.into_iter().map(row).collect()
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
