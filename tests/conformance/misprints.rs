//! What is misprinted in the files, by case, with the reason. Where the right value is known it takes the place of the
//! printed one before the case runs; where it is not, the value alone is not compared. What the server answers instead
//! has tests of its own (engine/tests/engine).

use super::case::{Case, Node};

/// What to do about a misprint.
pub enum Right {
    /// The value is not compared.
    Unknown,
    /// The first value stands where the second should.
    Instead(&'static str, &'static str),
    /// The item should not be there.
    Absent,
    /// An attribute stands without its name, which is this.
    Named(&'static str),
}

use Right::{Absent, Instead, Named, Unknown};

/// Case, tag, what is right, and why it is a misprint.
const MISPRINTS: &[(&str, &str, Right, &str)] = &[
    (
        "1.2/TC-142-12",
        "KeyValue",
        Unknown,
        "the key wrapped alone, where KMIP 1.2, 2.1.6 wants TTLV with the attribute in it",
    ),
    ("1.2/TC-ECC-2-12", "KeyMaterial", Unknown, "another key than the one that was registered as PKCS#8"),
    ("1.4/TC-ECC-2-14", "KeyMaterial", Unknown, "another key than the one that was registered as PKCS#8"),
    (
        "1.0/TC-ECC-3-10",
        "KeyMaterial",
        Unknown,
        "an encrypted PKCS#8, where an EC private key was registered",
    ),
    ("1.2/TC-SJ-2-12", "UniqueIdentifier", Unknown, FOURTH_PART),
    ("1.2/TC-SJ-4-12", "UniqueIdentifier", Unknown, FOURTH_PART),
    ("1.4/TC-SJ-4-14", "UniqueIdentifier", Unknown, FOURTH_PART),
    ("1.2/CS-BC-M-6-12", "Data", AES_ECB, "not AES-128-ECB of the key and data; right in the case of 1.4"),
    ("1.3/CS-BC-M-6-13", "Data", AES_ECB, "not AES-128-ECB of the key and data; right in the case of 1.4"),
    (
        "1.2/CS-AC-M-3-12",
        "AttributeName",
        PARAMETERS,
        "KMIP 1.2, 2.1.1 requires it; there in the case of 1.3",
    ),
    (
        "1.2/CS-AC-M-8-12",
        "AttributeName",
        PARAMETERS,
        "KMIP 1.2, 2.1.1 requires it; there in the case of 1.3",
    ),
    (
        "1.3/TC-RNG-ATTR-2-13",
        "UniqueIdentifier",
        Instead("$UNIQUE_IDENTIFIER_1", "$UNIQUE_IDENTIFIER_0"),
        "no later message uses this variable, and none binds the one that they use; right in the case of 1.4",
    ),
    (
        "1.4/TC-PKCS12-2-14",
        "CertificateSerialNumber",
        Instead("00d2f5bad76a5ac8f9", "020900d2f5bad76a5ac8f9"),
        "without the DER tag and length with which the same case locates the certificate",
    ),
    (
        "1.4/TC-PKCS12-2-14",
        "SerialNumber",
        Instead("00d2f5bad76a5ac8f9", "D2F5BAD76A5AC8F9"),
        "with DER's sign byte and in lower case, unlike the same field of TC-134",
    ),
    (
        "1.2/TC-NP-2-12",
        "ProtocolVersionMinor",
        Instead("0", "2"),
        "the server's messages say 1.0 and hold Key Format Type in a Digest, which came with 1.1; right in the case of 1.4",
    ),
    (
        "1.4/TC-CERTATTR-1-14",
        "KeyFormatType",
        Absent,
        "a certificate has no key format (KMIP 1.4, 3.17); TC-PKCS12-2 has none in the same place",
    ),
];

const AES_ECB: Right = Instead("fd912d102dbb482f6f6e91bd57119095", "d9bcce11b0b437b90239552df3a360c9");
const FOURTH_PART: &str = "Get of the fourth part is answered with the first one's identifier";
const PARAMETERS: Right = Named("Cryptographic Parameters");

/// The tag whose value is not compared in this case.
pub fn not_compared(case: &str) -> Option<&'static str> {
    MISPRINTS.iter().find(|row| row.0 == case && matches!(row.2, Unknown)).map(|row| row.1)
}

/// Puts the right values for the printed ones.
pub fn put_right(case: &mut Case) {
    for (_, tag, right, _) in MISPRINTS.iter().filter(|row| row.0 == case.name) {
        for step in &mut case.steps {
            mend(&mut step.request, tag, right);
            mend(&mut step.response, tag, right);
        }
    }
}

fn mend(node: &mut Node, tag: &str, right: &Right) {
    match right {
        Instead(printed, right) if node.tag == tag && node.value == *printed => {
            node.value = (*right).to_owned();
        }
        Named(name) if node.tag == "Attribute" && node.item(tag).is_none() && node.items.len() == 1 => {
            node.items.insert(0, Node::text(tag, name));
        }
        Absent => node.items.retain(|item| item.tag != tag),
        _ => {}
    }
    node.items.iter_mut().for_each(|item| mend(item, tag, right));
}
