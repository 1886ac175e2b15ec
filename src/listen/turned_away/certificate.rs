//! What is wrong with a certificate that TLS does not accept.

use super::{Reason, Trust};
use crate::listen::lineage::{CaOutOfDate, OtherKey};
use crate::listen::sent::{Chain, TooMany};
use crate::listen::shape::Shape;
use crate::listen::work::SIGNATURES_MAX;
use crate::pki::{DIRECTORY_NAME, Facts, bounded, chain_rule, moment};
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError as Bad, Error};

/// The true cause, in words. A chain is the client's certificate and what it sent with it.
pub fn why(error: &Error, chain: &[CertificateDer<'_>], trust: &Trust) -> (Reason, String) {
    match error {
        Error::InvalidCertificate(error) => judged(error, chain, trust),
        other => (Reason::Tls, bounded(&other.to_string())),
    }
}

fn judged(error: &Bad, chain: &[CertificateDer<'_>], trust: &Trust) -> (Reason, String) {
    let Some((own, sent)) = chain.split_first() else { return (Reason::Tls, bounded(&error.to_string())) };
    let chain = Chain::cut(own, sent);
    let all: Vec<Facts> = chain.all().map(|one| Facts::of(one)).collect();
    match error {
        Bad::Expired | Bad::ExpiredContext { .. } => outside(&chain, &all, Reason::CertificateExpired),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => outside(&chain, &all, Reason::CertificateNotYetValid),
        Bad::ExpiredRevocationList | Bad::ExpiredRevocationListContext { .. } => overdue(error),
        Bad::UnknownRevocationStatus => missing(&chain, &all, trust),
        Bad::Revoked => (Reason::CertificateRevoked, "its certificate is revoked".to_owned()),
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => {
            (Reason::CertificateUsage, usage(&all))
        }
        Bad::UnknownIssuer => unknown_issuer(&all, chain.has_strays, trust),
        Bad::BadSignature => wrong_key(&all, trust),
        Bad::UnhandledCriticalExtension => extension(),
        Bad::UnsupportedSignatureAlgorithmContext { .. } | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            Reason::CertificateSignature,
            "its certificate, or one in its chain, is signed by an algorithm or with a key that is not accepted here, such as SHA-1, \
             RSA below 2048 bits, or one outside of tls.suite_b"
                .to_owned(),
        ),
        Bad::BadEncoding if all.first().is_none_or(|own| own.version == 0) => {
            (Reason::CertificateUnreadable, "its certificate cannot be read".to_owned())
        }
        Bad::Other(other) => by_another(error, other.0.as_ref(), &all, trust),
        other => unreadable(other),
    }
}

fn unreadable(error: &Bad) -> (Reason, String) {
    (
        Reason::CertificateUnreadable,
        format!("its certificate is not accepted: {}", bounded(&error.to_string())),
    )
}

/// What rustls hands on without a name of its own: errors of the search of this server, and of webpki.
fn by_another(
    error: &Bad,
    other: &(dyn std::error::Error + 'static),
    all: &[Facts],
    trust: &Trust,
) -> (Reason, String) {
    if let Some(CaOutOfDate(ca)) = other.downcast_ref() {
        return ca_out_of_date(ca, all);
    }
    if let Some(too_many) = other.downcast_ref::<TooMany>() {
        return (Reason::TooManyCertificates, too_many.to_string());
    }
    if let Some(OtherKey(issued)) = other.downcast_ref() {
        let what = format!(
            "{} names {} as its issuer, and is not signed with the key of the certificate of that name that was sent with it",
            whose(issued, all),
            shown(&issued.issuer)
        );
        return (Reason::OtherSentKey, what);
    }
    match other.downcast_ref() {
        Some(error) => by_webpki(error, all, trust),
        None => unreadable(error),
    }
}

fn by_webpki(error: &webpki::Error, all: &[Facts], trust: &Trust) -> (Reason, String) {
    match error {
        webpki::Error::MaximumPathBuildCallsExceeded | webpki::Error::MaximumSignatureChecksExceeded => {
            let what = format!(
                "the certificates that it sent, with the CAs of tls.ca, make so many ways up from its own that more than \
                 {SIGNATURES_MAX} signatures would have to be checked, and no more are"
            );
            (Reason::TooManyCertificates, what)
        }
        webpki::Error::UnsupportedCertVersion => {
            let old = all.iter().find(|one| one.version != 3);
            let which = old.map(|one| whose(one, all)).unwrap_or_default();
            let version = old.map_or(1, |one| one.version);
            (Reason::CertificateVersion1, format!("{which} is X.509 v{version}, and v3 is needed"))
        }
        webpki::Error::CaUsedAsEndEntity => (
            Reason::CertificateOfCa,
            "its certificate is that of a CA (basic constraints CA:TRUE), and clients need one of their own"
                .to_owned(),
        ),
        webpki::Error::UnsupportedCriticalExtension => extension(),
        webpki::Error::EndEntityUsedAsCa if all.iter().skip(1).any(is_no_signer) => {
            let which = all.iter().skip(1).find(|one| is_no_signer(one)).map(|ca| whose(ca, all));
            let what = format!(
                "{} has signed another, and its key usages do not allow that: keyCertSign is not among them",
                which.unwrap_or_default()
            );
            (Reason::CaMayNotSign, what)
        }
        webpki::Error::NameConstraintViolation => name_constraints(all, trust),
        other => match chain_rule(other) {
            Some(why) => (
                Reason::ChainRule,
                format!(
                    "its certificate does not follow from a CA of tls.ca by the chain that it sent: {why}"
                ),
            ),
            None => unreadable(&Bad::Other(rustls::OtherError(std::sync::Arc::new(other.clone())))),
        },
    }
}

/// A CA has signed for a name that it may not sign for; or it has constraints of a kind that is not judged here, of which
/// nobody can say whether they are kept.
fn name_constraints(all: &[Facts], trust: &Trust) -> (Reason, String) {
    let issuer = top(all).issuer;
    let names =
        |kind: &String| kind == DIRECTORY_NAME || all.iter().any(|one| one.other_names.contains(kind));
    let unjudged = |ca: &Facts| ca.unjudged_constraints.iter().find(|kind| names(kind)).cloned();
    let cas = all.iter().skip(1).chain(trust.trusted.iter().filter(|ca| ca.subject == issuer));
    let what = match cas.filter_map(|ca| Some((ca, unjudged(ca)?))).next() {
        Some((ca, kind)) => format!(
            "the CA {} above its certificate has name constraints on names of the kind {kind}, and this server judges those on DNS \
             names and IP addresses alone: what others would bind is refused, whether they are kept or not",
            shown(&ca.subject)
        ),
        None => "a CA above its certificate has name constraints that exclude a name of it".to_owned(),
    };
    (Reason::NameConstraints, what)
}

/// A CA that may not sign certificates.
fn is_no_signer(one: &Facts) -> bool {
    one.is_ca && !one.may_certify
}

/// The CA is outside of its dates, and perhaps some of those below it are as well.
fn ca_out_of_date(ca: &Facts, all: &[Facts]) -> (Reason, String) {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let too = all
        .iter()
        .filter(|one| one.is_outside(now))
        .map(|one| format!("; {} {} as well", whose(one, all), how_outside(one, now)));
    let too: String = too.collect();
    let ca = format!("the CA of its certificate, {} in tls.ca, {}", shown(&ca.subject), how_outside(ca, now));
    (Reason::CaOutOfDate, format!("{ca}{too}"))
}

/// How a certificate is outside of its dates.
fn how_outside(one: &Facts, now: i64) -> String {
    let (from, until) = one.validity;
    match now < from {
        true => format!("is not valid yet: it is from {} on, and it is {} here", moment(from), moment(now)),
        false => format!("has expired: it was valid until {}", moment(until)),
    }
}

/// Which certificate of the chain is not for clients.
fn usage(all: &[Facts]) -> String {
    let is_other = |one: &&Facts| !one.is_for("clientAuth");
    let Some(one) = all.iter().find(is_other).or(all.first()) else { return String::new() };
    if let Some(usages) = one.key_usages.as_ref().filter(|_| one.is_for("clientAuth")) {
        return format!(
            "{} is not for clients: its key usages are {}, and digitalSignature is not among them, though a client signs in the TLS \
             handshake",
            whose(one, all),
            usages.join(", ")
        );
    }
    let usages = one.usages.as_ref().map(|all| all.join(", ")).unwrap_or_default();
    format!(
        "{} is not for clients: its extended key usages are {usages}, and clientAuth is not among them",
        whose(one, all)
    )
}

/// The name of a CA.
fn shown(name: &str) -> &str {
    if name.is_empty() { "a CA without a name (its subject is empty)" } else { name }
}

/// Nobody knows whom the CA has revoked since its list was made.
fn overdue(error: &Bad) -> (Reason, String) {
    let since = match error {
        Bad::ExpiredRevocationListContext { next_update, .. } => {
            let seconds = i64::try_from(next_update.as_secs()).unwrap_or(i64::MAX);
            format!(": the next one was due on {}", moment(seconds))
        }
        _ => String::new(),
    };
    let what = format!("the revocation list (tls.crl) of the CA of its certificate is too old{since}");
    (Reason::RevocationListOverdue, what)
}

/// There are lists of the CA that has signed a certificate, and none of them tells of that.
fn missing(chain: &Chain<'_>, all: &[Facts], trust: &Trust) -> (Reason, String) {
    let shapes: Vec<_> = chain.all().map(|one| Shape::of(one)).collect();
    let why = |shape: &Shape<'_>| {
        let named = shapes.iter().flatten().filter(|one| one.subject == shape.issuer);
        trust.lists.silence(shape.issuer, &named.map(|one| one.key).collect::<Vec<_>>())
    };
    let found = shapes.iter().zip(all).find_map(|(shape, one)| Some((one, why(shape.as_ref()?)?)));
    let what = match found {
        Some((one, why)) => format!(
            "nothing tells whether {} is revoked: {} has signed it, and the list of that name in tls.crl {why}",
            whose(one, all),
            shown(&one.issuer)
        ),
        None => "nothing tells whether a certificate of its chain is revoked: no list in tls.crl is by the key that has signed it"
            .to_owned(),
    };
    (Reason::RevocationListMissing, what)
}

fn extension() -> (Reason, String) {
    let what = "its certificate has a critical extension that is not understood here";
    (Reason::CertificateExtension, what.to_owned())
}

/// The certificate of the chain that is outside of its dates.
fn outside(chain: &Chain<'_>, all: &[Facts], reason: Reason) -> (Reason, String) {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let is_it = |one: &Facts| match reason {
        Reason::CertificateExpired => one.validity.1 < now,
        _ => one.validity.0 > now,
    };
    let shapes: Vec<_> =
        chain.all().map(|one| Shape::of(one).map(|shape| (shape.subject, shape.key))).collect();
    let both = || all.iter().zip(&shapes);
    // One that was renewed with its key, and sent beside the one that follows it, is not what is wrong.
    let is_followed = |shape| both().any(|(other, of_other)| shape == of_other && !other.is_outside(now));
    let found = both().find(|(one, shape)| is_it(one) && !is_followed(*shape)).map(|(one, _)| one);
    let Some(one) = found.or_else(|| all.iter().find(|one| is_it(one))).or(all.first()) else {
        return (reason, String::new());
    };
    (reason, format!("{} {}", whose(one, all), how_outside(one, now)))
}

/// "its certificate", or which one of those that it sent with it.
fn whose(one: &Facts, all: &[Facts]) -> String {
    match all.first() {
        Some(own) if own != one => format!("the certificate {} in its chain", shown(&one.subject)),
        _ => "its certificate".to_owned(),
    }
}

fn unknown_issuer(all: &[Facts], has_strays: bool, trust: &Trust) -> (Reason, String) {
    let top = top(all);
    let listed = listed(trust);
    if all.first().is_some_and(|own| own.self_issued) {
        let what =
            format!("its certificate is self-signed, and is not one of those in tls.ca, which has {listed}");
        return (Reason::SelfSigned, what);
    }
    if let Some(alone) = trust.trusted.iter().find(|one| one.subject == top.issuer && !one.may_sign()) {
        let what = format!(
            "{} names {} as its issuer, which stands in tls.ca and is no CA (basic constraints CA:FALSE): that one lets in itself \
             alone",
            whose(&top, all),
            shown(&alone.subject)
        );
        return (Reason::WrongCaKey, what);
    }
    // Certificates that lead nowhere: one between them is missing, or they are those of somebody else.
    if has_strays && Some(&top) == all.first() {
        let what = format!(
            "its chain is broken: its certificate is issued by {}, which is not among the certificates that it sent, nor in \
             tls.ca, which has {listed}",
            shown(&top.issuer)
        );
        return (Reason::BrokenChain, what);
    }
    let what = format!(
        "its certificate is from another CA: {} has issued {}, and tls.ca has {listed}",
        shown(&top.issuer),
        if Some(&top) == all.first() { "it" } else { "the last certificate that leads on from it" }
    );
    (Reason::OtherCa, what)
}

fn wrong_key(all: &[Facts], trust: &Trust) -> (Reason, String) {
    let subjects = trust.subjects();
    let is_named = |one: &&Facts| subjects.contains(&one.issuer);
    let top = all.iter().find(is_named).cloned().unwrap_or_else(|| top(all));
    let what = format!(
        "{} names a CA of tls.ca, {}, and is not signed with the key of that one: there are two of the same name ({} has the one \
         that is trusted)",
        whose(&top, all),
        shown(&top.issuer),
        trust.file.display()
    );
    (Reason::WrongCaKey, what)
}

/// The last certificate that leads on from the client's own, among those that it sent.
fn top(all: &[Facts]) -> Facts {
    let mut current = all.first().cloned().unwrap_or_default();
    for _ in all {
        let above = all.iter().skip(1).find(|one| one.subject == current.issuer && !one.self_issued);
        match above {
            Some(above) if *above != current => current = above.clone(),
            _ => break,
        }
    }
    current
}

/// The subjects of `tls.ca`, a few of them.
fn listed(trust: &Trust) -> String {
    const SHOWN_MAX: usize = 4;
    let shown: Vec<&str> = trust.trusted.iter().take(SHOWN_MAX).map(|one| shown(&one.subject)).collect();
    let more = trust.trusted.len().saturating_sub(SHOWN_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join("; "))
}
