//! Certificates that are not let in.

use super::lab::{CLIENT, Lab};
use std::fs;

#[test]
fn certificates_that_are_not_what_a_client_needs() {
    let mut lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign("", "", "CA");
    let last = lab.refuses("CertificateVersion1", &["X.509 v1", "CN=one", "keystead client add one"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.request("/CN=two");
    lab.sign("basicConstraints=critical,CA:TRUE\n", "", "CA");
    let last = lab.refuses("CertificateOfCa", &["CA:TRUE", "CN=two"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.request("/CN=three");
    lab.sign("extendedKeyUsage=serverAuth,codeSigning\n", "", "CA");
    let last = lab.refuses("CertificateUsage", &["serverAuth, codeSigning", "clientAuth", "CN=three"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.request("/CN=four");
    lab.sign(CLIENT, "-sha1", "CA");
    let last = lab.refuses("CertificateSignature", &["SHA-1", "CN=four"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.request("/CN=five");
    lab.sign(&format!("{CLIENT}1.2.3.4=critical,ASN1:NULL\n"), "", "CA");
    let last = lab.refuses("CertificateExtension", &["critical extension", "CN=five"]);
    lab.mends(&last, &["printf", "keystead client add"]);

    // Without any extended key usage it is for any use.
    lab.request("/CN=six");
    lab.sign("basicConstraints=CA:FALSE\n", "", "CA");
    assert!(lab.is_served(&[]));
}

#[test]
fn certificates_outside_of_their_dates() {
    let mut lab = Lab::new(&[]);
    lab.request("/CN=late/O=a\nb\u{1b}[31m");
    lab.sign(CLIENT, "-days -1", "CA");
    let last = lab.refuses("CertificateExpired", &["has expired: it was valid until", "date"]);
    assert!(!lab.log().contains('\u{1b}') && !last.message.contains('\n'));
    lab.mends(&last, &["printf", "keystead client add"]);

    lab.request("/CN=early");
    let ca_pem = fs::read_to_string(lab.path("CA.pem")).unwrap();
    let ca_key = fs::read_to_string(lab.path("CA.key")).unwrap();
    let issuer =
        rcgen::Issuer::from_ca_cert_pem(&ca_pem, rcgen::KeyPair::from_pem(&ca_key).unwrap()).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "early");
    params.not_before = time::OffsetDateTime::now_utc() + time::Duration::days(2);
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(lab.path("CLIENT.pem"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    fs::write(lab.path("CLIENT.key"), key.serialize_pem()).unwrap();
    let last = lab.refuses("CertificateNotYetValid", &["is not valid yet", "CN=early", "clock"]);
    lab.sh("openssl req -new -key CLIENT.key -subj /CN=early -out CLIENT.csr");
    lab.mends(&last, &["printf", "keystead client add"]);
}

#[test]
fn certificates_of_another_ca() {
    let mut lab = Lab::new(&[]);
    lab.ca("OTHER-CA", "/CN=Other CA");
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "OTHER-CA");
    let last = lab.refuses("OtherCa", &["CN=Other CA", "Keystead development CA", "tls.ca"]);
    lab.mends(&last, &["cat OTHER-CA.pem >>", "printf", "keystead client add"]);

    lab.ca("OTHER", "/CN=Keystead development CA");
    lab.request("/CN=two");
    lab.sign(CLIENT, "", "OTHER");
    let last = lab.refuses("WrongCaKey", &["two of the same name", "Keystead development CA"]);
    lab.mends(&last, &["printf", "keystead client add"]);
}

#[test]
fn chains_that_do_not_lead_to_the_ca() {
    let mut lab = Lab::new(&[]);
    // A CA that may have others below it: that of `dev` may not.
    lab.ca("ROOT", "/CN=Root");
    lab.sh("cat ROOT.pem >> server/ca.pem");
    lab.start();
    lab.ca_below("UPPER", "ROOT");
    lab.ca_below("INTERMEDIATE", "UPPER");
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "INTERMEDIATE");
    lab.sh("cat UPPER.pem >> CLIENT.pem");
    let last =
        lab.refuses("BrokenChain", &["issued by CN=INTERMEDIATE", "not among the certificates that it sent"]);
    lab.sh("openssl x509 -in CLIENT.pem -out OWN.pem; cat UPPER.pem >> INTERMEDIATE.pem");
    lab.mends(&last, &["cat OWN.pem"]);

    lab.ca_below("INTERMEDIATE", "ROOT");
    lab.request("/CN=two");
    lab.sign(CLIENT, "", "INTERMEDIATE");
    let last = lab.refuses("OtherCa", &["CN=INTERMEDIATE", "CN=Root"]);
    lab.mends(&last, &["cat INTERMEDIATE.pem >>"]);
}

/// A CA of tls.ca whose certificate and key are those of the folder.
fn trusted(lab: &mut Lab, name: &str, extensions: &str, more: &str) {
    fs::write(lab.path("ext"), extensions).unwrap();
    lab.sh(&format!(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj '/CN={name}' -out {name}.csr; openssl x509 -req -in \
         {name}.csr -signkey {name}.key {more} -extfile ext -out {name}.pem; cat {name}.pem >> server/ca.pem"
    ));
    lab.start();
}

/// A client's certificate of this CA that was good for a while and is not any more.
fn ended(lab: &Lab, ca: &str) {
    lab.request("/CN=one");
    let [pem, key] = [".pem", ".key"].map(|end| fs::read_to_string(lab.path(&format!("{ca}{end}"))).unwrap());
    let issuer = rcgen::Issuer::from_ca_cert_pem(&pem, rcgen::KeyPair::from_pem(&key).unwrap()).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "one");
    params.not_before = time::OffsetDateTime::now_utc() - time::Duration::days(9);
    params.not_after = time::OffsetDateTime::now_utc() - time::Duration::days(2);
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(lab.path("CLIENT.pem"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    fs::write(lab.path("CLIENT.key"), key.serialize_pem()).unwrap();
    lab.sh("openssl req -new -key CLIENT.key -subj /CN=one -out CLIENT.csr");
}

/// Where the CA and the client's certificate have both ended, that is told, and not that there are two CAs.
#[test]
fn a_ca_and_its_certificate_that_have_both_ended() {
    let mut lab = Lab::new(&[]);
    trusted(&mut lab, "OLD", "basicConstraints=critical,CA:TRUE\n", "-days -1");
    ended(&lab, "OLD");
    let words = ["CN=OLD in tls.ca, has expired", "its certificate has expired: it was valid until"];
    let last = lab.refuses("CaOutOfDate", &words);
    assert!(last.advice.contains("Both need a new one"), "{}", last.advice);
    lab.mends(&last, &["printf"]);
    // The control: the CA alone, the certificate alone, and another key under the name of the CA.
    lab.sign(CLIENT, "", "OLD");
    let last = lab.refuses("CaOutOfDate", &["CN=OLD in tls.ca, has expired"]);
    assert!(!last.message.contains("as well"), "{}", last.message);
    ended(&lab, "CA");
    lab.refuses("CertificateExpired", &["its certificate has expired"]);
    lab.ca("OTHER", "/CN=OLD");
    lab.sign(CLIENT, "", "OTHER");
    lab.refuses("WrongCaKey", &["two of the same name"]);
}

/// What a certificate says that it may be used for is kept to, by those between as well.
#[test]
fn usages_of_certificates_between() {
    let mut lab = Lab::new(&[]);
    trusted(&mut lab, "ROOT", "basicConstraints=critical,CA:TRUE\n", "-days 30");
    let ca = "basicConstraints=critical,CA:TRUE\n";
    for (extensions, reason) in [
        ("", None),
        ("keyUsage=critical,keyCertSign,cRLSign\n", None),
        ("extendedKeyUsage=anyExtendedKeyUsage\n", None),
        ("extendedKeyUsage=clientAuth,serverAuth\n", None),
        (
            "keyUsage=critical,digitalSignature,cRLSign\n",
            Some(("CaMayNotSign", "keyCertSign is not among them")),
        ),
        ("keyUsage=digitalSignature\n", Some(("CaMayNotSign", "the certificate CN=BETWEEN in its chain"))),
        (
            "extendedKeyUsage=serverAuth\n",
            Some(("CertificateUsage", "the certificate CN=BETWEEN in its chain")),
        ),
    ] {
        fs::write(lab.path("ext"), format!("{ca}{extensions}")).unwrap();
        lab.sh(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout BETWEEN.key -subj /CN=BETWEEN -out BETWEEN.csr; openssl x509 -req -in \
             BETWEEN.csr -CA ROOT.pem -CAkey ROOT.key -CAcreateserial -days 30 -extfile ext -out BETWEEN.pem",
        );
        lab.request("/CN=one");
        lab.sign(CLIENT, "", "BETWEEN");
        lab.sh("cp CLIENT.pem OWN.pem; cat BETWEEN.pem >> CLIENT.pem");
        match reason {
            None => assert!(lab.is_served(&[]), "{extensions}: {:?}", lab.last()),
            Some((reason, words)) => {
                let last = lab.refuses(reason, &[words]);
                if reason == "CaMayNotSign" {
                    let more = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
                    fs::write(lab.path("ext"), more).unwrap();
                    lab.sh(
                        "openssl x509 -req -in BETWEEN.csr -CA ROOT.pem -CAkey ROOT.key -CAcreateserial -days 30 -extfile ext -out \
                         INTERMEDIATE.pem",
                    );
                    lab.mends(&last, &["cat OWN.pem"]);
                }
            }
        }
    }
    // Of two certificates of one CA that are sent, the one is taken that may sign.
    fs::write(lab.path("ext"), format!("{ca}keyUsage=critical,digitalSignature\n")).unwrap();
    lab.sh("cp BETWEEN.csr TWO.csr; cp BETWEEN.key TWO.key; openssl x509 -req -in TWO.csr -CA ROOT.pem -CAkey ROOT.key -days 30 -extfile ext -out TWO.pem");
    fs::write(lab.path("ext"), ca).unwrap();
    lab.sh("openssl x509 -req -in TWO.csr -CA ROOT.pem -CAkey ROOT.key -days 30 -extfile ext -out THREE.pem");
    lab.request("/CN=crossed");
    lab.sign(CLIENT, "", "TWO");
    lab.sh("cat TWO.pem >> CLIENT.pem");
    lab.refuses("CaMayNotSign", &["keyCertSign"]);
    lab.sh("cat THREE.pem >> CLIENT.pem");
    assert!(lab.is_served(&[]), "{:?}", lab.last());
}

#[test]
fn a_certificate_for_any_use_is_for_clients() {
    let mut lab = Lab::new(&[]);
    lab.request("/CN=any");
    lab.sign("basicConstraints=CA:FALSE\nextendedKeyUsage=anyExtendedKeyUsage\n", "", "CA");
    assert!(lab.is_served(&[]), "{:?}", lab.last());
    // Alone in tls.ca, too.
    lab.sh("printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=anyExtendedKeyUsage\n' > ext; openssl x509 -req -in CLIENT.csr -signkey CLIENT.key -days 9 -extfile ext -out CLIENT.pem; cat CLIENT.pem >> server/ca.pem");
    lab.start();
    assert!(lab.is_served(&[]), "{:?}", lab.last());
    lab.sign("extendedKeyUsage=serverAuth,1.3.6.1.4.1.311.10.3.4\n", "", "CA");
    lab.refuses("CertificateUsage", &["its certificate is not for clients", "1.3.6.1.4.1.311.10.3.4"]);
}

/// A CA may have no name (though RFC 5280, 4.1.2.4, wants one): what it has signed is told apart from a self-signed one.
#[test]
fn a_ca_without_a_name() {
    let lab = Lab::new(&[]);
    lab.ca("NAMELESS", "/");
    for subject in ["/CN=one", "/"] {
        lab.request(subject);
        lab.sign(&format!("{CLIENT}subjectAltName=DNS:one.example\n"), "", "NAMELESS");
        lab.refuses("OtherCa", &["a CA without a name (its subject is empty) has issued it"]);
    }
    lab.sh("cat NAMELESS.pem >> server/ca.pem");
    let mut lab = lab;
    lab.start();
    assert!(lab.is_served(&[]), "{:?}", lab.last());
    lab.ca("OTHER-CA", "/CN=Other CA");
    lab.sign(CLIENT, "", "OTHER-CA");
    lab.refuses("OtherCa", &["; a CA without a name"]);
}

/// A self-signed certificate that is trusted was once taken for a CA: its holder could sign certificates for any name.
#[test]
fn self_signed_certificates_let_in_themselves_alone() {
    let mut lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sh("printf 'basicConstraints=CA:FALSE\n' > ext; openssl x509 -req -in CLIENT.csr -signkey CLIENT.key -days 9 -extfile ext -out CLIENT.pem");
    let last = lab.refuses("SelfSigned", &["self-signed", "CN=one", "tls.ca"]);
    lab.mends(&last, &["cat CLIENT.pem >>"]);

    lab.sh("cp CLIENT.pem OWN.pem; cp CLIENT.key OWN.key");
    lab.request("/CN=admin");
    lab.sign(CLIENT, "", "OWN");
    let last = lab.refuses("WrongCaKey", &["CN=one"]);
    lab.mends(&last, &["printf"]);

    // As `openssl req -x509` makes them: a CA.
    lab.request("/CN=two");
    lab.sh("printf 'basicConstraints=CA:TRUE\n' > ext; openssl x509 -req -in CLIENT.csr -signkey CLIENT.key -days 9 -extfile ext -out CLIENT.pem");
    let last = lab.refuses("CertificateOfCa", &["CA:TRUE", "CN=two"]);
    lab.sh("cat CLIENT.pem >> server/ca.pem");
    lab.start();
    lab.refuses("CertificateOfCa", &["CA:TRUE", "CN=two"]);
    let quoted: Vec<&str> = last.advice.split('`').skip(1).step_by(2).collect();
    lab.sh(quoted[0]);
    lab.mends(&last, &["cat CLIENT.pem >>"]);
}

#[test]
fn a_certificate_without_a_name_comes_in_by_its_fingerprint() {
    let mut lab = Lab::new(&[]);
    lab.request("/O=somebody");
    lab.sign(CLIENT, "", "CA");
    let last = lab.refuses("CertificateNameless", &["no common name", "O=somebody"]);
    let listed = format!("\"sha256:{}\"", lab.fingerprint());
    assert!(last.advice.contains(&listed), "{}", last.advice);
    let file = lab.path("server/keystead.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}\n[[groups]]\nname = \"storage\"\nmembers = [{listed}]\n")).unwrap();
    lab.start();
    assert!(lab.is_served(&[]));
}

#[test]
fn a_certificate_with_a_name_that_cannot_be_seen() {
    let mut lab = Lab::new(&[]);
    lab.request("/CN=a\u{1b}[31mb");
    lab.sign(CLIENT, "", "CA");
    let last = lab.refuses("CertificateName", &["cannot be seen (U+001B)"]);
    assert!(!lab.log().contains('\u{1b}'));
    lab.mends(&last, &["keystead client add"]);
}
