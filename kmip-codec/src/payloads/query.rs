//! What a server is and can.

use crate::Tag;
use crate::attributes::RngParameters;
use crate::declare::{Field, Value, structure};
use crate::enums::*;
use crate::error::Result;
use crate::item::Item;
use crate::operations::Operation;
use crate::payloads::{DefaultsInformation, ObjectGroups, ProtectionStorageMasks};
use crate::version::*;
use crate::wire::{Sink, Source};

structure! {
    /// Asks which versions a server speaks (KMIP 2.1, 6.1.16).
    pub struct DiscoverVersionsRequest {
        versions: Vec<Version> = ProtocolVersion;
    }
}

structure! {
    /// The versions, best first.
    pub struct DiscoverVersionsResponse {
        versions: Vec<Version> = ProtocolVersion;
    }
}

structure! {
    /// Asks about a server (KMIP 2.1, 6.1.40).
    pub struct QueryRequest {
        functions: Vec<QueryFunction> = QueryFunction;
        object_groups: Option<ObjectGroups> = ObjectGroups in V2_1..;
    }
}

structure! {
    /// What it can.
    pub struct QueryResponse {
        operations: Vec<Operation> = Operation;
        object_types: Vec<ObjectType> = ObjectType;
        vendor_identification: Option<String> = VendorIdentification;
        server_information: Option<ServerInformation> = ServerInformation;
        application_namespaces: Vec<String> = ApplicationNamespace;
        extension_information: Vec<ExtensionInformation> = ExtensionInformation in V1_1..;
        attestation_types: Vec<AttestationType> = AttestationType in V1_2..;
        rng_parameters: Vec<RngParameters> = RNGParameters in V1_3..;
        profile_information: Vec<ProfileInformation> = ProfileInformation in V1_3..;
        validation_information: Vec<ValidationInformation> = ValidationInformation in V1_3..;
        capability_information: Vec<CapabilityInformation> = CapabilityInformation in V1_3..;
        client_registration_methods: Vec<ClientRegistrationMethod> = ClientRegistrationMethod in V1_3..;
        defaults_information: Option<DefaultsInformation> = DefaultsInformation in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

/// What a vendor says of its server (KMIP 2.1, 7.37). In 1.x the structure has no fields but those of the vendor.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ServerInformation {
    /// From KMIP 2.0 on.
    pub standard: StandardInformation,
    /// Items under tags of the vendor.
    pub vendor_specific: Vec<Item>,
}

macro_rules! standard_information {
    ($($field:ident: $ty:ty = $tag:ident;)*) => {
        /// The fields that the standard has for a server.
        #[derive(Clone, Debug, PartialEq, Eq, Default)]
        pub struct StandardInformation {
            $(#[doc = concat!("Tag `", stringify!($tag), "`.")] pub $field: $ty,)*
        }

        impl Value for ServerInformation {
            fn put(&self, tag: Tag, out: &mut dyn Sink) {
                out.open(tag);
                if out.version() >= V2_0 {
                    $(self.standard.$field.write(Tag::$tag, out);)*
                }
                self.vendor_specific.iter().for_each(|item| item.value.put(item.tag, out));
                out.close();
            }

            fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
                src.open(tag)?;
                let mut information = Self::default();
                if src.version() >= V2_0 {
                    $(information.standard.$field = Field::read(Tag::$tag, src)?;)*
                }
                while let Some(tag) = src.peek() {
                    information.vendor_specific.push(Item { tag, value: Value::take(tag, src)? });
                }
                src.close()?;
                Ok(information)
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for ServerInformation {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                use crate::sample::SampleField as _;
                let standard = match dice.version >= V2_0 {
                    true => StandardInformation { $($field: <$ty>::sample_field(dice),)* },
                    false => StandardInformation::default(),
                };
                Self { standard, vendor_specific: Vec::new() }
            }
        }
    };
}

standard_information! {
    name: Option<String> = ServerName;
    serial_number: Option<String> = ServerSerialNumber;
    version: Option<String> = ServerVersion;
    load: Option<String> = ServerLoad;
    product: Option<String> = ProductName;
    build_level: Option<String> = BuildLevel;
    build_date: Option<String> = BuildDate;
    cluster: Option<String> = ClusterInfo;
    failover: Vec<String> = AlternateFailoverEndpoints;
}

/// The item type of an extension: an integer in 1.x, an enumeration in 2.x.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExtensionType(pub ItemType);

impl Value for ExtensionType {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        if out.version() < V2_0 {
            return out.integer(tag, self.0.0.cast_signed());
        }
        self.0.put(tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if src.version() < V2_0 {
            return src.integer(tag).map(|number| Self(ItemType(number.cast_unsigned())));
        }
        Value::take(tag, src).map(Self)
    }
}

structure! {
    /// A tag that a vendor added (KMIP 2.1, 7.13).
    pub struct ExtensionInformation {
        name: String = ExtensionName;
        tag: Option<i32> = ExtensionTag;
        item_type: Option<ExtensionType> = ExtensionType;
        enumeration: Option<i32> = ExtensionEnumeration in V2_0..;
        attribute: Option<bool> = ExtensionAttribute in V2_0..;
        parent_structure_tag: Option<i32> = ExtensionParentStructureTag in V2_0..;
        description: Option<String> = ExtensionDescription in V2_0..;
    }
}

structure! {
    /// A profile that a server claims (KMIP 2.1, 7.31).
    pub struct ProfileInformation {
        name: ProfileName = ProfileName;
        version: Option<ProfileVersion> = ProfileVersion in V2_0..;
        server_uri: Option<String> = ServerURI;
        server_port: Option<i32> = ServerPort;
    }
}

structure! {
    /// The version of a profile (KMIP 2.1, 7.32).
    pub struct ProfileVersion {
        major: i32 = ProfileVersionMajor;
        minor: i32 = ProfileVersionMinor;
    }
}

structure! {
    /// A validation that a server claims (KMIP 2.1, 7.41).
    pub struct ValidationInformation {
        authority_type: ValidationAuthorityType = ValidationAuthorityType;
        authority_country: Option<String> = ValidationAuthorityCountry;
        authority_uri: Option<String> = ValidationAuthorityURI;
        version_major: i32 = ValidationVersionMajor;
        version_minor: Option<i32> = ValidationVersionMinor;
        validation_type: ValidationType = ValidationType;
        level: i32 = ValidationLevel;
        certificate_identifier: Option<String> = ValidationCertificateIdentifier;
        certificate_uri: Option<String> = ValidationCertificateURI;
        vendor_uri: Option<String> = ValidationVendorURI;
        profile: Vec<String> = ValidationProfile;
    }
}

structure! {
    /// What a server can beyond its operations (KMIP 2.1, 7.5).
    pub struct CapabilityInformation {
        streaming: Option<bool> = StreamingCapability;
        asynchronous: Option<bool> = AsynchronousCapability;
        attestation: Option<bool> = AttestationCapability;
        batch_undo: Option<bool> = BatchUndoCapability in V1_4..;
        batch_continue: Option<bool> = BatchContinueCapability in V1_4..;
        unwrap_mode: Option<UnwrapMode> = UnwrapMode;
        destroy_action: Option<DestroyAction> = DestroyAction;
        shredding_algorithm: Option<ShreddingAlgorithm> = ShreddingAlgorithm;
        rng_mode: Option<RNGMode> = RNGMode;
        quantum_safe: Option<bool> = QuantumSafeCapability in V2_0..;
    }
}
