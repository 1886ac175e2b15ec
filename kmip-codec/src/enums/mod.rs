//! Enumerations and masks (KMIP 2.1, 11 and 12). The one of operations stands with their table, in
//! [`operations`](crate::operations).

mod cryptography;
mod masks;
mod objects;
mod pkcs11;
mod profiles;
mod protocol;
mod results;

pub use cryptography::*;
pub use masks::*;
pub use objects::*;
pub use pkcs11::*;
pub use profiles::*;
pub use protocol::*;
pub use results::*;

use crate::Tag;
use crate::declare::IsIn;
use crate::version::Version;
use crate::wire::Names;

/// An enumeration or a mask, for the reference pages.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name in Rust.
    pub name: &'static str,
    /// What it tells, and the clause.
    pub doc: &'static str,
    /// Every value: number, name and whether a version has it.
    pub rows: &'static [Row],
}

/// A value: number, name and whether a version has it.
pub type Row = (u32, &'static str, IsIn);

/// Which enumeration stands under a tag, for items that are read without knowing what they belong to, after those that
/// stand under no tag of their own.
macro_rules! by_tag {
    (under no tag: $($other:path),*; under one more: $($more:ident: $again:ident),*; $($tag:ident: $enumeration:ident;)*) => {
        /// Every enumeration and mask.
        pub const TABLES: &[Table] = &[$($enumeration::TABLE,)* $(<$other>::TABLE,)*];

        /// How names become numbers under this tag.
        pub fn names_under(tag: Tag) -> Names {
            match tag {
                $(Tag::$tag => $enumeration::NAMES,)*
                Tag::Operation => crate::operations::Operation::NAMES,
                $(Tag::$more => $again::NAMES,)*
                _ => Names::NONE,
            }
        }

        /// Whether a refusal may quote what stands under this tag in the place of a name of its table: nothing else than such
        /// a name is ever meant to stand there, as secrets and what people write are under other tags.
        pub fn may_be_quoted(tag: Tag) -> bool {
            let is_of_values = matches!(tag, $(Tag::$tag)|* | Tag::Operation | Tag::MaskGeneratorHashingAlgorithm);
            is_of_values || bits_under(tag).is_some() || tag == Tag::AttributeReference
        }

        /// The name of a number under this tag.
        pub fn name_under(tag: Tag, value: u32, version: Version) -> Option<&'static str> {
            match tag {
                $(Tag::$tag => $enumeration(value).name(version),)*
                Tag::Operation => crate::operations::Operation(value).name(version),
                $(Tag::$more => $again(value).name(version),)*
                _ => None,
            }
        }
    };
}

/// How the names of bits become numbers under this tag, where a mask may stand there. Under the tag of any attribute's value
/// they are those of all masks, which share none.
pub fn bits_under(tag: Tag) -> Option<Names> {
    match tag {
        Tag::CryptographicUsageMask => Some(CryptographicUsageMask::NAMES),
        Tag::ProtectionStorageMask => Some(ProtectionStorageMask::NAMES),
        Tag::StorageStatusMask => Some(StorageStatusMask::NAMES),
        Tag::AttributeValue => Some(Names { number: any_bit, all: any_bits, is_table: false }),
        _ => None,
    }
}

fn any_bits(version: Version) -> Vec<&'static str> {
    let [one, two, three] =
        [CryptographicUsageMask::NAMES, ProtectionStorageMask::NAMES, StorageStatusMask::NAMES];
    [(one.all)(version), (two.all)(version), (three.all)(version)].concat()
}

fn any_bit(name: &str) -> Option<u32> {
    let [one, two, three] =
        [CryptographicUsageMask::by_name, ProtectionStorageMask::by_name, StorageStatusMask::by_name];
    one(name).or_else(|| two(name)).or_else(|| three(name))
}

by_tag! {
    under no tag: crate::operations::Operation, DataReference, ItemType, UniqueIdentifierReference, CryptographicUsageMask,
        ProtectionStorageMask, StorageStatusMask;
    under one more: LinkedObjectIdentifier: UniqueIdentifierReference, MaskGeneratorHashingAlgorithm: HashingAlgorithm;
    AdjustmentType: AdjustmentType;
    AlternativeNameType: AlternativeNameType;
    AsynchronousIndicator: AsynchronousIndicator;
    AttestationType: AttestationType;
    BatchErrorContinuationOption: BatchErrorContinuationOption;
    BlockCipherMode: BlockCipherMode;
    CancellationResult: CancellationResult;
    CertificateRequestType: CertificateRequestType;
    CertificateType: CertificateType;
    ClientRegistrationMethod: ClientRegistrationMethod;
    CredentialType: CredentialType;
    CryptographicAlgorithm: CryptographicAlgorithm;
    DRBGAlgorithm: DRBGAlgorithm;
    DerivationMethod: DerivationMethod;
    DestroyAction: DestroyAction;
    DigitalSignatureAlgorithm: DigitalSignatureAlgorithm;
    EncodingOption: EncodingOption;
    EndpointRole: EndpointRole;
    FIPS186Variation: FIPS186Variation;
    HashingAlgorithm: HashingAlgorithm;
    InteropFunction: InteropFunction;
    KeyCompressionType: KeyCompressionType;
    KeyFormatType: KeyFormatType;
    KeyRoleType: KeyRoleType;
    KeyValueLocationType: KeyValueLocationType;
    KeyWrapType: KeyWrapType;
    LinkType: LinkType;
    MaskGenerator: MaskGenerator;
    NISTKeyType: NISTKeyType;
    NameType: NameType;
    ObjectGroupMember: ObjectGroupMember;
    ObjectType: ObjectType;
    PKCS_11Function: PKCS11Function;
    PKCS_11ReturnCode: PKCS11ReturnCode;
    PaddingMethod: PaddingMethod;
    ProcessingStage: ProcessingStage;
    ProfileName: ProfileName;
    ProtectionLevel: ProtectionLevel;
    PutFunction: PutFunction;
    QueryFunction: QueryFunction;
    RNGAlgorithm: RNGAlgorithm;
    RNGMode: RNGMode;
    RecommendedCurve: RecommendedCurve;
    ResultReason: ResultReason;
    ResultStatus: ResultStatus;
    RevocationReasonCode: RevocationReasonCode;
    RotateNameType: RotateNameType;
    SecretDataType: SecretDataType;
    ShreddingAlgorithm: ShreddingAlgorithm;
    SplitKeyMethod: SplitKeyMethod;
    State: State;
    TicketType: TicketType;
    UnwrapMode: UnwrapMode;
    UsageLimitsUnit: UsageLimitsUnit;
    ValidationAuthorityType: ValidationAuthorityType;
    ValidationType: ValidationType;
    ValidityIndicator: ValidityIndicator;
    WrappingMethod: WrappingMethod;
}
