//! What a client logs in with is nobody else's, and nothing that is done with objects lets another in as that client or locks it out.

use super::administration::admin;
use super::handing::{every_step, must_be_sound, possessions};
use super::objects::*;
use super::tickets::with as with_ticket;
use super::world::{Bench, principal};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::rights::identity::{CertificatePath, Fingerprint, Identity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;
use std::collections::BTreeSet;

/// How a client has got itself a certificate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// None that the server keeps.
    Never,
    /// The server made the pair.
    Made,
    /// It sent a request for a key that it had had made here.
    Signed,
    /// It brought a certificate for such a key.
    Brought,
}

/// What was done with the private key besides.
#[derive(Clone, Copy, Debug)]
enum More {
    Nothing,
    Archived,
    Replaced,
    Copied(KeyFormatType),
    Imported,
    Wrapped,
    Split,
    Unlinked,
    Destroyed,
}

const WAYS: [Way; 4] = [Way::Never, Way::Made, Way::Signed, Way::Brought];
const MORE: [More; 10] = [
    More::Nothing,
    More::Archived,
    More::Replaced,
    More::Copied(KeyFormatType::PKCS_8),
    More::Copied(KeyFormatType::TransparentECPrivateKey),
    More::Imported,
    More::Wrapped,
    More::Split,
    More::Unlinked,
    More::Destroyed,
];

fn with(who: &Principal, certificate: &[u8]) -> Principal {
    let fingerprint = Some(Fingerprint::of(certificate));
    Principal { identity: Identity { fingerprint, ..who.identity.clone() }, ..who.clone() }
}

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn bytes(block: &KeyBlock) -> Vec<u8> {
    match &block.key_value {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => {
            bytes.expose().to_vec()
        }
        other => panic!("{other:?}"),
    }
}

/// Everything that somebody may see, archived and destroyed or not.
fn everything(bench: &mut Bench, who: &Principal) -> BTreeSet<String> {
    let storage = StorageStatusMask::OnLineStorage
        | StorageStatusMask::ArchivalStorage
        | StorageStatusMask::DestroyedStorage;
    let all = LocateRequest { storage_status_mask: Some(storage), ..LocateRequest::default() };
    bench.ask(who, V2_1, all).unwrap().unique_identifiers.iter().map(text).collect()
}

fn private_of(bench: &mut Bench, who: &Principal, id: &str, format: KeyFormatType) -> KeyBlock {
    let get = GetRequest { key_format_type: Some(format), ..get(id) };
    bench.ask(who, V2_1, get).unwrap().object.key_block().unwrap().clone()
}

fn registered(bench: &mut Bench, who: &Principal, key_block: KeyBlock) -> String {
    let request = RegisterRequest {
        object_type: ObjectType::PrivateKey,
        attributes: [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into(),
        object: ManagedObject::PrivateKey(PrivateKey { key_block }),
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

/// Who logs in, its certificates, and the private key of the last one with the object of the certificate.
struct Client {
    who: Principal,
    old: Principal,
    new: Option<Principal>,
    kept: Vec<String>,
    private: Option<String>,
}

fn client(bench: &mut Bench, name: &str, way: Way) -> Client {
    let who = Principal { admin: true, ..principal(name, &["team"]) };
    let old = with(&who, b"old");
    let (private, request) = match way {
        Way::Never => return Client { who: old.clone(), old, new: None, kept: Vec::new(), private: None },
        Way::Made => (None, ReProvisionRequest::default()),
        Way::Signed | Way::Brought => {
            let (private, _) = pair(bench, &Principal { default_group: None, ..old.clone() });
            let pkcs8 = bytes(&private_of(bench, &old, &private, KeyFormatType::PKCS_8));
            let key = rcgen::KeyPair::try_from(pkcs8).unwrap();
            (Some(private), brings(&key, way, name))
        }
    };
    let answer = text(&bench.ask(&old, V2_1, request).unwrap().unique_identifier.unwrap());
    let certificate = match way {
        Way::Made => {
            let links = GetAttributesRequest {
                unique_identifier: Some(answer.as_str().into()),
                ..Default::default()
            };
            let attributes = bench.ask(&old, V2_1, links).unwrap().attributes.unwrap();
            let mut links = kmip_codec::attribute!(attributes.0, Link);
            text(&links.find(|link| link.kind == LinkType::CertificateLink).unwrap().linked)
        }
        _ => answer.clone(),
    };
    let fetched = bench.ask(if way == Way::Brought { &who } else { &old }, V2_1, get(&certificate));
    let der = match fetched.unwrap().object {
        ManagedObject::Certificate(certificate) => certificate.value,
        other => panic!("{other:?}"),
    };
    let private = private.unwrap_or(answer);
    let kept = vec![certificate, private.clone()];
    Client { new: Some(with(&who, &der)), who, old, kept, private: Some(private) }
}

fn brings(key: &rcgen::KeyPair, way: Way, name: &str) -> ReProvisionRequest {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    if way == Way::Brought {
        let value = parameters.self_signed(key).unwrap().der().to_vec().into();
        let certificate = Certificate { certificate_type: CertificateType::X_509, value };
        return ReProvisionRequest { certificate: Some(certificate), ..ReProvisionRequest::default() };
    }
    let value = parameters.serialize_request(key).unwrap().der().to_vec().into();
    let request = CertificateRequest { certificate_request_type: CertificateRequestType::PKCS_10, value };
    ReProvisionRequest { certificate_request: Some(request), ..ReProvisionRequest::default() }
}

/// A copy of a key that nobody can see into: it is wrapped with another key of the client.
fn wrapped(bench: &mut Bench, who: &Principal, private: &str) -> String {
    let wrapping = create(bench, who, &[Attribute::ActivationDate(kmip_codec::value::DateTime(1))]);
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(WrappingKeyInformation {
            unique_identifier: wrapping.as_str().into(),
            cryptographic_parameters: None,
        }),
        ..KeyWrappingSpecification::default()
    };
    let get = GetRequest { key_wrapping_specification: Some(specification), ..get(private) };
    let block = bench.ask(who, V2_1, get).unwrap().object.key_block().unwrap().clone();
    registered(bench, who, block)
}

/// The parts of a key that is split.
fn parts_of(bench: &mut Bench, who: &Principal, private: &str) -> Vec<String> {
    let split = CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: Some(private.into()),
        parts: 2,
        threshold: 2,
        method: SplitKeyMethod::XOR,
        ..CreateSplitKeyRequest::default()
    };
    let parts = bench.ask(who, V2_1, split).unwrap().unique_identifiers;
    parts.iter().map(text).collect()
}

/// What else a client has done with its key; returns the identifiers of copies, and whether nobody can see into them.
fn done(bench: &mut Bench, who: &Principal, private: &str, more: More) -> Vec<String> {
    let this = Some(private.into());
    match more {
        More::Nothing => {}
        More::Archived => drop(bench.ask(who, V2_1, ArchiveRequest { unique_identifier: this }).unwrap()),
        More::Replaced => {
            let request = ReKeyKeyPairRequest { private_key: this, ..Default::default() };
            bench.ask(who, V2_1, request).unwrap();
        }
        More::Copied(format) => {
            let block = private_of(bench, who, private, format);
            return vec![registered(bench, who, block)];
        }
        More::Imported => {
            let key_block = private_of(bench, who, private, KeyFormatType::PKCS_8);
            let import = ImportRequest {
                unique_identifier: "copy".into(),
                object_type: Some(ObjectType::PrivateKey),
                object: ManagedObject::PrivateKey(PrivateKey { key_block }),
                attributes: Some(AttributeList(
                    [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into(),
                )),
                ..ImportRequest::default()
            };
            bench.ask(who, V2_1, import).unwrap();
            return vec!["copy".to_owned()];
        }
        More::Wrapped => return vec![wrapped(bench, who, private)],
        More::Split => return parts_of(bench, who, private),
        More::Unlinked => {
            let reference = Attribute::Link(Link { kind: LinkType::CertificateLink, linked: "x".into() });
            let request = DeleteAttributeRequest {
                unique_identifier: this,
                reference: Some(reference.reference()),
                ..Default::default()
            };
            bench.ask(who, V2_1, request).unwrap();
        }
        More::Destroyed => {
            bench.ask(who, V2_1, revoke(private, RevocationReasonCode::KeyCompromise)).ok();
            bench.ask(who, V2_1, destroy(private)).unwrap();
        }
    }
    Vec::new()
}

/// Revokes a name.
fn end(bench: &mut Bench, name: &str) {
    let ended = AdminRequest::ClientRevoke { name: name.into(), unknown: true, myself: true };
    let item = super::administration::item(&ended);
    bench.run(&admin("root"), &RequestMessage::new(V2_1, vec![item.into()]));
}

/// What each certificate of a client is good for.
fn good_for(bench: &mut Bench, client: &Client) -> Vec<bool> {
    let certificates = [Some(&client.old), client.new.as_ref()];
    let mut good = Vec::new();
    for who in certificates.into_iter().flatten() {
        for id in &client.kept {
            // A run that is not committed: who comes with the new certificate ends what the old one is left with.
            let item = RequestItem::from(get(id).into_request());
            let message = RequestMessage::new(V2_1, vec![item]);
            let answer = bench.decide(who, &message).response.items.remove(0);
            good.push(answer.result_status == ResultStatus::Success);
        }
    }
    good
}

/// Whatever the owner has and has done: who gets its objects gets no login of it, and cannot end one; each object goes over or is
/// told; and the owner comes in as before, with the old certificate and with the new one.
#[test]
fn nobody_gets_the_login_of_another() {
    let runs = WAYS.iter().flat_map(|way| MORE.iter().map(move |more| (*way, *more)));
    for ((way, more), used) in runs.flat_map(|run| [(run, false), (run, true)]) {
        let case = format!("{way:?} {more:?} {used}");
        let mut bench = Bench::new(7);
        let ann = client(&mut bench, "ann", way);
        let mut now = &ann.old;
        if let (Some(new), true) = (&ann.new, used) {
            bench.ask(new, V2_1, LocateRequest::default()).unwrap();
            now = new;
        }
        let (mut copies, mut left) = (Vec::new(), 0);
        if let (Some(private), true) = (&ann.private, used) {
            copies = done(&mut bench, now, private, more);
        }
        if way == Way::Never || used {
            left = possessions(&mut bench, now).len();
        }
        let good = good_for(&mut bench, &ann);
        let before = everything(&mut bench, &ann.who);
        let handed = every_step(&mut bench, "ann", "bob", false).unwrap();
        must_be_sound(&bench);
        let bob = principal("bob", &[]);
        let of_bob = everything(&mut bench, &bob);
        let stay: BTreeSet<String> = handed.stay.iter().map(|one| one.object.clone()).collect();
        assert_eq!(handed.moved, of_bob.len(), "{case}");
        assert_eq!(&of_bob | &stay, before, "{case}");
        assert!(handed.moved >= left, "{case}");
        let is_destroyed = matches!(more, More::Destroyed) && used;
        for id in ann.kept.iter().chain(&copies).filter(|id| !is_destroyed || *id != &ann.kept[1]) {
            assert!(stay.contains(id), "{case}: {id} {handed:?}");
        }
        let unseen = handed.stay.iter().filter(|one| !one.login).count();
        let is_hidden = matches!(more, More::Wrapped | More::Split);
        assert_eq!(unseen, if is_hidden { copies.len() } else { 0 }, "{case}: {handed:?}");
        for id in ann.kept.iter().chain(&of_bob) {
            bench.ask(&bob, V2_1, revoke(id, RevocationReasonCode::KeyCompromise)).ok();
            bench.ask(&bob, V2_1, destroy(id)).ok();
        }
        assert_eq!(good_for(&mut bench, &ann), good, "{case}");
        let again = every_step(&mut bench, "ann", "bob", false).unwrap();
        assert_eq!((again.moved, again.stay), (0, handed.stay), "{case}");
        // Who was revoked logs in with nothing any more.
        end(&mut bench, "ann");
        let rest = every_step(&mut bench, "ann", "bob", false).unwrap();
        assert_eq!((rest.moved, rest.stay), (stay.len(), Vec::new()), "{case}");
        assert!(good_for(&mut bench, &ann).iter().all(|good| !good), "{case}");
        must_be_sound(&bench);
    }
}

/// A client that has come with its new certificate.
fn renewed(way: Way) -> (Bench, Client, Principal) {
    let mut bench = Bench::new(7);
    let ann = client(&mut bench, "ann", way);
    let now = ann.new.clone().unwrap();
    bench.ask(&now, V2_1, LocateRequest::default()).unwrap();
    (bench, ann, now)
}

/// Who has replaced a certificate and not fetched the new one yet may do so with the old one: that is still a login.
#[test]
fn what_was_replaced_is_a_login_while_it_fetches() {
    for way in [Way::Made, Way::Signed, Way::Brought] {
        let (mut bench, _, now) = renewed(way);
        let next = bench.ask(&now, V2_1, ReProvisionRequest::default()).unwrap();
        let next = text(&next.unique_identifier.unwrap());
        let handed = every_step(&mut bench, "ann", "bob", false).unwrap();
        assert_eq!(handed.moved, 0, "{way:?}: {handed:?}");
        assert!(everything(&mut bench, &principal("bob", &[])).is_empty(), "{way:?}");
        assert!(bench.ask(&now, V2_1, get(&next)).is_ok(), "{way:?}");
        // After a revocation nothing is fetched any more.
        end(&mut bench, "ann");
        assert!(bench.ask(&now, V2_1, get(&next)).is_err(), "{way:?}");
        let rest = every_step(&mut bench, "ann", "bob", false).unwrap();
        assert!(rest.stay.is_empty() && rest.moved > 2, "{way:?}: {rest:?}");
    }
}

/// A ticket lends what its giver may do, and never who it is: what the giver logs in with is nothing for whoever holds it.
#[test]
fn no_ticket_lends_a_login() {
    for way in [Way::Made, Way::Signed, Way::Brought] {
        let (mut bench, ann, now) = renewed(way);
        let plain = create(&mut bench, &now, &[]);
        let (other, _) = pair(&mut bench, &now);
        let rights = Rights { rights: vec![Right::default()] };
        let delegated = DelegatedLoginRequest { rights, ..Default::default() };
        let lent = bench.ask(&now, V2_1, delegated).unwrap().ticket;
        let own = bench.ask(&now, V2_1, LoginRequest::default()).unwrap().ticket;
        let bob = principal("bob", &[]);
        let private = &ann.kept[1];
        let mut logins = ann.kept.clone();
        logins.push(wrapped(&mut bench, &now, private));
        logins.extend(parts_of(&mut bench, &now, private));
        for id in &logins {
            assert_eq!(
                with_ticket(&mut bench, &bob, &lent, get(id)).map(drop),
                Err(ResultReason::ObjectNotFound)
            );
            let end = revoke(id, RevocationReasonCode::KeyCompromise);
            assert_eq!(
                with_ticket(&mut bench, &bob, &lent, end).map(drop),
                Err(ResultReason::ObjectNotFound)
            );
            assert!(with_ticket(&mut bench, &now, &own, get(id)).is_ok(), "{way:?}");
        }
        for id in [&plain, &other] {
            assert!(with_ticket(&mut bench, &bob, &lent, get(id)).is_ok(), "{way:?}");
        }
        assert!(bench.ask(&now, V2_1, get(&ann.kept[1])).is_ok());
    }
}

/// A client that has come with a certificate of another CA, for a key that it keeps here: the server knows both only by that.
#[test]
fn the_key_of_who_has_come_is_no_heirs() {
    let mut bench = Bench::new(7);
    let ann = principal("ann", &[]);
    let (private, public) = pair(&mut bench, &ann);
    let (other, _) = pair(&mut bench, &ann);
    let pkcs8 = bytes(&private_of(&mut bench, &ann, &private, KeyFormatType::PKCS_8));
    let key = rcgen::KeyPair::try_from(pkcs8).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    let path = CertificatePath::new([certificate.clone()]);
    let come = with(&ann, &certificate);
    bench.clients.0 = vec![Principal { identity: Identity { path, ..come.identity.clone() }, ..come }];
    let wrapped = wrapped(&mut bench, &ann, &private);
    let handed = every_step(&mut bench, "ann", "bob", false).unwrap();
    let stay: BTreeSet<String> = handed.stay.iter().map(|one| one.object.clone()).collect();
    assert_eq!(stay, BTreeSet::from([private, public, wrapped]));
    let logins = handed.stay.iter().filter(|one| one.login).count();
    assert_eq!((logins, handed.moved), (2, 3), "{handed:?}");
    assert!(bench.ask(&principal("bob", &[]), V2_1, get(&other)).is_ok());
}
