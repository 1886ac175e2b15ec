//! What is sent beside a certificate: more than is searched, another one of the same name, and CAs that may not sign it.

use super::lab::{CLIENT, Lab};
use std::fs;

/// A server that trusts a CA that may have others below it, ROOT.
fn lab() -> Lab {
    let mut lab = Lab::new(&[]);
    lab.ca("ROOT", "/CN=Root");
    lab.sh("cat ROOT.pem >> server/ca.pem");
    lab.start();
    lab
}

impl Lab {
    /// A CA with these extensions below another.
    fn between(&self, name: &str, above: &str, extensions: &str) {
        fs::write(self.path("ext"), format!("basicConstraints=critical,CA:TRUE{extensions}\n")).unwrap();
        self.sh(&format!(
            "openssl ecparam -name prime256v1 -genkey -noout -out {name}.key; openssl req -new -key {name}.key -subj /O=Acme/CN={name} \
             -out {name}.csr; openssl x509 -req -in {name}.csr -CA {above}.pem -CAkey {above}.key -CAcreateserial -days 30 -extfile \
             ext -out {name}.pem"
        ));
    }

    /// A client of this CA that shows these files behind its own.
    fn shows(&self, ca: &str, extensions: &str, behind: &str) {
        self.request("/O=Acme/CN=one");
        self.sign(&format!("{CLIENT}{extensions}"), "", ca);
        self.sh(&format!("cp CLIENT.pem OWN.pem; cat OWN.pem {behind} > CLIENT.pem"));
    }
}

#[test]
fn more_certificates_than_are_searched() {
    let mut lab = lab();
    lab.between("INTERMEDIATE", "ROOT", "");
    // One of each of ten CAs that are nobody's here, and each twice.
    for at in 0..10 {
        lab.ca(&format!("OTHER{at}"), &format!("/CN=Other {at}"));
    }
    lab.shows("INTERMEDIATE", "", "OTHER*.pem ROOT.pem OTHER*.pem INTERMEDIATE.pem INTERMEDIATE.pem");
    assert!(lab.is_served(&[]), "{:?}", lab.last());
    // Four of the name of its issuer, which the client cannot know to be superfluous.
    lab.sh("for i in 1 2 3 4; do openssl x509 -req -in INTERMEDIATE.csr -CA ROOT.pem -CAkey ROOT.key -days 30 -out SAME$i.pem; done");
    lab.shows("INTERMEDIATE", "", "SAME*.pem INTERMEDIATE.pem");
    let words = ["it sent 5 certificates of the name", "CN=INTERMEDIATE", "at most 3 of one name"];
    let last = lab.refuses("TooManyCertificates", &words);
    lab.mends(&last, &["cat OWN.pem"]);
}

#[test]
fn another_certificate_of_the_name_of_the_issuer() {
    let mut lab = lab();
    lab.between("INTERMEDIATE", "ROOT", "");
    lab.sh("cp INTERMEDIATE.pem RIGHT.pem; cp INTERMEDIATE.key RIGHT.key");
    lab.between("INTERMEDIATE", "ROOT", "");
    lab.shows("RIGHT", "", "INTERMEDIATE.pem");
    let words = ["its certificate names O=Acme, CN=INTERMEDIATE as its issuer", "that was sent with it"];
    let last = lab.refuses("OtherSentKey", &words);
    lab.sh("cat OWN.pem INTERMEDIATE.pem RIGHT.pem > CLIENT.pem");
    assert!(lab.is_served(&[]), "with the right one beside it");
    lab.sh("cp RIGHT.pem INTERMEDIATE.pem");
    lab.mends(&last, &["cat OWN.pem", "keystead client add"]);
}

#[test]
fn a_ca_that_has_ended_and_was_followed_by_one_of_its_name() {
    let mut lab = Lab::new(&[]);
    for (name, days) in [("OLD", "-1"), ("NEW", "30")] {
        fs::write(lab.path("ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
        lab.sh(&format!(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN=Roll -out {name}.csr; openssl x509 -req -in \
             {name}.csr -signkey {name}.key -days {days} -extfile ext -out {name}.pem"
        ));
    }
    lab.sh("cat NEW.pem OLD.pem >> server/ca.pem");
    lab.start();
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "OLD");
    let last = lab.refuses("CaOutOfDate", &["CN=Roll in tls.ca, has expired"]);
    lab.mends(&last, &["printf", "keystead client add"]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "NEW");
    assert!(lab.is_served(&[]), "of the new one");
}

#[test]
fn cas_that_may_not_sign_what_they_have_signed() {
    let mut lab = lab();
    lab.between("UPPER", "ROOT", ",pathlen:0");
    lab.between("LOWER", "UPPER", "");
    lab.shows("LOWER", "", "LOWER.pem UPPER.pem");
    let last = lab.refuses("ChainRule", &["pathlen"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.between("DNS", "ROOT", "\nnameConstraints=critical,permitted;DNS:acme.example");
    lab.shows("DNS", "subjectAltName=DNS:one.acme.example\n", "DNS.pem");
    assert!(lab.is_served(&[]), "a name that it may sign: {:?}", lab.last());
    lab.shows("DNS", "subjectAltName=DNS:one.other.example\n", "DNS.pem");
    let last = lab.refuses("NameConstraints", &["exclude a name of it"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    // Whether they are kept or not: that is said, and not that they are broken.
    let named = "\nnameConstraints=critical,permitted;dirName:acme\n[acme]\nO=Acme";
    lab.between("NAMED", "ROOT", named);
    lab.shows("NAMED", "", "NAMED.pem");
    let words = [
        "CN=NAMED above its certificate has name constraints",
        "directoryName",
        "DNS names and IP addresses alone",
    ];
    let last = lab.refuses("NameConstraints", &words);
    lab.mends(&last, &["printf", "keystead client add"]);
    // The same of a CA of tls.ca itself.
    lab.sh("cat NAMED.pem >> server/ca.pem");
    lab.start();
    lab.shows("NAMED", "", "");
    lab.refuses("NameConstraints", &["CN=NAMED above its certificate has name constraints", "directoryName"]);
}

/// A client signs in the handshake.
#[test]
fn a_key_that_is_not_for_signatures() {
    let mut lab = Lab::new(&[]);
    for (usages, is_good) in [
        ("digitalSignature", true),
        ("digitalSignature,keyEncipherment,keyAgreement", true),
        ("keyEncipherment", false),
        ("nonRepudiation,keyAgreement", false),
    ] {
        lab.request("/CN=one");
        lab.sign(&format!("{CLIENT}keyUsage=critical,{usages}\n"), "", "CA");
        if is_good {
            assert!(lab.is_served(&[]), "{usages}: {:?}", lab.last());
        } else {
            let words = [
                "its key usages are",
                usages.split(',').next().unwrap(),
                "digitalSignature is not among them",
            ];
            let last = lab.refuses("CertificateUsage", &words);
            lab.mends(&last, &["printf", "keystead client add"]);
        }
    }
}

/// Keys that no signature of TLS is checked with here: that is said, and not that the client has another key.
#[test]
fn keys_that_are_not_taken() {
    let mut lab = Lab::new(&[]);
    for (make, kind) in [
        ("openssl genrsa -out CLIENT.key 1024", "RSA of 1024 bits"),
        ("openssl ecparam -name secp256k1 -genkey -noout -out CLIENT.key", "ECDSA on secp256k1"),
        ("openssl ecparam -name brainpoolP256r1 -genkey -noout -out CLIENT.key", "ECDSA on brainpoolP256r1"),
        ("openssl genpkey -algorithm ed448 -out CLIENT.key", "Ed448"),
        ("openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out CLIENT.key", "id-RSASSA-PSS"),
    ] {
        for version in ["-tls1_2", "-tls1_3"] {
            let remade = "openssl req -new -key CLIENT.key -subj /CN=one -out CLIENT.csr";
            lab.sh(&format!("rm -f CLIENT.*; {make}; {remade}"));
            lab.sign(CLIENT, "", "CA");
            assert!(!lab.is_served(&[version]), "{kind}");
            let last = lab.last();
            let is_shown = last.what == "CertificateKey";
            // openssl leaves the certificate out where it knows that its key is of no use.
            let must_be = kind.starts_with("RSA of") || (kind.contains("secp256k1") && version == "-tls1_2");
            assert!(is_shown || (!must_be && last.what == "NoCertificate"), "{kind}: {last:?}");
            if is_shown {
                let last = lab.told(
                    "CertificateKey",
                    &[kind, "those that are: RSA of 2048 to 8192 bits, ECDSA on P-256"],
                    true,
                );
                lab.mends(&last, &["openssl ecparam", "keystead client add"]);
            } else {
                assert!(
                    last.advice.contains("cannot sign with its key as the server wants it"),
                    "{}",
                    last.advice
                );
            }
        }
    }
}
