//! Credentials in the header of a request (KMIP 2.1, 9.4 and 9.11).

use crate::Tag;
use crate::declare::{Field, Value, structure};
use crate::enums::{AttestationType, CredentialType, HashingAlgorithm, TicketType};
use crate::error::Result;
use crate::item::ItemValue;
use crate::secret::{SecretBytes, SecretText};
use crate::version::*;
use crate::wire::{Sink, Source};
use bytes::Bytes;

structure! {
    /// What a client shows besides its certificate (KMIP 2.1, 9.4).
    pub struct Authentication {
        credentials: Vec<Credential> = Credential;
    }
}

structure! {
    /// A name and a password.
    pub struct UsernameAndPassword {
        username: String = Username;
        password: Option<SecretText> = Password;
    }
}

structure! {
    /// What tells a device.
    pub struct DeviceCredential {
        device_serial_number: Option<String> = DeviceSerialNumber;
        password: Option<SecretText> = Password;
        device_identifier: Option<String> = DeviceIdentifier;
        network_identifier: Option<String> = NetworkIdentifier;
        machine_identifier: Option<String> = MachineIdentifier;
        media_identifier: Option<String> = MediaIdentifier;
    }
}

structure! {
    /// A number used once (KMIP 2.1, 9.14).
    pub struct Nonce {
        id: Bytes = NonceID;
        value: Bytes = NonceValue;
    }
}

structure! {
    /// Evidence of the client's state.
    pub struct AttestationCredential {
        nonce: Nonce = Nonce;
        attestation_type: AttestationType = AttestationType;
        measurement: Option<Bytes> = AttestationMeasurement;
        assertion: Option<Bytes> = AttestationAssertion;
    }
}

structure! {
    /// A name and a password of one use.
    pub struct OneTimePasswordCredential {
        username: String = Username;
        password: Option<SecretText> = Password;
        one_time_password: SecretText = OneTimePassword;
    }
}

structure! {
    /// A name and a digest of its password.
    pub struct HashedPasswordCredential {
        username: String = Username;
        time_stamp: ItemValue = TimeStamp;
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        hashed_password: SecretBytes = HashedPassword;
    }
}

structure! {
    /// What Login gave (KMIP 2.1, 7.39).
    pub struct Ticket {
        ticket_type: TicketType = TicketType;
        value: SecretBytes = TicketValue;
    }
}

structure! {
    /// A ticket as a credential.
    pub struct TicketCredential {
        ticket: Ticket = Ticket;
    }
}

macro_rules! credentials {
    ($($name:ident($ty:ty) in $range:expr;)*) => {
        /// A credential; its value follows from its type (KMIP 2.1, 9.11).
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant is documented at its type")]
        pub enum Credential {
            $($name($ty),)*
            /// A type that no row has in the version of the message.
            Unknown(CredentialType, ItemValue),
        }

        impl Credential {
            /// The type.
            pub fn credential_type(&self) -> CredentialType {
                match self { $(Self::$name(_) => CredentialType::$name,)* Self::Unknown(kind, _) => *kind }
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for Credential {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                use crate::declare::Versions as _;
                let mut kinds = Vec::new();
                $(if ($range).has(dice.version) { kinds.push(CredentialType::$name); })*
                match dice.one_of(&kinds).unwrap_or_default() {
                    $(CredentialType::$name => Self::$name(crate::sample::Sample::sample(dice)),)*
                    other => unreachable!("{other:?} has no row"),
                }
            }
        }

        impl Value for Credential {
            fn put(&self, tag: Tag, out: &mut dyn Sink) {
                out.open(tag);
                self.credential_type().put(Tag::CredentialType, out);
                match self {
                    $(Self::$name(value) => value.put(Tag::CredentialValue, out),)*
                    Self::Unknown(_, value) => value.put(Tag::CredentialValue, out),
                }
                out.close();
            }

            fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
                use crate::declare::Versions as _;
                src.open(tag)?;
                let kind = Field::read(Tag::CredentialType, src)?;
                let version = src.version();
                let value = match kind {
                    $(CredentialType::$name if ($range).has(version) => Field::read(Tag::CredentialValue, src).map(Self::$name)?,)*
                    other => Self::Unknown(other, Field::read(Tag::CredentialValue, src)?),
                };
                crate::wire::close(src, &[Tag::CredentialType, Tag::CredentialValue])?;
                Ok(value)
            }
        }
    };
}

credentials! {
    UsernameAndPassword(UsernameAndPassword) in V1_0..;
    Device(DeviceCredential) in V1_1..;
    Attestation(AttestationCredential) in V1_2..;
    OneTimePassword(OneTimePasswordCredential) in V2_0..;
    HashedPassword(HashedPasswordCredential) in V2_0..;
    Ticket(TicketCredential) in V2_0..;
}
