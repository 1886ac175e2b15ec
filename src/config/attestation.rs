//! `[[attestation]]`: which clients must prove the state of their platform before they get keys.

use crate::crypto::tpm::Registers;
use kmip_codec::operations::Operation;
use kmip_codec::version::VERSIONS;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[[attestation]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationConfig {
    /// The client, as its certificate names it.
    pub client: String,
    /// The public half of its TPM's attestation key, PEM: RSA or P-256, restricted to what the TPM itself has made.
    pub key: PathBuf,
    /// Registers of the SHA-256 bank: number and value in hex.
    pub registers: BTreeMap<String, String>,
    /// The operations that need the proof.
    #[serde(default = "guarded")]
    pub operations: Vec<String>,
}

/// Those that give out a key, or do with it what only its owner should.
fn guarded() -> Vec<String> {
    ["Get", "Export", "Decrypt", "Sign", "PKCS_11"].map(str::to_owned).into()
}

impl AttestationConfig {
    /// The registers, or what is wrong with them.
    pub fn registers(&self) -> Result<Registers, String> {
        if self.registers.is_empty() {
            return Err(self.wrong("registers is empty: name one at least"));
        }
        let row = |(number, value): (&String, &String)| {
            let number = number.parse().ok().filter(|number| *number < 24)?;
            Some((number, hex::decode(value).ok()?.try_into().ok()?))
        };
        let all: Option<Registers> = self.registers.iter().map(row).collect();
        all.ok_or_else(|| self.wrong("a register is a number below 24 with 32 bytes in hex"))
    }

    /// The operations, or the name of one that KMIP does not have.
    pub fn operations(&self) -> Result<Vec<Operation>, String> {
        let known = |name: &String| {
            let number = Operation::by_name(name).map(Operation);
            number.filter(|operation| VERSIONS.iter().any(|version| operation.name(*version).is_some()))
        };
        let all = self
            .operations
            .iter()
            .map(|name| known(name).ok_or_else(|| self.wrong(&format!("KMIP has no operation {name:?}"))));
        all.collect()
    }

    /// Whether the row makes sense.
    pub fn check(&self) -> Result<(), String> {
        if self.client.is_empty() {
            return Err(self.wrong("client is empty: give the name in its certificate"));
        }
        self.registers()?;
        self.operations().map(drop)
    }

    fn wrong(&self, what: &str) -> String {
        format!("the attestation of {:?}: {what}", self.client)
    }
}
