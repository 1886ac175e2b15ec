//! The generators of random numbers (KMIP 2.1, 4.46): those that the server has, and which of them a request asks for.

use crate::refusal::{Cause, OpResult, refuse};
use crate::settings::{Seeding, Settings};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attributes, RngParameters};
use kmip_codec::enums::{CryptographicAlgorithm, DRBGAlgorithm, RNGAlgorithm};

/// The generator that keys come from: the CTR_DRBG with AES-256 of AWS-LC, seeded by the system.
pub fn of_keys() -> RngParameters {
    RngParameters {
        rng_algorithm: RNGAlgorithm::DRBG,
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        drbg_algorithm: Some(DRBGAlgorithm::CTR),
        ..Default::default()
    }
}

/// Every generator: that of keys; the same with the seeds of clients, where they are accepted, begun with fresh entropy
/// for each request; and the token's own, which makes master keys and does not say what it is.
pub fn all(settings: &Settings) -> Vec<RngParameters> {
    let seeded = RngParameters { prediction_resistance: Some(true), ..of_keys() };
    let token = RngParameters { rng_algorithm: RNGAlgorithm::Unspecified, ..Default::default() };
    let all = [(of_keys(), true), (seeded, settings.seeding == Seeding::Accept), (token, settings.has_token)];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(generator, _)| generator).collect()
}

/// Refuses a key to be made by none of the generators that its request names, and one that was made elsewhere by several.
pub fn choose(given: &Attributes, made_here: bool) -> OpResult<()> {
    let asked: Vec<_> = attribute!(given, RandomNumberGenerator).collect();
    if !made_here && asked.len() > 1 {
        return refuse(Cause::SingleValued, "Random Number Generator has one value");
    }
    if made_here && !asked.is_empty() && !asked.iter().any(|asked| is_of_keys(asked)) {
        let text = "this server makes keys with another Random Number Generator: Query names it";
        return refuse(Cause::FeatureNotSupported, text);
    }
    Ok(())
}

/// Whether what is asked for, as far as it says something, is the generator of keys.
fn is_of_keys(asked: &RngParameters) -> bool {
    let ours = of_keys();
    let algorithms = [RNGAlgorithm::Unspecified, ours.rng_algorithm];
    algorithms.contains(&asked.rng_algorithm)
        && is_or_open(asked.cryptographic_algorithm, ours.cryptographic_algorithm)
        && is_or_open(asked.cryptographic_length, ours.cryptographic_length)
        && is_or_open(asked.hashing_algorithm, ours.hashing_algorithm)
        && is_or_open(asked.drbg_algorithm, ours.drbg_algorithm)
        && is_or_open(asked.recommended_curve, ours.recommended_curve)
        && is_or_open(asked.fips186_variation, ours.fips186_variation)
        && asked.prediction_resistance.unwrap_or_default() == ours.prediction_resistance.unwrap_or_default()
}

fn is_or_open<T: PartialEq>(asked: Option<T>, ours: Option<T>) -> bool {
    asked.is_none() || asked == ours
}
