//! Result Reasons of 1.x, which each operation has its own table of (KMIP 1.4, section 11).

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::{
    KeyWrappingSpecification, ManagedObject, OpaqueObject, Template, WrappingKeyInformation,
};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, Interval, UniqueIdentifier};
use kmip_codec::version::{V1_0, V1_4, V2_1};
use kmip_codec::{Tag, Version};

/// What a client has: Pre-Active objects but for the key that has ended.
struct Things {
    bench: Bench,
    ann: Principal,
    key: String,
    named: String,
    dated: String,
    destroyed: String,
    secret: String,
    opaque: String,
    template: String,
}

fn things() -> Things {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let key = create(&mut bench, &ann, &[Attribute::Name(Name::text("one"))]);
    let named = create(&mut bench, &ann, &[Attribute::Name(Name::text("two"))]);
    let date = DateTime(bench.now + 1000);
    let dated = create(&mut bench, &ann, &[Attribute::DeactivationDate(date)]);
    let destroyed = create(&mut bench, &ann, &[]);
    move_to(&mut bench, &ann, &destroyed, State::Destroyed);
    let secret = make(&mut bench, &ann, ObjectType::SecretData);
    let opaque = OpaqueObject { value: b"anything".as_slice().into(), ..OpaqueObject::default() };
    let opaque = ManagedObject::OpaqueObject(opaque);
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::MACGenerate;
    let more = [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))];
    let opaque = registered(&mut bench, &ann, opaque, &more);
    let attributes = Some(AttributeList([Attribute::CryptographicLength(256)].into_iter().collect()));
    let template = registered(&mut bench, &ann, ManagedObject::Template(Template { attributes }), &[]);
    Things { bench, ann, key, named, dated, destroyed, secret, opaque, template }
}

fn registered(bench: &mut Bench, who: &Principal, object: ManagedObject, more: &[Attribute]) -> String {
    let object_type = object.object_type();
    let attributes = more.iter().cloned().collect::<Attributes>().into();
    let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
    text(&bench.ask(who, V1_4, request).unwrap().unique_identifier)
}

fn id(of: &str) -> Option<UniqueIdentifier> {
    Some(of.into())
}

fn add(to: &str, index: Option<i32>, attribute: Attribute) -> Request {
    let attribute = SingleAttribute(Entry { index, attribute });
    AddAttributeRequest { unique_identifier: id(to), attribute }.into_request()
}

fn modify(of: &str, index: Option<i32>, attribute: Attribute) -> Request {
    let attribute = SingleAttribute(Entry { index, attribute });
    ModifyAttributeRequest { unique_identifier: id(of), attribute, current: None }.into_request()
}

fn delete(of: &str, name: AttributeReference, index: Option<i32>) -> Request {
    let name = Some(name);
    DeleteAttributeRequest { unique_identifier: id(of), name, index, ..Default::default() }.into_request()
}

fn re_key(of: &str, offset: u32, more: &[Attribute]) -> Request {
    let attributes = Some(more.iter().cloned().collect::<Attributes>().into());
    let offset = Some(Interval(offset));
    ReKeyRequest { unique_identifier: id(of), offset, attributes, ..Default::default() }.into_request()
}

fn wrapped_with(of: &str, with: &str) -> Request {
    let information =
        WrappingKeyInformation { unique_identifier: with.into(), cryptographic_parameters: None };
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(information),
        ..Default::default()
    };
    let key_wrapping_specification = Some(specification);
    GetRequest { unique_identifier: id(of), key_wrapping_specification, ..Default::default() }.into_request()
}

fn name(value: &str) -> Attribute {
    Attribute::Name(Name::text(value))
}

fn encrypt(with: &str, correlation: Option<&'static [u8]>) -> Request {
    EncryptRequest {
        unique_identifier: id(with),
        data: Some(Data::Bytes([1; 16].as_slice().into())),
        correlation_value: correlation.map(bytes::Bytes::from_static),
        ..Default::default()
    }
    .into_request()
}

fn hash(correlation: &'static [u8]) -> Request {
    let parameters =
        CryptographicParameters { hashing_algorithm: Some(HashingAlgorithm::SHA_256), ..Default::default() };
    HashRequest {
        cryptographic_parameters: parameters,
        correlation_value: Some(correlation.into()),
        ..Default::default()
    }
    .into_request()
}

fn reason(things: &mut Things, version: Version, request: Request) -> Option<ResultReason> {
    let message = RequestMessage::new(version, vec![RequestItem::from(request)]);
    things.bench.decide(&things.ann, &message).response.items[0].result_reason
}

/// What is refused, and the reason.
type Row = (&'static str, Request, ResultReason);

fn of_attributes(things: &Things) -> Vec<Row> {
    use ResultReason as Reason;
    let (key, opaque, named) = (&things.key, &things.opaque, &things.named);
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt);
    let curve = Attribute::CryptographicDomainParameters(CryptographicDomainParameters::default());
    let contact = || Attribute::ContactInformation("ann".into());
    let colour = AttributeReference::Unknown("Colour".into());
    vec![
        ("an attribute that is there", add(named, None, mask), Reason::IllegalOperation),
        ("a name that is taken", add(key, None, name("two")), Reason::IllegalOperation),
        ("an index", add(key, Some(3), contact()), Reason::InvalidField),
        ("not for this object", add(opaque, None, curve), Reason::PermissionDenied),
        ("read only", add(key, None, Attribute::State(State::Active)), Reason::PermissionDenied),
        ("absent", modify(key, None, contact()), Reason::InvalidField),
        ("no such instance", modify(key, Some(7), name("three")), Reason::ItemNotFound),
        ("a name that another has", modify(key, Some(0), name("two")), Reason::IllegalOperation),
        ("no such instance", delete(key, AttributeReference::Tag(Tag::Name), Some(7)), Reason::ItemNotFound),
        ("an unknown attribute", delete(key, colour, None), Reason::ItemNotFound),
    ]
}

fn of_objects(things: &Things) -> Vec<Row> {
    use ResultReason as Reason;
    let (key, secret, template) = (&things.key, &things.secret, &things.template);
    let certify = CertifyRequest { unique_identifier: id(key), ..Default::default() };
    let allocate = GetUsageAllocationRequest { unique_identifier: id(key), usage_limits_count: 1 };
    let check = CheckRequest { unique_identifier: id(template), ..Default::default() };
    let revoke = revoke(template, RevocationReasonCode::Superseded);
    let soon = Attribute::ActivationDate(DateTime(things.bench.now + 10));
    vec![
        ("no limits", allocate.into_request(), Reason::IllegalOperation),
        ("offset and dates", re_key(key, 10, &[soon]), Reason::InvalidMessage),
        ("dates and none to move them by", re_key(&things.dated, 10, &[]), Reason::IllegalOperation),
        ("secret data", re_key(secret, 10, &[]), Reason::PermissionDenied),
        ("a symmetric key", certify.into_request(), Reason::PermissionDenied),
        ("destroyed", destroy(&things.destroyed).into_request(), Reason::PermissionDenied),
        ("no such parts", encrypt(key, Some(b"none")), Reason::ItemNotFound),
        ("no such parts", hash(b"none"), Reason::ItemNotFound),
        ("no key", encrypt(&things.opaque, None), Reason::PermissionDenied),
        ("wrapped with a secret", wrapped_with(key, secret), Reason::IllegalOperation),
        ("a template", activate(template).into_request(), Reason::IllegalOperation),
        ("a template", revoke.into_request(), Reason::IllegalOperation),
        ("a template", check.into_request(), Reason::IllegalOperation),
        ("nothing", ValidateRequest::default().into_request(), Reason::InvalidMessage),
    ]
}

#[test]
fn operations_of_1_x_have_reasons_of_their_own() {
    let mut things = things();
    let rows = [of_attributes(&things), of_objects(&things)].concat();
    for (what, request, wanted) in rows {
        let operation = request.operation();
        assert_eq!(reason(&mut things, V1_4, request), Some(wanted), "{operation:?}: {what}");
    }
}

/// 2.x forbids neither: the dates of the request win over those that the Offset moves.
#[test]
fn an_offset_beside_dates_is_refused_in_1_x_alone() {
    let mut things = things();
    let (key, dated) = (things.key.clone(), things.dated.clone());
    let soon = [Attribute::ActivationDate(DateTime(things.bench.now + 10))];
    for (version, beside, alone) in [
        (V1_0, Some(ResultReason::InvalidMessage), Some(ResultReason::IllegalOperation)),
        (V1_4, Some(ResultReason::InvalidMessage), Some(ResultReason::IllegalOperation)),
        (V2_1, None, None),
    ] {
        assert_eq!(reason(&mut things, version, re_key(&key, 5, &soon)), beside, "{version}");
        assert_eq!(reason(&mut things, version, re_key(&dated, 5, &[])), alone, "{version}");
        assert_eq!(reason(&mut things, version, re_key(&key, 5, &[])), None, "{version}");
    }
}
