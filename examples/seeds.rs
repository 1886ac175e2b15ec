//! Writes inputs to start fuzzing from: `seeds TARGET FOLDER`, with the name of a fuzz target.

use keystead::audit::{Body, Entries, Entry, Head};
use keystead::crypto::pkcs12;
use keystead::crypto::tr31::{self, Header, Protection};
use keystead::engine::need::PairKind;
use keystead::{keygen, pki};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Call, Request};
use kmip_codec::payloads::*;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::value::Data;
use kmip_codec::version::{V1_4, V2_1, VERSIONS};
use kmip_codec::wire::Encoding;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use std::error::Error;
use std::path::Path;
use uuid::Uuid;

/// How many random messages of a version.
const SAMPLES: u64 = 100;

type Seeds = Result<Vec<Vec<u8>>, Box<dyn Error>>;

/// A fuzz target, and what makes its seeds.
type Target = (&'static str, fn() -> Seeds);

/// What each target begins with.
const TARGETS: &[Target] = &[
    ("decode_request", || Ok(requests(Encoding::Ttlv))),
    ("decode_response", || Ok(responses())),
    ("decode_json", || Ok(requests(Encoding::Json))),
    ("decode_xml", || Ok(requests(Encoding::Xml))),
    ("engine", || Ok(requests(Encoding::Ttlv))),
    ("material", material),
    ("audit", || Ok(audited())),
    ("pkcs_11", || Ok(calls())),
    ("http", || Ok(posts())),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: seeds TARGET FOLDER".into());
    };
    let Some((_, seeds)) = TARGETS.iter().find(|(name, _)| *name == target) else {
        return Err(format!("there are no seeds for {target}").into());
    };
    for (number, seed) in seeds()?.into_iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// Random messages of every operation, and batches whose items work on what the first one makes.
fn requests(encoding: Encoding) -> Vec<Vec<u8>> {
    let samples = VERSIONS.iter().flat_map(|version| {
        (0..SAMPLES).map(|seed| RequestMessage::sample(&mut Dice::new(seed * 7919, *version)))
    });
    let lives = [V1_4, V2_1].map(life);
    samples.chain(lives).map(|message| message.encode(encoding)).collect()
}

fn responses() -> Vec<Vec<u8>> {
    let sample = |version, seed| ResponseMessage::sample(&mut Dice::new(seed * 7919, version)).to_bytes();
    VERSIONS.iter().flat_map(|version| (0..SAMPLES).map(move |seed| sample(*version, seed))).collect()
}

/// A key from its making to its end.
fn life(version: Version) -> RequestMessage {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text("disk")),
    ];
    let object_type = ObjectType::SymmetricKey;
    let located = Some(AttributeFilter(attributes.clone().into()));
    let requests: Vec<Request> = vec![
        CreateRequest { object_type, attributes: attributes.into(), ..Default::default() }.into_request(),
        ActivateRequest::default().into_request(),
        GetRequest::default().into_request(),
        GetAttributesRequest::default().into_request(),
        GetAttributeListRequest::default().into_request(),
        EncryptRequest { data: Some(Data::Bytes(vec![1; 32].into())), ..Default::default() }.into_request(),
        CheckRequest::default().into_request(),
        ObtainLeaseRequest::default().into_request(),
        ReKeyRequest::default().into_request(),
        LocateRequest { attributes: located, ..Default::default() }.into_request(),
        QueryRequest { functions: vec![QueryFunction::QueryOperations], ..Default::default() }.into_request(),
        DestroyRequest::default().into_request(),
    ];
    RequestMessage::new(version, requests.into_iter().map(RequestItem::from).collect())
}

/// Keys, certificates, requests and a container, each behind a byte that says what it is (see the target).
/// Entries of many kinds: each by itself, and as a block.
fn audited() -> Vec<Vec<u8>> {
    let of =
        |number: u64| Entry {
            time: number << 8,
            request: number,
            principal: format!("client {}", number % 3),
            peer: "127.0.0.1:5696".to_owned(),
            version: "2.1".to_owned(),
            operation: if number.is_multiple_of(3) { "Get" } else { "Locate" }.to_owned(),
            objects: (0..number % 4)
                .map(|n| {
                    if n == 1 { format!("name {number}") } else { Uuid::from_u64_pair(number, n).to_string() }
                })
                .collect(),
            outcome: "Success".to_owned(),
            note: "client: a note".repeat(number as usize % 2),
        };
    let mut head = Head::new(*b"somenode");
    let mut seeds = Vec::new();
    for number in 0..20 {
        let entries: Entries = (0..number).map(of).collect::<Vec<_>>().into();
        seeds.extend(entries.bodies().last().map(<[u8]>::to_vec));
        seeds.extend(Body::of(&entries).iter().map(|body| head.append(body, None).1));
    }
    seeds
}

fn material() -> Seeds {
    let mut seeds = Vec::new();
    let mut add = |kind: u8, places: u8, value: &[u8]| {
        seeds.extend((0..places).map(|place| [&[kind + 8 * place], value].concat()));
    };
    let ca = pki::make_ca("authority", pki::Curve::P256)?;
    let certificate = CertificateDer::from_pem_slice(ca.certificate.as_bytes())?;
    add(0, 1, &certificate);
    let (pem, _) = pki::request("one", pki::Curve::P256)?;
    let request = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes())?;
    for kind in [1, 2] {
        add(kind, 2, &request);
        add(kind + 8 * 2, 1, pem.as_bytes());
    }
    for kind in [PairKind::Rsa(2048), PairKind::Ec(RecommendedCurve::P_256)] {
        let pair = keygen::make(kind)?;
        let private = pair.private_pkcs8.expose();
        let inner = pkcs8::PrivateKeyInfoRef::try_from(private).map_err(|error| error.to_string())?;
        for kind in [3, 7] {
            add(kind, 6, private);
            add(kind, 6, inner.private_key.as_bytes());
        }
        add(4, 6, &pair.public_spki);
        add(6, 1, &pkcs12::seal(b"correct horse", "one", private, &[certificate.to_vec()])?);
    }
    add(5, 1, &[0x99, 0, 4, 4, 0, 0, 0]);
    let header = Header { usage: *b"D0", algorithm: b'A', mode: b'N', exportability: b'E' };
    let block = tr31::seal((Protection::Aes, &[7; 32]), header, &[9; 16], &[0; 30])?;
    seeds.push([&[7 + 8 * 6], block.as_slice()].concat());
    Ok(seeds)
}

/// A search over PKCS#11 and a look at what it finds.
fn calls() -> Vec<Vec<u8>> {
    let session = 1u64.to_be_bytes();
    let number = |value: u64| value.to_be_bytes();
    let call = |function: PKCS11Function, input: &[&[u8]]| {
        let input = input.concat();
        [&[function.0 as u8, input.len() as u8], input.as_slice()].concat()
    };
    let slot = number(0);
    let all = [
        call(PKCS11Function::C_GetInfo, &[]),
        call(PKCS11Function::C_GetSlotList, &[&[1], &[1], &[0, 0, 0, 4]]),
        call(PKCS11Function::C_GetTokenInfo, &[&slot]),
        call(PKCS11Function::C_OpenSession, &[&slot, &number(4)]),
        call(PKCS11Function::C_Login, &[&session, &number(1), &[0, 0, 0, 1, 65]]),
        call(PKCS11Function::C_FindObjectsInit, &[&session, &[0; 4]]),
        call(PKCS11Function::C_FindObjects, &[&session, &[0, 0, 0, 9]]),
        call(PKCS11Function::C_FindObjectsFinal, &[&session]),
        call(
            PKCS11Function::C_GetAttributeValue,
            &[&session, &number(1), &[0, 0, 0, 1], &number(0), &[1], &[0, 0, 0, 8]],
        ),
        call(PKCS11Function::C_DigestInit, &[&session, &number(0x250), &[0]]),
        call(PKCS11Function::C_DigestUpdate, &[&session, &[0, 0, 0, 1, 65]]),
        call(PKCS11Function::C_DigestFinal, &[&session, &[1, 0, 0, 0, 64]]),
        call(
            PKCS11Function::C_EncryptInit,
            &[&session, &number(0x1085), &[1, 0, 0, 0, 16], &[0; 16], &number(1)],
        ),
        call(PKCS11Function::C_Encrypt, &[&session, &[0, 0, 0, 1, 65], &[1, 0, 0, 0, 64]]),
        call(PKCS11Function::C_GenerateRandom, &[&session, &[0, 0, 0, 16]]),
        call(PKCS11Function::C_CloseSession, &[&session]),
    ];
    let mut seeds = all.to_vec();
    seeds.push(all.concat());
    seeds
}

/// Requests of HTTP, one by one and behind one another.
fn posts() -> Vec<Vec<u8>> {
    let unknown = Request::Unknown(
        kmip_codec::operations::Operation(0x8000_0001),
        ItemValue::Structure(vec![Item { tag: kmip_codec::Tag(0x54_0001), value: ItemValue::Integer(1) }]),
    );
    let message = RequestMessage::new(V2_1, vec![unknown.into()]);
    let head = "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: ";
    let whole = |(media_type, encoding)| {
        let body = message.encode(encoding);
        [format!("{head}{media_type}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat()
    };
    let mut seeds: Vec<Vec<u8>> = [
        ("application/octet-stream", Encoding::Ttlv),
        ("application/json; charset=utf-8", Encoding::Json),
        ("text/xml", Encoding::Xml),
    ]
    .map(whole)
    .into();
    let xml = message.to_xml();
    let chunked =
        format!("{head}text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{xml}\r\n0\r\n\r\n", xml.len());
    seeds.push(chunked.into_bytes());
    seeds
        .push(format!("{head}text/xml\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n").into_bytes());
    seeds.push(seeds.concat());
    seeds
}
