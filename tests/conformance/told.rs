//! Cases in which the server sends: the runner plays the client that listens, compares what comes with the request of the
//! file, and answers with the response of the file.

use super::case::{Case, Node, OpResult};
use super::judge::{Difference, Judge};
use super::owner;
use crate::support::dev::Dev;
use crate::support::endpoint::{self, Endpoint};
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Operation, Response};
use kmip_codec::value::DateTime;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

/// Where the clients of these cases will listen.
static SOCKETS: Mutex<Option<HashMap<String, TcpListener>>> = Mutex::new(None);

/// Whether the server sends the request of a step.
pub fn is_servers(case: &Case, step: &OpResult) -> bool {
    case.name.contains("TC-Q-S2C") || ["Notify", "Put"].contains(&operation(&step.request).as_str())
}

/// The endpoints of these cases: each a client that is told everything and asked what its case asks.
pub fn configured(cases: &[&Case]) -> Vec<(String, String)> {
    let words = cases.iter().map(|case| {
        let (owner, socket) = (owner(case), endpoint::bind());
        let port = socket.local_addr().unwrap().port();
        let mut functions = Vec::new();
        for step in case.steps.iter().filter(|step| is_servers(case, step)) {
            step.request.walk(&mut |node| {
                functions.extend((node.tag == "QueryFunction").then(|| node.value.clone()));
            });
        }
        let version = version(case);
        SOCKETS.lock().unwrap().get_or_insert_default().insert(owner.clone(), socket);
        format!(
            "[[endpoints]]\nclient = \"{owner}\"\naddress = \"localhost:{port}\"\nversion = \"{}\"\n\
             notify = \"all\"\nput = [\"new\"]\nquery = {functions:?}\n",
            version
        )
    });
    vec![(String::new(), words.collect())]
}

/// The version of the messages that the server sends, which may be another than the client's.
fn version(case: &Case) -> String {
    let mut numbers = Vec::new();
    for step in case.steps.iter().filter(|step| is_servers(case, step)).take(1) {
        step.request.item("RequestHeader").unwrap().item("ProtocolVersion").unwrap().walk(&mut |node| {
            numbers.extend(node.kind.is_some().then(|| node.value.clone()));
        });
    }
    if numbers.is_empty() { case.version.clone() } else { numbers.join(".") }
}

/// The listening client of a case, if it has one.
pub fn endpoint_of(case: &Case, server: &Dev) -> Option<Endpoint> {
    let owner = owner(case);
    let socket = SOCKETS.lock().unwrap().as_mut()?.remove(&owner)?;
    Some(Endpoint::serve(socket, server, &owner))
}

/// One message of the server and its answer. What the server wants to know besides, it is told.
pub fn step(endpoint: &Endpoint, judge: &mut Judge, step: &OpResult) -> Result<(), Difference> {
    let wanted = operation(&step.request);
    let mut request = endpoint.next();
    while operation(&Node::parse(&request.to_xml())) != wanted && is_question(&request) {
        endpoint.answer(&nothing(&request));
        request = endpoint.next();
    }
    judge.judge_sent(&step.request, &Node::parse(&request.to_xml()))?;
    let answer = step.response.to_xml(&|node| judge.value_to_send(node));
    let answer = ResponseMessage::from_xml(&answer);
    let difference = |got: String| Difference { path: "answer".into(), expected: String::new(), got };
    endpoint.answer(&answer.map_err(|error| difference(format!("cannot answer: {error}")))?);
    match is_question(&request) && wanted == "Query" && !endpoint.is_quiet(Duration::from_millis(300)) {
        true => Err(difference("the server does not take the answer".into())),
        false => Ok(()),
    }
}

fn operation(message: &Node) -> String {
    let item = message.item("BatchItem").and_then(|item| item.item("Operation"));
    item.map(|operation| operation.value.clone()).unwrap_or_default()
}

fn is_question(request: &RequestMessage) -> bool {
    let operation = request.items[0].request.operation();
    operation == Operation::DiscoverVersions || operation == Operation::Query
}

fn nothing(request: &RequestMessage) -> ResponseMessage {
    let operation = request.items[0].request.operation();
    let response = match operation {
        Operation::Query => Response::Query(Default::default()),
        _ => Response::DiscoverVersions(Default::default()),
    };
    let item = ResponseItem {
        operation: Some(operation),
        result_status: ResultStatus::Success,
        response: Some(response),
        ..ResponseItem::default()
    };
    ResponseMessage::new(request.version(), DateTime(0), vec![item])
}
