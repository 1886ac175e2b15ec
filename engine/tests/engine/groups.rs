//! Object Groups: fresh members are given once, the default goes round, and keys are made where a group has none left.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::OnTheFly;
use kmip_codec::attributes::{Attribute, AttributeFilter, Attributes};
use kmip_codec::enums::*;
use kmip_codec::objects::{ManagedObject, SymmetricKey};
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_2, V2_1};

fn locate(group: &str, member: ObjectGroupMember, more: &[Attribute]) -> LocateRequest {
    let mut wanted = vec![Attribute::ObjectGroup(group.into())];
    wanted.extend_from_slice(more);
    LocateRequest {
        maximum_items: Some(1),
        object_group_member: Some(member),
        attributes: Some(AttributeFilter(wanted.into_iter().collect())),
        ..LocateRequest::default()
    }
}

fn find(bench: &mut Bench, who: &Principal, request: LocateRequest) -> Option<String> {
    bench.now += 1;
    bench.ask(who, V1_2, request).unwrap().unique_identifiers.first().map(text)
}

fn fresh(bench: &mut Bench, who: &Principal) -> Option<String> {
    find(bench, who, locate("pool", ObjectGroupMember::GroupMemberFresh, &[]))
}

fn default(bench: &mut Bench, who: &Principal) -> Option<String> {
    find(bench, who, locate("pool", ObjectGroupMember::GroupMemberDefault, &[]))
}

fn members(bench: &mut Bench, who: &Principal, count: usize) -> Vec<String> {
    let make = |bench: &mut Bench| {
        bench.now += 1;
        create(bench, who, &[Attribute::ObjectGroup("pool".into())])
    };
    (0..count).map(|_| make(bench)).collect()
}

fn get(bench: &mut Bench, who: &Principal, id: &str) {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    bench.ask(who, V1_2, request).unwrap();
}

#[test]
fn fresh_members_are_given_once_the_oldest_first() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let members = members(&mut bench, &who, 3);
    create(&mut bench, &who, &[Attribute::ObjectGroup("others".into())]);
    for member in &members {
        assert_eq!(fresh(&mut bench, &who).as_ref(), Some(member));
        assert_eq!(fresh(&mut bench, &who).as_ref(), Some(member), "to find is not to get");
        get(&mut bench, &who, member);
    }
    assert_eq!(fresh(&mut bench, &who), None);
    assert_eq!(fresh(&mut bench, &principal("stranger", &[])), None);
}

#[test]
fn a_registered_member_may_have_been_used_before() {
    let (mut bench, who) = (Bench::new(2), principal("owner", &[]));
    let mut register = |fresh: Option<bool>| {
        let mut key_block = bytes_block(KeyFormatType::Raw, &[7; 16]);
        key_block.cryptographic_algorithm = Some(CryptographicAlgorithm::AES);
        key_block.cryptographic_length = Some(128);
        let mut attributes = vec![
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            Attribute::ObjectGroup("pool".into()),
        ];
        attributes.extend(fresh.map(Attribute::Fresh));
        let request = RegisterRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into_iter().collect::<Attributes>().into(),
            object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
            ..RegisterRequest::default()
        };
        bench.now += 1;
        text(&bench.ask(&who, V1_2, request).unwrap().unique_identifier)
    };
    let (_used, new) = (register(Some(false)), register(None));
    assert_eq!(fresh(&mut bench, &who), Some(new));
}

#[test]
fn the_default_goes_round_for_each_client_on_its_own() {
    let (one, other) = (principal("one", &["team"]), principal("other", &["team"]));
    let mut bench = Bench::new(3);
    let members = members(&mut bench, &one, 3);
    for turn in [0, 1, 2, 0, 1] {
        assert_eq!(default(&mut bench, &one).as_ref(), Some(&members[turn]), "turn {turn}");
    }
    assert_eq!(default(&mut bench, &other).as_ref(), Some(&members[0]), "another client begins anew");
    bench.ask(&one, V2_1, destroy(&members[2])).unwrap();
    assert_eq!(default(&mut bench, &one).as_ref(), Some(&members[0]), "past the one that is gone");
    for member in &members[..2] {
        bench.ask(&one, V2_1, destroy(member)).unwrap();
    }
    assert_eq!(default(&mut bench, &one), None);
}

#[test]
fn keys_are_made_for_a_group_that_has_no_fresh_one_left() {
    let (mut bench, who) = (Bench::new(4), principal("owner", &[]));
    assert_eq!(fresh(&mut bench, &who), None, "not without the configuration");
    bench.settings.on_the_fly = vec![OnTheFly {
        group: "pool".into(),
        algorithm: CryptographicAlgorithm::AES,
        length: 256,
        usage: CryptographicUsageMask::Encrypt,
    }];
    let wants = |more: &[Attribute]| locate("pool", ObjectGroupMember::GroupMemberFresh, more);
    let camellia = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Camellia);
    assert_eq!(find(&mut bench, &who, wants(&[camellia])), None, "one that the filter would not find");
    assert_eq!(find(&mut bench, &who, locate("others", ObjectGroupMember::GroupMemberFresh, &[])), None);
    assert_eq!(default(&mut bench, &who), None, "nothing was made so far");
    let first = fresh(&mut bench, &who).unwrap();
    assert_eq!(fresh(&mut bench, &who).as_ref(), Some(&first), "no second while one is fresh");
    get(&mut bench, &who, &first);
    let second = fresh(&mut bench, &who).unwrap();
    assert_ne!(first, second);
}
