//! Every operation that concerns an object: on which types, in which states, and what it does.

use super::*;

/// A request for an object, and when it succeeds.
pub struct Row {
    pub name: &'static str,
    pub request: fn(&str, Version) -> Request,
    pub allowed: Allowed,
    /// How the state moves.
    pub event: Option<Event>,
}

fn living(_: ObjectType, state: State) -> bool {
    !is_destroyed(state)
}

fn always(_: ObjectType, _: State) -> bool {
    true
}

pub const ROWS: &[Row] = &[
    Row {
        name: "Get",
        request: |id, _| {
            Request::Get(GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() })
        },
        allowed: living,
        event: None,
    },
    Row {
        name: "Export",
        request: |id, _| {
            let unique_identifier = Some(id.into());
            Request::Export(ExportRequest { unique_identifier, ..ExportRequest::default() })
        },
        allowed: |kind, state| {
            let kinds = [ObjectType::SymmetricKey, ObjectType::PrivateKey, ObjectType::PublicKey];
            !is_destroyed(state) || kinds.contains(&kind)
        },
        event: None,
    },
    Row {
        name: "GetAttributes",
        request: |id, _| {
            Request::GetAttributes(GetAttributesRequest {
                unique_identifier: Some(id.into()),
                ..GetAttributesRequest::default()
            })
        },
        allowed: always,
        event: None,
    },
    Row {
        name: "GetAttributeList",
        request: |id, _| {
            Request::GetAttributeList(GetAttributeListRequest { unique_identifier: Some(id.into()) })
        },
        allowed: always,
        event: None,
    },
    Row {
        name: "AddAttribute",
        request: |id, _| {
            Request::AddAttribute(AddAttributeRequest {
                unique_identifier: Some(id.into()),
                attribute: note("second").into(),
            })
        },
        allowed: always,
        event: None,
    },
    Row {
        name: "ModifyAttribute",
        request: |id, _| {
            Request::ModifyAttribute(ModifyAttributeRequest {
                unique_identifier: Some(id.into()),
                attribute: note("second").into(),
                ..ModifyAttributeRequest::default()
            })
        },
        allowed: always,
        event: None,
    },
    Row { name: "DeleteAttribute", request: delete_note, allowed: always, event: None },
    Row {
        name: "SetAttribute",
        request: |id, _| {
            Request::SetAttribute(SetAttributeRequest {
                unique_identifier: Some(id.into()),
                attribute: note("second").into(),
            })
        },
        allowed: always,
        event: None,
    },
    Row {
        name: "AdjustAttribute",
        request: |id, _| {
            Request::AdjustAttribute(AdjustAttributeRequest {
                unique_identifier: Some(id.into()),
                reference: AttributeReference::Vendor { vendor: "x".into(), name: "count".into() },
                adjustment_type: AdjustmentType::Increment,
                adjustment_value: None,
            })
        },
        allowed: always,
        event: None,
    },
    Row {
        name: "ObtainLease",
        request: |id, _| Request::ObtainLease(ObtainLeaseRequest { unique_identifier: Some(id.into()) }),
        allowed: |_, state| !is_destroyed(state) && state != State::Compromised,
        event: None,
    },
    Row {
        name: "Check",
        request: |id, _| {
            Request::Check(CheckRequest { unique_identifier: Some(id.into()), ..CheckRequest::default() })
        },
        allowed: living,
        event: None,
    },
    Row {
        name: "Activate",
        request: |id, _| Request::Activate(activate(id)),
        allowed: |_, state| after(state, Event::Activate).is_some(),
        event: Some(Event::Activate),
    },
    Row {
        name: "Revoke",
        request: |id, _| Request::Revoke(revoke(id, RevocationReasonCode::CessationOfOperation)),
        allowed: |_, state| after(state, Event::Deactivate).is_some(),
        event: Some(Event::Deactivate),
    },
    Row {
        name: "Revoke",
        request: |id, _| Request::Revoke(revoke(id, RevocationReasonCode::CACompromise)),
        allowed: |_, state| after(state, Event::Compromise).is_some(),
        event: Some(Event::Compromise),
    },
    Row {
        name: "Destroy",
        request: |id, _| Request::Destroy(destroy(id)),
        allowed: |_, state| after(state, Event::Destroy).is_some(),
        event: Some(Event::Destroy),
    },
    Row {
        name: "Archive",
        request: |id, _| Request::Archive(ArchiveRequest { unique_identifier: Some(id.into()) }),
        allowed: living,
        event: None,
    },
    Row {
        name: "Recover",
        request: |id, _| Request::Recover(RecoverRequest { unique_identifier: Some(id.into()) }),
        allowed: living,
        event: None,
    },
    Row {
        name: "ReKey",
        request: |id, _| {
            Request::ReKey(ReKeyRequest { unique_identifier: Some(id.into()), ..ReKeyRequest::default() })
        },
        allowed: |kind, state| kind == ObjectType::SymmetricKey && !is_destroyed(state),
        event: None,
    },
    Row {
        name: "ReKeyKeyPair",
        request: |id, _| {
            Request::ReKeyKeyPair(ReKeyKeyPairRequest {
                private_key: Some(id.into()),
                ..ReKeyKeyPairRequest::default()
            })
        },
        allowed: |kind, state| kind == ObjectType::PrivateKey && !is_destroyed(state),
        event: None,
    },
    Row {
        name: "CreateSplitKey",
        request: |id, _| {
            Request::CreateSplitKey(CreateSplitKeyRequest {
                object_type: ObjectType::SplitKey,
                unique_identifier: Some(id.into()),
                parts: 3,
                threshold: 2,
                method: SplitKeyMethod::PolynomialSharingGF2_8,
                ..CreateSplitKeyRequest::default()
            })
        },
        allowed: |kind, state| {
            let kinds = [ObjectType::SymmetricKey, ObjectType::SecretData, ObjectType::PrivateKey];
            kinds.contains(&kind) && !is_destroyed(state)
        },
        event: None,
    },
    Row {
        name: "JoinSplitKey",
        request: |id, _| {
            Request::JoinSplitKey(JoinSplitKeyRequest {
                object_type: ObjectType::SymmetricKey,
                unique_identifiers: vec![id.into()],
                ..JoinSplitKeyRequest::default()
            })
        },
        allowed: |_, _| false,
        event: None,
    },
    Row {
        name: "DeriveKey",
        request: |id, _| {
            Request::DeriveKey(DeriveKeyRequest {
                object_type: ObjectType::SecretData,
                unique_identifiers: vec![id.into()],
                derivation_method: DerivationMethod::HASH,
                attributes: [Attribute::CryptographicLength(128)].into(),
                ..DeriveKeyRequest::default()
            })
        },
        allowed: not_meant_for_it,
        event: None,
    },
    Row {
        name: "GetUsageAllocation",
        request: |id, _| {
            Request::GetUsageAllocation(GetUsageAllocationRequest {
                unique_identifier: Some(id.into()),
                usage_limits_count: 1,
            })
        },
        allowed: without_limits,
        event: None,
    },
    Row {
        name: "Encrypt",
        request: |id, _| {
            Request::Encrypt(EncryptRequest {
                unique_identifier: Some(id.into()),
                cryptographic_parameters: ecb(),
                data: block(),
                ..EncryptRequest::default()
            })
        },
        allowed: |kind, state| kind == ObjectType::SymmetricKey && state == State::Active,
        event: None,
    },
    Row {
        name: "Decrypt",
        request: |id, _| {
            Request::Decrypt(DecryptRequest {
                unique_identifier: Some(id.into()),
                cryptographic_parameters: ecb(),
                data: block(),
                ..DecryptRequest::default()
            })
        },
        allowed: not_meant_for_it,
        event: None,
    },
    Row {
        name: "Sign",
        request: |id, _| {
            Request::Sign(SignRequest {
                unique_identifier: Some(id.into()),
                cryptographic_parameters: sha256(),
                data: block(),
                ..SignRequest::default()
            })
        },
        allowed: |kind, state| kind == ObjectType::PrivateKey && state == State::Active,
        event: None,
    },
    Row {
        name: "SignatureVerify",
        request: |id, _| {
            Request::SignatureVerify(SignatureVerifyRequest {
                unique_identifier: Some(id.into()),
                cryptographic_parameters: sha256(),
                data: block(),
                signature_data: Some(Bytes::from_static(&[0; 64])),
                ..SignatureVerifyRequest::default()
            })
        },
        allowed: |kind, state| kind == ObjectType::PublicKey && state == State::Active,
        event: None,
    },
    Row {
        name: "MAC",
        request: |id, _| {
            let unique_identifier = Some(id.into());
            Request::MAC(MACRequest { unique_identifier, data: block(), ..MACRequest::default() })
        },
        allowed: not_meant_for_it,
        event: None,
    },
    Row {
        name: "MACVerify",
        request: |id, _| {
            Request::MACVerify(MACVerifyRequest {
                unique_identifier: Some(id.into()),
                data: block(),
                mac_data: Some(Bytes::from_static(&[0; 16])),
                ..MACVerifyRequest::default()
            })
        },
        allowed: not_meant_for_it,
        event: None,
    },
    Row {
        name: "Certify",
        request: |id, _| {
            let unique_identifier = Some(id.into());
            Request::Certify(CertifyRequest { unique_identifier, ..CertifyRequest::default() })
        },
        allowed: without_authority,
        event: None,
    },
    Row {
        name: "ReCertify",
        request: |id, _| {
            let unique_identifier = Some(id.into());
            Request::ReCertify(ReCertifyRequest { unique_identifier, ..ReCertifyRequest::default() })
        },
        allowed: without_authority,
        event: None,
    },
    Row {
        name: "Validate",
        request: |id, _| {
            let unique_identifiers = vec![id.into()];
            Request::Validate(ValidateRequest { unique_identifiers, ..ValidateRequest::default() })
        },
        allowed: without_authority,
        event: None,
    },
];

/// What only the owner may do, and no member of its group.
pub const OWNERS_ALONE: &[&str] = &["Export"];

/// There are no certificates in the matrix, and no authority that would make any (they are in `certificates`).
fn without_authority(_: ObjectType, _: State) -> bool {
    false
}

/// The objects of the matrix have no Usage Limits that could be allocated.
fn without_limits(_: ObjectType, _: State) -> bool {
    false
}

/// The usage masks of the matrix do not have what these need.
fn not_meant_for_it(_: ObjectType, _: State) -> bool {
    false
}

fn ecb() -> Option<CryptographicParameters> {
    Some(CryptographicParameters { block_cipher_mode: Some(BlockCipherMode::ECB), ..Default::default() })
}

fn sha256() -> Option<CryptographicParameters> {
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    Some(CryptographicParameters { hashing_algorithm, ..Default::default() })
}

fn block() -> Option<Data> {
    Some(Data::Bytes([7; 16].as_slice().into()))
}

fn delete_note(id: &str, version: Version) -> Request {
    let named = Some(AttributeReference::Vendor { vendor: "x".into(), name: "note".into() });
    let unique_identifier = Some(id.into());
    let empty = DeleteAttributeRequest { unique_identifier, ..DeleteAttributeRequest::default() };
    Request::DeleteAttribute(if version < V2_0 {
        DeleteAttributeRequest { name: named, ..empty }
    } else {
        DeleteAttributeRequest { reference: named, ..empty }
    })
}
