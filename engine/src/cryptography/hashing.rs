//! Digests and message authentication codes by their names in KMIP.

use super::{Purpose, Source, Usable, failed, key_bytes};
use crate::context::Context;
use crate::material;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::principal::Principal;
use crate::rights::weakness::{self, Means};
use keystead_crypto::{Digest, mac as codes};
use kmip_codec::attribute;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{CryptographicAlgorithm, HashingAlgorithm};

/// The names and what they mean; 1.4 writes SHA-3 in another way.
const DIGESTS: &[(HashingAlgorithm, Digest)] = &[
    (HashingAlgorithm::MD5, Digest::Md5),
    (HashingAlgorithm::RIPEMD_160, Digest::Ripemd160),
    (HashingAlgorithm::SHA_1, Digest::Sha1),
    (HashingAlgorithm::SHA_224, Digest::Sha224),
    (HashingAlgorithm::SHA_256, Digest::Sha256),
    (HashingAlgorithm::SHA_384, Digest::Sha384),
    (HashingAlgorithm::SHA_512, Digest::Sha512),
    (HashingAlgorithm::SHA_512_224, Digest::Sha512_224),
    (HashingAlgorithm::SHA_512_256, Digest::Sha512_256),
    (HashingAlgorithm::SHA3_224, Digest::Sha3_224),
    (HashingAlgorithm::SHA3_256, Digest::Sha3_256),
    (HashingAlgorithm::SHA3_384, Digest::Sha3_384),
    (HashingAlgorithm::SHA3_512, Digest::Sha3_512),
];

/// What makes the MAC of an algorithm.
const CODES: &[(CryptographicAlgorithm, Digest)] = &[
    (CryptographicAlgorithm::HMAC_MD5, Digest::Md5),
    (CryptographicAlgorithm::HMAC_SHA1, Digest::Sha1),
    (CryptographicAlgorithm::HMAC_SHA224, Digest::Sha224),
    (CryptographicAlgorithm::HMAC_SHA256, Digest::Sha256),
    (CryptographicAlgorithm::HMAC_SHA384, Digest::Sha384),
    (CryptographicAlgorithm::HMAC_SHA512, Digest::Sha512),
    (CryptographicAlgorithm::HMAC_SHA3_224, Digest::Sha3_224),
    (CryptographicAlgorithm::HMAC_SHA3_256, Digest::Sha3_256),
    (CryptographicAlgorithm::HMAC_SHA3_384, Digest::Sha3_384),
    (CryptographicAlgorithm::HMAC_SHA3_512, Digest::Sha3_512),
];

/// The digest of this name.
pub fn digest_of(name: HashingAlgorithm) -> OpResult<Digest> {
    match DIGESTS.iter().find(|(known, _)| *known == name) {
        Some((_, digest)) => Ok(*digest),
        None => refuse(Cause::Unsupported, format!("this server does not compute {name:?}")),
    }
}

/// The digest of this name, for something new.
pub fn protecting_digest(principal: &Principal, name: HashingAlgorithm) -> OpResult<Digest> {
    let digest = digest_of(name)?;
    weakness::check(principal, Means::Digest(digest))?;
    Ok(digest)
}

/// The digest of the HMAC that an algorithm is.
pub fn digest_of_hmac(algorithm: CryptographicAlgorithm) -> Option<Digest> {
    CODES.iter().find(|(known, _)| *known == algorithm).map(|(_, digest)| *digest)
}

/// The MAC of the data: HMAC, or CMAC with a key of AES.
pub fn mac(cx: &mut Context<'_, '_>, usable: &Usable, data: &[u8]) -> OpResult<Vec<u8>> {
    let key = key_bytes(cx, &usable.object, usable.purpose)?;
    let own = attribute!(usable.object.attributes, CryptographicAlgorithm).next().copied();
    let Some(algorithm) = usable.parameters.cryptographic_algorithm.or(own) else {
        return refuse(Cause::Parameters, "name the Cryptographic Algorithm of the MAC");
    };
    if usable.purpose == Purpose::Protect {
        let bits = material::usual_length(Some(algorithm), key.len());
        weakness::check(cx.principal(), Means::Key(algorithm, bits, None))?;
    }
    if algorithm == CryptographicAlgorithm::AES {
        return Ok(codes::cmac_aes(key.expose(), data).map_err(failed)?);
    }
    // Servers before this one passed over the Hashing Algorithm: what they made is verified.
    if usable.purpose == Purpose::Protect {
        agrees(&usable.parameters, usable.source, algorithm)?;
    }
    match digest_of_hmac(algorithm) {
        Some(digest) => Ok(codes::hmac(digest, key.expose(), data).map_err(failed)?),
        None => refuse(Cause::Unsupported, format!("this server makes no MAC with {algorithm:?}")),
    }
}

/// Refuses a Hashing Algorithm beside an HMAC with another digest.
pub fn agrees(
    parameters: &CryptographicParameters,
    source: Source,
    algorithm: CryptographicAlgorithm,
) -> OpResult<()> {
    match (parameters.hashing_algorithm, digest_of_hmac(algorithm)) {
        (Some(named), Some(digest)) if digest_of(named).ok() != Some(digest) => refuse(
            Cause::Parameters,
            format!("{source} Hashing Algorithm {named:?}, and the MAC is {algorithm:?}"),
        ),
        _ => Ok(()),
    }
}
