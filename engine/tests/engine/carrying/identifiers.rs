//! Identifiers that clients choose.

use super::*;

/// The secret that a client gets under an identifier.
fn got(bench: &mut Bench, who: &Principal, id: &str) -> Result<Vec<u8>, ResultReason> {
    let get = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    let object = bench.ask(who, V2_1, get)?.object;
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain(plain)) => match &plain.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.expose().to_vec()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// An identifier that a client chooses is its own: a client was told that another has it, and could keep others from having
/// it. Whether somebody else has it shows in nothing, and each gets its own, which those of its groups share.
#[test]
fn identifiers_that_clients_choose_are_their_own() {
    let mut bench = Bench::new(1);
    let (ann, ann_too) = (principal("ann", &["team"]), principal("ann too", &["team"]));
    let ben = principal("ben", &[]);
    let foreign = create(&mut bench, &ann, &[]);
    for id in ["tape-7", "3e1c9a5e-0000-4000-8000-000000000001", foreign.as_str()] {
        let is_anns_own = id == foreign;
        if !is_anns_own {
            bench.ask(&ann, V2_1, brought(id, b"of ann", None)).unwrap();
        }
        for replace in [Some(true), None] {
            // Ben is told the same of what Ann has and of what nobody has.
            let absent = format!("{id}-{replace:?}-absent").replace(['(', ')'], "");
            assert_eq!(got(&mut bench, &ben, &absent).unwrap_err(), ResultReason::ObjectNotFound);
            bench.ask(&ben, V2_1, brought(&absent, b"of ben", replace)).unwrap();
        }
        assert_eq!(got(&mut bench, &ben, id).unwrap_err(), ResultReason::ObjectNotFound);
        let unique_identifier =
            bench.ask(&ben, V2_1, brought(id, b"of ben", None)).unwrap().unique_identifier;
        assert_eq!(unique_identifier, id.into());
        let again = bench.ask(&ben, V2_1, brought(id, b"of ben", None)).map(drop);
        assert_eq!(again, Err(ResultReason::ObjectAlreadyExists), "his own is in use");
        bench.ask(&ben, V2_1, brought(id, b"of ben, again", Some(true))).unwrap();
        assert_eq!(got(&mut bench, &ben, id).unwrap(), b"of ben, again");
        if !is_anns_own {
            assert_eq!(got(&mut bench, &ann, id).unwrap(), b"of ann");
            assert_eq!(got(&mut bench, &ann_too, id).unwrap(), b"of ann", "those of the group share it");
            let taken = bench.ask(&ann_too, V2_1, brought(id, b"of ann too", None)).map(drop);
            assert_eq!(taken, Err(ResultReason::ObjectAlreadyExists));
        }
        for (who, is_there) in [(&ann, true), (&ben, true), (&principal("cid", &[]), false)] {
            let look = GetAttributeListRequest { unique_identifier: Some(id.into()) };
            assert_eq!(bench.ask(who, V2_1, look).is_ok(), is_there, "{}", who.name);
            let by_id = Attribute::UniqueIdentifier(id.into());
            let filter = Some(AttributeFilter([by_id].into()));
            let found =
                bench.ask(who, V2_1, LocateRequest { attributes: filter, ..Default::default() }).unwrap();
            assert_eq!(found.unique_identifiers.len(), usize::from(is_there), "{}", who.name);
        }
        bench.ask(&ben, V2_1, destroy(id)).unwrap();
        assert_eq!(got(&mut bench, &ben, id).unwrap_err(), ResultReason::ObjectDestroyed);
        if !is_anns_own {
            assert_eq!(got(&mut bench, &ann, id).unwrap(), b"of ann", "hers is hers");
            bench.ask(&ann, V2_1, destroy(id)).unwrap();
        }
    }
}

/// What lies in the store under its owner and its identifier is used and rotated like any other, and is not got by the way
/// in which the store calls it.
#[test]
fn an_imported_key_is_rotated_and_has_no_other_name() {
    let (mut bench, ann, ben) = (Bench::new(1), principal("ann", &[]), principal("ben", &[]));
    let made = create(&mut bench, &ann, &[]);
    let exported = bench.ask(&ann, V2_1, export(&made)).unwrap();
    for who in [&ann, &ben] {
        let mut request = ImportRequest { unique_identifier: "tape-7".into(), ..import(&exported, V2_1) };
        set(&mut request, Attribute::UniqueIdentifier("tape-7".into()));
        set(&mut request, Attribute::RotateAutomatic(true));
        set(&mut request, Attribute::RotateInterval(kmip_codec::value::Interval(60)));
        bench.ask(who, V2_1, request).unwrap();
    }
    let mut places = Vec::new();
    let snapshot = bench.store.snapshot().unwrap();
    snapshot
        .scan(b"o", Order::Forward, &mut |key, _| {
            places.extend(String::from_utf8(key[5..].to_vec()).ok().filter(|id| id.contains('/')));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut unsound = Vec::new();
    snapshot
        .scan(&[], Order::Forward, &mut |key, value| {
            let sound = soundness::examine(key, value, None).unwrap_or_else(|why| panic!("{why}"));
            let is_there = |claim: &Vec<u8>| snapshot.get(claim).unwrap().is_some();
            unsound.extend(sound.claims.into_iter().filter(|claim| !is_there(claim)));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(unsound.is_empty(), "`keystead check` finds nothing: {unsound:?}");
    drop(snapshot);
    assert_eq!(places.len(), 2);
    for place in places {
        let look = GetAttributeListRequest { unique_identifier: Some(place.as_str().into()) };
        let seen = [&ann, &ben].map(|who| bench.ask(who, V2_1, look.clone()).is_ok());
        assert!(!(seen[0] && seen[1]), "its owner alone");
    }
    bench.now += 60;
    let item_outcomes = bench.rotate();
    assert_eq!(item_outcomes.len(), 2);
    assert!(
        item_outcomes
            .iter()
            .all(|(item_outcome, _)| item_outcome.reason.is_none() && item_outcome.objects[0] == "tape-7"),
        "{item_outcomes:?}"
    );
}

/// Who comes to share an identifier with a client that has it already does not take the place of the object that it means.
#[test]
fn an_identifier_stands_for_the_object_that_came_first() {
    let mut bench = Bench::new(1);
    let both = principal("both", &["two", "one"]);
    let (first, second) = (principal("first", &["one"]), principal("second", &["two"]));
    bench.ask(&first, V2_1, brought("tape-7", b"of the first", None)).unwrap();
    bench.now += 10;
    bench.ask(&second, V2_1, brought("tape-7", b"of the second", None)).unwrap();
    assert_eq!(got(&mut bench, &both, "tape-7").unwrap(), b"of the first");
    assert_eq!(got(&mut bench, &second, "tape-7").unwrap(), b"of the second");
    let all = bench.ask(&both, V2_1, LocateRequest::default()).unwrap();
    assert_eq!(all.unique_identifiers, ["tape-7".into(), "tape-7".into()]);
}
