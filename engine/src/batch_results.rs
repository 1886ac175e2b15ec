//! What the items of a batch give to those behind them: the objects and the data that references of 2.x stand for
//! (KMIP 2.1, 4.58 and 7.9).

use kmip_codec::SecretBytes;
use kmip_codec::enums::DataReference;
use kmip_codec::operations::{Operation, Response};
use kmip_codec::value::Data;
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

/// The data of an answer.
pub fn data(response: &Response) -> Option<SecretBytes> {
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

/// Of an operation that stands there more than once, the most recent is meant.
pub fn of_operation(results: &[ItemResult], reference: DataReference) -> Option<&SecretBytes> {
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
