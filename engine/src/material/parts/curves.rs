//! The curves that KMIP names (KMIP 2.1, 11.45), with their identifiers in keys (ANSI X9.62, SEC 2, RFC 5639).

use kmip_codec::enums::RecommendedCurve;
use pkcs8::ObjectIdentifier;

/// A named curve.
pub struct Curve {
    /// What KMIP calls it.
    pub curve: RecommendedCurve,
    /// Its identifier in keys.
    pub oid: ObjectIdentifier,
    /// The length of its field in bits, which is the length of its keys.
    pub bits: i32,
    /// Whether the cryptography of this server computes on it; on others keys are kept alone.
    pub is_known: bool,
}

const fn kept(curve: RecommendedCurve, oid: &str, bits: i32) -> Curve {
    Curve { curve, oid: ObjectIdentifier::new_unwrap(oid), bits, is_known: false }
}

const fn known(curve: RecommendedCurve, oid: &str, bits: i32) -> Curve {
    Curve { is_known: true, ..kept(curve, oid, bits) }
}

/// Every named curve but those of RFC 7748, whose keys have an encoding of their own.
pub const CURVES: &[Curve] = &[
    kept(RecommendedCurve::P_192, "1.2.840.10045.3.1.1", 192),
    kept(RecommendedCurve::ANSIX9P192V2, "1.2.840.10045.3.1.2", 192),
    kept(RecommendedCurve::ANSIX9P192V3, "1.2.840.10045.3.1.3", 192),
    kept(RecommendedCurve::ANSIX9P239V1, "1.2.840.10045.3.1.4", 239),
    kept(RecommendedCurve::ANSIX9P239V2, "1.2.840.10045.3.1.5", 239),
    kept(RecommendedCurve::ANSIX9P239V3, "1.2.840.10045.3.1.6", 239),
    known(RecommendedCurve::P_256, "1.2.840.10045.3.1.7", 256),
    kept(RecommendedCurve::ANSIX9C2PNB163V1, "1.2.840.10045.3.0.1", 163),
    kept(RecommendedCurve::ANSIX9C2PNB163V2, "1.2.840.10045.3.0.2", 163),
    kept(RecommendedCurve::ANSIX9C2PNB163V3, "1.2.840.10045.3.0.3", 163),
    kept(RecommendedCurve::ANSIX9C2PNB176V1, "1.2.840.10045.3.0.4", 176),
    kept(RecommendedCurve::ANSIX9C2TNB191V1, "1.2.840.10045.3.0.5", 191),
    kept(RecommendedCurve::ANSIX9C2TNB191V2, "1.2.840.10045.3.0.6", 191),
    kept(RecommendedCurve::ANSIX9C2TNB191V3, "1.2.840.10045.3.0.7", 191),
    kept(RecommendedCurve::ANSIX9C2PNB208W1, "1.2.840.10045.3.0.10", 208),
    kept(RecommendedCurve::ANSIX9C2TNB239V1, "1.2.840.10045.3.0.11", 239),
    kept(RecommendedCurve::ANSIX9C2TNB239V2, "1.2.840.10045.3.0.12", 239),
    kept(RecommendedCurve::ANSIX9C2TNB239V3, "1.2.840.10045.3.0.13", 239),
    kept(RecommendedCurve::ANSIX9C2PNB272W1, "1.2.840.10045.3.0.16", 272),
    kept(RecommendedCurve::ANSIX9C2PNB304W1, "1.2.840.10045.3.0.17", 304),
    kept(RecommendedCurve::ANSIX9C2TNB359V1, "1.2.840.10045.3.0.18", 359),
    kept(RecommendedCurve::ANSIX9C2PNB368W1, "1.2.840.10045.3.0.19", 368),
    kept(RecommendedCurve::ANSIX9C2TNB431R1, "1.2.840.10045.3.0.20", 431),
    kept(RecommendedCurve::K_163, "1.3.132.0.1", 163),
    kept(RecommendedCurve::SECT163R1, "1.3.132.0.2", 163),
    kept(RecommendedCurve::SECT239K1, "1.3.132.0.3", 239),
    kept(RecommendedCurve::SECT113R1, "1.3.132.0.4", 113),
    kept(RecommendedCurve::SECT113R2, "1.3.132.0.5", 113),
    kept(RecommendedCurve::SECP112R1, "1.3.132.0.6", 112),
    kept(RecommendedCurve::SECP112R2, "1.3.132.0.7", 112),
    kept(RecommendedCurve::SECP160R1, "1.3.132.0.8", 160),
    kept(RecommendedCurve::SECP160K1, "1.3.132.0.9", 160),
    known(RecommendedCurve::SECP256K1, "1.3.132.0.10", 256),
    kept(RecommendedCurve::B_163, "1.3.132.0.15", 163),
    kept(RecommendedCurve::K_283, "1.3.132.0.16", 283),
    kept(RecommendedCurve::B_283, "1.3.132.0.17", 283),
    kept(RecommendedCurve::SECT131R1, "1.3.132.0.22", 131),
    kept(RecommendedCurve::SECT131R2, "1.3.132.0.23", 131),
    kept(RecommendedCurve::SECT193R1, "1.3.132.0.24", 193),
    kept(RecommendedCurve::SECT193R2, "1.3.132.0.25", 193),
    kept(RecommendedCurve::K_233, "1.3.132.0.26", 233),
    kept(RecommendedCurve::B_233, "1.3.132.0.27", 233),
    kept(RecommendedCurve::SECP128R1, "1.3.132.0.28", 128),
    kept(RecommendedCurve::SECP128R2, "1.3.132.0.29", 128),
    kept(RecommendedCurve::SECP160R2, "1.3.132.0.30", 160),
    kept(RecommendedCurve::SECP192K1, "1.3.132.0.31", 192),
    kept(RecommendedCurve::SECP224K1, "1.3.132.0.32", 224),
    known(RecommendedCurve::P_224, "1.3.132.0.33", 224),
    known(RecommendedCurve::P_384, "1.3.132.0.34", 384),
    known(RecommendedCurve::P_521, "1.3.132.0.35", 521),
    kept(RecommendedCurve::K_409, "1.3.132.0.36", 409),
    kept(RecommendedCurve::B_409, "1.3.132.0.37", 409),
    kept(RecommendedCurve::K_571, "1.3.132.0.38", 571),
    kept(RecommendedCurve::B_571, "1.3.132.0.39", 571),
    kept(RecommendedCurve::BRAINPOOLP160R1, "1.3.36.3.3.2.8.1.1.1", 160),
    kept(RecommendedCurve::BRAINPOOLP160T1, "1.3.36.3.3.2.8.1.1.2", 160),
    kept(RecommendedCurve::BRAINPOOLP192R1, "1.3.36.3.3.2.8.1.1.3", 192),
    kept(RecommendedCurve::BRAINPOOLP192T1, "1.3.36.3.3.2.8.1.1.4", 192),
    known(RecommendedCurve::BRAINPOOLP224R1, "1.3.36.3.3.2.8.1.1.5", 224),
    kept(RecommendedCurve::BRAINPOOLP224T1, "1.3.36.3.3.2.8.1.1.6", 224),
    known(RecommendedCurve::BRAINPOOLP256R1, "1.3.36.3.3.2.8.1.1.7", 256),
    kept(RecommendedCurve::BRAINPOOLP256T1, "1.3.36.3.3.2.8.1.1.8", 256),
    known(RecommendedCurve::BRAINPOOLP320R1, "1.3.36.3.3.2.8.1.1.9", 320),
    kept(RecommendedCurve::BRAINPOOLP320T1, "1.3.36.3.3.2.8.1.1.10", 320),
    known(RecommendedCurve::BRAINPOOLP384R1, "1.3.36.3.3.2.8.1.1.11", 384),
    kept(RecommendedCurve::BRAINPOOLP384T1, "1.3.36.3.3.2.8.1.1.12", 384),
    known(RecommendedCurve::BRAINPOOLP512R1, "1.3.36.3.3.2.8.1.1.13", 512),
    kept(RecommendedCurve::BRAINPOOLP512T1, "1.3.36.3.3.2.8.1.1.14", 512),
];

/// The curve of this identifier.
pub fn by_oid(oid: ObjectIdentifier) -> Option<&'static Curve> {
    CURVES.iter().find(|row| row.oid == oid)
}

/// The length of the keys on a curve in bits, where it is one of those.
pub fn bits(curve: RecommendedCurve) -> Option<i32> {
    by_name(curve).map(|row| row.bits)
}

/// The curve of this name.
pub fn by_name(curve: RecommendedCurve) -> Option<&'static Curve> {
    CURVES.iter().find(|row| row.curve == curve)
}
