//! What a judgement costs, whatever is sent; and that those who are right come in.

use super::*;
use crate::listen::sent::{ABOVE_MAX, SAME_NAME_MAX};
use crate::listen::work::{SIGNATURES_MAX, STEPS_MAX};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

type Authority = Issuer<'static, KeyPair>;

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn authority(name: &str) -> Authority {
    Issuer::new(params(name, true), KeyPair::generate().unwrap())
}

/// A certificate of this name with a key of its own.
fn signed(issuer: &Authority, name: &str, is_ca: bool) -> CertificateDer<'static> {
    params(name, is_ca).signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
}

/// The certificate of a CA, by another.
fn of(ca: &Authority, name: &str, issuer: &Authority) -> CertificateDer<'static> {
    params(name, true).signed_by(ca.key(), issuer).unwrap().der().clone()
}

fn verifier(trusted: &[CertificateDer<'static>]) -> Verifier {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Verifier::new(trusted, Trust::default(), provider).unwrap()
}

/// How it ends for the own certificate and what is sent with it, and how many certificates are looked at and signatures checked.
fn judged(verifier: &Verifier, all: &[CertificateDer<'static>]) -> (Result<usize, Error>, usize, usize) {
    let question = Question {
        purpose: Purpose::client(),
        provider: &verifier.provider,
        now: seconds(UnixTime::now()),
        work: Work::default(),
    };
    let chain = Chain::of(&all[0], &all[1..], &verifier.trusted);
    let found =
        chain.and_then(|chain| verifier.answer(&chain, &question).map_err(|untrusted| untrusted.error));
    let ended = found.map(|path| path.certificates.certificates().count());
    (ended, question.work.steps(), question.work.signatures())
}

fn said(ended: Result<usize, Error>, all: &[CertificateDer<'static>]) -> String {
    certificate::why(&ended.unwrap_err(), all, &Trust::default()).1
}

/// A stranger sent a certificate, ten of its issuer's name, each with another key, and two hundred more: webpki looked at all of
/// them on each of a million ways, for two seconds of a thread.
#[test]
fn what_a_stranger_sends_costs_no_more_than_the_way_up() {
    let root = authority("root");
    let verifier = verifier(&[of(&root, "root", &root)]);
    let issuer = authority("I");
    let own = signed(&issuer, "own", false);
    let same = |count| (0..count).map(|_| signed(&issuer, "I", true));
    let junk: Vec<_> = (0..200).map(|_| signed(&issuer, "J", false)).collect();

    let many: Vec<_> = [own.clone()].into_iter().chain(same(10)).chain(junk.clone()).collect();
    let (ended, steps, signatures) = judged(&verifier, &many);
    let why = said(ended, &many);
    assert!(why.contains("it sent 10 certificates of the name CN=I") && why.contains("at most 3"), "{why}");
    assert_eq!((steps, signatures), (0, 0), "nothing is searched");

    let few: Vec<_> = [own.clone()].into_iter().chain(same(SAME_NAME_MAX)).collect();
    let (alone, beside) = (judged(&verifier, &few), judged(&verifier, &[few, junk].concat()));
    assert_eq!((alone.1, alone.2), (beside.1, beside.2), "what leads nowhere costs nothing");
    assert!(alone.1 <= 20, "{}", alone.1);
}

/// As many as may be, of names that lead to one another and to the CA.
#[test]
fn the_worst_that_may_be_sent_has_an_end() {
    let root = authority("A");
    // Two dozen CAs of one name, as where each site calls its CA alike; and one alone.
    let trusted: Vec<_> = (0..24).map(|_| signed(&root, "A", true)).collect();
    let by = |issuer: &str| authority(issuer);
    let (own, names) = (signed(&by("A"), "own", false), ["A", "B", "C"]);
    let mut most = 0;
    for next in 0..27 {
        let issuer_of = |at: usize| names[(next / 3_usize.pow(at as u32)) % 3];
        let sent = (0..ABOVE_MAX).map(|at| signed(&by(issuer_of(at % 3)), names[at % 3], true));
        let all: Vec<_> = [own.clone()].into_iter().chain(sent).collect();
        for trusted in [&trusted[..], &trusted[..1]] {
            let (ended, steps, signatures) = judged(&verifier(trusted), &all);
            assert!(ended.is_err());
            assert!(
                steps <= STEPS_MAX + 1 && signatures <= SIGNATURES_MAX + 1,
                "{next}: {steps}, {signatures}"
            );
            most = most.max(steps);
        }
    }
    assert!(most > 100, "the worst was not tried: {most}");
    let verifier = verifier(&trusted);
    let crowd: Vec<_> =
        [own].into_iter().chain((0..9).map(|at| signed(&by("A"), names[at % 3], true))).collect();
    let crossed: Vec<_> = crowd.iter().cloned().chain([signed(&by("B"), "A", true)]).collect();
    let why = said(judged(&verifier, &crossed).0, &crossed);
    assert!(why.contains("at most 3 of one name"), "{why}");
}

/// Those who are right come in: whatever else they send, in whatever order, and among many CAs of one name.
#[test]
fn who_has_a_path_comes_in() {
    let root = authority("root");
    let root_der = of(&root, "root", &root);
    let namesakes: Vec<_> = (0..60).map(|_| signed(&authority("root"), "root", true)).collect();
    let verifier = verifier(&[namesakes, vec![root_der.clone()]].concat());
    let (upper, lower) = (authority("upper"), authority("lower"));
    let own = signed(&lower, "own", false);
    let chain = [of(&lower, "lower", &upper), of(&upper, "upper", &root)];
    let junk: Vec<_> = (0..60).map(|at| signed(&authority("other"), &format!("other {at}"), true)).collect();
    let mut reversed = chain.to_vec();
    reversed.reverse();
    for sent in [
        chain.to_vec(),
        reversed.clone(),
        [reversed.clone(), vec![root_der.clone(); 9], reversed.clone()].concat(),
        [junk.clone(), chain.to_vec(), vec![own.clone(); 5]].concat(),
        [vec![CertificateDer::from(b"no certificate".to_vec())], chain.to_vec()].concat(),
        // Renewed, and renewed once more.
        [of(&lower, "lower", &upper), of(&lower, "lower", &upper)]
            .into_iter()
            .chain(chain.to_vec())
            .collect(),
    ] {
        let all = [vec![own.clone()], sent].concat();
        let (ended, steps, signatures) = judged(&verifier, &all);
        assert_eq!(ended, Ok(3));
        assert!(steps <= 10 && signatures <= 70, "{steps}, {signatures}");
    }
}

/// Clients send their whole file: the generations of a root, in `tls.ca` or not, and what stands there itself.
#[test]
fn roots_that_are_sent_along_count_for_nothing() {
    let roots: Vec<_> = (0..6).map(|_| authority("root")).collect();
    let ders: Vec<_> = roots.iter().map(|one| of(one, "root", one)).collect();
    let newest = &roots[5];
    let sub = authority("sub");
    let by_sub = [signed(&sub, "own", false), of(&sub, "sub", newest)];
    let subs: Vec<_> = (0..5).map(|_| signed(newest, "sub", true)).collect();
    let beside = [ders.clone(), subs, vec![of(&sub, "sub", newest)]].concat();
    for trusted in [&ders[..], &ders[5..], &beside[..]] {
        for count in 1..=6 {
            let own = [vec![signed(newest, "own", false)], ders[6 - count..].to_vec()].concat();
            assert_eq!(judged(&verifier(trusted), &own).0, Ok(1), "{count}");
            let behind = [by_sub.to_vec(), ders[6 - count..].to_vec()].concat();
            assert!(judged(&verifier(trusted), &behind).0.is_ok(), "{count}");
        }
    }
    let all = [by_sub.to_vec(), beside.clone()].concat();
    assert!(judged(&verifier(&beside), &all).0.is_ok(), "what stands in tls.ca is sent along");
    // A root that another key of its name has signed stands between, as after a roll-over.
    let turned = of(&roots[1], "root", &roots[0]);
    let own = [vec![signed(&roots[1], "own", false)], ders[1..].to_vec(), vec![turned]].concat();
    assert_eq!(judged(&verifier(&ders[..1]), &own).0, Ok(2));
}

/// So many CAs of one name that not all can be asked: told as that, and not as a certificate of another CA.
#[test]
fn more_signatures_than_are_checked() {
    let trusted: Vec<_> = (0..=SIGNATURES_MAX).map(|_| signed(&authority("A"), "A", true)).collect();
    let all = [signed(&authority("A"), "own", false)];
    let (ended, _, signatures) = judged(&verifier(&trusted), &all);
    let why = said(ended, &all);
    assert!(
        why.contains("more than 100 signatures") && signatures <= SIGNATURES_MAX + 1,
        "{why} {signatures}"
    );
}

/// A chain that was found good is known while nothing changes of what that depends on; whatever is not quite the same is judged.
#[test]
fn what_was_found_good_is_judged_again_where_something_has_changed() {
    use authenticate::Shown::{ByClient, ByEndpoint};
    let (root, other) = (authority("root"), authority("root"));
    let by = |ca: &Authority| verifier(&[of(ca, "root", ca)]);
    let (verifier, elsewhere) = (by(&root), by(&other));
    let mut own = params("own", false);
    (own.not_before, own.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2030, 1, 1));
    own.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let own = own.signed_by(&KeyPair::generate().unwrap(), &root).unwrap().der().clone();
    let at = |year| rcgen::date_time_ymd(year, 6, 1).unix_timestamp();
    let judge = |chain: &[CertificateDer<'_>], shown, now| {
        verifier.judged(chain, shown, now).map_err(|why| why.error)
    };

    let good = judge(std::slice::from_ref(&own), ByClient, at(2026)).unwrap();
    assert_eq!(judge(std::slice::from_ref(&own), ByClient, at(2027)).unwrap(), good);
    assert_eq!(format!("{:?}", verifier.judgements), "1 judgements");

    for (year, cause) in [(2019, "NotValidYet"), (2030, "Expired")] {
        let why = judge(std::slice::from_ref(&own), ByClient, at(year)).unwrap_err();
        assert!(format!("{why:?}").contains(cause), "{year}: {why:?}");
    }
    assert!(judge(std::slice::from_ref(&own), ByEndpoint, at(2026)).is_err(), "it is no server's");
    for place in 0..own.len() {
        let mut changed = own.to_vec();
        changed[place] ^= 1;
        assert!(judge(&[changed.into()], ByClient, at(2026)).is_err(), "byte {place}");
    }
    assert!(
        elsewhere.judged(std::slice::from_ref(&own), ByClient, at(2026)).is_err(),
        "another CA of the same name"
    );
    assert_eq!(judge(std::slice::from_ref(&own), ByClient, at(2026)).unwrap(), good);
}
