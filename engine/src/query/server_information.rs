//! What Query says that the server cannot know by itself: the operator's statements, and what is switched off.
//!
//! A statement says who the server is and who has validated it. What the server can do is never stated, it is
//! computed: a feature that the configuration switches off is really off.

use keystead_base::near;
use kmip_codec::Tag;
use kmip_codec::enums::{ClientRegistrationMethod, ItemType, ValidationAuthorityType, ValidationType};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::operations::{OPERATION_ROWS, Operation};
use kmip_codec::payloads::{
    self, ExtensionInformation, ExtensionType, StandardInformation, ValidationInformation,
};
use serde::Deserialize;

/// `[server]`: who the server is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerInformation {
    /// Vendor Identification.
    pub vendor: String,
    /// Server Name.
    pub name: Option<String>,
    /// Server Serial Number.
    pub serial_number: Option<String>,
    /// Cluster Info.
    pub cluster: Option<String>,
    /// Alternate Failover Endpoints.
    pub failover: Vec<String>,
    /// Whether Query tells how keys are unwrapped and destroyed; if not, it says Unspecified.
    pub details: bool,
    /// Tags of the operator's own.
    #[serde(skip)]
    pub extensions: Vec<Extension>,
    /// Validations of the server's parts by an authority.
    #[serde(skip)]
    pub validations: Vec<Validation>,
}

impl Default for ServerInformation {
    fn default() -> Self {
        Self {
            vendor: "Keystead".to_owned(),
            name: None,
            serial_number: None,
            cluster: None,
            failover: Vec::new(),
            details: true,
            extensions: Vec::new(),
            validations: Vec::new(),
        }
    }
}

/// `[features]`: what may be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// Data in parts.
    pub streaming: bool,
    /// Answers that are polled for.
    pub asynchronous: bool,
    /// Batches that are undone when an item fails.
    pub batch_undo: bool,
    /// Batches that go on when an item fails.
    pub batch_continue: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { streaming: true, asynchronous: true, batch_undo: true, batch_continue: true }
    }
}

/// What the server has for clients that come to their first certificate, or the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// User names and passwords, under which what was made for a client is fetched.
    pub passwords: bool,
    /// The key that signs clients.
    pub signs: bool,
}

impl Registration {
    /// The methods of registration (KMIP 2.1, 11.10): what was made beforehand is fetched with a password; the rest is
    /// Re-Provision, with nothing, with a request or with a certificate.
    pub fn methods(self) -> Vec<ClientRegistrationMethod> {
        let provisions =
            OPERATION_ROWS.iter().any(|row| row.operation == Operation::ReProvision && row.served);
        let methods = [
            (ClientRegistrationMethod::ServerPreGenerated, self.passwords),
            (ClientRegistrationMethod::ServerOnDemand, provisions && self.signs),
            (ClientRegistrationMethod::ClientGenerated, provisions && self.signs),
            (ClientRegistrationMethod::ClientRegistered, provisions),
        ];
        methods.into_iter().filter(|(_, is_there)| *is_there).map(|(method, _)| method).collect()
    }
}

/// `[[extensions]]`: a tag from the range that KMIP leaves to vendors, as clients of the operator use it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Extension Name.
    pub name: String,
    /// Extension Tag: 0x540000 to 0x54FFFF.
    pub tag: u32,
    /// Extension Type: `TextString`, `Integer`, …
    #[serde(rename = "type")]
    pub item_type: String,
    /// Extension Description (from KMIP 2.0).
    pub description: Option<String>,
}

/// What is wrong with a name that KMIP does not have.
fn no_such(name: &str, what: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<&str> = known.collect();
    format!(
        "KMIP has no such {what}{}; there are {}",
        near::hint(name, known.iter().copied()),
        known.join(", ")
    )
}

/// The tag under which Server Information says whether the client may have weak algorithms and key lengths.
pub const WEAK_ALGORITHMS: Tag = Tag(0x54_4B57);

/// The server's own extension.
fn own() -> Extension {
    Extension {
        name: "Keystead Weak Algorithms".to_owned(),
        tag: WEAK_ALGORITHMS.0,
        item_type: "Boolean".to_owned(),
        description: Some("whether this client is granted weak algorithms and key lengths".to_owned()),
    }
}

impl Extension {
    /// Whether the row can stand in an answer; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !(0x54_0000..=0x54_FFFF).contains(&self.tag) {
            return Err((
                "tag",
                "it must be from 0x540000 to 0x54FFFF, which KMIP leaves to vendors".to_owned(),
            ));
        }
        match ItemType::by_name(&self.item_type) {
            Some(_) => Ok(()),
            None => Err(("type", no_such(&self.item_type, "type", ItemType::ROWS.iter().map(|row| row.1)))),
        }
    }

    fn told(&self, in_full: bool) -> ExtensionInformation {
        let name = self.name.clone();
        if !in_full {
            return ExtensionInformation { name, ..ExtensionInformation::default() };
        }
        ExtensionInformation {
            name,
            tag: Some(self.tag.cast_signed()),
            item_type: ItemType::by_name(&self.item_type).map(|number| ExtensionType(ItemType(number))),
            description: self.description.clone(),
            ..ExtensionInformation::default()
        }
    }
}

/// `[[validations]]`: a validation that the operator's certificate proves, such as that of the HSM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Validation Authority Type: `NISTCMVP`, `CommonCriteria`.
    pub authority: String,
    /// Validation Authority Country, two letters.
    pub country: Option<String>,
    /// Validation Authority URI.
    pub authority_uri: Option<String>,
    /// Validation Version Major: 2 for FIPS 140-2.
    pub version_major: i32,
    /// Validation Version Minor.
    pub version_minor: Option<i32>,
    /// Validation Type: `Hardware`, `Software`, `Firmware`, `Hybrid`.
    #[serde(rename = "type")]
    pub validation_type: String,
    /// Validation Level.
    pub level: i32,
    /// Validation Certificate Identifier.
    pub certificate: Option<String>,
    /// Validation Certificate URI.
    pub certificate_uri: Option<String>,
    /// Validation Vendor URI.
    pub vendor_uri: Option<String>,
    /// Validation Profile.
    #[serde(default)]
    pub profiles: Vec<String>,
}

impl Validation {
    /// Whether the row can stand in an answer; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (authority, kind) = (&self.authority, &self.validation_type);
        if ValidationAuthorityType::by_name(authority).is_none() {
            let names = ValidationAuthorityType::ROWS.iter().map(|row| row.1);
            return Err(("authority", no_such(authority, "Validation Authority Type", names)));
        }
        if ValidationType::by_name(kind).is_none() {
            let names = ValidationType::ROWS.iter().map(|row| row.1);
            return Err(("type", no_such(kind, "Validation Type", names)));
        }
        let numbers = [
            ("version_major", Some(self.version_major)),
            ("version_minor", self.version_minor),
            ("level", Some(self.level)),
        ];
        match numbers.iter().find(|(_, number)| number.is_some_and(|number| !(0..=1000).contains(&number))) {
            Some((key, _)) => Err((*key, "it must be from 0 to 1000".to_owned())),
            None => Ok(()),
        }
    }

    fn told(&self) -> ValidationInformation {
        let authority = ValidationAuthorityType::by_name(&self.authority).unwrap_or_default();
        let validation_type = ValidationType::by_name(&self.validation_type).unwrap_or_default();
        ValidationInformation {
            authority_type: ValidationAuthorityType(authority),
            authority_country: self.country.clone(),
            authority_uri: self.authority_uri.clone(),
            version_major: self.version_major,
            version_minor: self.version_minor,
            validation_type: ValidationType(validation_type),
            level: self.level,
            certificate_identifier: self.certificate.clone(),
            certificate_uri: self.certificate_uri.clone(),
            vendor_uri: self.vendor_uri.clone(),
            profile: self.profiles.clone(),
        }
    }
}

impl ServerInformation {
    /// Server Information for one client.
    pub fn server_information(&self, weak_algorithms: bool) -> payloads::ServerInformation {
        let value = ItemValue::Boolean(weak_algorithms);
        payloads::ServerInformation {
            standard: StandardInformation {
                name: self.name.clone(),
                serial_number: self.serial_number.clone(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                product: Some("Keystead".to_owned()),
                cluster: self.cluster.clone(),
                failover: self.failover.clone(),
                ..StandardInformation::default()
            },
            vendor_specific: vec![Item { tag: WEAK_ALGORITHMS, value }],
        }
    }

    /// Extension Information: the names alone, or in full.
    pub fn extensions(&self, in_full: bool) -> Vec<ExtensionInformation> {
        self.extensions.iter().chain([&own()]).map(|row| row.told(in_full)).collect()
    }

    /// Validation Information.
    pub fn validations(&self) -> Vec<ValidationInformation> {
        self.validations.iter().map(Validation::told).collect()
    }
}
