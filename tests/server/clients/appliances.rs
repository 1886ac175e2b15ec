//! Appliances and hypervisors.

use super::requests::*;
use super::talk::{Manner, Talk, read};
use super::ttlv::*;
use crate::support::dev::Dev;
use keystead::pki::Pair;
use rustls::HandshakeKind;
use std::sync::Arc;

/// VMware vCenter, 1.1: a TLS session per action; keys have no name and are told by `x-` attributes, which are added in
/// one batch whose identifiers must come back byte for byte.
pub fn vcenter(dev: &Dev, pair: &Pair) {
    let mut vcenter = Talk::new(dev, pair, 1, Manner::Fresh);
    for _ in 0..2 {
        assert!(!vcenter.ask(op::DISCOVER_VERSIONS, vec![]).payload().items().is_empty());
    }
    let objects = vcenter.ask(op::QUERY, query(&[2]));
    assert!(objects.payload().all(tag::OBJECT_TYPE).any(|kind| kind.number() == SYMMETRIC_KEY));
    assert!(objects.payload().find(tag::OPERATION).is_none(), "Query Objects was asked for");
    let key = vcenter.ask(op::CREATE, create_aes(vec![])).id();
    let marks = [
        ("x-Product_Version", "8.0.3 build-24022515"),
        ("x-Vendor", "VMware, Inc."),
        ("x-Product", "VMware vSphere"),
    ];
    let names = marks.map(|(name, _)| name);
    assert_eq!(vcenter.ask(op::GET_ATTRIBUTES, get_attributes(&key, &names)).attributes(), []);
    let ids: Vec<Vec<u8>> = (0..3).map(|n| [&b"QLKC"[..], &[0, 0, 0, n]].concat()).collect();
    assert_eq!(ids[0][..4], [0x51, 0x4C, 0x4B, 0x43]);
    let items = marks.iter().zip(&ids).map(|((name, value), batch_id)| {
        (op::ADD_ATTRIBUTE, Some(batch_id.as_slice()), with_attribute(&key, custom(name, value)))
    });
    let added = vcenter.batch(vec![], items.collect());
    assert_eq!(added.iter().map(|answer| answer.batch_id.clone().unwrap()).collect::<Vec<_>>(), ids);
    for (answer, (name, value)) in added.iter().zip(marks) {
        assert_eq!(answer.texts(), [(name.to_owned(), value.to_owned())]);
    }
    let told = vcenter.ask(op::GET_ATTRIBUTES, get_attributes(&key, &names)).texts();
    assert_eq!(told, marks.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(vcenter.state(&key), PRE_ACTIVE);
    vcenter.ask(op::ACTIVATE, id(&key));
    assert_eq!(vcenter.state(&key), ACTIVE);
    let got = vcenter.ask(op::GET, id(&key)).material();
    assert_eq!((got.len(), vcenter.ask(op::GET, id(&key)).material()), (32, got));
}

/// Synology DSM 7, 1.2: three Query at once, then each operation on a connection of its own. It gives up unless Modify
/// Attribute answers with the new value.
pub fn synology(dev: &Dev, pair: &Pair) {
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| Talk::new(dev, pair, 2, Manner::Fresh).ask(op::QUERY, query(&[1, 2, 3])));
        }
    });
    let mut dsm = Talk::new(dev, pair, 2, Manner::Fresh);
    let volume = "0e5bd0c4-53a3-4ba4-8f0c-6a1a4ad0d1ba";
    assert_eq!(dsm.ask(op::LOCATE, vec![name(volume)]).ids(), Vec::<String>::new());
    let policy = custom("Operation Policy Name", "default");
    let attributes = vec![mask(2), policy, name("before")];
    let secret = dsm.ask(op::REGISTER, register_secret(1, b"vault-passphrase", attributes)).id();
    let modified = dsm.ask(op::MODIFY_ATTRIBUTE, with_attribute(&secret, name(volume)));
    let (_, value) = &modified.attributes()[0];
    assert_eq!(value[tag::NAME_VALUE].text(), volume, "the new value");
    assert_eq!(dsm.ask(op::LOCATE, vec![name(volume)]).ids(), [secret.as_str()]);
    dsm.ask(op::ACTIVATE, id(&secret));
    let list = dsm.ask(op::GET_ATTRIBUTE_LIST, id(&secret));
    let names: Vec<String> = list.payload().all(tag::ATTRIBUTE_NAME).map(Item::text).collect();
    for needed in ["State", "Object Type", "Operation Policy Name", "Name"] {
        assert!(names.iter().any(|name| name == needed), "{needed}: {names:?}");
    }
    for younger in ["Random Number Generator", "Sensitive", "Extractable", "Short Unique Identifier"] {
        assert!(!names.iter().any(|name| name == younger), "{younger} is younger than 1.2");
    }
    let asked = dsm.ask(op::GET_ATTRIBUTES, get_attributes(&secret, &["State", "Object Type"])).attributes();
    let asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), value.number())).collect();
    assert_eq!(asked, [("State", ACTIVE), ("Object Type", SECRET_DATA)]);
    let policy = dsm.ask(op::GET_ATTRIBUTES, get_attributes(&secret, &["Operation Policy Name"]));
    assert_eq!(policy.texts()[0].1, "default", "verbatim");
    assert_eq!(dsm.ask(op::GET, id(&secret)).material(), b"vault-passphrase");
    dsm.ask(op::ADD_ATTRIBUTE, with_attribute(&secret, custom("x-model", "DS923+")));
    let gone = [id(&secret), vec![text(tag::ATTRIBUTE_NAME, "x-model")]].concat();
    assert_eq!(dsm.ask(op::DELETE_ATTRIBUTE, gone).texts(), [("x-model".to_owned(), "DS923+".to_owned())]);
    dsm.ask(op::REVOKE, revoke(&secret, 6, None));
    dsm.ask(op::DESTROY, id(&secret));
    assert_eq!(dsm.try_ask(op::GET, id(&secret)).reason, Some(ITEM_NOT_FOUND));
}

/// Veeam 12, 1.4, over TLS 1.2: it comes back with its session, and stops at anything but Key Material in a Key Value.
pub fn veeam(dev: &Dev, pair: &Pair) {
    let mut veeam = Talk::speaking(dev, pair, 4, Manner::Fresh, &[&rustls::version::TLS12]);
    assert_eq!(veeam.ask(op::LOCATE, vec![name("veeam-kms")]).ids(), Vec::<String>::new());
    let half = |tag, value, usage| structure(tag, vec![name(value), mask(usage)]);
    let pair_request = vec![
        structure(tag::COMMON_TEMPLATE, algorithm(RSA, 2048)),
        half(tag::PRIVATE_TEMPLATE, "veeam-kms", 8),
        half(tag::PUBLIC_TEMPLATE, "veeam-kms-public", 4),
    ];
    let made = veeam.ask(op::CREATE_KEY_PAIR, pair_request);
    let (private, public) =
        (made.payload()[tag::PRIVATE_KEY_ID].text(), made.payload()[tag::PUBLIC_KEY_ID].text());
    for half in [&private, &public] {
        veeam.ask(op::ACTIVATE, id(half));
    }
    let got = veeam.ask(op::GET, id(&public));
    assert!(got.payload().find(tag::PUBLIC_KEY).is_some() && got.material().len() > 256);
    let got = veeam.ask(op::GET, id(&private));
    assert!(got.payload().find(tag::PRIVATE_KEY).is_some() && got.material().len() > 1000);
    assert_eq!(veeam.ask(op::LOCATE, vec![name("veeam-kms")]).ids(), [private.as_str()]);
    let mut wire = crate::support::wire::connect_using(&dev.address, Arc::clone(&veeam.tls));
    let locate = veeam.message(vec![], vec![(op::LOCATE, None, vec![name("veeam-kms")])]);
    assert_eq!(read(&wire.exchange(&locate).unwrap(), 4, &[op::LOCATE])[0].ids(), [private.as_str()]);
    assert_eq!(wire.0.conn.handshake_kind(), Some(HandshakeKind::Resumed), "the session is resumed");
    assert_eq!(wire.0.conn.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
    for half in [&private, &public] {
        veeam.ask(op::REVOKE, revoke(half, 6, None));
        veeam.ask(op::DESTROY, id(half));
    }
}

/// VAST Data 5, 1.4 over HTTP: after Re-key its name leads to the new key alone, and the old one stays Active.
pub fn vast(dev: &Dev, pair: &Pair) {
    let mut vast = Talk::new(dev, pair, 4, Manner::Post);
    vast.ask(op::DISCOVER_VERSIONS, vec![]);
    let marks = [("x-cluster", "vast-1"), ("x-tenant", "default"), ("x-path", "/")];
    let old = vast.ask(op::CREATE, create_aes(vec![name("vast-ekm-1")])).id();
    for (name, value) in marks {
        vast.ask(op::ADD_ATTRIBUTE, with_attribute(&old, custom(name, value)));
    }
    vast.ask(op::ACTIVATE, id(&old));
    assert_eq!(vast.ask(op::LOCATE, vec![name("vast-ekm-1")]).ids(), [old.as_str()]);
    let material = vast.ask(op::GET, id(&old)).material();
    for _ in 0..3 {
        assert_eq!(vast.ask(op::LOCATE, vec![name("vast-ekm-1")]).ids(), [old.as_str()]);
        assert_eq!(vast.state(&old), ACTIVE);
    }
    let new = vast.ask(op::RE_KEY, id(&old)).id();
    assert_ne!(old, new);
    assert_eq!(vast.ask(op::LOCATE, vec![name("vast-ekm-1")]).ids(), [new.as_str()], "the name has moved");
    assert_eq!(vast.state(&old), ACTIVE, "the old key stays Active");
    let names = marks.map(|(name, _)| name);
    let kept = vast.ask(op::GET_ATTRIBUTES, get_attributes(&new, &names)).texts();
    assert_eq!(kept, marks.map(|(name, value)| (name.to_owned(), value.to_owned())), "verbatim");
    assert_ne!(vast.ask(op::GET, id(&new)).material(), material);
    assert_eq!(vast.ask(op::GET, id(&old)).material(), material);
    vast.ask(op::REVOKE, revoke(&old, 5, None));
    vast.ask(op::DESTROY, id(&old));
    assert_eq!(vast.try_ask(op::GET, id(&old)).reason, Some(ITEM_NOT_FOUND));
}

/// FortiGate 7.4, 1.0: one batch of four Locate with the filter inside a Template-Attribute, then a batch of Get; twelve
/// bytes a batch identifier, a user name and a password in every header.
pub fn fortigate(dev: &Dev, pair: &Pair) {
    let mut authenticator = Talk::new(dev, pair, 0, Manner::Keep);
    authenticator.header = vec![credential("fgt-admin", "not-for-the-log")];
    let names = ["fgt-psk-1", "fgt-psk-2", "fgt-psk-3"];
    let keys: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(n, key_name)| {
            let material = [n as u8 + 1; 32];
            let key = authenticator.ask(op::REGISTER, register_aes(&material, vec![name(key_name)])).id();
            authenticator.ask(op::ACTIVATE, id(&key));
            key
        })
        .collect();
    let options = || {
        vec![
            integer(tag::MAXIMUM_RESPONSE_SIZE, 65536),
            enumeration(tag::ON_ERROR, 1),
            boolean(tag::IN_ORDER, true),
        ]
    };
    let ids: Vec<Vec<u8>> = (0..4).map(|n| [b"fgt-batch-0", &[n][..]].concat()).collect();
    assert_eq!(ids[0].len(), 12);
    // The last is the beginning of the others' names: matched exactly, it finds nothing.
    let wanted = [names[0], names[1], names[2], "fgt-psk"];
    let items = wanted.iter().zip(&ids).map(|(wanted, batch_id)| {
        (op::LOCATE, Some(batch_id.as_slice()), at_most(1, vec![template(vec![name(wanted)])]))
    });
    let located = authenticator.batch(options(), items.collect());
    for (at, answer) in located.iter().enumerate() {
        assert_eq!(answer.batch_id.as_ref(), Some(&ids[at]));
        let expected: Vec<String> = keys.get(at).cloned().into_iter().collect();
        assert_eq!(answer.ids(), expected, "{}", wanted[at]);
    }
    let absent = "00000000-0000-4000-8000-000000000000".to_owned();
    let asked = [&keys[0], &absent, &keys[1], &keys[2]];
    let items = asked.iter().zip(&ids).map(|(key, batch_id)| (op::GET, Some(batch_id.as_slice()), id(key)));
    let got = authenticator.batch(options(), items.collect());
    assert_eq!(got[1].reason, Some(ITEM_NOT_FOUND), "Continue: the others are answered");
    for (at, byte) in [(0, 1), (2, 2), (3, 3)] {
        assert_eq!((got[at].batch_id.as_ref(), got[at].material()), (Some(&ids[at]), vec![byte; 32]));
    }
}

/// TrueNAS, over TLS 1.2: the password of a pool.
pub fn truenas(dev: &Dev, pair: &Pair) {
    let mut nas = Talk::speaking(dev, pair, 2, Manner::Keep, &[&rustls::version::TLS12]);
    let secret = nas.ask(op::REGISTER, register_secret(1, b"tank/secret", vec![name("tank")])).id();
    nas.ask(op::ACTIVATE, id(&secret));
    assert_eq!(nas.ask(op::GET, id(&secret)).material(), b"tank/secret");
    nas.ask(op::REVOKE, revoke(&secret, 6, None));
    nas.ask(op::DESTROY, id(&secret));
}

/// IBM Db2, 1.1: labels that an old release ends with NUL bytes, a connection per action, a label only once.
pub fn db2(dev: &Dev, pair: &Pair) {
    let mut db2 = Talk::new(dev, pair, 1, Manner::Fresh);
    let label = "DB2_SYSGEN_db2inst1_SAMPLE_2026\0\0";
    let key = db2.ask(op::CREATE, create_aes(vec![name(label)])).id();
    for label in [label, label.trim_end_matches('\0')] {
        assert_eq!(db2.ask(op::LOCATE, vec![name(label)]).ids(), [key.as_str()], "{label:?}");
    }
    let again = db2.try_ask(op::CREATE, create_aes(vec![name(label.trim_end_matches('\0'))]));
    assert!(again.reason.is_some(), "labels are unique");
    let named = db2.ask(op::GET_ATTRIBUTES, get_attributes(&key, &["Name"])).attributes();
    assert_eq!(named[0].1[tag::NAME_VALUE].text(), label.trim_end_matches('\0'));
    assert_eq!(db2.ask(op::GET, id(&key)).material().len(), 32);
}
