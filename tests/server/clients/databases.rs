//! Databases and their drivers.

use super::requests::*;
use super::talk::{Manner, Talk};
use super::ttlv::*;
use crate::support::dev::Dev;
use keystead::pki::Pair;

/// libmongocrypt: in 1.0 a secret of 96 bytes with usage mask 0 and no name; in 1.2 a key that the server encrypts with.
pub fn mongodb_driver(dev: &Dev, pair: &Pair) {
    let mut driver = Talk::new(dev, pair, 0, Manner::Fresh);
    let material: Vec<u8> = (0..96).collect();
    for attributes in [vec![mask(0)], vec![]] {
        let secret = driver.ask(op::REGISTER, register_secret(2, &material, attributes)).id();
        driver.ask(op::ACTIVATE, id(&secret));
        let got = driver.ask(op::GET, id(&secret));
        let secret = got.payload().items().last().unwrap();
        assert_eq!((secret.tag, secret[tag::SECRET_DATA_TYPE].number()), (tag::SECRET_DATA, 2));
        assert_eq!(secret[tag::KEY_BLOCK][tag::KEY_FORMAT_TYPE].number(), 2, "Opaque, as it was registered");
        assert_eq!(got.material(), material);
    }
    let mut driver = Talk::new(dev, pair, 2, Manner::Fresh);
    let key = driver.ask(op::CREATE, create_aes(vec![])).id();
    driver.ask(op::ACTIVATE, id(&key));
    assert_eq!(encrypted_and_back(&mut driver, &key, &material, None), material);
}

/// Encrypts, with the client's IV or one of the server's, and decrypts.
pub fn encrypted_and_back(client: &mut Talk<'_>, key: &str, data: &[u8], iv: Option<&[u8]>) -> Vec<u8> {
    let encrypted = client.ask(op::ENCRYPT, crypt(key, data, iv));
    let ciphertext = encrypted.payload()[tag::DATA].bytes();
    assert_eq!(ciphertext.len(), data.len() + 16 - data.len() % 16, "padded");
    let made = encrypted.payload().find(tag::IV).map(|iv| iv.bytes().to_vec());
    let used = iv.map(<[u8]>::to_vec).or(made).unwrap();
    assert_eq!(used.len(), 16);
    client.ask(op::DECRYPT, crypt(key, ciphertext, Some(&used))).payload()[tag::DATA].bytes().to_vec()
}

/// Percona Server for MongoDB, 1.0: Raw comes back Raw; it branches on Item Not Found and polls the State.
pub fn percona_mongodb(dev: &Dev, pair: &Pair) {
    let mut server = Talk::new(dev, pair, 0, Manner::Keep);
    let key = server.ask(op::REGISTER, register_aes(&[0x5A; 32], vec![])).id();
    server.ask(op::ACTIVATE, id(&key));
    let got = server.ask(op::GET, id(&key));
    let block = &got.payload()[tag::SYMMETRIC_KEY][tag::KEY_BLOCK];
    assert_eq!(block[tag::KEY_FORMAT_TYPE].number(), 1, "Raw");
    let tags: Vec<u32> = block.items().iter().map(|item| item.tag).collect();
    let expected =
        [tag::KEY_FORMAT_TYPE, tag::KEY_VALUE, tag::CRYPTOGRAPHIC_ALGORITHM, tag::CRYPTOGRAPHIC_LENGTH];
    assert_eq!(tags, expected, "and not wrapped");
    assert_eq!(got.material(), [0x5A; 32]);
    for _ in 0..3 {
        assert_eq!(server.state(&key), ACTIVE);
    }
    // All attributes, in 1.0: `Talk` refuses what is younger.
    let all = server.ask(op::GET_ATTRIBUTES, id(&key)).attributes();
    assert!(!all.iter().any(|(name, _)| name == "Fresh" || name == "Original Creation Date"), "{all:?}");
    server.ask(op::REVOKE, revoke(&key, 6, None));
    assert_eq!(server.state(&key), DEACTIVATED);
    server.ask(op::DESTROY, id(&key));
    assert_eq!(server.try_ask(op::GET, id(&key)).reason, Some(ITEM_NOT_FOUND));
    let absent = server.try_ask(op::GET, id("b3ac1d4e-0000-4000-8000-000000000000"));
    assert_eq!(absent.reason, Some(ITEM_NOT_FOUND));
}

/// Percona Server for MySQL, on libkmip: Maximum Response Size in every header, keys of an Object Group, 2N+1 round
/// trips at start; revoked with a compromise date of 0.
pub fn percona_mysql(dev: &Dev, pair: &Pair) {
    let mut server = Talk::new(dev, pair, 0, Manner::Keep);
    server.header = vec![integer(tag::MAXIMUM_RESPONSE_SIZE, 8192)];
    let group = |value: &str| custom("Object Group", value);
    let mut made = Vec::new();
    for (n, of) in ["mysql-1", "mysql-1", "mysql-10"].into_iter().enumerate() {
        let more = vec![name(&format!("INNODBKey-{n}")), group(of)];
        let key = server.ask(op::REGISTER, register_aes(&[n as u8; 32], more)).id();
        server.ask(op::ACTIVATE, id(&key));
        made.push(key);
    }
    assert_eq!(server.ask(op::LOCATE, vec![]).ids().len(), 3);
    let found = server.ask(op::LOCATE, vec![group("mysql-1")]).ids();
    assert_eq!(found, [made[1].clone(), made[0].clone()], "the group exactly, the newest first");
    for key in &found {
        assert_eq!(server.ask(op::GET, id(key)).material().len(), 32);
        let names = server.ask(op::GET_ATTRIBUTES, get_attributes(key, &["Name"])).attributes();
        assert!(names[0].1[tag::NAME_VALUE].text().starts_with("INNODBKey-"));
    }
    for key in &made {
        server.ask(op::REVOKE, revoke(key, 1, Some(0)));
        server.ask(op::DESTROY, id(key));
    }
    assert_eq!(server.ask(op::LOCATE, vec![]).ids(), Vec::<String>::new());
}

/// Percona pg_tde: never activates; more than one match is refused by it; it has room for 128 bytes of identifier.
pub fn pg_tde(dev: &Dev, pair: &Pair) {
    let filter = || at_most(16, vec![object_type(SYMMETRIC_KEY), name("tde-principal")]);
    let mut tde = Talk::new(dev, pair, 0, Manner::Fresh);
    assert_eq!(tde.ask(op::LOCATE, filter()).ids(), Vec::<String>::new());
    let key = tde.ask(op::REGISTER, register_aes(&[7; 16], vec![name("tde-principal")])).id();
    assert!(key.len() <= 128);
    assert_eq!(tde.ask(op::LOCATE, filter()).ids(), [key.as_str()]);
    assert_eq!(tde.ask(op::GET, id(&key)).material(), [7; 16], "though it was never activated");
    let second = tde.try_ask(op::REGISTER, register_aes(&[8; 16], vec![name("tde-principal")]));
    assert!(second.reason.is_some(), "there can be one of the name");
}

/// MySQL Enterprise, 1.1.
pub fn mysql_enterprise(dev: &Dev, pair: &Pair) {
    let mut server = Talk::new(dev, pair, 1, Manner::Keep);
    let key = server.ask(op::CREATE, create_aes(vec![name("INNODBKey-server-1")])).id();
    server.ask(op::ACTIVATE, id(&key));
    assert_eq!(server.ask(op::GET, id(&key)).material().len(), 32);
    assert_eq!(server.ask(op::LOCATE, vec![name("INNODBKey-server-1")]).ids(), [key.as_str()]);
    assert_eq!(server.try_ask(op::DESTROY, id(&key)).reason, Some(PERMISSION_DENIED), "revoked first");
    server.ask(op::REVOKE, revoke(&key, 6, None));
    server.ask(op::DESTROY, id(&key));
}

/// EDB TDE: the IV comes back in IV/Counter/Nonce; the variant that prefixes it to the data sends it from there.
pub fn edb_tde(dev: &Dev, pair: &Pair) {
    let mut edb = Talk::new(dev, pair, 2, Manner::Fresh);
    let key = edb.ask(op::CREATE, create_aes(vec![name("edb-wrap")])).id();
    edb.ask(op::ACTIVATE, id(&key));
    let data = b"the data key of a cluster, 48 bytes of it, or so";
    assert_eq!(encrypted_and_back(&mut edb, &key, data, None), data);
    assert_eq!(encrypted_and_back(&mut edb, &key, data, Some(&[9; 16])), data);
}

/// ScyllaDB: reuses a key of the right algorithm, length and mask, else makes one.
pub fn scylladb(dev: &Dev, pair: &Pair) {
    let mut scylla = Talk::new(dev, pair, 2, Manner::Keep);
    let filter = |length| [algorithm(AES, length), vec![mask(12)]].concat();
    let small = scylla.ask(op::CREATE, {
        let attributes = [algorithm(AES, 128), vec![mask(12)]].concat();
        vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY), template(attributes)]
    });
    assert_eq!(scylla.ask(op::LOCATE, filter(256)).ids(), Vec::<String>::new());
    let key = scylla.ask(op::CREATE, create_aes(vec![])).id();
    assert_eq!(scylla.ask(op::LOCATE, filter(256)).ids(), [key.as_str()]);
    assert_eq!(scylla.ask(op::LOCATE, filter(128)).ids(), [small.id()]);
    assert_eq!(scylla.ask(op::GET, id(&key)).material().len(), 32);
}
