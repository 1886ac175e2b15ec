//! Mechanisms: what each does in KMIP's terms, and with which keys.

use super::encoding::Input;
use super::{Call, Returned, code, slots};
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, DigitalSignatureAlgorithm as Signature,
    HashingAlgorithm as Hash, PaddingMethod,
};

/// What a function does with data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// C_Encrypt and its like.
    Encrypt,
    /// C_Decrypt.
    Decrypt,
    /// C_Digest.
    Digest,
    /// C_Sign.
    Sign,
    /// C_Verify.
    Verify,
}

impl Kind {
    /// Every kind, in the order of their numbers in what is kept.
    pub const ALL: [Self; 5] = [Self::Encrypt, Self::Decrypt, Self::Digest, Self::Sign, Self::Verify];

    /// Its flag in CK_MECHANISM_INFO.
    const fn flag(self) -> u64 {
        match self {
            Self::Encrypt => 0x100,
            Self::Decrypt => 0x200,
            Self::Digest => 0x400,
            Self::Sign => 0x800,
            Self::Verify => 0x2000,
        }
    }
}

/// What a mechanism is in KMIP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// A mode of AES, with its padding.
    Cipher(Mode, PaddingMethod),
    /// A digest.
    Digest(Hash),
    /// A MAC with this algorithm.
    Mac(Algorithm),
    /// A signature.
    Signature(Signature),
    /// That of Ed25519, which has no other name in KMIP.
    Ed25519,
}

/// A mechanism.
pub struct Mechanism {
    /// Its number.
    pub number: u64,
    /// What it is.
    pub means: Means,
    /// For keys of these algorithms; digests have none.
    pub keys: &'static [Algorithm],
    /// The shortest and the longest key, in the unit that the mechanism has for it.
    sizes: (u64, u64),
    /// The length of its parameter, an IV; 0 where it has none.
    pub iv_bytes: usize,
}

const AES_BYTES: (u64, u64) = (16, 32);
const RSA_BITS: (u64, u64) = (2048, 8192);
const EC_BITS: (u64, u64) = (224, 521);
const NO_KEY: (u64, u64) = (0, 0);
const EC: &[Algorithm] = &[Algorithm::EC, Algorithm::ECDSA];
const RSA: &[Algorithm] = &[Algorithm::RSA];

const fn cipher(number: u64, mode: Mode, padding: PaddingMethod, iv_bytes: usize) -> Mechanism {
    let (means, keys) = (Means::Cipher(mode, padding), &[Algorithm::AES]);
    Mechanism { number, means, keys, sizes: AES_BYTES, iv_bytes }
}

const fn digest(number: u64, hash: Hash) -> Mechanism {
    Mechanism { number, means: Means::Digest(hash), keys: &[], sizes: NO_KEY, iv_bytes: 0 }
}

const fn mac(number: u64, keys: &'static [Algorithm; 1], sizes: (u64, u64)) -> Mechanism {
    let [algorithm] = *keys;
    Mechanism { number, means: Means::Mac(algorithm), keys, sizes, iv_bytes: 0 }
}

const fn signature(number: u64, name: Signature, keys: &'static [Algorithm], sizes: (u64, u64)) -> Mechanism {
    Mechanism { number, means: Means::Signature(name), keys, sizes, iv_bytes: 0 }
}

/// Keys of HMAC, in bytes.
const HMAC_BYTES: (u64, u64) = (1, 512);

/// The mechanisms whose parameter, where they have one, is an IV.
pub const MECHANISMS: &[Mechanism] = &[
    cipher(0x1081, Mode::ECB, PaddingMethod::None, 0),
    cipher(0x1082, Mode::CBC, PaddingMethod::None, 16),
    cipher(0x1085, Mode::CBC, PaddingMethod::PKCS5, 16),
    digest(0x210, Hash::MD5),
    digest(0x220, Hash::SHA_1),
    digest(0x240, Hash::RIPEMD_160),
    digest(0x255, Hash::SHA_224),
    digest(0x250, Hash::SHA_256),
    digest(0x260, Hash::SHA_384),
    digest(0x270, Hash::SHA_512),
    digest(0x2b5, Hash::SHA3_224),
    digest(0x2b0, Hash::SHA3_256),
    digest(0x2c0, Hash::SHA3_384),
    digest(0x2d0, Hash::SHA3_512),
    mac(0x108a, &[Algorithm::AES], AES_BYTES),
    mac(0x221, &[Algorithm::HMAC_SHA1], HMAC_BYTES),
    mac(0x256, &[Algorithm::HMAC_SHA224], HMAC_BYTES),
    mac(0x251, &[Algorithm::HMAC_SHA256], HMAC_BYTES),
    mac(0x261, &[Algorithm::HMAC_SHA384], HMAC_BYTES),
    mac(0x271, &[Algorithm::HMAC_SHA512], HMAC_BYTES),
    signature(0x6, Signature::SHA_1WithRSAEncryption, RSA, RSA_BITS),
    signature(0x46, Signature::SHA_224WithRSAEncryption, RSA, RSA_BITS),
    signature(0x40, Signature::SHA_256WithRSAEncryption, RSA, RSA_BITS),
    signature(0x41, Signature::SHA_384WithRSAEncryption, RSA, RSA_BITS),
    signature(0x42, Signature::SHA_512WithRSAEncryption, RSA, RSA_BITS),
    signature(0x1042, Signature::ECDSAWithSHA_1, EC, EC_BITS),
    signature(0x1043, Signature::ECDSAWithSHA224, EC, EC_BITS),
    signature(0x1044, Signature::ECDSAWithSHA256, EC, EC_BITS),
    signature(0x1045, Signature::ECDSAWithSHA384, EC, EC_BITS),
    signature(0x1046, Signature::ECDSAWithSHA512, EC, EC_BITS),
    Mechanism {
        number: 0x1057,
        means: Means::Ed25519,
        keys: &[Algorithm::Ed25519],
        sizes: (255, 255),
        iv_bytes: 0,
    },
];

impl Mechanism {
    /// The mechanism of a number.
    pub fn of(number: u64) -> Returned<&'static Self> {
        MECHANISMS.iter().find(|row| row.number == number).ok_or(code::MECHANISM_INVALID.into())
    }

    /// Whether it does this.
    pub fn does(&self, kind: Kind) -> bool {
        match self.means {
            Means::Cipher(..) => matches!(kind, Kind::Encrypt | Kind::Decrypt),
            Means::Digest(_) => kind == Kind::Digest,
            _ => matches!(kind, Kind::Sign | Kind::Verify),
        }
    }

    /// Reads a CK_MECHANISM: its number, whether a parameter follows, and the parameter; it must be for this.
    pub fn read(input: &mut Input<'_>, kind: Kind) -> Returned<(&'static Self, Vec<u8>)> {
        let number = input.ulong()?;
        let parameter = if input.flag()? { input.bytes()?.to_vec() } else { Vec::new() };
        let mechanism = Self::of(number)?;
        if !mechanism.does(kind) {
            return Err(code::MECHANISM_INVALID.into());
        }
        if parameter.len() != mechanism.iv_bytes {
            return Err(code::MECHANISM_PARAM_INVALID.into());
        }
        Ok((mechanism, parameter))
    }

    /// What a request of KMIP says for it.
    pub fn parameters(&self) -> CryptographicParameters {
        let mut parameters = CryptographicParameters::default();
        match self.means {
            Means::Cipher(mode, padding) => {
                parameters.block_cipher_mode = Some(mode);
                parameters.padding_method = Some(padding);
            }
            Means::Digest(hash) => parameters.hashing_algorithm = Some(hash),
            Means::Mac(algorithm) => parameters.cryptographic_algorithm = Some(algorithm),
            Means::Signature(name) => parameters.digital_signature_algorithm = Some(name),
            Means::Ed25519 => {}
        }
        parameters
    }
}

/// C_GetMechanismList.
pub fn list(call: &mut Call<'_, '_, '_>) -> Returned {
    slots::slot(call)?;
    let numbers: Vec<u64> = MECHANISMS.iter().map(|row| row.number).collect();
    slots::list(call, &numbers)
}

/// C_GetMechanismInfo.
pub fn info(call: &mut Call<'_, '_, '_>) -> Returned {
    slots::slot(call)?;
    let number = call.input.ulong()?;
    call.input.end()?;
    let mechanism = Mechanism::of(number)?;
    let flags = Kind::ALL.iter().filter(|kind| mechanism.does(**kind)).map(|kind| kind.flag());
    let (shortest, longest) = mechanism.sizes;
    [shortest, longest, flags.sum()].into_iter().for_each(|value| call.output.ulong(value));
    Ok(())
}
