//! Every curve that KMIP names and OpenSSL has: the server knows it by its identifier, and its length.

use super::*;
use crate::objects::bytes_block;

/// OpenSSL's names of the curves that KMIP calls otherwise.
const NAMES: &[(&str, &str)] = &[
    ("P_192", "prime192v1"),
    ("P_224", "secp224r1"),
    ("P_256", "prime256v1"),
    ("P_384", "secp384r1"),
    ("P_521", "secp521r1"),
    ("K_163", "sect163k1"),
    ("B_163", "sect163r2"),
    ("K_233", "sect233k1"),
    ("B_233", "sect233r1"),
    ("K_283", "sect283k1"),
    ("B_283", "sect283r1"),
    ("K_409", "sect409k1"),
    ("B_409", "sect409r1"),
    ("K_571", "sect571k1"),
    ("B_571", "sect571r1"),
];

fn of_openssl(curve: RecommendedCurve) -> String {
    let name = format!("{curve:?}");
    if let Some((_, other)) = NAMES.iter().find(|(known, _)| *known == name) {
        return (*other).to_owned();
    }
    let (start, end) = name.split_at(name.len() - 2);
    match start.strip_prefix("ANSIX9P") {
        Some(bits) => format!("prime{bits}{}", end.to_lowercase()),
        None => match start.strip_prefix("BRAINPOOLP") {
            Some(bits) => format!("brainpoolP{bits}{}", end.to_lowercase()),
            None => name.to_lowercase().replace("ansix9", ""),
        },
    }
}

/// The number in the name is the length of the field, and the length of the keys.
pub fn bits_of(curve: RecommendedCurve) -> i32 {
    let name = format!("{curve:?}").replace("ANSIX9", "").replace("C2", "");
    let digits: String =
        name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
#[allow(clippy::print_stderr, reason = "the number of curves is part of what it shows")]
fn keys_on_every_curve_are_known_by_it() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let strict = principal("owner", &[]);
    let has = openssl.run("ecparam -list_curves").unwrap();
    let mut tried = 0;
    for curve in (1..=0x44).map(RecommendedCurve) {
        let name = of_openssl(curve);
        if !has.contains(&format!("{name} ")) && !has.contains(&format!("{name}:")) {
            continue;
        }
        tried += 1;
        let words = format!("-algorithm EC -pkeyopt ec_paramgen_curve:{name}");
        let (pkcs8, spki) = forms::made(&openssl, &words);
        let bits = bits_of(curve);
        for (kind, format, bytes) in
            [(ObjectType::PrivateKey, Format::PKCS_8, &pkcs8), (ObjectType::PublicKey, Format::X_509, &spki)]
        {
            let block = bytes_block(format, bytes);
            let sent = Sent { kind, block, attributes: vec![] };
            let way = (Way::Register, V2_1);
            let id = bring(&mut bench, &who, way, &sent).unwrap_or_else(|why| panic!("{name}: {why:?}"));
            let held = attributes_of(&mut bench, &who, &id);
            assert_eq!(attribute!(held, CryptographicLength).next(), Some(&bits), "{name}");
            let mut wrong = sent.clone();
            wrong.block.cryptographic_length = Some(bits + 1);
            let why = bring(&mut bench, &who, way, &wrong).unwrap_err().1;
            assert!(why.contains(&format!("EC of {bits} bits on the curve {curve:?}")), "{why}");
            let weak = bring(&mut bench, &strict, way, &sent);
            let is_weak = weak.is_err_and(|(reason, _)| reason == ResultReason::PermissionDenied);
            assert_eq!(is_weak, bits < 224, "{name}");
        }
    }
    eprintln!("curves: {tried} of 68");
    assert!(tried > 50, "{tried}");
}
