//! Data that is what an earlier item of the batch gave (KMIP 2.1, 7.9).

use super::*;
use crate::world::response;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Call as _, Request};

const CONTINUE: BatchErrorContinuationOption = BatchErrorContinuationOption::Continue;

fn hash(data: Data) -> Request {
    let sha = Some(HashingAlgorithm::SHA_256);
    let cryptographic_parameters =
        CryptographicParameters { hashing_algorithm: sha, ..CryptographicParameters::default() };
    HashRequest { cryptographic_parameters, data: Some(data), ..HashRequest::default() }.into_request()
}

fn named(reference: DataReference) -> Data {
    Data::Reference(reference)
}

fn digest(item: &ResponseItem) -> Vec<u8> {
    plain(response::<HashRequest>(item.response.clone()).data)
}

fn sha(data: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data).as_ref().to_vec()
}

/// An AES key for every use, and its Encrypt of a block.
fn bench() -> (Bench, Principal, Request) {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::AES, &[7; 16], &[]);
    let request = encrypt(&id, mode(BlockCipherMode::ECB), &[1; 16]).into_request();
    (bench, ann, request)
}

#[test]
fn the_data_of_an_operation_is_that_of_its_last_item() {
    let (mut bench, ann, encrypt) = bench();
    let random = RNGRetrieveRequest { data_length: 24 }.into_request();
    let requests = vec![
        encrypt,
        hash(named(DataReference::Encrypt)),
        hash(named(DataReference::Hash)),
        random,
        hash(named(DataReference::RNGRetrieve)),
        hash(named(DataReference::Decrypt)),
    ];
    let items = bench.batch(&ann, V2_1, CONTINUE, requests);
    let encrypted = plain(response::<EncryptRequest>(items[0].response.clone()).data);
    assert_eq!(digest(&items[1]), sha(&encrypted));
    assert_eq!(digest(&items[2]), sha(&sha(&encrypted)));
    let random = response::<RNGRetrieveRequest>(items[3].response.clone()).data;
    assert_eq!(digest(&items[4]), sha(random.expose()));
    assert_eq!(items[5].result_reason, Some(ResultReason::InvalidField), "there was no Decrypt");
}

/// The number counts the Data of the answer, not its items, and a negative one counts back from the present item.
#[test]
fn a_number_means_the_nth_data_of_the_answer() {
    let (mut bench, ann, encrypt) = bench();
    let requests = vec![
        PingRequest {}.into_request(),
        encrypt,
        hash(Data::Index(0)),
        hash(Data::Index(-1)),
        hash(Data::Index(-3)),
        hash(Data::Index(9)),
        hash(Data::Index(i32::MIN)),
    ];
    let items = bench.batch(&ann, V2_1, CONTINUE, requests);
    let encrypted = plain(response::<EncryptRequest>(items[1].response.clone()).data);
    assert_eq!(digest(&items[2]), sha(&encrypted));
    assert_eq!(digest(&items[3]), sha(&sha(&encrypted)));
    assert_eq!(digest(&items[4]), sha(&encrypted));
    for item in &items[5..] {
        assert_eq!(item.result_reason, Some(ResultReason::InvalidField));
    }
}

/// MACs and signatures can be referred to, in parts too, and what one client's batch gave is gone with the batch.
#[test]
fn macs_and_parts_take_and_give_data() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::HMAC_SHA256, &[7; 32], &[]);
    let mac = |data| MACRequest {
        unique_identifier: Some(id.as_str().into()),
        data: Some(data),
        ..MACRequest::default()
    };
    let macced = mac(Data::Bytes(b"message"[..].into())).into_request();
    let parts = vec![
        macced,
        MACRequest { init_indicator: Some(true), ..mac(named(DataReference::MACMACData)) }.into_request(),
    ];
    let items = bench.batch(&ann, V2_1, CONTINUE, parts);
    let first = response::<MACRequest>(items[0].response.clone()).mac_data.unwrap();
    let begun = response::<MACRequest>(items[1].response.clone());
    let last = MACRequest {
        correlation_value: begun.correlation_value,
        final_indicator: Some(true),
        ..mac(Data::Bytes(b"."[..].into()))
    };
    let joined = bench.ask(&ann, V2_1, last).unwrap().mac_data;
    let whole = [first.as_ref(), b"."].concat();
    let wanted = bench.ask(&ann, V2_1, mac(Data::Bytes(whole.into()))).unwrap().mac_data;
    assert_eq!(joined, wanted);
    let alone = RequestMessage::new(V2_1, vec![RequestItem::from(hash(named(DataReference::MACMACData)))]);
    let refused = bench.run(&ann, &alone).pop().unwrap();
    assert_eq!(refused.result_reason, Some(ResultReason::InvalidField));
}
