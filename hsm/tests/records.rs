//! Sealed records and metadata: they open for what they belong to, and for nothing else.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

use keystead_hsm::{
    Entropy, Epoch, Error, Kek, KekIdentity, MasterKeyRef, MasterKeys as _, RecordIdentity, Software,
};
use proptest::prelude::*;

/// Bytes that count up, so that a record can be compared with one written down.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

fn identity(id: u32) -> KekIdentity {
    KekIdentity { store: [7; 16], tenant: 0, id }
}

fn kek(id: u32) -> Kek {
    let master = Software::in_memory();
    master.create(&MasterKeyRef::legacy(Epoch(1))).unwrap();
    Kek::generate(&master, Epoch(1), identity(id), &mut Counting(0)).unwrap().1
}

const OWNER: RecordIdentity<'_> =
    RecordIdentity { object: "5c9b81ef", object_type: 2, generation: 0, algorithm: 3, length: 256 };

/// The format is final: a record of this KEK, identity and nonce is these bytes, today and in every later version.
#[test]
fn the_record_format_does_not_change() {
    let kek = kek(1);
    let record = kek.seal_record(&OWNER, b"sixteen byte key", &mut Counting(100)).unwrap().into_bytes();
    let written = include_str!("record-v1.hex").trim();
    assert_eq!(hex(&record), written);
    let mac = kek.mac("5c9b81ef", b"metadata").unwrap();
    assert_eq!(hex(&mac), include_str!("metadata-v1.hex").trim());
    assert_eq!(kek.open_record(&OWNER, &record).unwrap()[..], *b"sixteen byte key");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn no_pair_of_records_can_be_swapped() {
    let kek = kek(1);
    let names: Vec<String> = (0..40).map(|n| format!("object-{n}")).collect();
    let owner = |n: usize| RecordIdentity { object: &names[n], ..OWNER };
    let seal =
        |n| kek.seal_record(&owner(n), names[n].as_bytes(), &mut Counting(n as u8)).unwrap().into_bytes();
    let records: Vec<_> = (0..40).map(seal).collect();
    for (at, record) in records.iter().enumerate() {
        for other in 0..40 {
            let opened = kek.open_record(&owner(other), record);
            assert_eq!(opened.is_ok(), at == other, "record of {at} opened as that of {other}");
        }
    }
}

#[test]
fn a_kek_opens_with_its_identity_alone_and_survives_rotation() {
    let master = Software::in_memory();
    master.create(&MasterKeyRef::legacy(Epoch(1))).unwrap();
    master.create(&MasterKeyRef::legacy(Epoch(2))).unwrap();
    let (sealed, kek) = Kek::generate(&master, Epoch(1), identity(1), &mut Counting(0)).unwrap();
    let record = kek.seal_record(&OWNER, b"value", &mut Counting(9)).unwrap().into_bytes();
    assert_eq!(Kek::open(&master, identity(2), &sealed, &kek.check_value()).err(), Some(Error::Tampered));
    let rotated = Kek::reseal(&master, Epoch(2), &identity(1), &sealed, &kek.check_value()).unwrap();
    assert_eq!(keystead_hsm::epoch_of(&rotated).unwrap(), Epoch(2));
    master.destroy(Epoch(1)).unwrap();
    let again = Kek::open(&master, identity(1), &rotated, &kek.check_value()).unwrap();
    assert_eq!(again.open_record(&OWNER, &record).unwrap()[..], *b"value");
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        object in ".{0,40}", numbers in any::<[u32; 4]>(), value in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let [object_type, generation, algorithm, length] = numbers;
        let owner = RecordIdentity { object: &object, object_type, generation, algorithm, length };
        let kek = kek(3);
        let record = kek.seal_record(&owner, &value, &mut Counting(1)).unwrap().into_bytes();
        let opened = kek.open_record(&owner, &record).unwrap();
        prop_assert_eq!(&opened[..], &value[..]);
    }

    #[test]
    fn no_byte_of_a_record_can_change(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let kek = kek(3);
        let mut bytes = kek.seal_record(&OWNER, b"the value", &mut Counting(1)).unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(kek.open_record(&OWNER, &bytes).is_err());
    }

    #[test]
    fn no_field_of_an_identity_can_change(field in 0..5usize, change in 1..u32::MAX) {
        let kek = kek(3);
        let record = kek.seal_record(&OWNER, b"the value", &mut Counting(1)).unwrap().into_bytes();
        let mut other = OWNER;
        match field {
            0 => other.object = "5c9b81ee",
            1 => other.object_type ^= change,
            2 => other.generation ^= change,
            3 => other.algorithm ^= change,
            _ => other.length ^= change,
        }
        prop_assert_eq!(kek.open_record(&other, &record).err(), Some(Error::Tampered));
    }

    #[test]
    fn metadata_is_bound_to_its_object(text in ".{0,60}", other in ".{0,60}") {
        let kek = kek(3);
        let mac = kek.mac("a", text.as_bytes()).unwrap();
        prop_assert!(kek.is_mac("a", text.as_bytes(), &mac));
        prop_assert!(!kek.is_mac("b", text.as_bytes(), &mac));
        prop_assert_eq!(kek.is_mac("a", other.as_bytes(), &mac), text == other);
    }
}
