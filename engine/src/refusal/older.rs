//! Where the error table of an operation of 1.x (KMIP 1.4, section 11) has another Result Reason for a cause than the
//! other tables; they are the same from 1.0 on.

use super::Cause;
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Operation;

/// Operations, causes, and the reason that these have there.
type Row = (&'static [Operation], &'static [Cause], ResultReason);

const ROWS: &[Row] = &[
    (&[Operation::AddAttribute], &[Cause::SingleValued, Cause::NameTaken], ResultReason::IllegalOperation),
    (&[Operation::AddAttribute], &[Cause::NotForObject], ResultReason::PermissionDenied),
    (&[Operation::ModifyAttribute], &[Cause::NameTaken], ResultReason::IllegalOperation),
    (&[Operation::ModifyAttribute], &[Cause::NoSuchAttribute], ResultReason::InvalidField),
    (&[Operation::ModifyAttribute], &[Cause::NoSuchInstance], ResultReason::ItemNotFound),
    (
        &[Operation::DeleteAttribute],
        &[Cause::NoSuchInstance, Cause::UnknownAttribute],
        ResultReason::ItemNotFound,
    ),
    (
        &[Operation::GetUsageAllocation],
        &[Cause::NoSuchAttribute, Cause::UsageMask, Cause::WrongState, Cause::WrongType],
        ResultReason::IllegalOperation,
    ),
    (
        &[Operation::ReKey, Operation::ReKeyKeyPair, Operation::Certify, Operation::ReCertify],
        &[Cause::WrongType],
        ResultReason::PermissionDenied,
    ),
    (
        &[Operation::Activate, Operation::Revoke, Operation::Check],
        &[Cause::WrongType],
        ResultReason::IllegalOperation,
    ),
    (&[Operation::Destroy], &[Cause::Destroyed], ResultReason::PermissionDenied),
    (&[Operation::Get], &[Cause::NoKeyValue], ResultReason::IllegalOperation),
    (
        &[Operation::Validate],
        &[Cause::Missing, Cause::WrongType, Cause::InvalidField],
        ResultReason::InvalidMessage,
    ),
    (&[Operation::CreateKeyPair], &[Cause::Missing], ResultReason::InvalidMessage),
    (
        &[
            Operation::Encrypt,
            Operation::Decrypt,
            Operation::Sign,
            Operation::SignatureVerify,
            Operation::MAC,
            Operation::MACVerify,
        ],
        &[Cause::WrongType],
        ResultReason::PermissionDenied,
    ),
];

/// The reason that only this operation has for the cause.
pub fn reason(operation: Operation, cause: Cause) -> Option<ResultReason> {
    let row = ROWS
        .iter()
        .find(|(operations, causes, _)| operations.contains(&operation) && causes.contains(&cause));
    row.map(|(_, _, reason)| *reason)
}
