//! Both halves of a new pair: what is said of one, of the other and of both.

use super::*;

pub(super) fn halves(
    common: &[Attribute],
    private: &[Attribute],
    public: &[Attribute],
) -> CreateKeyPairRequest {
    let list = |mask, more: &[Attribute]| {
        let all = [Attribute::CryptographicUsageMask(mask)].into_iter().chain(more.iter().cloned());
        Some(all.collect::<Attributes>().into())
    };
    CreateKeyPairRequest {
        common: Some(common.iter().cloned().collect::<Attributes>().into()),
        private: list(CryptographicUsageMask::Sign, private),
        public: list(CryptographicUsageMask::Verify, public),
        ..CreateKeyPairRequest::default()
    }
}

pub(super) fn algorithm(algorithm: CryptographicAlgorithm) -> Attribute {
    Attribute::CryptographicAlgorithm(algorithm)
}

fn curve(recommended_curve: RecommendedCurve) -> Attribute {
    Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
        recommended_curve: Some(recommended_curve),
        ..CryptographicDomainParameters::default()
    })
}

/// A private RSA and a public EC half gave a pair whose public half said EC and held RSA (6.1.9, table 191).
#[test]
fn the_halves_of_a_pair_do_not_contradict_each_other() {
    let (mut bench, who) = bench();
    let (rsa, ec) = (algorithm(CryptographicAlgorithm::RSA), algorithm(CryptographicAlgorithm::EC));
    let length = Attribute::CryptographicLength;
    let refused = [
        halves(&[], std::slice::from_ref(&rsa), std::slice::from_ref(&ec)),
        halves(std::slice::from_ref(&ec), std::slice::from_ref(&rsa), &[]),
        halves(std::slice::from_ref(&rsa), &[length(2048)], &[length(3072)]),
        halves(
            std::slice::from_ref(&ec),
            &[curve(RecommendedCurve::P_256)],
            &[curve(RecommendedCurve::P_384)],
        ),
        halves(&[ec.clone(), curve(RecommendedCurve::P_256), length(384)], &[], &[]),
    ];
    for request in refused {
        for version in [V1_4, V2_1] {
            let refused = bench.ask(&who, version, request.clone()).unwrap_err();
            assert_eq!(refused, wrong_value(version), "{request:?}");
        }
    }
}

/// What one half alone says holds for both.
#[test]
fn what_one_half_of_a_pair_says_holds_for_both() {
    let (mut bench, who) = bench();
    let said = [algorithm(CryptographicAlgorithm::EC), curve(RecommendedCurve::P_256)];
    let parameters = |padding| {
        let padding_method = Some(padding);
        Attribute::CryptographicParameters(CryptographicParameters { padding_method, ..Default::default() })
    };
    let (one, other) = (parameters(PaddingMethod::PSS), parameters(PaddingMethod::PKCS1V1_5));
    let public = [said.as_slice(), std::slice::from_ref(&other)].concat();
    let request = halves(&[], std::slice::from_ref(&one), &public);
    let made = bench.ask(&who, V2_1, request).unwrap();
    for id in [made.private_key, made.public_key] {
        let attributes = attributes_of(&mut bench, &who, &text(&id));
        let held = |wanted: &Attribute| attributes.iter().any(|attribute| attribute == wanted);
        assert!(said.iter().all(held), "{attributes:?}");
        let parameters = attributes.iter().filter(|a| a.tag() == Tag::CryptographicParameters);
        assert_eq!(parameters.cloned().collect::<Vec<_>>(), [one.clone(), other.clone()]);
    }
}

/// The length in the request was overwritten with that of the old pair.
#[test]
fn a_new_pair_may_be_longer_than_the_old_one() {
    let (mut bench, who) = bench();
    let length = Attribute::CryptographicLength;
    let rsa = [algorithm(CryptographicAlgorithm::RSA), length(2048)];
    let id = bench.ask(&who, V2_1, halves(&rsa, &[], &[])).unwrap().private_key;
    let list = |bits| Some([length(bits)].into());
    let again = ReKeyKeyPairRequest { private_key: Some(id), ..ReKeyKeyPairRequest::default() };
    let torn = ReKeyKeyPairRequest { private: list(2048), public: list(3072), ..again.clone() };
    assert_eq!(bench.ask(&who, V2_1, torn).map(drop), Err(ResultReason::InvalidField));
    let longer = ReKeyKeyPairRequest { common: list(2048), private: list(3072), public: list(3072), ..again };
    let made = bench.ask(&who, V2_1, longer).unwrap();
    for id in [made.private_key, made.public_key] {
        let unique_identifier = Some(id);
        let object =
            bench.ask(&who, V2_1, GetRequest { unique_identifier, ..Default::default() }).unwrap().object;
        assert_eq!(object.key_block().unwrap().cryptographic_length, Some(3072));
    }
}
