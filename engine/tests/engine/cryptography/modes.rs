//! Every mode with every padding: data in pieces come to the same as the whole, and decryption gives them back.

use super::*;
use proptest::prelude::*;

/// Algorithm, mode, bytes of the key, of the IV and of the tag, and which lengths of data it takes without padding.
struct Row(CryptographicAlgorithm, Option<BlockCipherMode>, &'static [usize], usize, Option<i32>, Lengths);

/// The least length, and what it is a multiple of.
type Lengths = (usize, usize);

const ANY: Lengths = (0, 1);
const AES: CryptographicAlgorithm = CryptographicAlgorithm::AES;
const KEYS: &[usize] = &[16, 24, 32];

const ROWS: &[Row] = &[
    Row(AES, Some(BlockCipherMode::ECB), KEYS, 0, None, (0, 16)),
    Row(AES, Some(BlockCipherMode::CBC), KEYS, 16, None, (0, 16)),
    Row(AES, Some(BlockCipherMode::CTR), KEYS, 16, None, ANY),
    Row(AES, Some(BlockCipherMode::CFB), KEYS, 16, None, ANY),
    Row(AES, Some(BlockCipherMode::OFB), KEYS, 16, None, ANY),
    Row(AES, Some(BlockCipherMode::GCM), KEYS, 12, Some(16), ANY),
    Row(AES, Some(BlockCipherMode::GCM), KEYS, 7, Some(12), ANY),
    Row(AES, Some(BlockCipherMode::AEAD), KEYS, 12, Some(13), ANY),
    Row(AES, Some(BlockCipherMode::CCM), KEYS, 13, Some(8), ANY),
    Row(AES, Some(BlockCipherMode::CCM), KEYS, 7, Some(16), ANY),
    Row(AES, Some(BlockCipherMode::XTS), &[32, 64], 16, None, (16, 1)),
    Row(AES, Some(BlockCipherMode::NISTKeyWrap), KEYS, 0, None, (16, 8)),
    Row(AES, Some(BlockCipherMode::AESKeyWrapPadding), KEYS, 0, None, (1, 1)),
    Row(CryptographicAlgorithm::DES3, Some(BlockCipherMode::ECB), &[16, 24], 0, None, (0, 8)),
    Row(CryptographicAlgorithm::DES3, Some(BlockCipherMode::CBC), &[16, 24], 8, None, (0, 8)),
    Row(CryptographicAlgorithm::ChaCha20, None, &[32], 12, None, ANY),
    Row(CryptographicAlgorithm::ChaCha20, None, &[32], 8, None, ANY),
    Row(CryptographicAlgorithm::ChaCha20Poly1305, None, &[32], 12, Some(16), ANY),
    Row(CryptographicAlgorithm::ChaCha20Poly1305, Some(BlockCipherMode::AEAD), &[32], 12, Some(16), ANY),
];

const PADDINGS: [Option<PaddingMethod>; 7] = [
    None,
    Some(PaddingMethod::None),
    Some(PaddingMethod::PKCS5),
    Some(PaddingMethod::ANSIX9_23),
    Some(PaddingMethod::ISO10126),
    Some(PaddingMethod::SSL3),
    Some(PaddingMethod::Zeros),
];

/// The data cut at these places.
fn pieces<'d>(data: &'d [u8], cuts: &[usize]) -> Vec<&'d [u8]> {
    let mut places: Vec<usize> =
        cuts.iter().map(|cut| cut % (data.len() + 1)).chain([0, data.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|ends| &data[ends[0]..ends[1]]).collect()
}

/// A key with the rest of what a request names.
struct Run {
    what: String,
    key: String,
    parameters: CryptographicParameters,
    iv: Option<bytes::Bytes>,
    additional: Option<bytes::Bytes>,
}

impl Run {
    /// Encrypts in pieces; the ciphertext and the tag.
    fn encrypt(
        &self,
        bench: &mut Bench,
        who: &Principal,
        pieces: &[&[u8]],
    ) -> (Vec<u8>, Option<bytes::Bytes>) {
        let (mut out, mut tag, mut correlation_value) = (Vec::new(), None, None);
        for (place, piece) in pieces.iter().enumerate() {
            let (first, last) = (place == 0, place + 1 == pieces.len());
            let request = EncryptRequest {
                correlation_value,
                init_indicator: (first && !last).then_some(true),
                final_indicator: (last && !first).then_some(true),
                iv_counter_nonce: self.iv.clone().filter(|_| first),
                additional_data: self.additional.clone().filter(|_| first),
                ..encrypt(&self.key, self.parameters.clone(), piece)
            };
            let answer = bench.ask(who, V2_1, request);
            let answer = answer.unwrap_or_else(|reason| panic!("{}: {reason:?}", self.what));
            correlation_value = answer.correlation_value;
            out.extend(plain(answer.data));
            tag = answer.tag;
        }
        (out, tag)
    }

    fn decrypt(
        &self,
        bench: &mut Bench,
        who: &Principal,
        pieces: &[&[u8]],
        tag: Option<&bytes::Bytes>,
    ) -> Result<Vec<u8>, ResultReason> {
        let (mut out, mut correlation_value) = (Vec::new(), None);
        for (place, piece) in pieces.iter().enumerate() {
            let (first, last) = (place == 0, place + 1 == pieces.len());
            let request = DecryptRequest {
                unique_identifier: Some(self.key.as_str().into()),
                cryptographic_parameters: Some(self.parameters.clone()),
                data: bytes(piece),
                correlation_value,
                init_indicator: (first && !last).then_some(true),
                final_indicator: (last && !first).then_some(true),
                iv_counter_nonce: self.iv.clone().filter(|_| first),
                additional_data: self.additional.clone().filter(|_| first),
                tag: tag.cloned().filter(|_| first),
            };
            let answer = bench.ask(who, V2_1, request)?;
            correlation_value = answer.correlation_value;
            out.extend(plain(answer.data));
        }
        Ok(out)
    }
}

/// One row with one key and padding.
fn try_row(
    bench: &mut Bench,
    who: &Principal,
    row: &Row,
    key: &[u8],
    padding: Option<PaddingMethod>,
    data: &[u8],
    cuts: &[usize],
) {
    let Row(algorithm, mode, _, iv_bytes, tag_length, (least, multiple)) = row;
    let pads = padding.is_some_and(|padding| padding != PaddingMethod::None);
    let mut data = data.to_vec();
    if !pads {
        data.resize(data.len().max(*least).next_multiple_of(*multiple), 9);
    }
    if padding == Some(PaddingMethod::Zeros) {
        // Zeros at the end of the data are not told from those of the padding.
        data.push(1);
        data.resize(data.len().next_multiple_of(*multiple), 1);
    }
    let what = format!("{algorithm:?} {mode:?} {} {padding:?} {}", key.len(), data.len());
    let run = Run {
        what: what.clone(),
        key: symmetric(bench, who, *algorithm, key, &[]),
        parameters: CryptographicParameters {
            block_cipher_mode: *mode,
            padding_method: padding,
            tag_length: *tag_length,
            ..CryptographicParameters::default()
        },
        iv: (*iv_bytes > 0).then(|| vec![3; *iv_bytes].into()),
        additional: tag_length.map(|_| b"beside it".as_slice().into()),
    };
    let (whole, tag) = run.encrypt(bench, who, &[&data]);
    assert_eq!(tag.as_ref().map(|tag| i32::try_from(tag.len()).unwrap()), *tag_length, "{what}");
    let in_pieces = run.encrypt(bench, who, &pieces(&data, cuts));
    if padding != Some(PaddingMethod::ISO10126) {
        assert_eq!(in_pieces, (whole.clone(), tag.clone()), "{what}");
    }
    assert_eq!(run.decrypt(bench, who, &[&whole], tag.as_ref()).as_deref(), Ok(&data[..]), "{what}");
    let back = run.decrypt(bench, who, &pieces(&in_pieces.0, cuts), in_pieces.1.as_ref());
    assert_eq!(back.as_deref(), Ok(&data[..]), "{what}, in pieces");
    if let Some(tag) = tag {
        let mut other = tag.to_vec();
        other[0] ^= 1;
        let forged = run.decrypt(bench, who, &pieces(&whole, cuts), Some(&other.into()));
        assert_eq!(forged, Err(ResultReason::CryptographicFailure), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn pieces_come_to_the_whole_and_back(
        seed in 0..u64::MAX,
        data in proptest::collection::vec(any::<u8>(), 0..70),
        cuts in proptest::collection::vec(any::<usize>(), 0..4),
    ) {
        let (mut bench, ann) = (Bench::new(seed), granted("ann", &[]));
        for row in ROWS {
            for length in row.2 {
                // No two blocks of a key are the same: XTS refuses such.
                let key: Vec<u8> = (0..*length).map(|at| at as u8 ^ seed as u8).collect();
                // Only blocks are filled up.
                let paddings = if matches!(row.5, (0, 8 | 16)) { &PADDINGS[..] } else { &PADDINGS[..1] };
                for padding in paddings {
                    try_row(&mut bench, &ann, row, &key, *padding, &data, &cuts);
                }
            }
        }
    }
}

/// The other side of the property: what a mode cannot take is refused and never filled up in silence.
#[test]
fn what_a_mode_cannot_take_is_refused() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let id = symmetric(&mut bench, &ann, AES, &[7; 16], &[]);
    let with_iv = |bytes: usize, request| EncryptRequest {
        iv_counter_nonce: (bytes > 0).then(|| vec![3; bytes].into()),
        ..request
    };
    let tag = |length| CryptographicParameters { tag_length: Some(length), ..mode(BlockCipherMode::CCM) };
    for (what, request) in [
        ("a broken block", with_iv(16, encrypt(&id, mode(BlockCipherMode::CBC), &[1; 15]))),
        ("a short IV", with_iv(15, encrypt(&id, mode(BlockCipherMode::CBC), &[1; 16]))),
        ("no IV", with_iv(0, encrypt(&id, mode(BlockCipherMode::GCM), &[1; 16]))),
        ("a nonce of CCM that is too long", with_iv(14, encrypt(&id, mode(BlockCipherMode::CCM), &[1; 16]))),
        ("a tag of CCM that is odd", with_iv(12, encrypt(&id, tag(9), &[1; 16]))),
        ("a tag of CCM that can be guessed", with_iv(12, encrypt(&id, tag(4), &[1; 16]))),
        ("half a key of XTS", with_iv(16, encrypt(&id, mode(BlockCipherMode::XTS), &[1; 16]))),
        ("a key that is not whole", encrypt(&id, mode(BlockCipherMode::NISTKeyWrap), &[1; 17])),
        ("a mode that is not served", encrypt(&id, mode(BlockCipherMode::PCBC), &[1; 16])),
    ] {
        assert!(bench.ask(&ann, V2_1, request).is_err(), "{what}");
    }
    let unsupported = encrypt(&id, mode(BlockCipherMode::PCBC), &[1; 16]);
    for (version, reason) in
        [(V1_4, ResultReason::InvalidField), (V2_1, ResultReason::UnsupportedCryptographicParameters)]
    {
        assert_eq!(bench.ask(&ann, version, unsupported.clone()).unwrap_err(), reason);
    }
    let half = with_iv(16, encrypt(&id, mode(BlockCipherMode::XTS), &[1; 16]));
    assert_eq!(bench.ask(&ann, V2_1, half).unwrap_err(), ResultReason::BadCryptographicParameters);
    let twice = symmetric(&mut bench, &ann, AES, &[7; 32], &[]);
    let request = with_iv(16, encrypt(&twice, mode(BlockCipherMode::XTS), &[1; 16]));
    assert!(bench.ask(&ann, V2_1, request).is_err(), "two keys of XTS that are one");
}

/// Encrypt and Hash without Data succeeded, as if it were there and empty. A part may have none.
#[test]
fn what_comes_whole_has_data() {
    let (mut bench, ann) = (Bench::new(5), granted("ann", &[]));
    let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::AES, &[7; 16], &[]);
    let unique_identifier = || Some(id.as_str().into());
    let whole = |data| EncryptRequest { data, ..encrypt(&id, mode(BlockCipherMode::CBC), &[]) };
    let hash = |data| {
        let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
        let cryptographic_parameters =
            CryptographicParameters { hashing_algorithm, ..CryptographicParameters::default() };
        HashRequest { cryptographic_parameters, data, ..HashRequest::default() }
    };
    let decrypt = DecryptRequest { unique_identifier: unique_identifier(), ..DecryptRequest::default() };
    let mac = MACRequest { unique_identifier: unique_identifier(), ..MACRequest::default() };
    let sign = SignRequest { unique_identifier: unique_identifier(), ..SignRequest::default() };
    let missing = Some(ResultReason::InvalidField);
    assert_eq!(bench.ask(&ann, V2_1, whole(None)).err(), missing);
    assert_eq!(bench.ask(&ann, V2_1, hash(None)).err(), missing);
    assert_eq!(bench.ask(&ann, V2_1, decrypt).err(), missing);
    assert_eq!(bench.ask(&ann, V2_1, mac).err(), missing);
    assert_eq!(bench.ask(&ann, V2_1, sign).err(), missing);
    bench.ask(&ann, V2_1, hash(bytes(&[]))).unwrap();
    let first = HashRequest { init_indicator: Some(true), ..hash(None) };
    let correlation_value = bench.ask(&ann, V2_1, first).unwrap().correlation_value;
    let last = HashRequest { correlation_value, final_indicator: Some(true), ..hash(None) };
    bench.ask(&ann, V2_1, last).unwrap();
}
