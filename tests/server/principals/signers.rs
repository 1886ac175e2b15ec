//! Who may have signed a revocation list: generated over its signers, what is wrong with them, how deep they stand, at start and
//! at SIGHUP. Whom OpenSSL finds good by the same files comes in, and whom it finds revoked does not.

use super::dates::{Authority, HOUR, WIDE, below, crossed, root, root_for};
use super::desk::Verdict::{Overdue, Revoked, Served, Stranger, Untold};
use super::desk::{Desk, client, key_id, made, verdict, warnings};
use super::forms::{Form, common_name, extension, pem, tlv};
use super::*;
use keystead::listen::Tls;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

/// Who has a certificate of a CA, good or not, makes no lists in its name: neither frees somebody whom the CA has revoked.
#[test]
fn whom_a_ca_has_certified_makes_no_lists_of_it() {
    let (ca, ca_pem) = root("Real CA", WIDE);
    for (what, signer) in signers(&ca) {
        makes_none(&ca, &ca_pem, what, &signer);
    }
}

/// Holders of certificates of a CA.
fn signers(ca: &Authority) -> [(&'static str, (Authority, Pair)); 7] {
    let end = |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let sub = |limit| {
        move |params: &mut CertificateParams| {
            params.is_ca = IsCa::Ca(limit);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
    };
    let past = |params: &mut CertificateParams| {
        params.not_after = OffsetDateTime::now_utc() - Duration::days(100);
    };
    [
        ("no basic constraints", made(ca, "mallory", |_| {})),
        ("no CA", made(ca, "mallory", end)),
        ("no CA, expired", made(ca, "mallory", |params| (end(params), past(params)).0)),
        ("the CA's own name", made(ca, "real  CA", end)),
        ("a CA", made(ca, "Sub CA", sub(BasicConstraints::Unconstrained))),
        ("a CA for nothing below it", made(ca, "Sub CA", sub(BasicConstraints::Constrained(0)))),
        (
            "an expired CA",
            made(ca, "Sub CA", |params| (sub(BasicConstraints::Unconstrained)(params), past(params)).0),
        ),
    ]
}

fn makes_none(ca: &Authority, ca_pem: &str, what: &str, (signer, of_signer): &(Authority, Pair)) {
    let desk = Desk::new();
    let freed = client(ca, "freed", &[]);
    let real = Form::of("Real CA", &[&freed, of_signer]).pem(ca);
    let start = desk.read(ca_pem, &[&real], None).unwrap();
    desk.judges(&start, &[&real], &freed, Revoked, what);
    let as_ca = below(signer, "Real CA", WIDE);
    let (helper, of_helper) =
        made(signer, "Real CA", |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    for (how, (fake, certificate)) in [("as a CA", &as_ca), ("for lists", &(helper, of_helper.certificate))] {
        let what = format!("{what}, {how}");
        for with_id in [false, true] {
            let form = Form::of("Real CA", &[]).with(|form| {
                form.made = -60;
                form.extensions.extend(with_id.then(|| key_id(fake)));
            });
            let false_file = format!("{}{certificate}{}", of_signer.certificate, form.pem(fake));
            let alone = format!("{certificate}{}", form.pem(fake));
            for text in [&false_file, &alone, &form.pem(fake)] {
                let said = desk.read(ca_pem, &[text], None).err();
                assert!(said.is_some_and(|said| said.contains("cannot be used")), "{what}");
                is_left_out(&desk, ca_pem, text, &start, &freed, &what);
            }
            // Beside the real one it frees nobody either.
            let tls = desk.read(ca_pem, &[&false_file, &real], None).unwrap();
            desk.judges(&tls, &[&false_file, &real], &freed, Revoked, &what);
        }
    }
    // Signed with the key of the certificate itself.
    let text = format!("{}{}", of_signer.certificate, Form::of("Real CA", &[]).pem(signer));
    let said = desk.read(ca_pem, &[&text], None).err();
    assert!(said.is_some_and(|said| said.contains("cannot be used")), "{what}");
    is_left_out(&desk, ca_pem, &text, &start, &freed, what);
    // Under the name of the signer it is no list of the CA.
    let own = format!("{}{}", of_signer.certificate, Form::of("mallory", &[]).pem(signer));
    if let Ok(tls) = desk.read(ca_pem, &[&real, &own], None) {
        desk.judges(&tls, &[&real, &own], &freed, Revoked, what);
    }
}

/// A reload goes on without what cannot be used, and nobody is freed by it.
fn is_left_out(desk: &Desk, ca: &str, text: &str, start: &Tls, freed: &Pair, what: &str) {
    let tls = desk.read(ca, &[text], Some(start)).unwrap();
    let told = warnings(&tls);
    assert!(told.contains("is left out") && told.contains("stays in force"), "{what}: {told}");
    assert_eq!(verdict(&tls, freed), Revoked, "{what}");
}

/// A list that nobody can verify ends neither a start nor a reload, and frees nobody.
#[test]
fn a_list_of_an_unknown_ca_stops_nothing_and_frees_nobody() {
    let desk = Desk::new();
    let ((kept, kept_pem), (gone, gone_pem)) = (root("Kept CA", WIDE), root("Gone CA", WIDE));
    let (out, good) = (client(&kept, "out", &[]), client(&kept, "good", &[]));
    let thief = client(&gone, "thief", &[]);
    let list = Form::of("Kept CA", &[&out]).pem(&kept);
    let left = Form::of("Gone CA", &[]).pem(&gone);
    let beside = format!("{gone_pem}{left}");
    let both = format!("{kept_pem}{gone_pem}");
    for of_gone in [&left, &beside] {
        let start = desk.read(&both, &[&list, of_gone], None).unwrap();
        assert_eq!(verdict(&start, &thief), Served);
        let newer = Form::of("Gone CA", &[&out]).with(|form| form.made = -30).pem(&gone);
        for of_gone in [of_gone, &newer] {
            let first = desk.read(&kept_pem, &[&list, of_gone], Some(&start)).unwrap();
            let second = desk.read(&kept_pem, &[&list, of_gone], Some(&first)).unwrap();
            let anew = desk.read(&kept_pem, &[&list, of_gone], None).unwrap();
            for tls in [&first, &second, &anew] {
                let verdicts = [&thief, &out, &good].map(|one| verdict(tls, one));
                assert_eq!(verdicts, [Stranger, Revoked, Served]);
                let told = warnings(tls);
                assert!(told.contains("CN=Gone CA") && !told.contains("dd the CA to tls.ca"), "{told}");
            }
        }
    }
    // A list of anybody in the place of the one in force: that stays in force.
    let start = desk.read(&kept_pem, &[&list], None).unwrap();
    let stays = desk.read(&kept_pem, &[&left], Some(&start)).unwrap();
    assert_eq!(verdict(&stays, &out), Revoked);
    assert!(warnings(&stays).contains("stays in force"), "{}", warnings(&stays));
    let twice = desk.read(&kept_pem, &[&left], Some(&stays)).unwrap();
    assert_eq!(verdict(&twice, &out), Revoked);
    // Without any it is the same: a restart alone ends it.
    let none = desk.read(&kept_pem, &[], Some(&twice)).unwrap();
    assert_eq!(verdict(&none, &out), Revoked);
    assert!(warnings(&none).contains("CN=Kept CA"), "{}", warnings(&none));
    assert_eq!(verdict(&desk.read(&kept_pem, &[], None).unwrap(), &out), Served);
}

/// The same where the CA that stays has the name of the one that goes.
#[test]
fn one_of_two_cas_of_a_name_can_be_withdrawn() {
    let desk = Desk::new();
    let ((kept, kept_pem), (gone, gone_pem)) = (root("Twin CA", WIDE), root("Twin CA", WIDE));
    let (out, good, thief) =
        (client(&kept, "out", &[]), client(&kept, "good", &[]), client(&gone, "thief", &[]));
    let both = format!("{kept_pem}{gone_pem}");
    let (list, left) = (Form::of("Twin CA", &[&out]).pem(&kept), Form::of("Twin CA", &[]).pem(&gone));
    for (crls, of_out) in [(vec![list.as_str(), &left], Revoked), (vec![left.as_str()], Served)] {
        let start = desk.read(&both, &crls, None).unwrap();
        let first = desk.read(&kept_pem, &crls, Some(&start)).unwrap();
        let second = desk.read(&kept_pem, &crls, Some(&first)).unwrap();
        for tls in [&first, &second] {
            assert_eq!(
                [&thief, &out, &good].map(|one| verdict(tls, one) == Served),
                [false, of_out == Served, true]
            );
        }
    }
    // Where it says by which key it is, it cannot be a damaged one of the CA that stays.
    let named = Form::of("Twin CA", &[]).with(|form| form.extensions.push(key_id(&gone))).pem(&gone);
    let tls = desk.read(&kept_pem, &[&list, &named], None).unwrap();
    assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Revoked, Served]);
    // One that does not may be just that, and one that names the CA that stays is.
    let damaged = Form::of("Twin CA", &[&good]).with(|form| form.extensions.push(key_id(&kept))).pem(&gone);
    for text in [&left, &damaged] {
        let said = desk.read(&kept_pem, &[&list, text], None).unwrap_err();
        assert!(said.contains("not signed with the key of CN=Twin CA"), "{said}");
    }
}

/// A CA with others above it, by depth: its list stands beside its certificate, whatever else stands there.
#[test]
fn the_list_of_a_ca_below_others_counts_for_its_key() {
    let desk = Desk::new();
    let (top, top_pem) = root("Deep CA 0", WIDE);
    let (mut above, mut chain) = (top, Vec::new());
    for depth in 1..=4 {
        let name = format!("Deep CA {depth}");
        let (ca, pem) = below(&above, &name, WIDE);
        chain.insert(0, pem.clone());
        let behind: Vec<&str> = chain.iter().map(String::as_str).collect();
        let (out, good) = (client(&ca, "out", &behind), client(&ca, "good", &behind));
        let list = Form::of(&name, &[&out]).pem(&ca);
        let (beside, with_all) = (format!("{pem}{list}"), format!("{}{list}", behind.concat()));
        for text in [&beside, &with_all] {
            for start in [None, Some(desk.read(&top_pem, &[text], None).unwrap())] {
                let tls = desk.read(&top_pem, &[text], start.as_ref()).unwrap();
                desk.judges(&tls, &[text], &out, Revoked, &name);
                desk.judges(&tls, &[text], &good, Served, &name);
                let is_told = warnings(&tls).contains("is not known");
                assert_eq!(is_told, depth > 1 && text == &beside, "{name}: {}", warnings(&tls));
            }
        }
        // Without any certificate nobody can say whom it revokes.
        let tls = desk.read(&top_pem, &[&list], None).unwrap();
        assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Untold, Untold]);
        assert!(warnings(&tls).contains("put its certificate beside the list"), "{}", warnings(&tls));
        // Others of the same CA of tls.ca do not notification.
        assert_eq!(verdict(&tls, &client(&above, "beside", &behind[1..])), Served);
        above = ca;
    }
}

/// A client of a CA with two keys and two CAs above it, by every way it can choose to send, and by whatever the operator has put
/// beside the list: it is not let in where the list has it.
#[test]
fn who_is_revoked_has_no_other_way() {
    let desk = Desk::new();
    let ((one, one_pem), (two, two_pem)) = (root("One CA", WIDE), root("Two CA", WIDE));
    let (old, old_by_one) = below(&one, "Moved CA", WIDE);
    let old_by_two = crossed(&old, &two, "Moved CA");
    let (new, new_by_one) = below(&one, "Moved CA", WIDE);
    let ca = format!("{one_pem}{two_pem}");
    let ways: [&[&str]; 4] =
        [&[&old_by_one], &[&old_by_two], &[&old_by_one, &old_by_two], &[&old_by_two, &old_by_one]];
    let key = client(&old, "out", &[]);
    let good = client(&old, "good", &[]);
    let sent = |pair: &Pair, way: &[&str]| Pair {
        certificate: format!("{}{}", pair.certificate, way.concat()),
        key: pair.key.clone(),
    };
    let by_new = Form::of("Moved CA", &[&key]).pem(&new);
    let by_old = Form::of("Moved CA", &[&key]).pem(&old);
    for (what, text, untold) in [
        ("the new key's", format!("{new_by_one}{by_new}"), true),
        ("with the old one's certificate", format!("{old_by_one}{new_by_one}{by_new}"), false),
        ("with both of its certificates", format!("{old_by_two}{old_by_one}{new_by_one}{by_new}"), false),
        ("the old key's", format!("{old_by_two}{by_old}"), false),
        ("both", format!("{old_by_two}{by_old}{new_by_one}{by_new}"), false),
    ] {
        let tls = desk.read(&ca, &[&text], None).unwrap();
        for (place, way) in ways.iter().enumerate() {
            let wanted = if untold && place == 1 { [Untold, Untold] } else { [Revoked, Served] };
            let verdicts = [&key, &good].map(|pair| verdict(&tls, &sent(pair, way)));
            // Where both were sent, the one is revoked, and the other cannot be told of by one of its two ways.
            let is_out = verdicts[0] != Served && (untold || verdicts[0] == wanted[0]);
            assert!(is_out && (verdicts[1] == wanted[1]), "{what}, {way:?}: {verdicts:?}");
        }
    }
    // Somebody else's key of that name, certified by another, does not speak for it.
    let (other, other_by_two) = below(&two, "Moved CA", WIDE);
    let text = format!("{other_by_two}{}", Form::of("Moved CA", &[]).pem(&other));
    let tls = desk.read(&ca, &[&text], None).unwrap();
    assert_eq!(verdict(&tls, &sent(&key, ways[0])), Untold);
}

/// Another key of a CA speaks for it while the certificate of that key is good, and not any more when it is not; whom its list has
/// stays revoked.
#[test]
fn a_key_for_lists_has_an_end() {
    let desk = Desk::new();
    let (ca, ca_pem) = root("Helped CA", WIDE);
    let (between, between_pem) = below(&ca, "Between CA", WIDE);
    let dates = |params: &mut CertificateParams, from: i64, until: i64| {
        let at = |days| OffsetDateTime::now_utc() + Duration::days(days);
        (params.not_before, params.not_after) = (at(from), at(until));
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    };
    for (name, issuer, above, behind) in
        [("Helped CA", &ca, &ca, vec![]), ("Between CA", &between, &ca, vec![between_pem.as_str()])]
    {
        for (from, until, by, wanted) in
            [(-1, 9, issuer, Served), (-1, 9, above, Served), (-9, -1, above, Untold), (5, 9, above, Untold)]
        {
            let (helper, certificate) = made(by, name, |params| dates(params, from, until));
            let (out, good) = (client(issuer, "out", &behind), client(issuer, "good", &behind));
            let list = Form::of(name, &[&out]).pem(&helper);
            let above = if std::ptr::eq(by, &between) { between_pem.as_str() } else { "" };
            let text = format!("{above}{}{list}", certificate.certificate);
            let tls = desk.read(&ca_pem, &[&text], None).unwrap();
            assert_eq!(
                [&out, &good].map(|one| verdict(&tls, one)),
                [Revoked, wanted],
                "{name} {from} {until}"
            );
            // The CA has revoked the certificate of that key.
            let revoking =
                Form::of(if std::ptr::eq(by, &ca) { "Helped CA" } else { name }, &[&certificate]).pem(by);
            let with = if std::ptr::eq(by, &ca) { String::new() } else { between_pem.clone() };
            let tls = desk.read(&ca_pem, &[&text, &format!("{with}{revoking}")], None);
            match (name, std::ptr::eq(by, &ca)) {
                ("Between CA", true) => assert_eq!(verdict(&tls.unwrap(), &good), Untold),
                _ => assert!(tls.is_ok(), "{name}: the CA has a list of its own"),
            }
        }
    }
}

/// What its own key has signed counts, though the key usages of the CA forget cRLSign; the operator is told.
#[test]
fn a_ca_that_may_not_sign_lists_is_told() {
    let desk = Desk::new();
    let (mute, mute_pem) = root_for("Mute CA", WIDE, &[KeyUsagePurpose::KeyCertSign]);
    let (out, good) = (client(&mute, "out", &[]), client(&mute, "good", &[]));
    let list = Form::of("Mute CA", &[&out]).pem(&mute);
    let tls = desk.read(&mute_pem, &[&list], None).unwrap();
    assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Revoked, Served]);
    assert!(warnings(&tls).contains("cRLSign"), "{}", warnings(&tls));
}

/// A list that says that it is made in days takes no other's place before.
#[test]
fn a_list_of_the_future_frees_nobody() {
    let desk = Desk::new();
    let (ca, ca_pem) = root("Clock CA", WIDE);
    let (out, later, good) = (client(&ca, "out", &[]), client(&ca, "later", &[]), client(&ca, "good", &[]));
    let list = Form::of("Clock CA", &[&out]).pem(&ca);
    for (made, of_out) in [(120 * HOUR, Revoked), (2 * HOUR, Revoked), (60, Served), (-60, Served)] {
        let next =
            Form::of("Clock CA", &[&later]).with(|form| (form.made, form.due) = (made, Some(made + HOUR)));
        let text = format!("{list}{}", next.pem(&ca));
        let tls = desk.read(&ca_pem, &[&text], None).unwrap();
        assert_eq!([&out, &later, &good].map(|one| verdict(&tls, one)), [of_out, Revoked, Served], "{made}");
        assert_eq!(warnings(&tls).contains("made on"), of_out == Revoked, "{}", warnings(&tls));
    }
}

/// Lists for parts: none takes the place of another, whatever the parts are named by, and a number on one is revoked, wherever its
/// certificate says that its list is.
#[test]
fn lists_for_parts_stand_beside_one_another() {
    let desk = Desk::new();
    let (ca, ca_pem) = root("Part CA", WIDE);
    let address = |text: &str| tlv(0x86, &[text.as_bytes()]);
    let directory = |text: &str| tlv(0xa4, &[&common_name(0x0c, text.as_bytes())]);
    let full = |name: Vec<u8>| tlv(0xa0, &[&tlv(0xa0, &[&name])]);
    let relative = || tlv(0xa0, &[&tlv(0xa1, &[&[6, 3, 0x55, 4, 3], &tlv(0x0c, &[b"part"])])]);
    let reasons = || vec![0x81, 2, 1, 0x40];
    let issuer = || tlv(0xa2, &[&directory("Part CA")]);
    let points = [
        ("none", None),
        ("address", Some(full(address("http://ca.example/1")))),
        ("another case", Some(full(address("HTTP://CA.example/1")))),
        ("another address", Some(full(address("http://ca.example/3")))),
        ("directory", Some(full(directory("CRL1")))),
        ("relative", Some(relative())),
        ("reasons", Some([full(address("http://ca.example/1")), reasons()].concat())),
        ("issuer", Some([full(address("http://ca.example/1")), issuer()].concat())),
    ];
    let pointing = |name: &str, point: &Option<Vec<u8>>| {
        let (_, pair) = made(&ca, name, |params| {
            params.custom_extensions.extend(point.as_ref().map(|point| {
                CustomExtension::from_oid_content(&[2, 5, 29, 31], tlv(0x30, &[&tlv(0x30, &[point])]))
            }));
        });
        pair
    };
    for names in [["http://ca.example/1", "http://ca.example/2"], ["CRL1", "CRL2"]] {
        let name = |text: &str| if text.starts_with("http") { address(text) } else { directory(text) };
        for (what, point) in &points {
            let (out, good) = (pointing("out", point), pointing("good", point));
            let list = |place: usize, made: i64, due: i64, revoked: &[&Pair]| {
                let point = extension(28, true, &tlv(0x30, &[&full(name(names[place]))]));
                let form = Form::of("Part CA", revoked).with(|form| {
                    (form.made, form.due) = (made, Some(due));
                    form.extensions.push(point);
                });
                form.pem(&ca)
            };
            let text = format!("{}{}", list(0, -200, HOUR, &[&out]), list(1, -100, HOUR, &[]));
            let tls = desk.read(&ca_pem, &[&text], None).unwrap();
            let verdicts = [&out, &good].map(|one| verdict(&tls, one));
            assert_eq!(verdicts, [Revoked, Served], "{what}, {names:?}");
            // Who says that its list is another one is not concerned by one that is overdue.
            let text = format!("{}{}", list(0, -200, HOUR, &[]), list(1, -7200, -60, &[]));
            let tls = desk.read(&ca_pem, &[&text], None).unwrap();
            let is_kind = (*what == "directory") == (names[0] == "CRL1");
            let says = is_kind && !["none", "relative"].contains(what);
            assert_eq!(verdict(&tls, &good), if says { Served } else { Overdue }, "{what}, {names:?}");
        }
    }
}

/// A list that was right once frees nobody when it is replaced by what is damaged: a start ends by it, a reload goes on without it.
#[test]
fn what_is_damaged_frees_nobody() {
    let desk = Desk::new();
    let (ca, ca_pem) = root("Whole CA", WIDE);
    let (between, between_pem) = below(&ca, "Half CA", WIDE);
    for (name, signer, beside) in [("Whole CA", &ca, ""), ("Half CA", &between, between_pem.as_str())] {
        let out = client(signer, "out", &[&between_pem]);
        let start = Form::of(name, &[&out]).pem(signer);
        let start = desk.read(&ca_pem, &[&format!("{beside}{start}")], None).unwrap();
        let form = Form::of(name, &[]);
        for form in [form.clone(), form.with(|form| form.extensions.push(key_id(signer)))] {
            let text = format!("{beside}{}", spoilt(&form, signer));
            assert!(desk.read(&ca_pem, &[&text], None).unwrap_err().contains("it is damaged"), "{name}");
            is_left_out(&desk, &ca_pem, &text, &start, &out, name);
        }
    }
}

/// A list whose signature is wrong.
pub fn spoilt(form: &Form, signer: &Authority) -> String {
    let mut der = form.signed(signer);
    *der.last_mut().unwrap() ^= 1;
    pem(&der)
}
