//! A TPM as far as a quote goes: it signs what its registers hold.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

/// An attestation key with its public half in PEM.
pub struct Tpm {
    key: Key,
    pub public_pem: String,
}

enum Key {
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Tpm {
    /// With a key on P-256.
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let signing =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap();
        Self { key: Key::Ec(signing), public_pem: key.public_key_pem() }
    }

    /// With an RSA key.
    pub fn rsa() -> Self {
        let key =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let signing = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
        Self { key: Key::Rsa(Box::new(signing)), public_pem: key.public_key_pem() }
    }

    /// TPM2B_ATTEST with TPMT_SIGNATURE behind it, over registers of the SHA-256 bank.
    pub fn quote(&self, nonce: &[u8], registers: &[(u8, [u8; 32])]) -> Vec<u8> {
        self.sign(&attest(0xff54_4347, nonce, 0x000b, registers))
    }

    /// Signs a TPMS_ATTEST, whatever it says.
    pub fn sign(&self, attest: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Ec(key) => {
                let signature = key.sign(&random, attest).unwrap();
                let (r, s) = signature.as_ref().split_at(32);
                [&[0x00, 0x18, 0x00, 0x0b][..], &sized(r), &sized(s)].concat()
            }
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, attest, &mut signature).unwrap();
                [&[0x00, 0x14, 0x00, 0x0b][..], &sized(&signature)].concat()
            }
        };
        [sized(attest), signature].concat()
    }
}

/// TPMS_ATTEST with a quote.
pub fn attest(magic: u32, nonce: &[u8], bank: u16, registers: &[(u8, [u8; 32])]) -> Vec<u8> {
    let mut selected = [0_u8; 3];
    registers.iter().for_each(|(number, _)| selected[usize::from(number / 8)] |= 1 << (number % 8));
    let values: Vec<u8> = registers.iter().flat_map(|(_, value)| *value).collect();
    let clock_and_firmware = [0; 17 + 8];
    [
        &magic.to_be_bytes()[..],
        &[0x80, 0x18],
        &sized(b"the name of the signer"),
        &sized(nonce),
        &clock_and_firmware,
        &1_u32.to_be_bytes(),
        &bank.to_be_bytes(),
        &[3],
        &selected,
        &sized(digest(&SHA256, &values).as_ref()),
    ]
    .concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}
