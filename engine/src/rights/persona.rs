//! Personas: what is done differently for a client, as one table. A column is a switch, declared in `switches!` with its
//! type and what it is in the specification; a row of [`BUILT_IN`] is a persona, named after the client that needs it.
//!
//! A switch is here when a real client needs it or when the specification leaves it open. What a client may get
//! (groups, weak keys) is no persona's business.

use serde::Deserialize;
use std::fmt;

/// Enumerations of switches, with the words of the configuration.
macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $choice_doc:literal])+ $choice:ident = $word:literal,)+ })*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
        pub enum $name { $($(#[doc = $choice_doc])+ #[serde(rename = $word)] $choice,)+ }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$choice => $word,)+ })
            }
        }
    )*};
}

choices! {
    /// Who activates new objects.
    Activation {
        /// The client: by Activate or an Activation Date.
        Client = "client",
        /// The server, as it makes or registers them.
        Automatic = "automatic",
    }
    /// Whether two objects of one owner may have the same name.
    Names {
        /// They may not.
        Unique = "unique",
        /// They may.
        Free = "free",
    }
    /// What becomes of a Template-Attribute in a Locate.
    Templates {
        /// Its attributes are filters like the bare ones.
        Honour = "honour",
        /// The request is refused.
        Refuse = "refuse",
    }
    /// What becomes of NUL bytes at the end of texts.
    Nuls {
        /// They are part of the text.
        Keep = "keep",
        /// They are stripped as the message is read.
        Strip = "strip",
    }
    /// What becomes of fields that belong to a later minor version of the protocol than the message, and of bits of masks
    /// that belong to any later one.
    LaterFields {
        /// They are read, where they stand in the place that they have there.
        Take = "take",
        /// The item is refused.
        Refuse = "refuse",
    }
    /// What becomes of a Compromise Occurrence Date in a Revoke for another reason than a compromise.
    NeedlessDate {
        /// The request is refused.
        Refuse = "refuse",
        /// It has no effect.
        Ignore = "ignore",
    }
    /// What becomes of a credential in the header.
    Credentials {
        /// It is recorded by its kind, and has no effect.
        Ignore = "ignore",
        /// Each request must have one that the configuration knows.
        Require = "require",
        /// The same, and it tells apart clients that share a certificate: `CERTIFICATE/CREDENTIAL` owns what it makes.
        Identify = "identify",
        /// A request that has one is refused.
        Refuse = "refuse",
    }
    /// What becomes of a key that says none of its uses: no Cryptographic Usage Mask.
    MissingUses {
        /// The request is refused.
        Refuse = "refuse",
        /// The key is for all that keys of its algorithm are for.
        Fill = "fill",
    }
    /// Where the value of a key that leaves wrapped stands.
    WrappedValues {
        /// As the Byte String that the Key Value is.
        Bytes = "bytes",
        /// As the Key Material inside a Key Value.
        Inside = "inside",
    }
    /// In which order Locate gives what it found.
    LocateOrder {
        /// What was made last comes first; 1.3 clients that page begin at the oldest.
        NewestFirst = "newest-first",
        /// What was made first comes first.
        OldestFirst = "oldest-first",
    }
}

/// A switch, for lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switch {
    /// What the configuration calls it.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

macro_rules! switches {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $standard:expr;)*) => {
        /// What is done for a client, switch by switch.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Persona { $($(#[doc = $doc])+ pub $name: $kind,)* }

        /// Some switches: what a persona sets other than the one that it is based on.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Switches { $($(#[doc = $doc])+ pub $name: Option<$kind>,)* }

        /// Every switch.
        pub const SWITCHES: &[Switch] =
            &[$(Switch { name: stringify!($name), doc: concat!($($doc),+) },)*];

        impl Default for Persona {
            /// `standard`.
            fn default() -> Self {
                Self { $($name: $standard,)* }
            }
        }

        impl Persona {
            /// The persona with these switches set.
            pub fn with(self, set: &Switches) -> Self {
                Self { $($name: set.$name.unwrap_or(self.$name),)* }
            }

            /// Every switch in the words of the configuration, in the order of [`SWITCHES`].
            pub fn values(&self) -> Vec<String> {
                vec![$(self.$name.to_string(),)*]
            }
        }

        impl Switches {
            /// None.
            pub const NONE: Self = Self { $($name: None,)* };

            /// Which are set, in the order of [`SWITCHES`].
            pub fn set(&self) -> Vec<bool> {
                vec![$(self.$name.is_some(),)*]
            }
        }
    };
}

switches! {
    /// Whether an object can be got that was never activated.
    pre_active_get: bool = true;
    /// Whether an object can be destroyed that was never activated.
    pre_active_destroy: bool = true;
    /// Who activates new objects: `client` or `automatic`ally the server.
    activation: Activation = Activation::Client;
    /// Names of one owner's objects: `unique` or `free`.
    names: Names = Names::Unique;
    /// Filters inside a Template-Attribute of Locate: `honour` or `refuse`.
    locate_templates: Templates = Templates::Honour;
    /// The order of Locate: `newest-first` or `oldest-first`.
    locate_order: LocateOrder = LocateOrder::NewestFirst;
    /// NUL bytes at the end of texts: `keep` or `strip`.
    trailing_nuls: Nuls = Nuls::Keep;
    /// Fields of later minor versions, such as Offset Items in KMIP 1.0, and bits of masks of later versions: `take` or `refuse`.
    later_fields: LaterFields = LaterFields::Take;
    /// A Compromise Occurrence Date where there is no compromise, in Revoke: `refuse` or `ignore`.
    needless_compromise_date: NeedlessDate = NeedlessDate::Refuse;
    /// A key that is registered, made as half of a pair or joined without a Cryptographic Usage Mask: `refuse`, or `fill` in
    /// what keys of its algorithm are for. Create and Derive Key set one for every client.
    missing_usage_mask: MissingUses = MissingUses::Refuse;
    /// The value of a key that leaves wrapped: the `bytes` of the Key Value, or `inside` one as its Key Material.
    wrapped_values: WrappedValues = WrappedValues::Bytes;
    /// A credential in the header: `ignore`, `require`, `identify` or `refuse`.
    credentials: Credentials = Credentials::Ignore;
    /// Whether the client may learn that an object of others exists.
    disclose: bool = false;
    /// Lease Time in seconds; 0 for no limit.
    lease_seconds: u32 = 3600;
    /// Lease Time of keys that took the place of others, in seconds.
    replacement_lease_seconds: u32 = 3600;
}

/// A persona that comes with the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuiltIn {
    /// What `persona = "…"` calls it.
    pub name: &'static str,
    /// For whom, and why.
    pub doc: &'static str,
    /// What it fixes; the rest is as in `standard`.
    pub switches: Switches,
}

/// The name of the persona of clients that have no other.
pub const STANDARD: &str = "standard";

/// The client calls Activate itself, which an object that is Active already refuses.
const ACTIVATES: Switches = Switches { activation: Some(Activation::Client), ..Switches::NONE };

/// PyKMIP names what has no name, and takes a wrapped Key Value for a structure.
const PYKMIP: Switches =
    Switches { names: Some(Names::Free), wrapped_values: Some(WrappedValues::Inside), ..Switches::NONE };

/// The personas that come with the server.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: STANDARD,
        doc: "The specification, with the choices of docs/decisions.md where it leaves one.",
        switches: Switches::NONE,
    },
    BuiltIn {
        name: "strict",
        doc: "Nothing beyond the letter: objects are activated before they are got and revoked before they are \
              destroyed, filters stand bare, the certificate alone says who a client is.",
        switches: Switches {
            pre_active_get: Some(false),
            pre_active_destroy: Some(false),
            locate_templates: Some(Templates::Refuse),
            later_fields: Some(LaterFields::Refuse),
            credentials: Some(Credentials::Refuse),
            ..Switches::NONE
        },
    },
    BuiltIn {
        name: "vmware",
        doc: "VMware vCenter and vSAN: activates Pre-Active keys itself; may send a user name and a password.",
        switches: Switches { credentials: Some(Credentials::Ignore), ..ACTIVATES },
    },
    BuiltIn {
        name: "synology",
        doc: "Synology DSM: finds its secret by the name of the volume, the newest first, and activates it itself.",
        switches: Switches { locate_order: Some(LocateOrder::NewestFirst), ..ACTIVATES },
    },
    BuiltIn {
        name: "veeam",
        doc: "Veeam Backup & Replication: makes a key pair and activates both halves itself.",
        switches: ACTIVATES,
    },
    BuiltIn {
        name: "vast",
        doc: "VAST Data: after Re-key the name leads to the new key alone, and the newest comes first.",
        switches: Switches {
            names: Some(Names::Unique),
            locate_order: Some(LocateOrder::NewestFirst),
            ..ACTIVATES
        },
    },
    BuiltIn {
        name: "fortigate",
        doc: "FortiGate: filters inside a Template-Attribute (KMIP 1.0), a user name and a password beside the \
              certificate.",
        switches: Switches {
            locate_templates: Some(Templates::Honour),
            credentials: Some(Credentials::Ignore),
            ..ACTIVATES
        },
    },
    BuiltIn {
        name: "ceph",
        doc: "Ceph RGW: the name inside a Template-Attribute, a user name and a password where they are configured.",
        switches: Switches {
            locate_templates: Some(Templates::Honour),
            credentials: Some(Credentials::Ignore),
            ..Switches::NONE
        },
    },
    BuiltIn {
        name: "mongodb",
        doc: "MongoDB and its drivers: registers secrets without a name and activates them itself.",
        switches: ACTIVATES,
    },
    BuiltIn {
        name: "percona",
        doc: "Percona Server, pg_tde and others on libkmip: get keys that were never activated; refuse a name that two \
              keys have; revoke with a Compromise Occurrence Date of 0 whatever the reason; page Locate by Offset \
              Items in KMIP 1.0.",
        switches: Switches {
            pre_active_get: Some(true),
            activation: Some(Activation::Client),
            names: Some(Names::Unique),
            needless_compromise_date: Some(NeedlessDate::Ignore),
            later_fields: Some(LaterFields::Take),
            ..Switches::NONE
        },
    },
    BuiltIn {
        name: "pykmip",
        doc: "PyKMIP and what is built on it: what is registered without a name gets one of the client's, the same for \
              every object of a type; wrapped keys are read only inside a Key Value.",
        switches: PYKMIP,
    },
    BuiltIn {
        name: "barbican",
        doc: "OpenStack Barbican, on PyKMIP: never activates, yet gets and destroys; names are not its own; RSA pairs come and \
              are asked for without a usage mask.",
        switches: Switches {
            pre_active_get: Some(true),
            pre_active_destroy: Some(true),
            missing_usage_mask: Some(MissingUses::Fill),
            ..PYKMIP
        },
    },
    BuiltIn {
        name: "cryptctl",
        doc: "cryptctl: a credential in every header; gets and destroys keys that were never activated.",
        switches: Switches {
            pre_active_get: Some(true),
            pre_active_destroy: Some(true),
            credentials: Some(Credentials::Ignore),
            ..Switches::NONE
        },
    },
    BuiltIn {
        name: "db2",
        doc: "IBM Db2 and Storage Scale: old releases end texts with NUL bytes; labels are unique.",
        switches: Switches { trailing_nuls: Some(Nuls::Strip), names: Some(Names::Unique), ..Switches::NONE },
    },
];

/// The built-in persona of this name.
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|persona| persona.name == name)
}
