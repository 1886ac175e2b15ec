//! The differences that are meant, each with its reason.

/// A difference that is meant.
pub struct Row {
    /// What the line of the difference holds, one of these; `*` stands for anything.
    pub patterns: &'static [&'static str],
    /// Who is right, and why.
    pub reason: &'static str,
}

impl Row {
    /// Whether this is such a difference.
    pub fn explains(&self, difference: &str) -> bool {
        self.patterns.iter().any(|pattern| {
            let mut rest = difference;
            pattern.split('*').all(|part| match rest.find(part) {
                Some(at) => {
                    rest = &rest[at + part.len()..];
                    true
                }
                None => false,
            })
        })
    }
}

macro_rules! explained {
    ($($reason:literal: $($pattern:literal),+;)*) => {
        &[$(Row { patterns: &[$($pattern),+], reason: $reason },)*]
    };
}

/// The table. The first row that fits explains.
pub const EXPLAINED: &[Row] = explained! {
    "PyKMIP does not speak the version":
        "refused by PyKMIP: TypeError in RequestHeader: *'NoneType' and 'KMIPVersion'",
        "refused by PyKMIP: TypeError in RequestBatchItem: *'NoneType' and 'KMIPVersion'",
        "refused by PyKMIP: TypeError in ResponseHeader: *'NoneType' and 'KMIPVersion'";
    "we speak no such version, and PyKMIP does not look at it where nothing depends on it":
        "refused by us: ProtocolVersion is *, a version that is not spoken",
        "refused by us: ProtocolVersion* has a value that its type or its tag does not allow";
    "a batch count below zero is PyKMIP's none":
        "refused by us: BatchCount is -*, and * items follow";
    "PyKMIP does not look at the length of a Boolean":
        "refused by us: BatchOrderOption ends too early",
        "refused by us: AsynchronousIndicator ends too early",
        "refused by us: AttestationCapableIndicator ends too early",
        "refused by us: RandomIV ends too early",
        "refused by us: AsynchronousIndicator has padding that is not zero",
        "refused by us: *, which does not fit its type";
    "PyKMIP does not look at which version a field belongs to":
        "refused by us: * is a field that has no place there in this version";
    "PyKMIP does not look into a Message Extension":
        "refused by us: * ends without VendorIdentification";
    "PyKMIP does not write again what it reads, or does not read what stands at the end":
        "1.4 Query*; understood otherwise: *CapabilityInformation/BatchUndoCapability Dropped",
        "Sign*; understood otherwise: BatchItem/RequestPayload/CorrelationValue Dropped",
        "Sign*; understood otherwise: BatchItem/RequestPayload/InitIndicator Dropped";
    "PyKMIP has no structures for the operation":
        "refused by PyKMIP: NotImplementedError in RequestBatchItem",
        "refused by PyKMIP: NotImplementedError in ResponseBatchItem",
        "refused by PyKMIP: ValueError in RequestBatchItem: unsupported operation",
        "refused by PyKMIP: ValueError in ResponseBatchItem: unsupported operation";
    "PyKMIP decodes texts byte by byte, and so none but ASCII":
        "refused by PyKMIP: UnicodeDecodeError";
    "PyKMIP has no attestation, nonce and correlation values in headers (1.2 and 1.4)":
        "Header: Tried to read Base.tag: expected 0x42000d, received 0x4200c7",
        "Header: Tried to read Base.tag: expected 0x42000d, received 0x4200c8",
        "Header: Tried to read Base.tag: expected 0x42000d, received 0x4200d3",
        "Header: Tried to read Base.tag: expected 0x42000d, received 0x420105",
        "Header: Tried to read Base.tag: expected 0x42000d, received 0x420106";
    "the Asynchronous Indicator is an enumeration in 2.x, which PyKMIP reads as a Boolean":
        "2.*; refused by PyKMIP: ReadValueError in RequestHeader: Tried to read Base.type: expected 6, received 5",
        "2.0 *; refused by us: AsynchronousIndicator has type Boolean; expected type Enumeration";
    "identifiers and attribute references are of several types in 2.x, but texts alone for PyKMIP":
        "2.0 *Payload: Tried to read Base.type: expected 7, received 5",
        "2.0 *Payload: Tried to read Base.type: expected 7, received 2",
        "2.0 *SignatureVerifyRequestPayload: Tried to read Base.type: expected 8, received 2",
        "2.0 *SignatureVerifyRequestPayload: Tried to read Base.type: expected 8, received 5";
    "numbers that no table has survive here, and are refused by the server where they would matter":
        "refused by PyKMIP: ValueError in * is not a valid ";
    "PyKMIP has no type for the attribute, or takes what a vendor added for a text":
        "refused by PyKMIP: NotImplementedError in Attribute",
        "refused by PyKMIP: NotImplementedError in CurrentAttribute",
        "refused by PyKMIP: NotImplementedError in NewAttribute",
        "refused by PyKMIP: ValueError in * Unrecognized attribute name",
        "refused by PyKMIP: StreamNotEmptyError in Attributes",
        "refused by PyKMIP: Exception in Attribute: No value type for",
        "refused by PyKMIP: ValueError in * Unrecognized attribute type",
        "refused by PyKMIP: ReadValueError in Attribute: Tried to read Base.type: expected 7, received";
    "a tag that is no attribute is kept, and refused by the server":
        "2.0 *refused by PyKMIP: AttributeNotSupported in Attributes";
    "an attribute, key block or digest without a part that PyKMIP always reads":
        "refused by PyKMIP: error in Attribute: unpack requires",
        "refused by PyKMIP: error in Name: unpack requires",
        "refused by PyKMIP: error in Digest: unpack requires",
        "refused by PyKMIP: error in KeyValue: unpack requires",
        "refused by PyKMIP: error in CryptographicParameters: unpack requires",
        "refused by PyKMIP: ReadValueError in Digest: Tried to read Base.tag: expected 0x420035",
        "refused by PyKMIP: ReadValueError in KeyValue: Tried to read Base.tag: expected 0x420045";
    "PyKMIP has neither wrapped Byte Strings nor transparent keys in a Key Value":
        "refused by PyKMIP: ReadValueError in KeyValue: Tried to read Base.type: expected 1, received 8",
        "refused by PyKMIP: TypeError in KeyValue: invalid key material";
    "PyKMIP has no PGP keys":
        "refused by PyKMIP: TypeError in *Payload: Unrecognized secret type: ObjectType.PGP_KEY";
    "an object of another type than the message says is refused by the server, not the decoder":
        "refused by PyKMIP: ValueError in GetResponsePayload: Parsed payload encoding is missing the secret field",
        "refused by PyKMIP: InvalidKmipEncoding in RegisterRequestPayload: * is missing the managed object";
    "PyKMIP reads the payload of an answer that succeeded alone, and one Message Extension":
        "refused by PyKMIP: StreamNotEmptyError in RequestBatchItem",
        "refused by PyKMIP: StreamNotEmptyError in ResponseBatchItem";
    "PyKMIP lacks what 1.3 and 1.4 added to cryptography: streaming, authenticated encryption, more parameters":
        "refused by PyKMIP: StreamNotEmptyError in EncryptRe",
        "refused by PyKMIP: StreamNotEmptyError in DecryptRe",
        "refused by PyKMIP: StreamNotEmptyError in MACRe",
        "refused by PyKMIP: StreamNotEmptyError in SignRe",
        "refused by PyKMIP: StreamNotEmptyError in CryptographicParameters",
        "1.4 *refused by PyKMIP: StreamNotEmptyError in GetRequestPayload",
        "refused by PyKMIP: InvalidKmipEncoding in MACRequestPayload: expected mac request data not found",
        "RequestPayload: invalid payload missing the data attribute",
        "ResponsePayload: invalid payload missing the data attribute",
        "ResponsePayload: invalid payload missing the signature data attribute",
        "refused by PyKMIP: ValueError in SignatureVerifyResponsePayload: Parsed payload encoding is missing",
        "refused by PyKMIP: InvalidKmipEncoding in MACResponsePayload: expected mac response mac data not found";
    "an Authentication without a credential shows none: a client that must show one is refused by the server":
        "refused by PyKMIP: ValueError in Authentication: Authentication encoding missing credentials";
    "PyKMIP knows fewer credentials, and asks more of them":
        "refused by PyKMIP: ReadValueError in DeviceCredential: Tried to read Base.type: expected 1",
        "refused by PyKMIP: ValueError in AttestationCredential: Attestation credential encoding is missing the nonce",
        "refused by PyKMIP: ValueError in Credential: Credential encoding includes unrecognized credential type",
        "refused by PyKMIP: ValueError in AttestationCredential: Attestation credential encoding is missing either";
    "an operation without identifier is about the object of the one before it":
        "refused by PyKMIP: error in ActivateRequestPayload: unpack requires",
        "refused by PyKMIP: InvalidKmipEncoding in DeriveKeyRequestPayload: * is missing the unique identifiers",
        "refused by PyKMIP: ReadValueError in RevokeRequestPayload: Tried to read Base.tag: expected 0x420094";
    "what only some versions ask for, or nobody needs, is asked for by the server":
        "refused by PyKMIP: InvalidKmipEncoding in QueryRequestPayload: * is missing the query functions",
        "refused by PyKMIP: InvalidKmipEncoding in NewAttribute: * is missing the attribute",
        "refused by PyKMIP: InvalidKmipEncoding in GetAttributeListResponsePayload: * is missing the attribute names",
        "refused by PyKMIP: InvalidField in GetAttributeListResponsePayload: * is missing the attribute names",
        "refused by PyKMIP: InvalidField in GetAttributesResponsePayload: * is missing the attributes list",
        "refused by PyKMIP: InvalidKmipEncoding in GetAttributesResponsePayload: * is missing the attributes structure",
        "refused by PyKMIP: InvalidKmipEncoding in DeleteAttributeResponsePayload: * is missing the attribute field",
        "refused by PyKMIP: InvalidKmipEncoding in DeleteAttributeRequestPayload: * is missing the attribute name",
        "refused by PyKMIP: InvalidKmipEncoding in ModifyAttributeResponsePayload: * is missing the attribute field";
    "an operation younger than the version has a payload that nobody interprets":
        "1.0 *ReKeyKeyPair*; refused by PyKMIP: InvalidKmipEncoding in RekeyKeyPairResponsePayload",
        "1.0 *SignatureVerify*; refused by PyKMIP: StreamNotEmptyError in SignatureVerifyRequestPayload",
        "1.0 *DiscoverVersions*; refused by PyKMIP: StreamNotEmptyError in DiscoverVersionsResponsePayload",
        "1.0 *Sign*; refused by PyKMIP: ValueError in SignResponsePayload: invalid payload missing the unique identifier";
};
