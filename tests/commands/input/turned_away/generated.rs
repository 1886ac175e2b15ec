//! Chains of every depth with every defect at every place, and with everything sent beside them that counts for nothing: the
//! verdict is that of `openssl verify`, and the cause that is told is the defect that was put in.

use keystead::authenticate::{Judge as _, Shown};
use keystead::listen::{Trust, Verifier};
use keystead::pki::Facts;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::pki_types::CertificateDer;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// What is wrong with a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Defect {
    None,
    OwnExpired,
    OwnEarly,
    OwnForServers,
    OwnDoesNotSign,
    Expired,
    Early,
    NoCa,
    NoSigner,
    ForServers,
    Critical,
    PathLen,
    OtherNames,
    DirectoryNames,
    OtherKey,
    Missing,
    CaUnknown,
    CaOfOtherKey,
    CaExpired,
    CaExpiredAndFollowed,
}

use Defect::*;

/// All of them, with how many certificates must stand between at least, and the words.
const DEFECTS: &[(Defect, usize, &str)] = &[
    (None, 0, ""),
    (OwnExpired, 0, "its certificate has expired"),
    (OwnEarly, 0, "its certificate is not valid yet"),
    (OwnForServers, 0, "its certificate is not for clients: its extended key usages are serverAuth"),
    (OwnDoesNotSign, 0, "its certificate is not for clients: its key usages are keyEncipherment"),
    (Expired, 1, "the certificate CN=between PLACE in its chain has expired"),
    (Early, 1, "the certificate CN=between PLACE in its chain is not valid yet"),
    (NoCa, 1, "stands in it in the place of a CA"),
    (NoSigner, 1, "the certificate CN=between PLACE in its chain has signed another"),
    (ForServers, 1, "the certificate CN=between PLACE in its chain is not for clients"),
    (Critical, 1, "critical extension that is not understood"),
    (PathLen, 2, "pathlen"),
    (OtherNames, 1, "name constraints that exclude a name of it"),
    (
        DirectoryNames,
        1,
        "the CA CN=between PLACE above its certificate has name constraints on names of the kind directoryName",
    ),
    (
        OtherKey,
        1,
        "names CN=between PLACE as its issuer, and is not signed with the key of the certificate of that name",
    ),
    (Missing, 1, "CN=between PLACE"),
    (CaUnknown, 0, "CN=CA"),
    (CaOfOtherKey, 0, "names a CA of tls.ca, CN=CA, and is not signed with the key of that one"),
    (CaExpired, 0, "the CA of its certificate, CN=CA in tls.ca, has expired"),
    (CaExpiredAndFollowed, 0, "the CA of its certificate, CN=CA in tls.ca, has expired"),
];

/// What is sent beside the chain, and how.
const BESIDE: &[&str] = &["nothing", "reversed and twice", "root", "strangers", "namesakes", "ended", "all"];

/// A certificate that can sign.
struct Made {
    der: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn named(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn ca(name: &str) -> CertificateParams {
    let mut params = own(name);
    params.subject_alt_names.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = Vec::new();
    params
}

fn own(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::DnsName("one.example".try_into().unwrap())];
    params
}

fn ended(mut params: CertificateParams) -> CertificateParams {
    params.not_after = OffsetDateTime::now_utc() - Duration::days(1);
    params
}

fn early(mut params: CertificateParams) -> CertificateParams {
    params.not_before = OffsetDateTime::now_utc() + Duration::days(1);
    params
}

fn made(params: CertificateParams, above: Option<&Made>) -> Made {
    with_key(params, KeyPair::generate().unwrap(), above)
}

fn with_key(params: CertificateParams, key: KeyPair, above: Option<&Made>) -> Made {
    let certificate = match above {
        Some(above) => params.signed_by(&key, &above.issuer).unwrap(),
        _ => params.self_signed(&key).unwrap(),
    };
    Made { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
}

fn again(params: CertificateParams, of: &Made, above: Option<&Made>) -> Made {
    with_key(params, KeyPair::from_pem(&of.issuer.key().serialize_pem()).unwrap(), above)
}

/// A chain with a defect at a place: what `tls.ca` has, the own certificate, those between from the lowest to the highest, and
/// the root.
struct Chain {
    trusted: Vec<Made>,
    own: Made,
    between: Vec<Made>,
    root: Made,
}

fn chain(depth: usize, defect: Defect, place: usize) -> Chain {
    let root = match defect {
        CaExpired | CaExpiredAndFollowed => made(ended(ca("CA")), Option::None),
        _ => made(ca("CA"), Option::None),
    };
    let mut between: Vec<Made> = Vec::new();
    // From the highest down; the place counts from the lowest.
    for at in (0..depth).rev() {
        let name = format!("between {at}");
        let mut params = ca(&name);
        let above = between.last().unwrap_or(&root);
        if at == place {
            params = with_defect(params, defect, at);
        }
        let one = made(params, Some(above));
        between.push(one);
    }
    let mut params = own("one");
    match defect {
        OwnExpired => params = ended(params),
        OwnEarly => params = early(params),
        OwnForServers => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        OwnDoesNotSign => params.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
        _ => {}
    }
    let own = made(params, Some(between.last().unwrap_or(&root)));
    between.reverse();
    match defect {
        OtherKey => {
            let above = between.get(place + 1).unwrap_or(&root);
            between[place] = made(ca(&format!("between {place}")), Some(above));
        }
        Missing => drop(between.remove(place)),
        _ => {}
    }
    let trusted = match defect {
        CaUnknown => vec![made(ca("another"), Option::None)],
        CaOfOtherKey => vec![made(ca("CA"), Option::None), made(ca("CA"), Option::None)],
        CaExpiredAndFollowed => {
            vec![made(ca("CA"), Option::None), again(ended(ca("CA")), &root, Option::None)]
        }
        // Another of the same name stands beside it.
        _ if depth == 2 => {
            vec![made(ca("CA"), Option::None), again(root_params(defect), &root, Option::None)]
        }
        _ => vec![again(root_params(defect), &root, Option::None)],
    };
    Chain { trusted, own, between, root }
}

fn root_params(defect: Defect) -> CertificateParams {
    if defect == CaExpired { ended(ca("CA")) } else { ca("CA") }
}

fn with_defect(mut params: CertificateParams, defect: Defect, at: usize) -> CertificateParams {
    let excluding =
        |subtree| NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees: vec![subtree] };
    match defect {
        Expired => return ended(params),
        Early => return early(params),
        NoCa => params.is_ca = IsCa::ExplicitNoCa,
        NoSigner => params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign],
        ForServers => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        Critical => {
            let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        PathLen => params.is_ca = IsCa::Ca(BasicConstraints::Constrained(u8::try_from(at).unwrap() - 1)),
        OtherNames => {
            params.name_constraints = Some(excluding(GeneralSubtree::DnsName("example".to_owned())));
        }
        DirectoryNames => {
            params.name_constraints = Some(excluding(GeneralSubtree::DirectoryName(named("somebody else"))));
        }
        _ => {}
    }
    params
}

/// What is sent behind the own certificate.
fn sent(chain: &Chain, beside: &str) -> Vec<CertificateDer<'static>> {
    let mut sent: Vec<_> = chain.between.iter().map(|one| one.der.clone()).collect();
    let has = |kind: &str| beside == kind || beside == "all";
    if has("namesakes") {
        // Of each name one with another key, by a CA that nobody knows.
        let other = made(ca("elsewhere"), Option::None);
        let names: Vec<_> = chain.between.iter().map(|one| Facts::of(&one.der).common_name).collect();
        let namesakes = names.iter().map(|name| made(ca(name), Some(&other)).der);
        sent = namesakes.chain(sent).collect();
    }
    if has("ended") {
        // What was there before it was renewed with its key.
        let above = |at: usize| chain.between.get(at + 1).unwrap_or(&chain.root);
        let earlier = chain.between.iter().enumerate().map(|(at, one)| {
            let name = Facts::of(&one.der).common_name;
            again(ended(ca(&name)), one, Some(above(at))).der
        });
        sent = earlier.collect::<Vec<_>>().into_iter().chain(sent).collect();
    }
    if has("root") {
        sent.push(chain.root.der.clone());
    }
    if has("reversed and twice") {
        sent.reverse();
        sent = [sent.clone(), sent].concat();
    }
    if has("strangers") {
        let upper = made(ca("stranger"), Option::None);
        sent.splice(0..0, (0..10).map(|at| made(ca(&format!("stranger {at}")), Some(&upper)).der));
    }
    sent
}

/// What OpenSSL says.
fn openssl(folder: &Path, chain: &Chain, sent: &[CertificateDer<'static>]) -> bool {
    let pem = |der: &CertificateDer<'_>| pem_of(der);
    fs::write(folder.join("ca"), chain.trusted.iter().map(|one| one.pem.as_str()).collect::<String>())
        .unwrap();
    fs::write(folder.join("sent"), sent.iter().map(pem).collect::<String>()).unwrap();
    fs::write(folder.join("own"), &chain.own.pem).unwrap();
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore", "-purpose", "sslclient", "-CAfile", "ca"]);
    if !sent.is_empty() {
        command.args(["-untrusted", "sent"]);
    }
    command.arg("own").current_dir(folder).output().unwrap().status.success()
}

fn pem_of(der: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn the_verdict_is_that_of_openssl_and_the_cause_is_the_defect() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut wrong = Vec::new();
    for (defect, least, words) in DEFECTS {
        for (depth, place) in
            (*least..=3).flat_map(|depth| (0..depth.max(1)).map(move |place| (depth, place)))
        {
            // Only a CA above another can have signed one too many; whatever is wrong with the own one is so once.
            if (*defect == PathLen && place == 0) || (*least == 0 && place > 0) {
                continue;
            }
            let chain = chain(depth, *defect, place);
            for beside in BESIDE {
                let has_ended = ["ended", "all"].contains(beside);
                // What went before the one that is missing, or has another key, is signed by the one above it; of one that has ended
                // and one that has not begun, either is the cause; and more than eight are not searched.
                if (has_ended && [Missing, OtherKey, Early].contains(defect))
                    || (*beside == "all" && depth == 3)
                {
                    continue;
                }
                let sent = sent(&chain, beside);
                let trusted: Vec<_> = chain.trusted.iter().map(|one| one.der.clone()).collect();
                let told =
                    Trust { trusted: trusted.iter().map(|one| Facts::of(one)).collect(), ..Trust::default() };
                let verifier = Verifier::new(&trusted, told, Arc::clone(&provider)).unwrap();
                let all = [vec![chain.own.der.clone()], sent.clone()].concat();
                let judged = verifier.judge(&all, Shown::ByClient, now).map_err(|refused| refused.why);
                let case = format!("{defect:?} at {place} of {depth}, beside it {beside}");
                let is_good = openssl(folder.path(), &chain, &sent);
                // This server judges no constraints on directory names (docs/decisions.md).
                if judged.is_ok() != is_good && *defect != DirectoryNames {
                    wrong.push(format!("{case}: openssl says {is_good}, and here it is {judged:?}"));
                }
                let words = words.replace("PLACE", &place.to_string());
                match judged {
                    Err(why) if *defect != None && why.contains(&words) => {}
                    Ok(_) if *defect == None => {}
                    judged => wrong.push(format!("{case}: {judged:?} and not {words:?}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
