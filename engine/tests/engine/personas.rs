//! Personas: each switch changes what it says and nothing else, and the page about them is true.

use super::objects::*;
use super::world::{Bench, principal};
use crate::support::checkout;
use keystead_engine::rights::persona::*;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::Interval;
use kmip_codec::version::*;

/// The same client under other switches.
fn ann(switches: Switches) -> Principal {
    Principal { persona: Persona::default().with(&switches), ..principal("ann", &[]) }
}

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn locate(name: &str) -> LocateRequest {
    let list = AttributeFilter([Attribute::Name(Name::text(name))].into());
    LocateRequest { attributes: Some(list), ..LocateRequest::default() }
}

fn located(bench: &mut Bench, who: &Principal, version: Version, request: LocateRequest) -> Vec<String> {
    bench.ask(who, version, request).unwrap().unique_identifiers.iter().map(text).collect()
}

#[test]
fn a_pre_active_object_is_got_and_destroyed_unless_the_persona_is_strict() {
    let mut bench = Bench::new(1);
    let (standard, strict) = (ann(Switches::NONE), ann(built_in("strict").unwrap().switches));
    let id = create(&mut bench, &standard, &[]);
    assert!(bench.ask(&standard, V1_0, get(&id)).is_ok());
    assert_eq!(bench.ask(&strict, V1_0, get(&id)).unwrap_err(), ResultReason::PermissionDenied);
    assert_eq!(bench.ask(&strict, V2_1, get(&id)).unwrap_err(), ResultReason::PermissionDenied);
    assert_eq!(bench.ask(&strict, V2_1, destroy(&id)).unwrap_err(), ResultReason::WrongKeyLifecycleState);
    assert!(bench.ask(&standard, V2_1, destroy(&id)).is_ok());
    let id = create(&mut bench, &strict, &[]);
    move_to(&mut bench, &strict, &id, State::Active);
    assert!(bench.ask(&strict, V2_1, get(&id)).is_ok());
    bench.ask(&strict, V2_1, revoke(&id, RevocationReasonCode::Superseded)).unwrap();
    assert!(bench.ask(&strict, V2_1, destroy(&id)).is_ok());
}

#[test]
fn automatic_activation_is_for_objects_that_have_no_date_of_their_own() {
    let mut bench = Bench::new(1);
    let lazy = ann(Switches { activation: Some(Activation::Automatic), ..Switches::NONE });
    for kind in TYPES {
        let id = make(&mut bench, &lazy, kind);
        assert_eq!(state_of(&mut bench, &lazy, &id), State::Active, "{kind:?}");
    }
    let later = kmip_codec::value::DateTime(bench.now + 60);
    let id = create(&mut bench, &lazy, &[Attribute::ActivationDate(later)]);
    assert_eq!(state_of(&mut bench, &lazy, &id), State::PreActive);
}

#[test]
fn free_names_are_shared_and_located_newest_first() {
    let mut bench = Bench::new(1);
    let (free, unique) = (ann(Switches { names: Some(Names::Free), ..Switches::NONE }), ann(Switches::NONE));
    let named = [Attribute::Name(Name::text("disk"))];
    let first = create(&mut bench, &free, &named);
    bench.now += 1;
    let second = create(&mut bench, &free, &named);
    assert_eq!(located(&mut bench, &free, V2_1, locate("disk")), [second.clone(), first.clone()]);
    let oldest = LocateOrder::OldestFirst;
    let oldest = ann(Switches { locate_order: Some(oldest), ..Switches::NONE });
    assert_eq!(located(&mut bench, &oldest, V2_1, locate("disk")), [first.clone(), second.clone()]);
    assert_eq!(bench.ask(&unique, V2_1, aes(&named)).unwrap_err(), ResultReason::NonUniqueNameAttribute);
    // The second never held the claim: destroying it does not free the name of the first.
    bench.ask(&free, V2_1, destroy(&second)).unwrap();
    assert_eq!(bench.ask(&unique, V2_1, aes(&named)).unwrap_err(), ResultReason::NonUniqueNameAttribute);
    bench.ask(&free, V2_1, destroy(&first)).unwrap();
    assert!(bench.ask(&unique, V2_1, aes(&named)).is_ok());
}

/// FortiGate and Ceph put the filter into a Template-Attribute. Ignored, it would hand out the wrong key.
#[test]
fn a_filter_in_a_template_counts_or_is_refused() {
    let mut bench = Bench::new(1);
    let who = ann(Switches::NONE);
    let id = create(&mut bench, &who, &[Attribute::Name(Name::text("disk"))]);
    create(&mut bench, &who, &[Attribute::Name(Name::text("other"))]);
    let inside = |name: &str| LocateRequest {
        template_attribute: Some([Attribute::Name(Name::text(name))].into()),
        ..LocateRequest::default()
    };
    assert_eq!(located(&mut bench, &who, V1_0, inside("disk")), [id]);
    assert_eq!(located(&mut bench, &who, V1_0, inside("dis")), Vec::<String>::new());
    let mut both = inside("disk");
    both.attributes = locate("other").attributes;
    assert_eq!(located(&mut bench, &who, V1_0, both), Vec::<String>::new(), "the two are ANDed");
    let strict = ann(built_in("strict").unwrap().switches);
    assert_eq!(bench.ask(&strict, V1_0, inside("disk")).unwrap_err(), ResultReason::InvalidField);
}

/// libkmip sends a Compromise Occurrence Date of 0 with every Revoke.
#[test]
fn a_needless_compromise_date_is_refused_or_ignored() {
    let mut bench = Bench::new(1);
    let (standard, percona) = (ann(Switches::NONE), ann(built_in("percona").unwrap().switches));
    let id = create(&mut bench, &standard, &[]);
    move_to(&mut bench, &standard, &id, State::Active);
    let mut request = revoke(&id, RevocationReasonCode::Unspecified);
    request.compromise_occurrence_date = Some(kmip_codec::value::DateTime(0));
    assert_eq!(bench.ask(&standard, V1_0, request.clone()).unwrap_err(), ResultReason::InvalidField);
    bench.ask(&percona, V1_0, request).unwrap();
    assert_eq!(state_of(&mut bench, &standard, &id), State::Deactivated);
    let attributes = attributes_of(&mut bench, &standard, &id);
    assert_eq!(attribute!(attributes, CompromiseOccurrenceDate).next(), None);
}

/// KMIP 2.1, 6.1.35: zero is no limit; a key that took another's place can have a lease of its own.
#[test]
fn leases_follow_the_persona_and_none_is_given_for_a_compromised_key() {
    let mut bench = Bench::new(1);
    let who = ann(Switches { lease_seconds: Some(16), replacement_lease_seconds: Some(0), ..Switches::NONE });
    let old = create(&mut bench, &who, &[]);
    let re_key = ReKeyRequest { unique_identifier: Some(old.as_str().into()), ..ReKeyRequest::default() };
    let new = text(&bench.ask(&who, V2_1, re_key).unwrap().unique_identifier);
    let lease = |id: &str| ObtainLeaseRequest { unique_identifier: Some(id.into()) };
    let held = |attributes: Attributes| attribute!(attributes, LeaseTime).next().copied();
    assert_eq!(bench.ask(&who, V1_0, lease(&old)).unwrap().lease_time, Interval(16));
    assert_eq!(held(attributes_of(&mut bench, &who, &old)), Some(Interval(16)));
    assert_eq!(bench.ask(&who, V1_0, lease(&new)).unwrap().lease_time, Interval(0));
    assert_eq!(held(attributes_of(&mut bench, &who, &new)), None);
    bench.ask(&who, V2_1, revoke(&old, RevocationReasonCode::KeyCompromise)).unwrap();
    assert_eq!(bench.ask(&who, V1_0, lease(&old)).unwrap_err(), ResultReason::PermissionDenied);
}

#[test]
fn wrapped_values_stand_where_the_client_reads_them() {
    let mut bench = Bench::new(1);
    let (standard, inside) = (ann(Switches::NONE), ann(built_in("pykmip").unwrap().switches));
    let kek =
        create(&mut bench, &standard, &[Attribute::CryptographicUsageMask(CryptographicUsageMask::WrapKey)]);
    move_to(&mut bench, &standard, &kek, State::Active);
    let key = create(&mut bench, &standard, &[]);
    let information = WrappingKeyInformation { unique_identifier: kek.as_str().into(), ..Default::default() };
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(information),
        encoding_option: Some(EncodingOption::NoEncoding),
        ..KeyWrappingSpecification::default()
    };
    let request = GetRequest { key_wrapping_specification: Some(specification), ..get(&key) };
    let mut value = |who| {
        let object = bench.ask(who, V1_4, request.clone()).unwrap().object;
        object.key_block().unwrap().key_value.clone().unwrap()
    };
    let KeyValue::Wrapped(bytes) = value(&standard) else { panic!("no Byte String") };
    let KeyValue::Plain(plain) = value(&inside) else { panic!("no structure") };
    assert_eq!(plain.key_material, KeyMaterial::Bytes(bytes));
}

/// Barbican asks for pairs without a usage mask, and registers them so.
#[test]
fn a_missing_usage_mask_is_refused_or_filled_in() {
    use CryptographicUsageMask as Use;
    let mut bench = Bench::new(1);
    let (standard, barbican) = (ann(Switches::NONE), ann(built_in("barbican").unwrap().switches));
    let rsa = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(2048),
    ];
    let pair = CreateKeyPairRequest { common: Some(rsa.into()), ..CreateKeyPairRequest::default() };
    let held = |bench: &mut Bench, id: &str| {
        let attributes = attributes_of(bench, &ann(Switches::NONE), id);
        attribute!(attributes, CryptographicUsageMask).next().copied()
    };
    for version in [V1_0, V1_2, V1_4, V2_1] {
        assert!(bench.ask(&standard, version, pair.clone()).is_err(), "{version}");
        let made = bench.ask(&barbican, version, pair.clone()).unwrap();
        let (private, public) = (text(&made.private_key), text(&made.public_key));
        let (of_private, of_public) =
            (Use::Sign | Use::Decrypt | Use::UnwrapKey, Use::Verify | Use::Encrypt | Use::WrapKey);
        assert_eq!(held(&mut bench, &private), Some(of_private), "{version}");
        assert_eq!(held(&mut bench, &public), Some(of_public), "{version}");
        for (id, mask) in [(private, of_private), (public, of_public)] {
            let object = bench.ask(&standard, version, get(&id)).unwrap().object;
            let register =
                RegisterRequest { object_type: object.object_type(), object, ..RegisterRequest::default() };
            assert!(bench.ask(&standard, version, register.clone()).is_err(), "{version}");
            let id = text(&bench.ask(&barbican, version, register).unwrap().unique_identifier);
            assert_eq!(held(&mut bench, &id), Some(mask), "{version}");
        }
    }
    // What says its uses has those, and no more.
    let said = create(&mut bench, &barbican, &[Attribute::CryptographicUsageMask(Use::Decrypt)]);
    assert_eq!(held(&mut bench, &said), Some(Use::Decrypt));
}

/// KMIP 1.4, 3.18: set by the server where the client does not; gone from 2.0 on.
#[test]
fn objects_of_1_x_have_an_operation_policy_name() {
    let mut bench = Bench::new(1);
    let who = ann(Switches::NONE);
    let policy = |bench: &mut Bench, version, id: &str| {
        let request =
            GetAttributesRequest { unique_identifier: Some(id.into()), ..GetAttributesRequest::default() };
        let attributes = bench.ask(&ann(Switches::NONE), version, request).unwrap().attributes.unwrap().0;
        attribute!(attributes, OperationPolicyName).next().cloned()
    };
    for version in [V1_0, V1_1, V1_2, V1_3, V1_4] {
        let id = text(&bench.ask(&who, version, aes_of_1_0(&[])).unwrap().unique_identifier);
        assert_eq!(policy(&mut bench, version, &id).as_deref(), Some("default"), "{version}");
        assert_eq!(policy(&mut bench, V2_1, &id), None);
        let said = [Attribute::OperationPolicyName("mine".into())];
        let id = text(&bench.ask(&who, version, aes_of_1_0(&said)).unwrap().unique_identifier);
        assert_eq!(policy(&mut bench, version, &id).as_deref(), Some("mine"), "{version}");
        let re_key = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
        let new = text(&bench.ask(&who, version, re_key).unwrap().unique_identifier);
        assert_eq!(
            policy(&mut bench, version, &new).as_deref(),
            Some("mine"),
            "{version}: kept through Re-key"
        );
        let filter = AttributeFilter([Attribute::OperationPolicyName("default".into())].into());
        let found = located(
            &mut bench,
            &who,
            version,
            LocateRequest { attributes: Some(filter), ..LocateRequest::default() },
        );
        assert!(!found.is_empty() && !found.contains(&id), "{version}");
    }
}

/// A key of AES that every version can ask for.
fn aes_of_1_0(more: &[Attribute]) -> CreateRequest {
    let mut request = aes(more);
    request.attributes.attributes.0.retain(|entry| !matches!(entry.attribute, Attribute::Vendor(_)));
    request
}

#[test]
fn built_in_personas_have_names_of_their_own_and_a_reason() {
    for (at, row) in BUILT_IN.iter().enumerate() {
        assert!(!row.doc.is_empty() && built_in(row.name) == Some(row), "{}", row.name);
        assert!(!BUILT_IN[..at].iter().any(|before| before.name == row.name), "{}", row.name);
    }
    assert_eq!(Persona::default().with(&built_in(STANDARD).unwrap().switches), Persona::default());
}

/// `docs/personas.md` is made from the table; `KEYSTEAD_DOCS_UPDATE=1` makes it anew.
#[test]
fn the_page_about_personas_is_that_of_the_table() {
    let path = checkout().join("docs/personas.md");
    let page = page();
    if std::env::var_os("KEYSTEAD_DOCS_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/personas.md is stale: run this test with KEYSTEAD_DOCS_UPDATE=1");
}

const HEAD: &str = "# Personas

What is done differently for a client, because it needs that or because the specification leaves it open. Made from
`engine/src/rights/persona.rs`; configured as [configuration.md](configuration.md#personas) says, shown by
`keystead client show NAME`. A persona says nothing about what a client may get: groups do.
";

fn page() -> String {
    let mut page = format!("{HEAD}\n## Switches\n\n| switch | `standard` | meaning |\n| --- | --- | --- |\n");
    for (switch, value) in SWITCHES.iter().zip(Persona::default().values()) {
        page += &format!("| `{}` | `{value}` | {} |\n", switch.name, switch.doc.trim());
    }
    page += "\n## Built in\n\nWhat a persona does not fix is as in `standard`.\n\n| persona | for whom | fixes |\n| --- | --- | --- |\n";
    for row in BUILT_IN {
        let values = Persona::default().with(&row.switches).values();
        let rows = SWITCHES.iter().zip(values).zip(row.switches.set());
        let fixed: Vec<String> = rows
            .filter(|(_, set)| *set)
            .map(|((switch, value), _)| format!("`{} = {value}`", switch.name))
            .collect();
        page += &format!("| `{}` | {} | {} |\n", row.name, row.doc, fixed.join(", "));
    }
    page
}
