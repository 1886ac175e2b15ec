//! Hunting for secrets in what was written.

/// Every form in which a secret could stand in a file.
pub fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    use base64ct::Encoding as _;
    let hex = hex::encode(secret);
    let listed = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let base64 = base64ct::Base64Unpadded::encode_string(secret);
    vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), listed.into(), base64.into()]
}

/// Whether a secret stands in the bytes, in any form.
pub fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    forms(secret).iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}
