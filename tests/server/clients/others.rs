//! Storage software and frameworks.

use super::databases::encrypted_and_back;
use super::requests::*;
use super::talk::{Manner, Talk, read};
use super::ttlv::*;
use crate::support::dev::Dev;
use crate::support::wire;
use keystead::pki::Pair;
use std::sync::Arc;

/// Ceph RGW, 1.0: the name inside a Template-Attribute; a user name and a password where they are configured.
pub fn ceph(dev: &Dev, pair: &Pair) {
    let mut admin = Talk::new(dev, pair, 0, Manner::Keep);
    let key = admin.ask(op::CREATE, create_aes(vec![name("rgw-key-1")])).id();
    admin.ask(op::CREATE, create_aes(vec![name("rgw-key-2")]));
    for header in [vec![], vec![credential("rgw", "secret")]] {
        let mut rgw = Talk::new(dev, pair, 0, Manner::Fresh);
        rgw.header = header;
        assert_eq!(rgw.ask(op::LOCATE, vec![template(vec![name("rgw-key-1")])]).ids(), [key.as_str()]);
        assert_eq!(rgw.ask(op::LOCATE, vec![template(vec![name("rgw-key")])]).ids(), Vec::<String>::new());
        assert_eq!(rgw.ask(op::GET, id(&key)).material().len(), 32);
    }
}

/// How many requests Arsenal writes before it reads.
const PIPELINE: usize = 8;

/// Scality Arsenal: begins in 1.4 and goes on in 1.2; an Activation Date in Create; AES-CBC with an IV of zeros; eight
/// requests on their way at a time, whose answers keep the order.
pub fn arsenal(dev: &Dev, pair: &Pair) {
    Talk::new(dev, pair, 4, Manner::Fresh).ask(op::DISCOVER_VERSIONS, vec![]);
    let mut arsenal = Talk::new(dev, pair, 2, Manner::Keep);
    for functions in [&[1][..], &[2], &[3]] {
        arsenal.ask(op::QUERY, query(functions));
    }
    let activation = attribute("Activation Date", date(tag::ATTRIBUTE_VALUE, 1_700_000_000));
    let more = vec![custom("x-bucket", "bucket-1"), activation];
    let key = arsenal.ask(op::CREATE, create_aes(more)).id();
    assert_eq!(arsenal.state(&key), ACTIVE, "its date has come");
    let other = arsenal.ask(op::CREATE, create_aes(vec![custom("x-bucket", "bucket-2")])).id();
    arsenal.ask(op::ACTIVATE, id(&other));
    assert_eq!(arsenal.state(&other), ACTIVE, "it was activated");
    assert_eq!(encrypted_and_back(&mut arsenal, &key, b"a data key", Some(&[0; 16])), b"a data key");

    let mut wire = wire::connect_using(&dev.address, Arc::clone(&arsenal.tls));
    let ids: Vec<Vec<u8>> = (0..PIPELINE).map(|n| format!("arsenal-{n}").into_bytes()).collect();
    let data: Vec<Vec<u8>> = (0..PIPELINE).map(|n| vec![n as u8; 100 * (PIPELINE - n)]).collect();
    let messages = ids.iter().zip(&data).map(|(batch_id, data)| {
        let encrypt = (op::ENCRYPT, Some(batch_id.as_slice()), crypt(&key, data, Some(&[0; 16])));
        arsenal.message(vec![], vec![encrypt])
    });
    wire.send(&messages.collect::<Vec<_>>().concat()).unwrap();
    for (batch_id, data) in ids.iter().zip(&data) {
        let answer = read(&wire.receive().unwrap(), 2, &[op::ENCRYPT]).remove(0);
        assert_eq!(answer.batch_id.as_ref(), Some(batch_id));
        let ciphertext = answer.payload()[tag::DATA].bytes();
        let back = arsenal.ask(op::DECRYPT, crypt(&key, ciphertext, Some(&[0; 16])));
        assert_eq!(back.payload()[tag::DATA].bytes(), data);
    }
    arsenal.ask(op::REVOKE, revoke(&key, 6, None));
    arsenal.ask(op::DESTROY, id(&key));
}

/// cryptctl, 1.3: a credential in every header, keys that are never activated.
pub fn cryptctl(dev: &Dev, pair: &Pair) {
    let mut cryptctl = Talk::new(dev, pair, 3, Manner::Fresh);
    cryptctl.header = vec![credential("cryptctl", "")];
    let key = cryptctl.ask(op::CREATE, create_aes(vec![name("/dev/sdb1")])).id();
    assert_eq!(cryptctl.ask(op::GET, id(&key)).material().len(), 32);
    cryptctl.ask(op::DESTROY, id(&key));
    assert_eq!(cryptctl.try_ask(op::GET, id(&key)).reason, Some(ITEM_NOT_FOUND));
}

/// OpenStack Barbican, on PyKMIP: never activates, gets and destroys all the same.
pub fn barbican(dev: &Dev, pair: &Pair) {
    let mut barbican = Talk::new(dev, pair, 1, Manner::Fresh);
    let key = barbican.ask(op::CREATE, create_aes(vec![])).id();
    let pair_request = vec![
        structure(tag::COMMON_TEMPLATE, algorithm(RSA, 2048)),
        structure(tag::PRIVATE_TEMPLATE, vec![mask(1)]),
        structure(tag::PUBLIC_TEMPLATE, vec![mask(2)]),
    ];
    let made = barbican.ask(op::CREATE_KEY_PAIR, pair_request);
    let half = |tag| made.payload()[tag].text();
    // PyKMIP names every secret alike.
    let [secret, other] = [b"one secret", b"two secret"].map(|material| {
        let attributes = vec![mask(2), name("Secret Data")];
        barbican.ask(op::REGISTER, register_secret(1, material, attributes)).id()
    });
    let objects = [key, half(tag::PRIVATE_KEY_ID), half(tag::PUBLIC_KEY_ID), secret, other];
    for object in &objects {
        assert_eq!(barbican.state(object), PRE_ACTIVE);
        assert!(!barbican.ask(op::GET, id(object)).material().is_empty());
    }
    let kind = barbican.ask(op::GET_ATTRIBUTES, get_attributes(&objects[1], &["Object Type"]));
    assert_eq!(kind.attributes()[0].1.number(), PRIVATE_KEY);
    for object in &objects {
        barbican.ask(op::DESTROY, id(object));
    }
}

/// HPE Ezmeral: Discover Versions as a ping, and a whole life in each version from 1.0 to 1.4.
pub fn ezmeral(dev: &Dev, pair: &Pair) {
    for minor in 0..=4 {
        let mut ezmeral = Talk::new(dev, pair, minor, Manner::Keep);
        if minor > 0 {
            let versions = ezmeral.ask(op::DISCOVER_VERSIONS, vec![]);
            let offered = versions.payload().all(tag::PROTOCOL_VERSION);
            assert!(offered.map(|version| version[tag::MINOR].number()).any(|m| m == minor.cast_unsigned()));
        }
        let label = format!("ezmeral-{minor}");
        let made = ezmeral.ask(op::CREATE, create_aes(vec![name(&label)])).id();
        ezmeral.ask(op::ACTIVATE, id(&made));
        let registered = ezmeral.ask(op::REGISTER, register_aes(&[minor as u8; 32], vec![])).id();
        assert_eq!(ezmeral.ask(op::GET, id(&registered)).material(), [minor as u8; 32]);
        let new = ezmeral.ask(op::RE_KEY, id(&made)).id();
        assert_eq!(ezmeral.ask(op::LOCATE, vec![name(&label)]).ids(), [new.as_str()]);
        for key in [&made, &new] {
            ezmeral.ask(op::REVOKE, revoke(key, 5, None));
            ezmeral.ask(op::DESTROY, id(key));
        }
    }
}
