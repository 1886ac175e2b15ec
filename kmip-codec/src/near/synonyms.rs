//! Names that people use and the standard does not, by the name that the standard has: letters and digits alone, in lower case.

/// Each name of the standard with the others.
const SYNONYMS: &[(&str, &[&str])] = &[
    // Algorithms.
    (
        "DES3",
        &[
            "3des",
            "3desede",
            "tdes",
            "tdea",
            "3tdea",
            "tripledes",
            "tripledea",
            "desede",
            "desede3",
            "des3ede",
        ],
    ),
    ("AES", &["aes128", "aes192", "aes256", "rijndael"]),
    ("RSA", &["rsa1024", "rsa2048", "rsa3072", "rsa4096", "rsa8192", "rsaencryption"]),
    ("EC", &["ecc", "ellipticcurve", "ecpublickey"]),
    ("ChaCha20", &["chacha"]),
    ("HMAC_SHA1", &["sha1hmac"]),
    ("HMAC_SHA224", &["sha224hmac"]),
    ("HMAC_SHA256", &["sha256hmac", "hs256", "hmac256"]),
    ("HMAC_SHA384", &["sha384hmac", "hs384", "hmac384"]),
    ("HMAC_SHA512", &["sha512hmac", "hs512", "hmac512"]),
    // Curves.
    ("P_192", &["secp192r1", "prime192v1", "nistp192"]),
    ("P_224", &["secp224r1", "nistp224"]),
    ("P_256", &["secp256r1", "prime256v1", "nistp256"]),
    ("P_384", &["secp384r1", "nistp384"]),
    ("P_521", &["secp521r1", "nistp521"]),
    ("CURVE25519", &["x25519"]),
    ("CURVE448", &["x448"]),
    // Padding, modes and formats.
    ("PKCS5", &["pkcs7", "pkcs5padding", "pkcs7padding"]),
    ("PKCS1V1_5", &["pkcs1", "pkcs1padding", "rsapkcs1"]),
    ("NISTKeyWrap", &["keywrap", "aeskeywrap", "aeskw", "kw"]),
    ("AESKeyWrapPadding", &["keywrappadding", "aeskwp", "kwp"]),
    ("PKCS_12", &["p12", "pfx"]),
    ("X_509", &["spki", "subjectpublickeyinfo"]),
    // Fields and attributes.
    ("CryptographicAlgorithm", &["algorithm", "keyalgorithm"]),
    ("CryptographicLength", &["length", "keylength", "keysize", "keybits"]),
    ("CryptographicUsageMask", &["usagemask", "usage", "keyusage", "keyusagemask"]),
    ("UniqueIdentifier", &["id", "uid", "uuid", "keyid", "objectid"]),
    // Bits of masks.
    ("WrapKey", &["wrap"]),
    ("UnwrapKey", &["unwrap"]),
    ("DeriveKey", &["derive"]),
    ("MACGenerate", &["mac"]),
    ("ContentCommitmentNonRepudiation", &["nonrepudiation", "contentcommitment"]),
    // Types of objects.
    ("SecretData", &["secret", "password"]),
    ("OpaqueObject", &["opaque", "opaquedata"]),
    ("SymmetricKey", &["secretkey"]),
];

/// The name of the standard for another one, of which the letters and digits are given.
pub(super) fn standard_name(letters: &[u8]) -> Option<&'static str> {
    let row = SYNONYMS.iter().find(|(_, others)| others.iter().any(|other| other.as_bytes() == letters))?;
    Some(row.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near::letters;
    use std::collections::BTreeSet;

    /// Each is spelt as it is looked up, once, and stands for a name of the standard.
    #[test]
    fn synonyms_are_sound() {
        let mut seen = BTreeSet::new();
        for (name, others) in SYNONYMS {
            let is_a_value =
                crate::enums::TABLES.iter().any(|table| table.rows.iter().any(|row| row.1 == *name));
            assert!(is_a_value || crate::Tag::by_name(name).is_some(), "{name}");
            for other in *others {
                assert_eq!(letters(other).unwrap_or_default(), other.as_bytes(), "{other}");
                assert!(seen.insert(other), "{other} twice");
            }
        }
    }
}
