//! A reload takes no revocation away and is stopped by no list: generated over what was in force, and what the files have then.

use super::dates::{Authority, HOUR, WIDE, below, root};
use super::desk::Verdict::{Overdue, Revoked, Served, Stranger, Untold};
use super::desk::{Desk, client, made, verdict, warnings};
use super::forms::{Form, extension, tlv};
use super::signers::spoilt;
use super::*;
use keystead::listen::Tls;
use rcgen::{CertificateParams, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

/// A list for the part of this address.
fn for_part(form: &Form) -> Form {
    let address = tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[b"http://ca.example/1"])])]);
    form.clone().with(|form| form.extensions.push(extension(28, true, &tlv(0x30, &[&address]))))
}

/// A key that signs lists for a CA.
fn helper(ca: &Authority, name: &str, until: i64) -> (Authority, Pair) {
    made(ca, name, |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(200);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(until);
    })
}

/// What the files of `tls.crl` have at the reload, by name.
fn files(
    name: &str,
    ca: &Authority,
    beside: &str,
    other: &str,
    signer: &(Authority, Pair),
) -> Vec<(&'static str, Vec<String>)> {
    let (junk, junk_pem) = root("Junk CA", WIDE);
    let empty = Form::of(name, &[]);
    let of_junk = Form::of("Junk CA", &[]).pem(&junk);
    let future = empty.clone().with(|form| (form.made, form.due) = (120 * HOUR, Some(240 * HOUR)));
    let older = for_part(&empty).with(|form| form.made = -100 * HOUR);
    let own = |text: String| vec![format!("{beside}{text}")];
    vec![
        ("nothing", vec![]),
        ("an empty file", vec![String::new()]),
        ("certificates alone", vec![junk_pem.clone()]),
        ("junk with its certificate", vec![format!("{junk_pem}{of_junk}")]),
        ("an unknown one", vec![of_junk]),
        ("a damaged one", own(spoilt(&empty, ca))),
        ("half of one", own("-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n".to_owned())),
        ("one for a part", own(for_part(&empty).pem(ca))),
        ("an older one for a part", own(older.pem(ca))),
        ("one of the future", own(future.pem(ca))),
        ("by a revoked signer", own(format!("{}{}", signer.1.certificate, empty.pem(&signer.0)))),
        ("that of another CA", vec![other.to_owned()]),
    ]
}

#[test]
fn a_reload_takes_no_revocation_away() {
    let desk = Desk::new();
    let ((top, top_pem), (other, other_pem)) = (root("Top CA", WIDE), root("Other CA", WIDE));
    let (gone, gone_pem) = root("Gone CA", WIDE);
    let (between, between_pem) = below(&top, "Low CA", WIDE);
    let of_other = Form::of("Other CA", &[]).pem(&other);
    let thief = client(&gone, "thief", &[]);
    let (stays, all) = (format!("{top_pem}{other_pem}"), format!("{top_pem}{other_pem}{gone_pem}"));
    for (name, ca, beside) in [("Top CA", &top, ""), ("Low CA", &between, between_pem.as_str())] {
        let [out, good] = ["out", "good"].map(|name| client(ca, name, &[&between_pem]));
        let signer = helper(ca, name, 200);
        let full = Form::of(name, &[&out, &signer.1]);
        for (in_force, form) in [("full", full.clone()), ("for a part", for_part(&full))] {
            let list = format!("{beside}{}", form.pem(ca));
            let start = desk.read(&all, &[&list, &of_other], None).unwrap();
            assert_eq!([&out, &good, &thief].map(|one| verdict(&start, one)), [Revoked, Served, Served]);
            for (has, texts) in files(name, ca, beside, &of_other, &signer) {
                // A list that has the same scope takes the place of the one before, as its CA has it now.
                if in_force == "for a part" && has.contains("for a part") {
                    continue;
                }
                let what = format!("{name}, {in_force}, then {has}");
                let texts: Vec<_> = texts.iter().map(String::as_str).collect();
                let mut now = desk.read(&stays, &texts, Some(&start)).unwrap();
                for _ in 0..2 {
                    let verdicts = [&out, &good, &thief].map(|one| verdict(&now, one));
                    assert_eq!(verdicts, [Revoked, Served, Stranger], "{what}: {}", warnings(&now));
                    assert!(warnings(&now).contains("stays in force"), "{what}: {}", warnings(&now));
                    now = desk.read(&stays, &texts, Some(&now)).unwrap();
                }
                takes_over(&desk, &stays, &now, (name, ca, beside), (&out, &good), &what);
            }
        }
    }
}

/// The control: a whole list of the CA takes the place of whatever was kept.
fn takes_over(
    desk: &Desk,
    trusted: &str,
    before: &Tls,
    (name, ca, beside): (&str, &Authority, &str),
    (out, good): (&Pair, &Pair),
    what: &str,
) {
    for made in [-30, -50 * HOUR] {
        for (revoked, wanted) in [(vec![], [Served, Served]), (vec![out, good], [Revoked, Revoked])] {
            let form = Form::of(name, &revoked).with(|form| form.made = made);
            let tls = desk.read(trusted, &[&format!("{beside}{}", form.pem(ca))], Some(before)).unwrap();
            assert_eq!([out, good].map(|one| verdict(&tls, one)), wanted, "{what}: {}", warnings(&tls));
            assert!(
                !warnings(&tls).contains(&format!("list of CN={name} with 2")),
                "{what}: {}",
                warnings(&tls)
            );
        }
    }
}

/// A list that only goes on revoking ends nobody by its age, where its key has another.
#[test]
fn what_goes_on_is_not_overdue_beside_the_next() {
    let desk = Desk::new();
    let (ca, ca_pem) = root("Moving CA", WIDE);
    let (out, good) = (client(&ca, "out", &[]), client(&ca, "good", &[]));
    let late = Form::of("Moving CA", &[&out]).with(|form| (form.made, form.due) = (-2 * HOUR, Some(-HOUR)));
    let start = desk.read(&ca_pem, &[&late.pem(&ca)], None).unwrap();
    assert_eq!([&out, &good].map(|one| verdict(&start, one)), [Revoked, Overdue]);
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for (revoked, is_kept) in [(vec![], true), (vec![&out], false)] {
        let next = for_part(&Form::of("Moving CA", &revoked)).pem(&ca);
        let tls = desk.read(&ca_pem, &[&next], Some(&start)).unwrap();
        assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Revoked, Served]);
        assert_eq!(warnings(&tls).contains("stays in force"), is_kept, "{}", warnings(&tls));
        assert_eq!(tls.trust.lists.overdue(now), Vec::<String>::new());
    }
    let none = desk.read(&ca_pem, &[], Some(&start)).unwrap();
    assert_eq!([&out, &good].map(|one| verdict(&none, one)), [Revoked, Overdue]);
    assert_eq!(none.trust.lists.overdue(now).len(), 1);
}

/// The same where its key speaks no more itself: a new key of the CA, which speaks for it, has a list for a part.
#[test]
fn what_goes_on_is_not_overdue_beside_one_that_speaks_for_it() {
    let desk = Desk::new();
    let (top, top_pem) = root("Rolling CA", WIDE);
    let ((old, old_pem), (new, new_pem)) = (below(&top, "Low CA", WIDE), below(&top, "Low CA", WIDE));
    let [out, good] = ["out", "good"].map(|name| client(&old, name, &[&old_pem]));
    let late = Form::of("Low CA", &[&out]).with(|form| (form.made, form.due) = (-2 * HOUR, Some(-HOUR)));
    let start = desk.read(&top_pem, &[&format!("{old_pem}{}", late.pem(&old))], None).unwrap();
    assert_eq!([&out, &good].map(|one| verdict(&start, one)), [Revoked, Overdue]);
    let unknown = Form::of("Low CA", &[]).pem(&root("Low CA", WIDE).0);
    for beside in [vec![], vec![unknown.as_str()]] {
        let next = format!("{new_pem}{}", for_part(&Form::of("Low CA", &[])).pem(&new));
        let texts: Vec<_> = beside.into_iter().chain([next.as_str()]).collect();
        let tls = desk.read(&top_pem, &texts, Some(&start)).unwrap();
        assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Revoked, Served], "{}", warnings(&tls));
        let now = OffsetDateTime::now_utc().unix_timestamp();
        assert_eq!(tls.trust.lists.overdue(now), Vec::<String>::new());
    }
}

/// A CA that goes from `tls.ca` to below one that stands there: nobody whom it has revoked comes in on the way.
#[test]
fn a_ca_that_goes_below_another_keeps_its_list() {
    let desk = Desk::new();
    let (top, top_pem) = root("Upper CA", WIDE);
    let (issuing, issuing_pem) = below(&top, "Work CA", WIDE);
    let [out, good] = ["out", "good"].map(|name| client(&issuing, name, &[&issuing_pem]));
    let list = Form::of("Work CA", &[&out]).pem(&issuing);
    let start = desk.read(&issuing_pem, &[&list], None).unwrap();
    let first = desk.read(&top_pem, &[&list], Some(&start)).unwrap();
    assert!(warnings(&first).contains("put its certificate beside the list"), "{}", warnings(&first));
    assert!(warnings(&first).contains("the next start may be refused"), "{}", warnings(&first));
    let without = desk.read(&top_pem, &[], Some(&first)).unwrap();
    assert!(warnings(&without).contains("stays in force"), "{}", warnings(&without));
    let beside = desk.read(&top_pem, &[&format!("{issuing_pem}{list}")], Some(&first)).unwrap();
    assert_eq!(warnings(&beside), "");
    for tls in [&first, &without, &beside] {
        assert_eq!([&out, &good].map(|one| verdict(tls, one)), [Revoked, Served]);
    }
}

/// A CA whose list another key has made is withdrawn, though one of its name stays without any.
#[test]
fn a_ca_with_a_key_for_its_lists_can_be_withdrawn() {
    let desk = Desk::new();
    let ((kept, kept_pem), (gone, gone_pem)) = (root("Pair CA", WIDE), root("Pair CA", WIDE));
    let (signer, certificate) = helper(&gone, "Pair CA", 200);
    let text = format!("{}{}", certificate.certificate, Form::of("Pair CA", &[]).pem(&signer));
    let start = desk.read(&format!("{kept_pem}{gone_pem}"), &[&text], None).unwrap();
    let (good, thief) = (client(&kept, "good", &[]), client(&gone, "thief", &[]));
    assert_eq!([&good, &thief].map(|one| verdict(&start, one)), [Served, Served]);
    let tls = desk.read(&kept_pem, &[&text], Some(&start)).unwrap();
    assert_eq!([&good, &thief].map(|one| verdict(&tls, one)), [Served, Stranger]);
    assert!(warnings(&tls).contains("the next start is refused with it"), "{}", warnings(&tls));
}

/// A list of a CA that was withdrawn is told, as the next start may be refused with it, whether its certificate is beside it or not.
#[test]
fn the_list_of_a_withdrawn_ca_is_told() {
    let desk = Desk::new();
    let ((_, kept_pem), (gone, gone_pem)) = (root("Twin CA", WIDE), root("Twin CA", WIDE));
    let list = Form::of("Twin CA", &[]).pem(&gone);
    for text in [list.clone(), format!("{gone_pem}{list}")] {
        let start = desk.read(&format!("{kept_pem}{gone_pem}"), &[&text], None).unwrap();
        let tls = desk.read(&kept_pem, &[&text], Some(&start)).unwrap();
        assert!(warnings(&tls).contains("the next start may be refused"), "{}", warnings(&tls));
        assert!(desk.read(&kept_pem, &[&text], None).is_err());
    }
}

/// A CA that comes with a list that cannot be used lets in nobody, since it may have revoked somebody.
#[test]
fn a_new_ca_waits_for_its_list() {
    let desk = Desk::new();
    let ((old, old_pem), (new, new_pem)) = (root("Old CA", WIDE), root("New CA", WIDE));
    let (of_old, out, good) = (client(&old, "one", &[]), client(&new, "out", &[]), client(&new, "good", &[]));
    let start = desk.read(&old_pem, &[], None).unwrap();
    let both = format!("{old_pem}{new_pem}");
    let form = Form::of("New CA", &[&out]);
    let mut tls = desk.read(&both, &[&spoilt(&form, &new)], Some(&start)).unwrap();
    for _ in 0..2 {
        assert_eq!([&of_old, &out, &good].map(|one| verdict(&tls, one)), [Served, Untold, Untold]);
        assert!(warnings(&tls).contains("CN=New CA is new there"), "{}", warnings(&tls));
        tls = desk.read(&both, &[&spoilt(&form, &new)], Some(&tls)).unwrap();
    }
    let tls = desk.read(&both, &[&form.pem(&new)], Some(&tls)).unwrap();
    assert_eq!([&of_old, &out, &good].map(|one| verdict(&tls, one)), [Served, Revoked, Served]);
}

/// The whole chain in `tls.ca`, and a list by the new key of the CA that issues: the root has certified both keys.
#[test]
fn a_root_vouches_for_both_keys_of_a_ca_below_it() {
    let desk = Desk::new();
    let (top, top_pem) = root("Whole CA", WIDE);
    let ((old, old_pem), (new, new_pem)) = (below(&top, "Chain CA", WIDE), below(&top, "Chain CA", WIDE));
    let [out, good] = ["out", "good"].map(|name| client(&old, name, &[]));
    let ca = format!("{top_pem}{old_pem}");
    let text = format!("{new_pem}{}", Form::of("Chain CA", &[&out]).pem(&new));
    let start = desk.read(&ca, &[], None).unwrap();
    for before in [None, Some(&start)] {
        let tls = desk.read(&ca, &[&text], before).unwrap();
        assert_eq!([&out, &good].map(|one| verdict(&tls, one)), [Revoked, Served]);
        assert_eq!(warnings(&tls), "");
    }
}

/// The same where a CA between has certified both, which does not stand in `tls.ca`: the list is for its own key, and that is told.
#[test]
fn a_ca_between_vouches_for_neither_key_in_tls_ca() {
    let desk = Desk::new();
    let (top, top_pem) = root("High CA", WIDE);
    let (policy, policy_pem) = below(&top, "Policy CA", WIDE);
    let ((old, old_pem), (new, new_pem)) =
        (below(&policy, "Chain CA", WIDE), below(&policy, "Chain CA", WIDE));
    let of_old = client(&old, "one", &[]);
    let [out, good] = ["out", "good"].map(|name| client(&new, name, &[&new_pem, &policy_pem]));
    let ca = format!("{top_pem}{old_pem}");
    let text = format!("{policy_pem}{new_pem}{}", Form::of("Chain CA", &[&out]).pem(&new));
    let start = desk.read(&ca, &[], None).unwrap();
    for before in [None, Some(&start)] {
        let tls = desk.read(&ca, &[&text], before).unwrap();
        assert_eq!([&out, &good, &of_old].map(|one| verdict(&tls, one)), [Revoked, Served, Served]);
        assert!(
            warnings(&tls).contains("nobody whom that key has certified is revoked"),
            "{}",
            warnings(&tls)
        );
    }
}

/// Who is not let in because no list is for its CA is told of at start and at a reload.
#[test]
fn whoever_no_list_is_for_is_told() {
    let desk = Desk::new();
    let ((one, one_pem), (two, two_pem)) = (root("First CA", WIDE), root("Second CA", WIDE));
    let ((by_one, one_low), (_, two_low)) = (below(&one, "Same CA", WIDE), below(&two, "Same CA", WIDE));
    let ca = format!("{one_pem}{two_pem}");
    let list = Form::of("Same CA", &[]).pem(&by_one);
    let ended = helper(&one, "First CA", -1);
    let ends = helper(&one, "First CA", 9);
    let of_signer = |signer: &(Authority, Pair)| {
        format!("{}{}", signer.1.certificate, Form::of("First CA", &[]).pem(&signer.0))
    };
    let revoking =
        Form::of("First CA", &[&Pair { certificate: one_low.clone(), key: String::new() }]).pem(&one);
    for (what, text, words) in [
        ("another CA of the name", format!("{one_low}{two_low}{list}"), "nobody comes in whom that key"),
        ("an ended signer", of_signer(&ended), "has ended on"),
        ("an ended signer, its CA", of_signer(&ended), "nobody comes in whom that key"),
        ("a signer that ends", of_signer(&ends), "ends on"),
        ("a revoked one", format!("{one_low}{list}{revoking}"), "is revoked: the list counts"),
    ] {
        let start = desk.read(&ca, &[], None).unwrap();
        for before in [None, Some(&start)] {
            let tls = desk.read(&ca, &[&text], before).unwrap();
            assert!(warnings(&tls).contains(words), "{what}: {}", warnings(&tls));
        }
    }
    let tls = desk.read(&ca, &[&format!("{one_low}{list}")], None).unwrap();
    assert_eq!(warnings(&tls), "", "the control");
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let tls = desk.read(&ca, &[&of_signer(&ended)], None).unwrap();
    assert!(tls.trust.lists.overdue(now)[0].contains("has ended on"));
}
