//! The Cryptographic Parameters among the attributes of a key: which may be there, and which of them are used.

use super::done::*;
use super::named::{is_hmac, names};
use super::signatures::{signatures, signed_by};
use super::*;

fn parameters(algorithm: Option<Algorithm>, signature: Option<DigitalSignatureAlgorithm>) -> Attribute {
    Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: algorithm,
        digital_signature_algorithm: signature,
        ..bare()
    })
}

/// Parameters that name one thing each, and whether that is for some use of a key of the algorithm.
fn said_at(own: Algorithm) -> Vec<(Attribute, bool)> {
    let may = |named: Algorithm| match own {
        Algorithm::AES => named == own || is_hmac(named),
        Algorithm::ECDH => matches!(named, Algorithm::EC | Algorithm::ECDSA | Algorithm::ECDH),
        _ => named == own,
    };
    let algorithms = names().into_iter().map(|named| (parameters(Some(named), None), may(named)));
    let signatures = signatures().into_iter().map(|named| {
        let signer = signed_by(named);
        let is_for_it = signer == own || signer == Algorithm::ECDSA && own == Algorithm::ECDH;
        (parameters(None, Some(named)), is_for_it)
    });
    algorithms.chain(signatures).collect()
}

/// The ways to give an attribute to an object that is there.
fn later(id: &str, said: &Attribute) -> [Request; 3] {
    let (unique_identifier, attribute) = (Some(id.into()), said.clone());
    [
        AddAttributeRequest {
            unique_identifier: unique_identifier.clone(),
            attribute: attribute.clone().into(),
        }
        .into_request(),
        ModifyAttributeRequest {
            unique_identifier: unique_identifier.clone(),
            attribute: attribute.clone().into(),
            ..ModifyAttributeRequest::default()
        }
        .into_request(),
        SetAttributeRequest { unique_identifier, attribute: attribute.into() }.into_request(),
    ]
}

/// What is named at a key when it is taken in or changed is for some use of that key.
#[test]
fn a_key_has_no_parameters_of_another() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let (_, rsa) = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let (_, ec) = forms::made(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let keys = [
        sent(ObjectType::SymmetricKey, Algorithm::AES, Format::Raw, &[7; 32]),
        sent(ObjectType::SymmetricKey, Algorithm::HMAC_SHA256, Format::Raw, &[7; 32]),
        sent(ObjectType::PublicKey, Algorithm::RSA, Format::X_509, &rsa),
        sent(ObjectType::PublicKey, Algorithm::ECDH, Format::X_509, &ec),
    ];
    for key in keys {
        let own = key.block.cryptographic_algorithm.unwrap();
        let plain = bring(&mut bench, &who, (Way::Register, V2_1), &key).unwrap();
        for (said, is_for_it) in said_at(own) {
            let what = format!("{said:?} at a key of {own:?}");
            let mut brought = key.clone();
            brought.attributes.push(said.clone());
            for way in [(Way::Register, V1_4), (Way::Register, V2_1), (Way::Import, V2_1)] {
                let came = bring(&mut bench, &who, way, &brought);
                assert_eq!(came.is_ok(), is_for_it, "{what}, {way:?}: {came:?}");
                let told =
                    |why: &str| why.contains("Cryptographic Parameters") && why.contains(&format!("{own:?}"));
                assert!(came.is_ok() || told(&came.unwrap_err().1), "{what}");
            }
            for request in later(&plain, &said) {
                assert_eq!(refusal(&mut bench, &who, request).is_none(), is_for_it, "{what}");
            }
            let delete = DeleteAttributeRequest {
                unique_identifier: Some(plain.as_str().into()),
                reference: Some(said.reference()),
                ..DeleteAttributeRequest::default()
            };
            assert_eq!(ask(&mut bench, &who, V2_1, delete).is_ok(), is_for_it, "{what}");
        }
    }
}

/// The same of what is made here.
#[test]
fn no_key_is_made_with_parameters_of_another() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let wrong = parameters(Some(Algorithm::DES3), None);
    let create = crate::objects::aes(std::slice::from_ref(&wrong));
    let why = ask(&mut bench, &who, V2_1, create).unwrap_err().1;
    assert!(why.contains("DES3") && why.contains("AES"), "{why}");
    let pair = CreateKeyPairRequest {
        common: Some([Attribute::CryptographicAlgorithm(Algorithm::RSA), wrong].into()),
        private: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into()),
        public: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify)].into()),
        ..CreateKeyPairRequest::default()
    };
    let why = ask(&mut bench, &who, V2_1, pair).unwrap_err().1;
    assert!(why.contains("DES3") && why.contains("RSA"), "{why}");
}

/// A key that has parameters for its cipher and for a MAC is used with those that are for what is done, in any order.
#[test]
fn of_several_parameters_those_are_used_that_are_for_it() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let mac = Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: Some(Algorithm::HMAC_SHA256),
        ..CryptographicParameters::default()
    });
    let cipher = Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: Some(Algorithm::AES),
        block_cipher_mode: Some(BlockCipherMode::CTR),
        random_iv: Some(true),
        ..CryptographicParameters::default()
    });
    for own in [[mac.clone(), cipher.clone()], [cipher, mac]] {
        let uses = Attribute::CryptographicUsageMask(crate::cryptography::every_use());
        let more = [own[0].clone(), own[1].clone(), uses, Attribute::ActivationDate(DateTime(1))];
        let mut create = crate::objects::aes(&[]);
        let attributes = crate::objects::aes(&more[2..]).attributes.attributes;
        create.attributes =
            attributes.iter().cloned().chain(more[..2].iter().cloned()).collect::<Attributes>().into();
        let id = text(&ask(&mut bench, &who, V2_1, create).unwrap().unique_identifier);
        let unique_identifier = Some(id.as_str().into());
        let encrypt = EncryptRequest {
            unique_identifier: unique_identifier.clone(),
            data: data(b"data"),
            ..EncryptRequest::default()
        };
        ask(&mut bench, &who, V2_1, encrypt).unwrap();
        let request = MACRequest { unique_identifier, data: data(b"data"), ..MACRequest::default() };
        ask(&mut bench, &who, V2_1, request).unwrap();
    }
}
