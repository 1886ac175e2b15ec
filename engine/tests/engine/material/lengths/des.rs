//! Keys of DES, whose bits of parity are counted or not.

use super::*;

/// The same key of DES, counted with its bits of parity here and without them there, is one key at every door.
#[test]
fn a_key_of_des_is_counted_in_two_ways() {
    let who = granted("owner", &[]);
    let lengths = [
        (Algorithm::DES, 8_u8, [56, 64]),
        (Algorithm::DES3, 8, [56, 64]),
        (Algorithm::DES3, 16, [112, 128]),
        (Algorithm::DES3, 24, [168, 192]),
    ];
    for (algorithm, bytes, counted) in lengths {
        let key: Vec<u8> = (1..=bytes).collect();
        let pairs = counted.into_iter().flat_map(|one| counted.map(|other| (one, other)));
        for ((in_attributes, in_block), way) in
            pairs.flat_map(|pair| [(Way::Register, V1_2), (Way::Import, V2_1)].map(move |way| (pair, way)))
        {
            let mut bench = Bench::new(1);
            let what =
                format!("{algorithm:?}: {in_attributes} in the attributes, {in_block} in the block, {way:?}");
            let said = (Some(algorithm), Some(in_block));
            let attribute = Attribute::CryptographicLength(in_attributes);
            let mut seen = bytes_block(Format::Raw, &key);
            (seen.cryptographic_algorithm, seen.cryptographic_length) = said;
            let mut hidden = wrapped("elsewhere".into(), &key);
            (hidden.cryptographic_algorithm, hidden.cryptographic_length) = said;
            let kind = ObjectType::SymmetricKey;
            let blocks =
                [seen, hidden].map(|block| Sent { kind, block, attributes: vec![attribute.clone()] });
            let away = elsewhere(kind, Format::Raw, said, vec![attribute.clone()]);
            for sent in blocks.into_iter().chain([away]) {
                let id = bring(&mut bench, &who, way, &sent).unwrap_or_else(|why| panic!("{what}: {why:?}"));
                for wanted in counted {
                    let filter = [Attribute::CryptographicLength(wanted)].into_iter().collect();
                    let locate = LocateRequest {
                        attributes: Some(AttributeFilter(filter)),
                        ..LocateRequest::default()
                    };
                    let found = ask(&mut bench, &who, V2_1, locate).unwrap().unique_identifiers;
                    assert!(found.contains(&id.as_str().into()), "{what}, by {wanted}");
                }
                let destroy = crate::objects::destroy(&id);
                let revoke = crate::objects::revoke(&id, RevocationReasonCode::CessationOfOperation);
                let _ = ask(&mut bench, &who, V2_1, revoke);
                ask(&mut bench, &who, V2_1, destroy).unwrap();
            }
            let other = if bytes == 24 { 112 } else { 168 };
            let wrong = Sent {
                kind,
                block: KeyBlock {
                    cryptographic_length: Some(in_block),
                    cryptographic_algorithm: Some(algorithm),
                    ..wrapped("elsewhere".into(), &key)
                },
                attributes: vec![Attribute::CryptographicLength(other)],
            };
            bring(&mut bench, &who, way, &wrong).unwrap_err();
        }
    }
}

/// A replacement is counted as its request says.
#[test]
fn a_replacement_of_des_is_counted_anew() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let key: Vec<u8> = (1..=24).collect();
    let mut block = bytes_block(Format::Raw, &key);
    (block.cryptographic_algorithm, block.cryptographic_length) = (Some(Algorithm::DES3), Some(168));
    let sent = Sent { kind: ObjectType::SymmetricKey, block, attributes: vec![] };
    let id = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap();
    let renew = ReKeyRequest {
        unique_identifier: Some(id.as_str().into()),
        attributes: Some([Attribute::CryptographicLength(192)].into()),
        ..ReKeyRequest::default()
    };
    ask(&mut bench, &who, V2_1, renew).unwrap();
}
