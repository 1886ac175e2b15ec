//! PKCS#11 over KMIP: what an application meets from C_Initialize to C_Finalize.

mod operations;
mod undone;

use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::objects::{Certificate, ManagedObject};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;

/// Attributes and return codes by their numbers in PKCS#11.
const CLASS: u64 = 0x0;
const LABEL: u64 = 0x3;
const VALUE: u64 = 0x11;
const KEY_TYPE: u64 = 0x100;
const ENCRYPT: u64 = 0x104;
const VALUE_LEN: u64 = 0x161;
const OK: u32 = 0;

/// An application of a client.
struct Application<'b> {
    bench: &'b mut Bench,
    who: Principal,
    correlation: Option<Vec<u8>>,
}

/// Parameters put together as the profile writes them.
fn params(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn ulong(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

fn count(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}

/// An attribute of a template with a CK_ULONG.
fn number(kind: u64, value: u64) -> Vec<u8> {
    params(&[&ulong(kind), &[1, 1], &ulong(value)])
}

/// An attribute of a template with a text.
fn text(kind: u64, value: &str) -> Vec<u8> {
    params(&[&ulong(kind), &[1, 1], &count(value.len() as u32), value.as_bytes()])
}

impl<'b> Application<'b> {
    /// C_Initialize.
    fn new(bench: &'b mut Bench, who: &str) -> Self {
        Self::of(bench, principal(who, &[]))
    }

    fn of(bench: &'b mut Bench, who: Principal) -> Self {
        let mut this = Self { bench, who, correlation: None };
        let answer = this.ask(PKCS11Function::C_Initialize, Some(&[1])).unwrap();
        assert_eq!((answer.return_code.0, answer.output_parameters), (OK, None));
        this.correlation = Some(answer.correlation_value.unwrap().to_vec());
        this
    }

    fn ask(
        &mut self,
        function: PKCS11Function,
        input: Option<&[u8]>,
    ) -> Result<PKCS11Response, ResultReason> {
        let request = PKCS11Request {
            interface: None,
            function: function.into(),
            correlation_value: self.correlation.clone().map(Into::into),
            input_parameters: input.map(|input| input.to_vec().into()),
        };
        self.bench.ask(&self.who.clone(), V2_1, request)
    }

    /// Calls a function: the code that it returned and its output.
    fn call(&mut self, function: PKCS11Function, input: &[&[u8]]) -> (u32, Vec<u8>) {
        let answer = self.ask(function, Some(&params(input))).unwrap();
        assert_eq!((answer.function, answer.correlation_value), (function.into(), None));
        (answer.return_code.0, answer.output_parameters.unwrap_or_default().expose().to_vec())
    }

    fn open(&mut self) -> [u8; 8] {
        let (code, out) = self.call(PKCS11Function::C_OpenSession, &[&ulong(0), &ulong(4)]);
        assert_eq!(code, OK);
        out.try_into().unwrap()
    }

    fn login(&mut self, session: &[u8; 8]) -> u32 {
        self.call(PKCS11Function::C_Login, &[session, &ulong(1), &count(0)]).0
    }

    /// The handles of the objects that fit a template.
    fn find(&mut self, session: &[u8; 8], template: &[Vec<u8>]) -> Vec<u64> {
        let parts = params(&[&count(template.len() as u32), &template.concat()]);
        assert_eq!(self.call(PKCS11Function::C_FindObjectsInit, &[session, &parts]).0, OK);
        let (code, out) = self.call(PKCS11Function::C_FindObjects, &[session, &ulong(100)]);
        assert_eq!(code, OK);
        assert_eq!(self.call(PKCS11Function::C_FindObjectsFinal, &[session]).0, OK);
        assert_eq!(out[..4], count((out.len() as u32 - 4) / 8));
        out[4..].chunks(8).map(|handle| u64::from_be_bytes(handle.try_into().unwrap())).collect()
    }

    /// C_GetAttributeValue of one attribute with so much room: the code, and what stands behind the type.
    fn attribute(&mut self, session: &[u8; 8], object: u64, kind: u64, room: Option<u32>) -> (u32, Vec<u8>) {
        let asked = match room {
            Some(room) => params(&[&ulong(kind), &[0, 1], &count(room)]),
            None => params(&[&ulong(kind), &[0, 0]]),
        };
        let (code, out) =
            self.call(PKCS11Function::C_GetAttributeValue, &[session, &ulong(object), &count(1), &asked]);
        assert_eq!(out.get(..12), Some(&params(&[&count(1), &ulong(kind)])[..]), "{code:#x}");
        (code, out[12..].to_vec())
    }
}

fn make_key(bench: &mut Bench, who: &str, name: &str) {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    let object_type = ObjectType::SymmetricKey;
    let request = CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() };
    bench.ask(&principal(who, &[]), V2_1, request).unwrap();
}

fn register_certificate(bench: &mut Bench, who: &str) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let der = rcgen::CertificateParams::new(["host".to_owned()]).unwrap().self_signed(&key).unwrap();
    let value = der.der().to_vec();
    let certificate = Certificate { certificate_type: CertificateType::X_509, value: value.clone().into() };
    let request = RegisterRequest {
        object_type: ObjectType::Certificate,
        object: ManagedObject::Certificate(certificate),
        ..RegisterRequest::default()
    };
    bench.ask(&principal(who, &[]), V2_1, request).unwrap();
    value
}

#[test]
fn an_application_begins_and_ends() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    let (code, info) = application.call(PKCS11Function::C_GetInfo, &[]);
    assert_eq!((code, info.len(), &info[..2]), (OK, 76, &[3, 0][..]));
    assert!(info[..34].ends_with(b" ") && info[34..42] == [0; 8] && info[42..74].starts_with(b"Keystead   "));
    let again = application.ask(PKCS11Function::C_Initialize, Some(&[1])).unwrap();
    assert_eq!(again.return_code, PKCS11ReturnCode::CRYPTOKI_ALREADY_INITIALIZED);
    assert_eq!(application.call(PKCS11Function::C_Finalize, &[]).0, OK);
    for function in [PKCS11Function::C_GetInfo, PKCS11Function::C_Finalize] {
        let (code, out) = application.call(function, &[]);
        assert_eq!((code, out.len()), (PKCS11ReturnCode::CRYPTOKI_NOT_INITIALIZED.0, 0));
    }
    application.correlation = None;
    assert_eq!(application.call(PKCS11Function::C_GetInfo, &[]).0, 0x190);
    let other = application.ask(PKCS11Function::C_Initialize, Some(&[2])).unwrap();
    assert_eq!((other.return_code, other.correlation_value), (PKCS11ReturnCode::ARGUMENTS_BAD, None));
}

/// An application belongs to the client that began it.
#[test]
fn another_client_cannot_go_on_with_an_application() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    application.who = principal("bob", &[]);
    assert_eq!(application.call(PKCS11Function::C_GetInfo, &[]).0, 0x190);
    assert_eq!(application.call(PKCS11Function::C_Finalize, &[]).0, 0x190);
    application.who = principal("ann", &[]);
    assert_eq!(application.call(PKCS11Function::C_GetInfo, &[]).0, OK);
}

#[test]
fn wrong_interfaces_functions_and_parameters_are_refused_as_kmip_says() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    let correlation_value = application.correlation.clone().map(Into::into);
    let who = application.who.clone();
    let request =
        PKCS11Request { function: PKCS11Function::C_GetInfo.into(), correlation_value, ..Default::default() };
    let named = |name: &str| PKCS11Request { interface: Some(name.into()), ..request.clone() };
    let answer = application.bench.ask(&who, V2_1, named("PKCS 11")).unwrap();
    assert_eq!((answer.interface.as_deref(), answer.return_code.0), (Some("PKCS 11"), OK));
    let refused = application.bench.ask(&who, V2_1, named("Vendor NSS"));
    assert_eq!(refused, Err(ResultReason::PKCS_11InvalidInterface));
    let refused = application.ask(PKCS11Function(93), None);
    assert_eq!(refused, Err(ResultReason::PKCS_11InvalidFunction));
    let of_a_vendor = PKCS11Request { function: CalledFunction::Vendor(7), ..request.clone() };
    let refused = application.bench.ask(&who, V2_1, of_a_vendor);
    assert_eq!(refused, Err(ResultReason::PKCS_11InvalidFunction));
    let session = application.open();
    for (function, input) in [
        (PKCS11Function::C_OpenSession, vec![0; 15]),
        (PKCS11Function::C_CloseSession, params(&[&session, &[0]])),
        (PKCS11Function::C_GetSlotList, params(&[&[2, 0], &count(0)])),
        (PKCS11Function::C_SeedRandom, params(&[&session, &count(u32::MAX), &[1]])),
        (PKCS11Function::C_FindObjectsInit, params(&[&session, &count(u32::MAX)])),
        (PKCS11Function::C_GetAttributeValue, params(&[&session, &ulong(1), &count(1), &ulong(LABEL)])),
    ] {
        let refused = application.ask(function, Some(&input));
        assert_eq!(refused, Err(ResultReason::PKCS_11CodecError), "{function:?}");
    }
    let unsupported =
        [PKCS11Function::C_GenerateKey, PKCS11Function::C_CreateObject, PKCS11Function::C_SetPIN];
    for function in unsupported {
        assert_eq!(application.call(function, &[&session]).0, PKCS11ReturnCode::FUNCTION_NOT_SUPPORTED.0);
    }
}

#[test]
fn there_is_one_slot_with_one_token_that_only_reads() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    let list = |wanted: u8, room: u32| params(&[&[1, wanted], &count(room)]);
    let slots = |application: &mut Application<'_>, input: Vec<u8>| {
        application.call(PKCS11Function::C_GetSlotList, &[&input])
    };
    assert_eq!(slots(&mut application, list(0, 0)), (OK, params(&[&[0], &count(1)])));
    assert_eq!(slots(&mut application, list(1, 0)), (0x150, params(&[&[0], &count(1)])));
    assert_eq!(slots(&mut application, list(1, 5)), (OK, params(&[&[1], &count(1), &ulong(0)])));
    let (code, slot) = application.call(PKCS11Function::C_GetSlotInfo, &[&ulong(0)]);
    assert_eq!((code, slot.len(), &slot[96..104]), (OK, 108, &ulong(1)[..]));
    let (code, token) = application.call(PKCS11Function::C_GetTokenInfo, &[&ulong(0)]);
    assert_eq!((code, token.len()), (OK, 32 + 32 + 16 + 16 + 11 * 8 + 2 + 2 + 16));
    assert!(token.starts_with(b"ann   ") && token[103] & 2 == 2, "write-protected");
    for function in [PKCS11Function::C_GetSlotInfo, PKCS11Function::C_GetTokenInfo] {
        assert_eq!(application.call(function, &[&ulong(1)]).0, PKCS11ReturnCode::SLOT_ID_INVALID.0);
    }
}

#[test]
fn sessions_and_logins_begin_and_end() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    let open = |application: &mut Application<'_>, flags| {
        application.call(PKCS11Function::C_OpenSession, &[&ulong(0), &ulong(flags)]).0
    };
    assert_eq!((open(&mut application, 0), open(&mut application, 6)), (0xb4, 0xe2), "parallel, writing");
    let (one, two) = (application.open(), application.open());
    assert_ne!(one, two);
    let state = |application: &mut Application<'_>, session: &[u8; 8]| {
        let (code, info) = application.call(PKCS11Function::C_GetSessionInfo, &[session]);
        assert_eq!((code, info.len()), (OK, 32));
        info[15]
    };
    assert_eq!(state(&mut application, &one), 0);
    let login = |user, pin: &'static [u8]| {
        [one.to_vec(), ulong(user).to_vec(), count(pin.len() as u32).to_vec(), pin.to_vec()].concat()
    };
    assert_eq!(application.call(PKCS11Function::C_Login, &[&login(0, b"")]).0, 0x103);
    assert_eq!(application.call(PKCS11Function::C_Login, &[&login(1, b"1234")]).0, 0xa0);
    assert_eq!(application.call(PKCS11Function::C_Logout, &[&one]).0, 0x101);
    assert_eq!((application.login(&one), application.login(&two)), (OK, 0x100));
    assert_eq!(state(&mut application, &two), 1, "in all sessions");
    assert_eq!(application.call(PKCS11Function::C_CloseSession, &[&one]).0, OK);
    assert_eq!(application.call(PKCS11Function::C_CloseSession, &[&one]).0, 0xb3);
    assert_eq!(state(&mut application, &two), 1);
    assert_eq!(application.call(PKCS11Function::C_CloseSession, &[&two]).0, OK);
    let three = application.open();
    assert!(
        three != one && three != two && state(&mut application, &three) == 0,
        "the last one ends the login"
    );
    for _ in 1..64 {
        application.open();
    }
    assert_eq!(open(&mut application, 4), 0xb1, "too many");
    assert_eq!(application.call(PKCS11Function::C_CloseAllSessions, &[&ulong(0)]).0, OK);
    assert_eq!(application.call(PKCS11Function::C_GetSessionInfo, &[&three]).0, 0xb3);
}

#[test]
fn objects_are_found_and_told_of_but_secrets_stay() {
    let mut bench = Bench::new(1);
    make_key(&mut bench, "ann", "disk");
    make_key(&mut bench, "ann", "tape");
    make_key(&mut bench, "bob", "disk of bob");
    let certificate = register_certificate(&mut bench, "ann");
    let mut application = Application::new(&mut bench, "ann");
    let session = application.open();
    let public = application.find(&session, &[]);
    assert_eq!(public.len(), 1, "without a login only the certificate");
    assert_eq!(application.attribute(&session, public[0], CLASS, None), (OK, params(&[&[1, 1], &ulong(1)])));
    let length = count(certificate.len() as u32);
    let value =
        |application: &mut Application<'_>, room| application.attribute(&session, public[0], VALUE, room);
    assert_eq!(value(&mut application, None), (OK, params(&[&[0, 1], &length])));
    assert_eq!(value(&mut application, Some(10)), (0x150, vec![0, 0]));
    assert_eq!(value(&mut application, Some(9999)), (OK, params(&[&[1, 1], &length, &certificate])));
    assert_eq!(application.login(&session), OK);
    assert_eq!(application.find(&session, &[]).len(), 3, "none of bob's");
    assert_eq!(application.find(&session, &[number(CLASS, 4)]).len(), 2);
    assert!(application.find(&session, &[number(CLASS, 3)]).is_empty());
    assert!(application.find(&session, &[text(LABEL, "disk of bob")]).is_empty());
    let disk = application.find(&session, &[number(KEY_TYPE, 0x1f), text(LABEL, "disk")]);
    assert_eq!(disk.len(), 1);
    let told =
        |application: &mut Application<'_>, kind, room| application.attribute(&session, disk[0], kind, room);
    assert_eq!(told(&mut application, LABEL, Some(32)), (OK, params(&[&[1, 1], &count(4), b"disk"])));
    assert_eq!(told(&mut application, VALUE_LEN, None), (OK, params(&[&[1, 1], &ulong(32)])));
    assert_eq!(told(&mut application, ENCRYPT, None), (OK, vec![1, 1, 1]));
    assert_eq!(told(&mut application, VALUE, Some(99)), (0x11, vec![0, 0]), "CKR_ATTRIBUTE_SENSITIVE");
    assert_eq!(told(&mut application, 0x4000_0000, None), (0x12, vec![0, 0]));
    let read = |application: &mut Application<'_>, handle: u64| {
        let asked = params(&[&session, &ulong(handle), &count(1), &ulong(CLASS), &[0, 0]]);
        application.call(PKCS11Function::C_GetAttributeValue, &[&asked]).0
    };
    assert_eq!((read(&mut application, 0), read(&mut application, 99)), (0x82, 0x82));
    assert_eq!(application.call(PKCS11Function::C_Logout, &[&session]).0, OK);
    assert_eq!(read(&mut application, disk[0]), 0x82, "private again");
}

#[test]
fn a_search_is_handed_out_in_parts_and_ends() {
    let mut bench = Bench::new(1);
    (0..5).for_each(|number| make_key(&mut bench, "ann", &format!("key {number}")));
    let mut application = Application::new(&mut bench, "ann");
    let session = application.open();
    application.login(&session);
    let find = |application: &mut Application<'_>, most| {
        let (code, out) = application.call(PKCS11Function::C_FindObjects, &[&session, &ulong(most)]);
        (code, out.get(4..).unwrap_or_default().chunks(8).map(|handle| handle[7]).collect::<Vec<u8>>())
    };
    let init = |application: &mut Application<'_>, template: &[u8]| {
        application.call(PKCS11Function::C_FindObjectsInit, &[&session, template]).0
    };
    assert_eq!(find(&mut application, 2).0, 0x91);
    assert_eq!(init(&mut application, &params(&[&count(1), &number(0x7fff_ffff, 1)[..8], &[0, 0]])), 0x12);
    assert_eq!((init(&mut application, &count(0)), init(&mut application, &count(0))), (OK, 0x90));
    let parts = [2, 2, 2, 2].map(|most| find(&mut application, most));
    assert_eq!(parts.map(|(_, handles)| handles), [vec![1, 2], vec![3, 4], vec![5], vec![]]);
    assert_eq!(application.call(PKCS11Function::C_FindObjectsFinal, &[&session]).0, OK);
    assert_eq!(application.call(PKCS11Function::C_FindObjectsFinal, &[&session]).0, 0x91);
}

#[test]
fn random_numbers_come_in_the_length_that_is_asked_for() {
    let mut bench = Bench::new(1);
    let mut application = Application::new(&mut bench, "ann");
    let session = application.open();
    let draw = |application: &mut Application<'_>, length: u32| {
        application.call(PKCS11Function::C_GenerateRandom, &[&session, &count(length)])
    };
    let (one, two) = (draw(&mut application, 32), draw(&mut application, 32));
    assert!(one.0 == OK && one.1.len() == 32 && one.1 != two.1);
    assert_eq!(draw(&mut application, 1 << 20).0, PKCS11ReturnCode::ARGUMENTS_BAD.0);
    let buffer = application.call(PKCS11Function::C_GenerateRandom, &[&session, &count(3), &[0; 3]]);
    assert_eq!((buffer.0, buffer.1.len()), (OK, 3));
    assert_eq!(application.call(PKCS11Function::C_SeedRandom, &[&session, &count(2), &[1, 2]]).0, OK);
    assert_eq!(application.call(PKCS11Function::C_GenerateRandom, &[&ulong(9), &count(3)]).0, 0xb3);
}

/// What is kept for applications is bounded: one that nobody asks about any more makes room for the next.
#[test]
fn applications_of_a_client_are_bounded() {
    let mut bench = Bench::new(1);
    for _ in 0..64 {
        Application::new(&mut bench, "ann");
    }
    let initialize = |bench: &mut Bench, who: &str| {
        let function = PKCS11Function::C_Initialize.into();
        let request =
            PKCS11Request { function, input_parameters: Some(vec![1].into()), ..Default::default() };
        bench.ask(&principal(who, &[]), V2_1, request)
    };
    assert!(initialize(&mut bench, "ann").is_err());
    assert!(initialize(&mut bench, "bob").is_ok(), "another client");
    bench.now += 3601;
    assert!(initialize(&mut bench, "ann").is_ok());
}
