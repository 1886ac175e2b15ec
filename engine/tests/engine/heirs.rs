//! Whoever objects are handed over to has them as its own: by its own rule of names, rotated as itself, and only where it comes in.

use super::administration::{admin, item};
use super::carrying::brought;
use super::handing::{every_step, must_be_sound, seen};
use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::rights::identity::{Fingerprint, Identity};
use keystead_engine::rights::persona::{Names, Persona};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::message::RequestMessage;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::V2_1;
use std::collections::BTreeSet;

/// A client whose objects may share names.
fn free(name: &str) -> Principal {
    let persona = Persona { names: Names::Free, ..Persona::default() };
    Principal { persona, ..principal(name, &[]) }
}

fn named(value: &str) -> Attribute {
    Attribute::Name(Name::text(value))
}

fn names(bench: &mut Bench, who: &Principal, id: &str) -> BTreeSet<String> {
    let held = attributes_of(bench, who, id);
    kmip_codec::attribute!(held, Name).map(|name| name.value.clone()).collect()
}

fn ask(bench: &mut Bench, request: &AdminRequest) {
    let done = bench.run(&admin("root"), &RequestMessage::new(V2_1, vec![item(request).into()])).remove(0);
    assert_eq!(done.result_message, None);
}

/// Objects that share a name all go over to an owner for whom they may.
#[test]
fn names_are_shared_where_the_heir_shares_them() {
    let mut bench = Bench::new(1);
    let (old, heir) = (free("old"), free("heir"));
    bench.clients.0 = vec![old.clone(), heir.clone()];
    let mut ids: BTreeSet<_> =
        (0..120).map(|_| create(&mut bench, &old, &[named("Symmetric Key")])).collect();
    ids.insert(create(&mut bench, &heir, &[named("Symmetric Key")]));
    let handed = every_step(&mut bench, "old", "heir", false).unwrap();
    assert_eq!((handed.moved, handed.stay, handed.renamed), (120, Vec::new(), Vec::new()));
    must_be_sound(&bench);
    assert_eq!(seen(&mut bench, &heir), ids);
    let again = every_step(&mut bench, "old", "heir", false).unwrap();
    assert_eq!((again.moved, again.stay.len()), (0, 0));
    // The name is free for whoever had it, also where names are unique.
    create(&mut bench, &principal("old", &[]), &[named("Symmetric Key")]);
}

/// To an owner whose names are unique one of them goes; the others stay, and are told, or go under other names, which are told.
#[test]
fn what_cannot_be_called_so_is_told_or_renamed() {
    for owned in [0, 1] {
        let mut bench = Bench::new(1);
        let (old, heir) = (free("old"), principal("heir", &[]));
        bench.clients.0 = vec![old.clone(), heir.clone()];
        let ids: Vec<_> = (0..4)
            .map(|n| create(&mut bench, &old, &[named("Symmetric Key"), named(&format!("key {n}"))]))
            .collect();
        bench.ask(&old, V2_1, brought("tape-7", b"of the old", None)).unwrap();
        for _ in 0..owned {
            create(&mut bench, &heir, &[named("Symmetric Key")]);
            bench.ask(&heir, V2_1, brought("tape-7", b"of the heir", None)).unwrap();
        }
        let first = every_step(&mut bench, "old", "heir", false).unwrap();
        assert_eq!((first.moved, first.stay.len()), (2 - 2 * owned, 3 + 2 * owned), "{first:?}");
        assert!(first.stay.iter().all(|one| !one.login && one.why.contains("new owner")), "{first:?}");
        must_be_sound(&bench);
        let second = every_step(&mut bench, "old", "heir", true).unwrap();
        assert_eq!((second.moved, second.stay.len()), (3 + 2 * owned, 0), "{second:?}");
        assert_eq!(second.renamed.len(), 3 + 3 * owned, "a name, or name and identifier: {second:?}");
        must_be_sound(&bench);
        for renamed in &second.renamed {
            let now = names(&mut bench, &heir, &renamed.object);
            assert!(now.contains(&renamed.to) || renamed.object == renamed.to, "{renamed:?} {now:?}");
            assert!(!now.contains(&renamed.from), "{renamed:?} {now:?}");
        }
        for (n, id) in ids.iter().enumerate() {
            assert!(names(&mut bench, &heir, id).contains(&format!("key {n}")), "what is free stays");
        }
        assert_eq!(seen(&mut bench, &heir).len(), 5 + 2 * owned);
        assert_eq!(every_step(&mut bench, "old", "heir", true).unwrap().moved, 0);
        assert_eq!(seen(&mut bench, &old), BTreeSet::new());
    }
}

/// A name may have a slash of its own: what is behind it is a user only where one is known.
#[test]
fn what_goes_to_a_name_with_a_slash_is_rotated_further() {
    let listed = Fingerprint::of(b"listed");
    let users = [
        ("array/fred", Identity { user: Some("fred".into()), ..Identity::named("array") }),
        ("spiffe://ex/web", Identity::named("spiffe://ex/web")),
        ("a/b", Identity::named("a/b")),
        ("plain", Identity::named("plain")),
        (
            &format!("sha256:{listed}"),
            Identity { fingerprint: Some(listed), ..Identity::named(&format!("sha256:{listed}")) },
        ),
    ];
    for (name, identity) in users {
        for earlier in [false, true] {
            let mut bench = Bench::new(1);
            let heir = Principal { identity: identity.clone(), ..principal(name, &["team"]) };
            bench.clients.0 = vec![heir.clone()];
            let attributes = [
                Attribute::ActivationDate(DateTime(1)),
                Attribute::RotateAutomatic(true),
                Attribute::RotateInterval(Interval(60)),
            ];
            let old = principal("old", &[]);
            let id = create(&mut bench, &old, &attributes);
            if earlier {
                bench.forget_as_whom(&old, &id);
            }
            assert_eq!(every_step(&mut bench, "old", name, true).unwrap().moved, 1, "{name}");
            bench.now += 61;
            let item_outcomes = bench.rotate();
            assert_eq!(bench.rotation_refusals, Vec::<String>::new(), "{name}");
            assert!(
                item_outcomes.len() == 1 && item_outcomes[0].0.reason.is_none(),
                "{name}: {item_outcomes:?}"
            );
            assert_eq!(seen(&mut bench, &heir).len(), 2, "{name}");
        }
    }
}

/// Keys go to nobody who was revoked, nor under a name that nobody acts under; with the way out.
#[test]
fn who_gets_at_nothing_is_no_heir() {
    let mut bench = Bench::new(1);
    create(&mut bench, &principal("old", &[]), &[]);
    let certificate = Fingerprint::of(b"heir");
    let heir = Principal {
        identity: Identity { fingerprint: Some(certificate), ..Identity::named("heir") },
        ..principal("heir", &[])
    };
    bench.clients.0 = vec![heir];
    let why = every_step(&mut bench, "old", &format!("sha256:{certificate}"), false).unwrap_err();
    assert!(why.contains("is called \"heir\""), "{why}");
    for name in ["heir".to_owned(), format!("sha256:{}", "cd".repeat(32))] {
        let revoke = AdminRequest::ClientRevoke { name: name.clone(), unknown: true, myself: false };
        ask(&mut bench, &revoke);
        let why = every_step(&mut bench, "old", &name, false).unwrap_err();
        assert!(why.contains("was revoked") && why.contains("client add NAME --replace"), "{why}");
    }
    let add = AdminRequest::ClientAdd {
        name: "heir".into(),
        days: 1,
        request: "PEM".into(),
        replace: true,
        administrator: false,
        myself: false,
    };
    ask(&mut bench, &add);
    assert_eq!(every_step(&mut bench, "old", "heir", false).unwrap().moved, 1, "the way out");
}

/// Beginning again where everything has gone is no failure; a slip is one.
#[test]
fn what_has_gone_is_told_and_a_slip_is_refused() {
    let mut bench = Bench::new(1);
    bench.clients.0 = vec![principal("old", &[]), principal("heir", &[])];
    create(&mut bench, &principal("old", &[]), &[]);
    let request = |name: &str| {
        let (name, to) = (name.to_owned(), "heir".to_owned());
        item(&AdminRequest::ClientHandOver { name, to, unknown: false, rename: false, after: None })
    };
    for (name, moved) in
        [("old", "\"moved\":1"), ("old", "\"moved\":0"), ("odl", "nothing knows such a client")]
    {
        let done = bench.run(&admin("root"), &RequestMessage::new(V2_1, vec![request(name).into()]));
        assert!(format!("{done:?}").replace('\\', "").contains(moved), "{name}: {done:?}");
    }
}
