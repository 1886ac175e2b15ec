//! What the items of a batch give to those behind them: the objects and the data that references of 2.x stand for
//! (KMIP 2.1, 4.58 and 7.9).

use crate::engine::context::Context;
use crate::engine::refusal::{Cause, OpResult, refuse};
use crate::engine::work;
use kmip_codec::SecretBytes;
use kmip_codec::enums::DataReference;
use kmip_codec::operations::{Operation, Response};
use kmip_codec::value::{Data, UniqueIdentifier};
use serde::{Deserialize, Serialize};

/// What an item of the batch gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// Its operation, by number.
    pub operation: u32,
    /// The object that it made, found or used; of a pair the private key.
    pub id: Option<String>,
    /// The public key of a pair.
    pub public: Option<String>,
    /// The data of its answer, or the MAC or signature. Never kept: what could refer to it is done in the same run.
    #[serde(skip)]
    pub data: Option<SecretBytes>,
}

/// Operations that set the ID placeholder (KMIP 2.1, 6.1); Check empties it where the use is not allowed.
pub const SETS_PLACEHOLDER: &[Operation] = &[
    Operation::Create,
    Operation::CreateKeyPair,
    Operation::Register,
    Operation::Import,
    Operation::Export,
    Operation::DeriveKey,
    Operation::ReKey,
    Operation::ReKeyKeyPair,
    Operation::Certify,
    Operation::ReCertify,
    Operation::CreateSplitKey,
    Operation::JoinSplitKey,
    Operation::Locate,
    Operation::Recover,
];

/// What an item gave that came to this answer; none where it failed.
pub fn result_of(operation: Operation, response: Option<&Response>, cx: &Context<'_, '_>) -> ItemResult {
    let text = |id: &UniqueIdentifier| match id {
        UniqueIdentifier::Text(id) => Some(id.clone()),
        _ => None,
    };
    let public = match response {
        Some(Response::CreateKeyPair(answer)) => text(&answer.public_key),
        Some(Response::ReKeyKeyPair(answer)) => text(&answer.public_key),
        _ => None,
    };
    let id = match response {
        None | Some(Response::Cancel(_) | Response::Process(_)) => None,
        Some(_) if SETS_PLACEHOLDER.contains(&operation) => cx.placeholder.clone(),
        Some(_) => cx.touched.first().cloned(),
    };
    ItemResult { operation: operation.0, id, public, data: response.and_then(data) }
}

/// The data of an answer.
fn data(response: &Response) -> Option<SecretBytes> {
    let own = |data: &Option<Data>| match data {
        Some(Data::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    };
    match response {
        Response::Decrypt(answer) => own(&answer.data),
        Response::Encrypt(answer) => own(&answer.data),
        Response::Hash(answer) => own(&answer.data),
        Response::MAC(answer) => answer.mac_data.as_deref().map(SecretBytes::from),
        Response::RNGRetrieve(answer) => Some(answer.data.clone()),
        Response::Sign(answer) => answer.signature_data.as_deref().map(SecretBytes::from),
        Response::SignatureVerify(answer) => own(&answer.data),
        _ => None,
    }
}

/// How often data that a request refers to is gone over at the most: it was sent once, and may be named by each item.
const REFERRED: u64 = 4;

/// The data that a request means: itself, or what an earlier item of the batch gave.
pub fn resolve_data(cx: &mut Context<'_, '_>, data: Data) -> OpResult<SecretBytes> {
    let found = match data {
        Data::Bytes(bytes) => return Ok(bytes),
        Data::Reference(reference) => of_operation(&cx.batch_results, reference),
        Data::Index(index) => nth(cx.batch_results.iter().filter_map(|result| result.data.as_ref()), index),
    };
    match found {
        Some(bytes) => {
            let bytes = bytes.clone();
            work::take(cx, REFERRED * work::bytes(bytes.len()))?;
            Ok(bytes)
        }
        None => refuse(
            Cause::InvalidField,
            "the Data refers to an earlier item of the batch, and none there gave such data: put this item behind it",
        ),
    }
}

/// Of an operation that stands there more than once, the most recent is meant.
fn of_operation(results: &[ItemResult], reference: DataReference) -> Option<&SecretBytes> {
    let operation = match reference {
        DataReference::Decrypt => Operation::Decrypt,
        DataReference::Encrypt => Operation::Encrypt,
        DataReference::Hash => Operation::Hash,
        DataReference::MACMACData => Operation::MAC,
        DataReference::RNGRetrieve => Operation::RNGRetrieve,
        DataReference::SignSignatureData => Operation::Sign,
        DataReference::SignatureVerify => Operation::SignatureVerify,
        _ => return None,
    };
    results.iter().rev().find(|result| result.operation == operation.0)?.data.as_ref()
}

/// The nth from 0; where n is negative, counted back from the end.
pub fn nth<T>(mut all: impl DoubleEndedIterator<Item = T>, index: i32) -> Option<T> {
    let at = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { all.rev().nth(at.checked_sub(1)?) } else { all.nth(at) }
}
