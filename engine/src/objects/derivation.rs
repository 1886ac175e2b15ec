//! Deriving keys (KMIP 2.1, 6.1.14 and 7.12): from which objects, and how each method works on them.

use crate::context::Context;
use crate::cryptography::{
    self, Primitive, Purpose, Run, Source, Usable, failed, key_bytes, named, protecting_digest,
};
use crate::need::Pbkdf2Params;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use crate::work;
use bytes::Bytes;
use keystead_crypto::Digest;
use keystead_crypto::cipher::Direction;
use keystead_crypto::derivation::{
    Derived, Function, Mode, aws_signature_4, has_hkdf, has_pbkdf2, hkdf, nist_800_108,
};
use keystead_crypto::mac::short_key;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, DerivationMethod, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::DerivationParameters;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::{V2_0, Version};
use kmip_codec::{SecretBytes, attribute};
use std::num::NonZeroU32;

/// The most objects that one key is derived from: a key and a secret, or the halves of two pairs.
const BASES_MAX: usize = 2;

/// The objects to derive from: named by identifier (the ID placeholder will not do), Active, and meant for it.
pub fn bases(cx: &mut Context<'_, '_>, identifiers: Vec<UniqueIdentifier>) -> OpResult<Vec<Object>> {
    if !(1..=BASES_MAX).contains(&identifiers.len()) {
        let text =
            format!("a key is derived from one or {BASES_MAX} objects, not from {}", identifiers.len());
        return refuse(Cause::InvalidField, text);
    }
    let bases: Vec<Object> = identifiers.into_iter().map(|id| base(cx, id)).collect::<OpResult<_>>()?;
    match bases.as_slice() {
        [one, other] if one.id == other.id => refuse(Cause::InvalidField, "an object is named twice"),
        _ => Ok(bases),
    }
}

fn base(cx: &mut Context<'_, '_>, identifier: UniqueIdentifier) -> OpResult<Object> {
    if !matches!(identifier, UniqueIdentifier::Text(_)) {
        return refuse(Cause::InvalidField, "name what to derive from by its Unique Identifier");
    }
    let object = cx.living(Some(identifier), Operation::DeriveKey)?;
    let kind = object.object_type();
    if !matches!(
        kind,
        ObjectType::SymmetricKey | ObjectType::SecretData | ObjectType::PrivateKey | ObjectType::PublicKey
    ) {
        return refuse(
            Cause::WrongType,
            format!("keys are derived from keys and secrets, not from a {kind:?}"),
        );
    }
    let mask = attribute!(object.attributes, CryptographicUsageMask).next().copied();
    if !mask.is_some_and(|mask| mask.contains(CryptographicUsageMask::DeriveKey)) {
        let text = format!("the Cryptographic Usage Mask of {:?} does not have Derive Key", object.id);
        return refuse(Cause::NotDerivable, text);
    }
    cryptography::check_time(&object, Purpose::Protect, cx.now())?;
    weakness::check_key(cx.principal(), &object)?;
    Ok(object)
}

/// What a method works with.
struct Input<'b> {
    /// The key, or what stands for it.
    base: &'b Object,
    /// Derivation Data: of the request, or one secret.
    data: Vec<SecretBytes>,
    parameters: CryptographicParameters,
    source: Source,
    initial: Bytes,
    salt: Bytes,
    iterations: Option<i32>,
    length: usize,
}

/// The derived bytes, as many as wanted.
pub fn derived(
    cx: &mut Context<'_, '_>,
    bases: &[Object],
    method: DerivationMethod,
    parameters: DerivationParameters,
    length: usize,
) -> OpResult<SecretBytes> {
    if !method.is_in(cx.version) {
        return refuse(
            Cause::InvalidField,
            format!("no derivation method {method:?} in KMIP {}", cx.version),
        );
    }
    if method == DerivationMethod::AsymmetricKey {
        return first(agreed(cx, bases, parameters.cryptographic_parameters)?.as_slice(), length);
    }
    let input = input(cx, bases, method, parameters, length)?;
    // Each block of the output goes over all of the data; the shortest block has 16 bytes.
    let data =
        input.data.iter().map(|data| data.len()).sum::<usize>() + input.salt.len() + input.initial.len();
    cx.take_time(work::bytes(data.saturating_mul(length.div_ceil(16).max(1))))?;
    match method {
        DerivationMethod::PBKDF2 => stretched(cx, &input),
        DerivationMethod::HASH => hashed(cx, &input),
        DerivationMethod::HMAC => {
            let key = input.bytes(cx, Means::Secret)?;
            let Function::Hmac(digest) = function(cx, &input, false)? else { return no_function() };
            let code = keystead_crypto::mac::hmac(digest, key.expose(), input.datum()?).map_err(failed)?;
            first(&zeroize::Zeroizing::new(code), length)
        }
        DerivationMethod::ENCRYPT => encrypted(cx, &input),
        DerivationMethod::NIST800_108_C => nist(cx, &input, Mode::Counter),
        DerivationMethod::NIST800_108_F => nist(cx, &input, Mode::Feedback(&input.initial)),
        DerivationMethod::NIST800_108_DPI => nist(cx, &input, Mode::DoublePipeline),
        DerivationMethod::AWSSignatureVersion4 => aws(cx, &input),
        DerivationMethod::HKDF => {
            let key = input.bytes(cx, Means::Secret)?;
            let digest = named_digest(cx, &input)?.unwrap_or(Digest::Sha256);
            must_be_done(has_hkdf(digest), "HKDF", digest)?;
            let info = input.data.first().map(SecretBytes::expose).unwrap_or_default();
            given(hkdf(digest, key.expose(), &input.salt, info, length))
        }
        other => refuse(Cause::InvalidField, format!("keys are not derived by {other:?} here")),
    }
}

/// Tells the key and the data apart: data are those of the request, or the secret beside the key.
fn input<'b>(
    cx: &mut Context<'_, '_>,
    bases: &'b [Object],
    method: DerivationMethod,
    parameters: DerivationParameters,
    length: usize,
) -> OpResult<Input<'b>> {
    if let Some(half) = bases.iter().find(|base| cryptography::is_asymmetric(base)) {
        let text = format!("{method:?} takes a symmetric key or a secret, not a {:?}", half.object_type());
        return refuse(Cause::WrongType, text);
    }
    let is_key = |base: &&Object| base.object_type() == ObjectType::SymmetricKey;
    let Some(base) = bases.iter().find(is_key).or(bases.first()) else {
        return refuse(Cause::Missing, "name what to derive from");
    };
    let mut data = parameters.derivation_data;
    for other in bases.iter().filter(|other| other.id != base.id) {
        if is_key(&other) {
            return refuse(Cause::InvalidField, format!("{method:?} takes one key"));
        }
        if !data.is_empty() {
            return refuse(Cause::Ambiguous, "Derivation Data and a Secret Data object: only one of them");
        }
        data.push(key_bytes(cx, other, Purpose::Protect)?);
    }
    let takes = how_many(method, cx.version);
    if data.len() > takes {
        let text = format!("{method:?} takes {takes} Derivation Data, not {}", data.len());
        return refuse(if takes == 0 { Cause::Ambiguous } else { Cause::InvalidField }, text);
    }
    let done = primitive(method);
    let source = if parameters.cryptographic_parameters.is_some() { Source::Request } else { Source::Key };
    // The attributes of a key for HMAC say all about the function, and the parameters are ignored (KMIP 2.1, 7.12).
    let asked = match method {
        DerivationMethod::HMAC if hmac_of(base).is_some() => {
            parameters.cryptographic_parameters.unwrap_or_default()
        }
        _ => named::chosen(base, parameters.cryptographic_parameters, Purpose::Protect, done)?,
    };
    if let (Some(named), None) = (asked.cryptographic_algorithm, algorithm_of(base))
        && by_hmac(method)
        && cryptography::digest_of_hmac(named).is_none()
    {
        let text = format!("{source} {named:?}, and {method:?} is done with an HMAC");
        return refuse(Cause::Parameters, text);
    }
    Ok(Input {
        base,
        data,
        parameters: asked,
        source,
        initial: parameters.initialization_vector.unwrap_or_default(),
        salt: parameters.salt.unwrap_or_default(),
        iterations: parameters.iteration_count,
        length,
    })
}

/// What a method does with its base.
fn primitive(method: DerivationMethod) -> Primitive {
    match method {
        DerivationMethod::HASH | DerivationMethod::ENCRYPT => Primitive::Cipher,
        DerivationMethod::AsymmetricKey => Primitive::Agreement,
        _ => Primitive::Mac,
    }
}

/// Whether the method is done with an HMAC and nothing else.
fn by_hmac(method: DerivationMethod) -> bool {
    use DerivationMethod as Method;
    matches!(method, Method::PBKDF2 | Method::HMAC | Method::HKDF | Method::AWSSignatureVersion4)
}

fn algorithm_of(base: &Object) -> Option<CryptographicAlgorithm> {
    attribute!(base.attributes, CryptographicAlgorithm).next().copied()
}

/// The digest of the HMAC that a base is a key for.
fn hmac_of(base: &Object) -> Option<Digest> {
    algorithm_of(base).and_then(cryptography::digest_of_hmac)
}

/// How many Derivation Data a method takes beside its base; the base of PBKDF2 and HASH is all that they work on.
fn how_many(method: DerivationMethod, version: Version) -> usize {
    match method {
        DerivationMethod::PBKDF2 | DerivationMethod::HASH => 0,
        DerivationMethod::AWSSignatureVersion4 if version >= V2_0 => 3,
        _ => 1,
    }
}

impl Input<'_> {
    /// The bytes of the base. Whatever it is called, keys that follow from it are no stronger than it is long; a secret may be
    /// a password.
    fn bytes(&self, cx: &mut Context<'_, '_>, secret: fn(usize) -> Means) -> OpResult<SecretBytes> {
        let bytes = key_bytes(cx, self.base, Purpose::Protect)?;
        let means = match self.base.object_type() {
            ObjectType::SecretData => secret(bytes.len()),
            _ => Means::Secret(bytes.len()),
        };
        weakness::check(cx.principal(), means)?;
        Ok(bytes)
    }

    /// The data, which must be there.
    fn datum(&self) -> OpResult<&[u8]> {
        match self.data.first() {
            Some(data) => Ok(data.expose()),
            None => {
                refuse(Cause::Missing, "Derivation Data is missing: send it, or name a Secret Data object")
            }
        }
    }
}

/// The first bytes of an output that cannot be longer than it is.
fn first(output: &[u8], length: usize) -> OpResult<SecretBytes> {
    match output.get(..length) {
        Some(bytes) => Ok(bytes.into()),
        None => refuse(
            Cause::Cryptographic,
            format!("this derivation gives {} bits, {} were asked for", output.len() * 8, length * 8),
        ),
    }
}

fn given(derived: Result<Derived, keystead_crypto::Error>) -> OpResult<SecretBytes> {
    Ok(derived.map_err(failed)?.as_slice().into())
}

fn must_be_done(is_done: bool, method: &str, digest: Digest) -> OpResult<()> {
    if is_done {
        return Ok(());
    }
    refuse(Cause::Unsupported, format!("this server does not run {method} with {}", digest.name()))
}

/// PBKDF2 takes long: it is done outside, within bounds.
fn stretched(cx: &mut Context<'_, '_>, input: &Input<'_>) -> OpResult<SecretBytes> {
    let count = input.iterations.and_then(|count| u32::try_from(count).ok()).and_then(NonZeroU32::new);
    let Some(iterations) = count.filter(|_| !input.salt.is_empty()) else {
        return refuse(Cause::Parameters, "PBKDF2 needs a Salt and an Iteration Count of at least 1");
    };
    // RFC 8018, B.1.1: HMAC with SHA-1 where nothing is said.
    let digest = named_digest(cx, input)?.unwrap_or(Digest::Sha1);
    must_be_done(has_pbkdf2(digest), "PBKDF2", digest)?;
    let blocks = input.length.div_ceil(digest.length()) as u64;
    let all = u64::from(iterations.get()).saturating_mul(blocks);
    let settings = cx.settings();
    // Before the password is opened, for nothing may come of it.
    if all > settings.pbkdf2_iterations_max {
        let most = settings.pbkdf2_iterations_max;
        let text = format!("{iterations} iterations for {blocks} blocks: this server runs {most} in all");
        return refuse(Cause::Limit, text);
    }
    // A long one is kept as what HMAC makes of it, so that many of them are as little as many short ones.
    let password = short_key(digest, input.bytes(cx, Means::Password)?.expose());
    let password = password.as_slice().into();
    let salt = input.salt.as_ref().into();
    let pbkdf2_params = Pbkdf2Params { digest, password, salt, iterations, length: input.length };
    cx.fulfilled.stretched(&pbkdf2_params, all, settings)
}

fn hashed(cx: &mut Context<'_, '_>, input: &Input<'_>) -> OpResult<SecretBytes> {
    let Some(name) = input.parameters.hashing_algorithm else {
        return refuse(Cause::Parameters, "name the Hashing Algorithm");
    };
    let digest = protecting_digest(cx.principal(), name)?;
    let key = input.bytes(cx, Means::Secret)?;
    first(&zeroize::Zeroizing::new(digest.of(key.expose())), input.length)
}

/// The digest of the HMAC that the parameters name: by their Hashing Algorithm, or as their Cryptographic Algorithm.
fn named_digest(cx: &Context<'_, '_>, input: &Input<'_>) -> OpResult<Option<Digest>> {
    let parameters = &input.parameters;
    if let Some(named) = parameters.cryptographic_algorithm {
        cryptography::agrees(parameters, input.source, named)?;
    }
    if let Some(name) = parameters.hashing_algorithm {
        return protecting_digest(cx.principal(), name).map(Some);
    }
    let digest = parameters.cryptographic_algorithm.and_then(cryptography::digest_of_hmac);
    if let Some(digest) = digest {
        weakness::check(cx.principal(), Means::Digest(digest))?;
    }
    Ok(digest)
}

/// The pseudorandom function: that of the key, or the one that the parameters name.
fn function(cx: &Context<'_, '_>, input: &Input<'_>, with_cmac: bool) -> OpResult<Function> {
    if let Some(digest) = hmac_of(input.base) {
        return Ok(Function::Hmac(digest));
    }
    if let Some(digest) = named_digest(cx, input)? {
        return Ok(Function::Hmac(digest));
    }
    match input.parameters.cryptographic_algorithm.or_else(|| algorithm_of(input.base)) {
        Some(CryptographicAlgorithm::AES) if with_cmac => Ok(Function::Cmac),
        _ => no_function(),
    }
}

fn no_function<T>() -> OpResult<T> {
    refuse(Cause::Parameters, "name the Hashing Algorithm of the HMAC to derive with")
}

fn nist(cx: &mut Context<'_, '_>, input: &Input<'_>, mode: Mode<'_>) -> OpResult<SecretBytes> {
    let key = input.bytes(cx, Means::Secret)?;
    given(nist_800_108(mode, function(cx, input, true)?, key.expose(), input.datum()?, input.length))
}

/// In 1.x a key that lists Cryptographic Parameters is used with one of them (KMIP 1.4, 4.6).
fn encrypted(cx: &mut Context<'_, '_>, input: &Input<'_>) -> OpResult<SecretBytes> {
    let mode = input.parameters.block_cipher_mode;
    let mut listed = attribute!(input.base.attributes, CryptographicParameters).peekable();
    let bound = cx.version < V2_0 && listed.peek().is_some();
    if bound && !listed.any(|parameters| parameters.block_cipher_mode == mode) {
        return refuse(Cause::Parameters, "the key is not meant for this Block Cipher Mode");
    }
    input.bytes(cx, Means::Secret)?;
    // A random IV would make a key that nobody can derive again.
    let parameters = CryptographicParameters { random_iv: None, ..input.parameters.clone() };
    let usable = Usable::new(input.base.clone(), Some(parameters), Purpose::Protect, Primitive::Cipher)?;
    let iv = Some(input.initial.clone()).filter(|iv| !iv.is_empty());
    let (run, _) = Run::new(cx, &usable, Direction::Encrypt, iv)?;
    let done = run.encrypt(input.datum()?, &[], 0, true)?;
    first(done.data.expose(), input.length)
}

/// The private key of one pair and the public key of another.
fn agreed(
    cx: &mut Context<'_, '_>,
    bases: &[Object],
    asked: Option<CryptographicParameters>,
) -> OpResult<Derived> {
    let half = |kind| bases.iter().find(|base| base.object_type() == kind);
    let (Some(private), Some(public)) = (half(ObjectType::PrivateKey), half(ObjectType::PublicKey)) else {
        return refuse(Cause::WrongType, "name a private key, and the public key of another pair");
    };
    for half in [private, public] {
        named::chosen(half, asked.clone(), Purpose::Protect, Primitive::Agreement)?;
    }
    let private = cryptography::loaded(cx, private, ObjectType::PrivateKey, Purpose::Protect)?;
    let public = cryptography::loaded(cx, public, ObjectType::PublicKey, Purpose::Protect)?;
    Ok(private.agree(&public).map_err(failed)?)
}

/// Date, region and service stand in three Derivation Data, in this order.
fn aws(cx: &mut Context<'_, '_>, input: &Input<'_>) -> OpResult<SecretBytes> {
    let [date, region, service] = input.data.as_slice() else {
        return refuse(Cause::Missing, "send three Derivation Data: date, region and service");
    };
    if named_digest(cx, input)?.is_some_and(|digest| digest != Digest::Sha256) {
        let text = "AWS Signature Version 4 is done with HMAC_SHA256, and the Cryptographic Parameters name another digest";
        return refuse(Cause::Parameters, text);
    }
    let key = input.bytes(cx, Means::Secret)?;
    let scope = [date.expose(), region.expose(), service.expose()];
    let derived = aws_signature_4(key.expose(), scope).map_err(failed)?;
    first(&derived, input.length)
}
