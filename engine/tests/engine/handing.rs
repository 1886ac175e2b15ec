//! What one name owns is handed over to another, for owners whose names are not taken any more.

use super::administration::{admin, item};
use super::carrying::brought;
use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::administration::protocol::{self, AdminRequest, HandedOver};
use keystead_engine::owners;
use keystead_engine::rights::names;
use keystead_engine::rights::principal::Principal;
use keystead_engine::soundness;
use keystead_store::{Order, Store as _};
use keystead_vault::Stored;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem};
use kmip_codec::operations::Response;
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::V2_1;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Names that the rule refuses, and some that it takes.
const NAMES: &[&str] = &[
    "host ",
    " host",
    "ho\u{a0}st",
    "e\u{301}t\u{e9}",
    "ho\u{200b}st",
    "CN=host",
    "C=DE, CN=host",
    "sha256:abc",
    "a\"b\\c\u{301}",
    "\u{3164}",
    "abababababababababababababababababababababababababababababababab",
    "host",
    "array/fred",
];

fn request(from: &str, to: &str, (rename, after): (bool, Option<String>)) -> RequestMessage {
    let (name, to) = (names::quoted(from), to.to_owned());
    let hand_over = AdminRequest::ClientHandOver { name, to, unknown: true, rename, after };
    RequestMessage::new(V2_1, vec![item(&hand_over).into()])
}

fn answer(item: &ResponseItem) -> Result<HandedOver, String> {
    match &item.response {
        Some(Response::Unknown(_, payload)) => {
            Ok(serde_json::from_str(protocol::text(payload).unwrap()).unwrap())
        }
        _ => Err(item.result_message.clone().unwrap_or_default()),
    }
}

/// Every step, each committed.
pub fn every_step(bench: &mut Bench, from: &str, to: &str, rename: bool) -> Result<HandedOver, String> {
    let mut all = HandedOver::default();
    loop {
        let step = request(from, to, (rename, all.next.take()));
        let done = answer(&bench.run(&admin("root"), &step).remove(0))?;
        all.moved += done.moved;
        all.stay.extend(done.stay);
        all.renamed.extend(done.renamed);
        all.next = done.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

fn hand_over(bench: &mut Bench, from: &str, to: &str) -> (usize, Vec<String>) {
    let all = every_step(bench, from, to, false).unwrap();
    (all.moved, all.stay.into_iter().map(|one| one.object).collect())
}

fn named(value: &str) -> Attribute {
    Attribute::Name(Name::text(value))
}

/// Objects of every kind of life: living, revoked, destroyed, archived, imported, shared, rotated, a pair.
pub fn possessions(bench: &mut Bench, who: &Principal) -> Vec<String> {
    let mut ids = vec![create(bench, who, &[named("volume")])];
    let ended = create(bench, who, &[]);
    bench.ask(who, V2_1, revoke(&ended, RevocationReasonCode::KeyCompromise)).unwrap();
    let gone = create(bench, who, &[named("gone")]);
    bench.ask(who, V2_1, destroy(&gone)).unwrap();
    let archived = create(bench, who, &[]);
    bench.ask(who, V2_1, ArchiveRequest { unique_identifier: Some(archived.as_str().into()) }).unwrap();
    let rotated = create(
        bench,
        who,
        &[
            Attribute::ActivationDate(DateTime(1)),
            Attribute::RotateAutomatic(true),
            Attribute::RotateInterval(Interval(60)),
        ],
    );
    bench.ask(who, V2_1, brought("tape-7", b"brought along", None)).unwrap();
    let (private, public) = pair(bench, who);
    ids.extend([ended, gone, archived, rotated, "tape-7".to_owned(), private, public]);
    ids
}

pub fn seen(bench: &mut Bench, who: &Principal) -> BTreeSet<String> {
    let all = bench.ask(who, V2_1, LocateRequest::default()).unwrap().unique_identifiers;
    all.iter().map(text).collect()
}

fn got(bench: &mut Bench, who: &Principal, id: &str) -> Option<String> {
    let get = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    bench.ask(who, V2_1, get).ok().map(|answer| format!("{:?}", answer.object.object_type()))
}

/// `keystead check` finds nothing, in both directions.
pub fn must_be_sound(bench: &Bench) {
    let snapshot = bench.store.snapshot().unwrap();
    let (mut claimed, mut there) = (BTreeSet::new(), BTreeSet::new());
    let mut may_be_there = BTreeSet::new();
    snapshot
        .scan(&[], Order::Forward, &mut |key, value| {
            let sound = soundness::examine(key, value, None).unwrap_or_else(|why| panic!("{why}"));
            claimed.extend(sound.claims);
            may_be_there.extend(sound.may_claim);
            there.extend([b'i', b's', b'n', b'u'].contains(&key[0]).then(|| key.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(there.is_subset(&claimed.union(&may_be_there).cloned().collect()), "entries of no object");
    let missing: Vec<_> = claimed.iter().filter(|key| snapshot.get(key).unwrap().is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn everything_goes_over_whoever_owned_it() {
    for from in NAMES {
        for to in ["heir", &format!("sha256:{}", "12".repeat(32))] {
            let mut bench = Bench::new(1);
            let (old, heir, other) =
                (principal(from, &["team"]), principal(to, &[]), principal("other", &[]));
            let ids = possessions(&mut bench, &old);
            possessions(&mut bench, &other);
            let of_others = seen(&mut bench, &other);
            let before = seen(&mut bench, &old);
            let values: Vec<_> = ids.iter().map(|id| got(&mut bench, &old, id)).collect();
            let nobody = principal(from, &[]);
            let (moved, stay) = hand_over(&mut bench, from, to);
            assert_eq!((moved, stay), (ids.len(), Vec::new()), "{from:?}");
            must_be_sound(&bench);
            assert_eq!(seen(&mut bench, &nobody), BTreeSet::new(), "{from:?}");
            assert_eq!(seen(&mut bench, &heir), before, "{from:?}");
            let after: Vec<_> = ids.iter().map(|id| got(&mut bench, &heir, id)).collect();
            assert_eq!(after, values, "{from:?}");
            assert_eq!(seen(&mut bench, &old).len(), before.len(), "its group shares them");
            assert_eq!(seen(&mut bench, &other), of_others, "others keep theirs");
            // Names are free for the one and taken for the other, and the key is rotated for the one who has it.
            bench.now += 60;
            let item_outcomes = bench.rotate();
            assert!(
                item_outcomes.iter().all(|(item_outcome, _)| item_outcome.reason.is_none())
                    && item_outcomes.len() == 2,
                "{item_outcomes:?}"
            );
            assert_eq!(seen(&mut bench, &heir).len(), before.len() + 1, "{from:?}");
            assert!(bench.ask(&nobody, V2_1, aes(&[named("volume")])).is_ok());
            assert!(bench.ask(&heir, V2_1, aes(&[named("volume")])).is_err());
            must_be_sound(&bench);
        }
    }
}

/// What would take the place of something of the new owner's stays, with the reason, and goes over once that is out of the way.
#[test]
fn what_the_heir_has_already_stays() {
    let mut bench = Bench::new(1);
    let (old, heir) = (principal("host ", &[]), principal("host", &[]));
    let ids = possessions(&mut bench, &old);
    let own = create(&mut bench, &heir, &[named("volume")]);
    bench.ask(&heir, V2_1, brought("tape-7", b"of the heir", None)).unwrap();
    let (moved, stay) = hand_over(&mut bench, "host ", "host");
    assert_eq!((moved, stay.len()), (ids.len() - 2, 2), "{stay:?}");
    assert!(stay.contains(&ids[0]) && stay.contains(&"tape-7".to_owned()), "{stay:?}");
    must_be_sound(&bench);
    bench.ask(&heir, V2_1, destroy(&own)).unwrap();
    let (moved, stay) = hand_over(&mut bench, "host ", "host");
    assert_eq!((moved, stay), (1, vec!["tape-7".to_owned()]));
    assert!(got(&mut bench, &old, "tape-7").is_some());
}

/// In steps, each whole; whoever begins again after an interruption comes to the same end.
#[test]
fn many_go_over_in_steps() {
    const COUNT: usize = 230;
    let mut bench = Bench::new(1);
    let (old, heir) = (principal("host ", &[]), principal("host", &[]));
    let ids: BTreeSet<String> = (0..COUNT).map(|_| create(&mut bench, &old, &[])).collect();
    let first =
        answer(&bench.run(&admin("root"), &request("host ", "host", (false, None))).remove(0)).unwrap();
    assert_eq!((first.moved, first.next.is_some()), (100, true));
    assert_eq!(seen(&mut bench, &heir).len() + seen(&mut bench, &old).len(), COUNT);
    // Interrupted here: begun again. A step that is decided twice at once is done once.
    let twice =
        [(); 2].map(|()| bench.decide(&admin("root"), &request("host ", "host", (false, None))).changes);
    let done = twice.map(|changes| bench.try_commit(changes));
    assert_eq!(done, [true, false]);
    assert_eq!(hand_over(&mut bench, "host ", "host"), (30, Vec::new()));
    assert_eq!(seen(&mut bench, &heir), ids);
    must_be_sound(&bench);
}

/// Nobody else asks, nothing goes to what is no name, and a slip is not taken for a client.
#[test]
fn what_is_refused() {
    let mut bench = Bench::new(1);
    let old = principal("host ", &[]);
    create(&mut bench, &old, &[]);
    for (to, words) in [
        ("host ", "cannot match"),
        ("name:\"host \"", "cannot be the name of a client"),
        ("name:\"ho\u{200b}st\"", "cannot be the name of a client"),
        ("sha256:12", "2 digits"),
    ] {
        let outcome = bench.decide(&admin("root"), &request("host ", to, (false, None)));
        let why = answer(&outcome.response.items[0]).unwrap_err();
        assert!(
            why.contains(words) || why.contains("can match no certificate") || why.contains("exactly so"),
            "{to}: {why}"
        );
        assert!(outcome.changes.writes.is_empty());
    }
    let hand_over = |name: &str, to: &str| {
        let (name, to) = (name.into(), to.into());
        let asked = AdminRequest::ClientHandOver { name, to, unknown: false, rename: false, after: None };
        RequestMessage::new(V2_1, vec![item(&asked).into()])
    };
    for (who, from, to, words) in [
        (principal("host", &[]), "name:\"host \"", "host", "no administrator"),
        (admin("root"), "name:\"host \"", "nobody", "nothing here knows a client \"nobody\""),
        (admin("root"), "name:\"hots \"", "root", "owns nothing here"),
        (admin("root"), "name:\"host \"", "name:\"host \"", "cannot be the name"),
        (admin("root"), "root", "root", "the same"),
    ] {
        bench.clients.0 = vec![admin("root")];
        let outcome = bench.decide(&who, &hand_over(from, to));
        let why = answer(&outcome.response.items[0]).unwrap_err();
        assert!(why.contains(words) && outcome.changes.writes.is_empty(), "{from} {to}: {why}");
    }
    let outcome = bench.decide(&admin("root"), &hand_over("name:\"host \"", "root"));
    assert_eq!(answer(&outcome.response.items[0]).unwrap().moved, 1, "the control");
    let noted = format!("{:?}", outcome.item_outcomes);
    assert!(noted.contains("1 handed over") && outcome.item_outcomes[0].objects.len() == 1, "{noted}");
}

/// The owners whose names are refused are found, whatever else there is.
#[test]
fn owners_are_found() {
    let mut bench = Bench::new(1);
    for name in NAMES {
        for _ in 0..3 {
            create(&mut bench, &principal(name, &["team", "more"]), &[]);
        }
    }
    for user in ["", "/fred"] {
        create(&mut bench, &principal(&format!("sha256:{}{user}", "12".repeat(32)), &[]), &[]);
    }
    let view = Stored(bench.store.snapshot().unwrap());
    let found = owners::misnamed(&view).unwrap();
    let wanted: BTreeSet<String> =
        NAMES.iter().filter(|name| names::check(name).is_err()).map(|name| (*name).to_owned()).collect();
    assert_eq!(found, wanted);
    assert!(
        NAMES.iter().all(|name| owners::has(&view, name).unwrap()) && !owners::has(&view, "hos").unwrap()
    );
}
