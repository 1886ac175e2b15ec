//! Sequences of clients that depend on every byte: each request in the layout of its client, each answer compared as a whole.

use super::requests::*;
use super::talk::{Manner, Talk};
use super::ttlv::*;
use crate::support::dev::Dev;
use keystead::pki::Pair;

/// kmippp in Percona Server for MySQL, on libkmip: keys are counted page by page in 1.0, from the second page on with Offset
/// Items, which is a field of 1.3; a refusal would be taken for the end.
pub fn kmippp(dev: &Dev, pair: &Pair) {
    const PAGE: usize = 16;
    let mut server = Talk::new(dev, pair, 0, Manner::Fresh);
    server.header = vec![integer(tag::MAXIMUM_RESPONSE_SIZE, 65536)];
    let group = || custom("Object Group", "percona");
    let mut made: Vec<String> = Vec::new();
    for n in 0..(2 * PAGE + 3) {
        let more = vec![name(&format!("key-{n}")), group()];
        made.push(server.ask(op::REGISTER, register_aes(&[n as u8; 32], more)).id());
    }
    made.reverse();
    let mut found = Vec::new();
    loop {
        let mut page = vec![integer(tag::MAXIMUM_ITEMS, i32::try_from(PAGE).unwrap())];
        if !found.is_empty() {
            page.push(integer(tag::OFFSET_ITEMS, i32::try_from(found.len()).unwrap()));
        }
        page.extend([object_type(SYMMETRIC_KEY), group()]);
        let ids = server.ask(op::LOCATE, page).ids();
        // Located Items is younger than 1.0.
        let told = ids.iter().map(|id| text(tag::ID, id)).collect();
        server.answered(&[(op::LOCATE, None, told)]);
        if ids.is_empty() {
            break;
        }
        found.extend(ids);
    }
    assert_eq!(found, made, "the newest first, each once");
}

/// vCenter 9 in the mode `wrappedKey`: one key of the KMS wraps all others, which the KMS never sees. Every host gets it, each
/// on a TLS session of its own; after the rotation interval another takes its place, and both are got until nothing is
/// wrapped by the first any more.
pub fn vcenter_9(dev: &Dev, pair: &Pair) {
    let mut vcenter = Talk::new(dev, pair, 1, Manner::Fresh);
    let mut keys = Vec::new();
    for interval in 0..3 {
        assert!(!vcenter.ask(op::DISCOVER_VERSIONS, vec![]).payload().items().is_empty());
        let key = vcenter.ask(op::CREATE, create_aes(vec![])).id();
        vcenter.answered(&[(
            op::CREATE,
            None,
            [vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY)], id(&key)].concat(),
        )]);
        let marks = [
            ("x-Product_Version", "9.0.0 build-24755230".to_owned()),
            ("x-Vendor", "VMware, Inc.".to_owned()),
            ("x-Product", "VMware vSphere".to_owned()),
            ("x-Wrapping_Interval", interval.to_string()),
        ];
        let ids: Vec<Vec<u8>> = (0..4).map(|n| [&b"QLKC"[..], &[0, 0, interval, n]].concat()).collect();
        let marked = |(name, value): &(&str, String)| with_attribute(&key, custom(name, value));
        let items = marks
            .iter()
            .zip(&ids)
            .map(|(mark, batch_id)| (op::ADD_ATTRIBUTE, Some(batch_id.as_slice()), marked(mark)));
        vcenter.batch(vec![], items.collect());
        let items = marks
            .iter()
            .zip(&ids)
            .map(|(mark, batch_id)| (op::ADD_ATTRIBUTE, Some(batch_id.as_slice()), marked(mark)));
        vcenter.answered(&items.collect::<Vec<_>>());
        assert_eq!(vcenter.state(&key), PRE_ACTIVE);
        vcenter.ask(op::ACTIVATE, id(&key));
        vcenter.answered(&[(op::ACTIVATE, None, id(&key))]);
        keys.push((key.clone(), vcenter.ask(op::GET, id(&key)).material()));
        // Hosts that come up between two rotations ask for the key of before, too.
        for (key, material) in &keys {
            for _host in 0..3 {
                assert_eq!(vcenter.ask(op::GET, id(key)).material(), *material);
                vcenter.answered(&[(op::GET, None, got_aes(key, material))]);
            }
            assert_eq!(vcenter.state(key), ACTIVE);
        }
    }
    // Nothing is wrapped by the oldest any more.
    let (oldest, _) = keys.remove(0);
    vcenter.ask(op::REVOKE, revoke(&oldest, 4, None));
    vcenter.ask(op::DESTROY, id(&oldest));
    assert_eq!(vcenter.try_ask(op::GET, id(&oldest)).reason, Some(ITEM_NOT_FOUND));
    for (key, material) in keys {
        assert_eq!(vcenter.ask(op::GET, id(&key)).material(), material);
    }
}

/// What Get answers of an AES key.
fn got_aes(key: &str, material: &[u8]) -> Vec<Item> {
    let bits = i32::try_from(material.len() * 8).unwrap();
    let object = register_aes(material, vec![]).pop().unwrap();
    assert_eq!(object[tag::KEY_BLOCK][tag::CRYPTOGRAPHIC_LENGTH], integer(tag::CRYPTOGRAPHIC_LENGTH, bits));
    [vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY)], id(key), vec![object]].concat()
}

/// A SAN array, 1.0: its passphrase is told by two attributes of its own, one of them an Integer; all in one batch, in which
/// what stands behind Locate names no object.
pub fn san_array(dev: &Dev, pair: &Pair) {
    let mut array = Talk::new(dev, pair, 0, Manner::Fresh);
    let marks = |slot| {
        vec![
            custom("x-array-serial", "APM00193213421"),
            attribute("x-array-slot", integer(tag::ATTRIBUTE_VALUE, slot)),
        ]
    };
    let mut made = Vec::new();
    for slot in 1..=3 {
        let attributes = [vec![mask(2)], marks(slot)].concat();
        made.push(array.ask(op::REGISTER, register_secret(1, &[slot as u8; 32], attributes)).id());
        array.answered(&[(op::REGISTER, None, id(made.last().unwrap()))]);
    }
    for (slot, made) in (1..).zip(&made) {
        let ids: [&[u8]; 4] = [b"\0\0\0\x01", b"\0\0\0\x02", b"\0\0\0\x03", b"\0\0\0\x04"];
        let names = ["x-array-serial", "x-array-slot", "Object Type"];
        let answers = array.batch(
            vec![boolean(tag::IN_ORDER, true)],
            vec![
                (op::QUERY, Some(ids[0]), query(&[2])),
                (op::LOCATE, Some(ids[1]), at_most(1, marks(slot))),
                (op::GET, Some(ids[2]), vec![enumeration(tag::KEY_FORMAT_TYPE, OPAQUE)]),
                (
                    op::GET_ATTRIBUTES,
                    Some(ids[3]),
                    names.iter().map(|name| text(tag::ATTRIBUTE_NAME, name)).collect(),
                ),
            ],
        );
        let reasons: Vec<_> = answers.iter().map(|answer| answer.reason).collect();
        assert_eq!(reasons, [None; 4], "{answers:?}");
        let secret = register_secret(1, &[slot as u8; 32], vec![]).pop().unwrap();
        let attributes = [marks(slot), vec![object_type(SECRET_DATA)]].concat();
        array.answered(&[
            (op::QUERY, Some(ids[0]), answers[0].payload().items().to_vec()),
            (op::LOCATE, Some(ids[1]), id(made)),
            (
                op::GET,
                Some(ids[2]),
                [vec![enumeration(tag::OBJECT_TYPE, SECRET_DATA)], id(made), vec![secret]].concat(),
            ),
            (op::GET_ATTRIBUTES, Some(ids[3]), [id(made), attributes].concat()),
        ]);
    }
}

/// Ceph RGW with SSE-S3, 1.4: a key for each bucket, which never leaves; the keys of objects are encrypted with AES-GCM, an IV
/// of the server's, a tag of 16 bytes, and the object as additional data.
pub fn rgw_sse_s3(dev: &Dev, pair: &Pair) {
    let mut rgw = Talk::new(dev, pair, 4, Manner::Keep);
    let batch = vec![
        (op::CREATE, Some(&b"1"[..]), create_aes(vec![name("bucket-1")])),
        (op::ACTIVATE, Some(&b"2"[..]), vec![]),
    ];
    let made = rgw.batch(vec![], batch);
    let bucket = made[0].id();
    rgw.answered(&[
        (op::CREATE, Some(b"1"), [vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY)], id(&bucket)].concat()),
        (op::ACTIVATE, Some(b"2"), id(&bucket)),
    ]);
    let parameters = |random_iv: bool| {
        let mut items = vec![enumeration(tag::BLOCK_CIPHER_MODE, GCM)];
        items.push(enumeration(tag::CRYPTOGRAPHIC_ALGORITHM, AES));
        items.extend(random_iv.then(|| boolean(tag::RANDOM_IV, true)));
        items.push(integer(tag::TAG_LENGTH, 16));
        structure(tag::CRYPTOGRAPHIC_PARAMETERS, items)
    };
    let aad = bytes(tag::ADDITIONAL_DATA, b"bucket-1/object-1");
    let data = |data: &[u8]| bytes(tag::DATA, data);
    let key = [7; 32];
    let request = [id(&bucket), vec![parameters(true), data(&key), aad.clone()]].concat();
    let encrypted = rgw.ask(op::ENCRYPT, request.clone());
    let [ciphertext, iv, tag_of] =
        [tag::DATA, tag::IV, tag::AUTHENTICATED_TAG].map(|tag| encrypted.payload()[tag].bytes().to_vec());
    assert_eq!((ciphertext.len(), iv.len(), tag_of.len()), (32, 12, 16));
    let told = vec![data(&ciphertext), bytes(tag::IV, &iv), bytes(tag::AUTHENTICATED_TAG, &tag_of)];
    rgw.answered(&[(op::ENCRYPT, None, [id(&bucket), told].concat())]);
    let again = rgw.ask(op::ENCRYPT, request);
    assert_ne!(again.payload()[tag::IV].bytes(), iv, "an IV is never used twice");
    let decrypt = |tag_of: &[u8]| {
        let shown = vec![
            parameters(false),
            data(&ciphertext),
            bytes(tag::IV, &iv),
            aad.clone(),
            bytes(tag::AUTHENTICATED_TAG, tag_of),
        ];
        [id(&bucket), shown].concat()
    };
    assert_eq!(rgw.ask(op::DECRYPT, decrypt(&tag_of)).payload()[tag::DATA].bytes(), key);
    rgw.answered(&[(op::DECRYPT, None, [id(&bucket), vec![data(&key)]].concat())]);
    assert!(rgw.try_ask(op::DECRYPT, decrypt(&[0; 16])).reason.is_some(), "a tag that is not its");
    rgw.ask(op::REVOKE, revoke(&bucket, 6, None));
    rgw.answered(&[(op::REVOKE, None, id(&bucket))]);
    rgw.ask(op::DESTROY, id(&bucket));
    rgw.answered(&[(op::DESTROY, None, id(&bucket))]);
    assert!(rgw.try_ask(op::DECRYPT, decrypt(&tag_of)).reason.is_some());
}

/// An appliance that compares indexes of attributes: what it sends comes back, 0 too, where the answer has the attribute.
pub fn indexes(dev: &Dev, pair: &Pair) {
    for minor in 0..=4 {
        let mut client = Talk::new(dev, pair, minor, Manner::Keep);
        let key = client.ask(op::CREATE, create_aes(vec![])).id();
        let note = |index: Option<i32>, value: &str| {
            let index = index.map(|index| integer(tag::ATTRIBUTE_INDEX, index));
            let named = [text(tag::ATTRIBUTE_NAME, "x-note")].into_iter().chain(index);
            structure(tag::ATTRIBUTE, named.chain([text(tag::ATTRIBUTE_VALUE, value)]).collect())
        };
        client.ask(op::ADD_ATTRIBUTE, with_attribute(&key, note(None, "one")));
        client.answered(&[(op::ADD_ATTRIBUTE, None, with_attribute(&key, note(None, "one")))]);
        client.ask(op::ADD_ATTRIBUTE, with_attribute(&key, note(None, "two")));
        client.answered(&[(op::ADD_ATTRIBUTE, None, with_attribute(&key, note(Some(1), "two")))]);
        for (sent, told) in [(None, None), (Some(0), Some(0)), (Some(1), Some(1))] {
            client.ask(op::MODIFY_ATTRIBUTE, with_attribute(&key, note(sent, "new")));
            client.answered(&[(op::MODIFY_ATTRIBUTE, None, with_attribute(&key, note(told, "new")))]);
        }
        for index in [1, 0] {
            let named = vec![text(tag::ATTRIBUTE_NAME, "x-note"), integer(tag::ATTRIBUTE_INDEX, index)];
            client.ask(op::DELETE_ATTRIBUTE, [id(&key), named].concat());
            client.answered(&[(op::DELETE_ATTRIBUTE, None, with_attribute(&key, note(Some(index), "new")))]);
        }
    }
}
