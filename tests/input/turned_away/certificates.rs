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
