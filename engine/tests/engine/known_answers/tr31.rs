//! Known answers of TR-31 key blocks: the examples of ASC X9 TR 31-2018 (A.7), and blocks with optional blocks that psec
//! made; and blocks that are none.

use hex::decode as bytes;
use keystead_crypto::Error;
use keystead_crypto::tr31::{Header, Protection, open, padding_bytes, seal};
use proptest::prelude::*;

const D_KEY: &str = "88e1ab2a2e3dd38c1fa039a536500cc8a87ab9d62dc92c01058fa79f44657de6";
const D_BLOCK: &str = "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A2\
                       7E8E31DA05F7425509593D03A457DC34";
const B_KEY: &str = "dd7515f2bfc17f85ce48f3ca25cb21f6";
const B_BLOCK: &str = "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E";
const HELD: &str = "3f419e1cb7079442aa37474c2efbf8b8";

fn header(usage: &[u8; 2], algorithm: u8, mode: u8) -> Header {
    Header { usage: *usage, algorithm, mode, exportability: b'E' }
}

#[test]
fn the_examples_of_the_standard() {
    let rows = [
        (Protection::Aes, D_KEY, D_BLOCK, b'A', "1c2965473ce206bb855b01533782"),
        (Protection::TripleDes, B_KEY, B_BLOCK, b'T', "1c2965473ce2"),
    ];
    for (protection, by, block, algorithm, padding) in rows {
        let (by, header) = (bytes(by).unwrap(), header(b"P0", algorithm, b'E'));
        let (found, key) = open((protection, &by), block.as_bytes()).unwrap();
        assert_eq!((found, hex::encode(&key)), (header, HELD.to_owned()));
        let padding = bytes(padding).unwrap();
        assert_eq!(padding.len(), padding_bytes(protection, key.len(), 0));
        let made = seal((protection, &by), header, &key, &padding).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), block);
    }
}

#[test]
fn optional_blocks_are_authenticated_and_skipped() {
    let long = format!(
        "B0416K0TB00E0200CT00020136{}PB0A0000009AB97AF032FC76D588DC33C406427D1AE57F9D46BFF289A86AE59299D26AF1\
         93492C11CC5AB427CC",
        "A".repeat(300)
    );
    let rows = [
        (
            Protection::Aes,
            D_KEY,
            "D0176K0AB00N0200KS1800604B120F9292800000PB080000C17B20208A2910D092B69FB0BD3390FF856D3A6CC9ADD8E58411\
             E77C6D003D44813CBBFDFE28D4E5B196D8902719E4A8BAC0EC699B0F2CB092C7337810F57939",
            b'N',
        ),
        (Protection::TripleDes, B_KEY, long.as_str(), b'E'),
    ];
    for (protection, by, block, exportability) in rows {
        let by = bytes(by).unwrap();
        let (found, key) = open((protection, &by), block.as_bytes()).unwrap();
        assert_eq!((&found.usage, found.exportability), (b"K0", exportability));
        assert_eq!(hex::encode(key), "00112233445566778899aabbccddeeff");
        let changed = block.replacen(['4', 'A'], "B", 1);
        assert!(open((protection, &by), changed.as_bytes()).is_err());
    }
}

/// One character changed anywhere: the key, the header and the MAC are bound to one another.
#[test]
fn a_changed_block_does_not_open() {
    let by = bytes(D_KEY).unwrap();
    for at in 0..D_BLOCK.len() {
        let mut changed = D_BLOCK.as_bytes().to_vec();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        assert!(open((Protection::Aes, &by), &changed).is_err(), "{at}");
        assert!(open((Protection::Aes, &by), &D_BLOCK.as_bytes()[..at]).is_err(), "{at}");
    }
    let other = [&by[1..], &[0]].concat();
    let error = open((Protection::Aes, &other), D_BLOCK.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Failed(_)), "{error:?}");
}

#[test]
fn keys_that_are_too_long_or_too_short_are_refused() {
    let by = bytes(D_KEY).unwrap();
    let header = header(b"D0", b'A', b'B');
    for (by, key) in [(&by[..], 8192), (&by[..], 5000), (&by[..15], 16), (&[], 16)] {
        let made = seal((Protection::Aes, by), header, &vec![7; key], &[0; 14]);
        assert!(matches!(made, Err(Error::Parameter(_))), "{key}");
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        key in prop::collection::vec(any::<u8>(), 1..64),
        by in prop::sample::select(vec![(Protection::Aes, 16), (Protection::Aes, 24), (Protection::Aes, 32),
            (Protection::TripleDes, 16), (Protection::TripleDes, 24)]),
        seed in any::<[u8; 32]>(),
        longest in 0_usize..40,
    ) {
        let (protection, length) = by;
        let header = header(b"K0", b'A', b'N');
        let padding = vec![seed[0]; padding_bytes(protection, key.len(), longest)];
        let block = seal((protection, &seed[..length]), header, &key, &padding).unwrap();
        let (found, opened) = open((protection, &seed[..length]), &block).unwrap();
        prop_assert_eq!((found, &*opened), (header, &key));
    }

    #[test]
    fn nonsense_is_refused(block in "[BD]0[0-9]{3}[A-Z0-9]{9}0[0-3][0-9A-F]{0,60}", by in any::<[u8; 16]>()) {
        let protection = if block.starts_with('D') { Protection::Aes } else { Protection::TripleDes };
        let whole = format!("{}{:04}{}", &block[..1], block.len(), &block[5..]);
        prop_assert!(open((protection, &by), block.as_bytes()).is_err());
        prop_assert!(open((protection, &by), whole.as_bytes()).is_err());
    }
}
