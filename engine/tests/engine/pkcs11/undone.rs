//! Functions in a batch that is undone: nothing of what they gave leaves, and the application is as it was.

use super::*;
use crate::every_operation::ABSENT;
use crate::undone::must_be_bare;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::Call as _;

#[test]
fn an_undone_function_has_not_been_called() {
    use PKCS11Function as Function;
    let (mut bench, who) = (Bench::new(1), principal("ann", &[]));
    let id = crate::objects::create(&mut bench, &who, &[]);
    let mut application = Application::of(&mut bench, who.clone());
    let session = application.open();
    assert_eq!(application.login(&session), OK);
    let everything = params(&[&session, &count(0)]);
    let sha256 = params(&[&session, &ulong(0x250), &[0]]);
    let calls: [(Function, Vec<u8>); 8] = [
        (Function::C_GenerateRandom, params(&[&session, &count(32)])),
        (Function::C_OpenSession, params(&[&ulong(0), &ulong(4)])),
        (Function::C_CloseSession, session.to_vec()),
        (Function::C_CloseAllSessions, ulong(0).to_vec()),
        (Function::C_Logout, session.to_vec()),
        (Function::C_FindObjectsInit, everything),
        (Function::C_DigestInit, sha256),
        (Function::C_Finalize, Vec::new()),
    ];
    let correlation = application.correlation.clone().unwrap();
    for (function, input) in calls {
        let what = format!("{function:?}");
        let call = PKCS11Request {
            interface: None,
            function: function.into(),
            correlation_value: Some(correlation.clone().into()),
            input_parameters: (!input.is_empty()).then(|| input.into()),
        };
        let fails = GetRequest { unique_identifier: Some(ABSENT.into()), ..GetRequest::default() };
        let create = crate::objects::aes(&[]).into_request();
        let requests = [create, call.clone().into_request(), fails.into_request()];
        let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
        let done = application.bench.decide(&who, &message).response.items.remove(1);
        assert_eq!(done.result_status, ResultStatus::Success, "{what}: {done:?}");
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        let undone = application.bench.decide(&who, &message);
        must_be_bare(application.bench, &who, V2_1, &undone.response.items[1], &what);
        assert!(undone.changes.writes.is_empty(), "{what} changes something");
        let mut named = undone.item_outcomes.iter().flat_map(|item_outcome| &item_outcome.objects);
        assert!(named.all(|object| object == ABSENT || *object == id), "{what}: {:?}", undone.item_outcomes);
        application.bench.commit(undone.changes);
        // The session is there, logged in, and neither looks for objects nor digests.
        let found = application.find(&session, &[text(0x102, &id)]);
        assert_eq!(found.len(), 1, "{what}");
        assert_eq!(application.call(Function::C_DigestUpdate, &[&session, &count(0)]).0, 0x91, "{what}");
    }
}
