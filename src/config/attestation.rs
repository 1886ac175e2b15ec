//! `[[attestation]]`: which clients must prove the state of their platform before they get keys.

use crate::crypto::tpm::Registers;
use crate::near;
use kmip_codec::operations::{OPERATION_ROWS, Operation};
use kmip_codec::version::{V2_1, VERSIONS};
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
            return Err("it is empty: name one register at least".to_owned());
        }
        let all: Option<Registers> = self.registers.iter().map(register).collect();
        all.ok_or_else(|| REGISTER.to_owned())
    }

    /// The operations, or what is wrong with one.
    pub fn operations(&self) -> Result<Vec<Operation>, String> {
        let known = |name: &String| {
            let number = Operation::by_name(name).map(Operation);
            let found =
                number.filter(|operation| VERSIONS.iter().any(|version| operation.name(*version).is_some()));
            found.ok_or_else(|| {
                let names = OPERATION_ROWS.iter().filter_map(|row| row.operation.name(V2_1));
                format!("KMIP has no operation {name:?}{}", near::hint(name, names))
            })
        };
        self.operations.iter().map(known).collect()
    }

    /// Whether the row makes sense; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (String, String)> {
        if let Some((number, _)) = self.registers.iter().find(|row| register(*row).is_none()) {
            return Err((format!("registers.{number}"), REGISTER.to_owned()));
        }
        self.registers().map_err(|what| ("registers".to_owned(), what))?;
        if self.operations.is_empty() {
            let what = "it is empty, and would guard nothing: name an operation, or leave the key out";
            return Err(("operations".to_owned(), what.to_owned()));
        }
        self.operations().map(drop).map_err(|what| ("operations".to_owned(), what))
    }
}

const REGISTER: &str = "a register is a number below 24 with 32 bytes in hex";

fn register((number, value): (&String, &String)) -> Option<(u8, [u8; 32])> {
    let number = number.parse().ok().filter(|number| *number < 24)?;
    Some((number, hex::decode(value).ok()?.try_into().ok()?))
}
