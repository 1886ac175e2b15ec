//! Connections that do not come as far as a certificate that could be judged.

use super::lab::{CLIENT, Lab, NEVER};
use crate::support::dev::told;
use keystead::explain::Exchange;
use kmip_codec::message::RequestMessage;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Instant;

#[test]
fn no_certificate_and_no_tls_in_common() {
    let mut lab = Lab::new(&[]);
    let says = |lab: &Lab, options: &[&str], reason: &str, words: &[&str]| {
        assert!(!lab.is_served(options), "{reason}");
        lab.told(reason, words, false)
    };
    let last =
        says(&lab, &[], "NoCertificate", &["showed no certificate", "Make one: `keystead client add NAME"]);
    lab.mends(&last, &["keystead client add"]);
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    says(&lab, &old, "OldTls", &["TLS 1.1 at most", "TLS 1.2 and 1.3"]);
    assert!(lab.is_served(&["-tls1_2"]), "the advice");
    let suites = ["-tls1_2", "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA"];
    says(&lab, &suites, "NoCipherSuite", &["TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE with AES-GCM"]);
    assert!(lab.is_served(&["-tls1_2", "-cipher", "ECDHE+AESGCM"]), "the advice");
    let last = says(
        &lab,
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA"],
        "NoCipherSuite",
        &["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE with AES-GCM"],
    );
    assert!(!last.advice.contains("second_certificate"), "{}", last.advice);
    says(&lab, &["-tls1_3", "-sigalgs", "ed448"], "NoSignatureAlgorithm", &["signature", "SHA-256"]);
    says(&lab, &["-groups", "X448"], "NoGroup", &["group", "X25519"]);
    assert!(lab.is_served(&["-groups", "X25519"]), "the advice");
}

/// A second certificate is advised where it helps, and followed once.
#[test]
fn suites_for_another_kind_of_key() {
    let mut lab = Lab::new(&[("second_certificate", "# second_certificate"), ("second_key", "# second_key")]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let rsa_alone = ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA"];
    for (options, reason) in
        [(&rsa_alone[..], "OtherKeyKind"), (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], "NoCipherSuite")]
    {
        assert!(!lab.is_served(options), "{reason}");
        let last = lab.told(reason, &["has a key of ECDSA"], false);
        assert_eq!(
            last.advice.contains("tls.second_certificate"),
            reason == "OtherKeyKind",
            "{}",
            last.advice
        );
    }
    let file = lab.path("server/keystead.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace("# second_", "second_")).unwrap();
    lab.start();
    assert!(lab.is_served(&rsa_alone), "the advice");
}

/// Each client is shown the certificate whose kind of key it takes.
#[test]
fn a_server_has_a_certificate_for_rsa_alone_and_for_ecdsa_alone() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    for (options, wanted) in [
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"][..], "rsaEncryption"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "id-ecPublicKey"),
        (&["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"], "rsaEncryption"),
        (&["-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"], "id-ecPublicKey"),
        (&["-tls1_3"], "id-ecPublicKey"),
    ] {
        // Its own certificate is of ECDSA: where it takes RSA alone, it shows none.
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &lab.dev().address, "-CAfile"]).arg(lab.path("CA.pem"));
        let output = command.args(options).stdin(Stdio::null()).output().unwrap();
        let pem = String::from_utf8_lossy(&output.stdout).into_owned();
        let begin = pem.find("-----BEGIN CERTIFICATE").unwrap_or_else(|| panic!("{options:?}: {pem}"));
        fs::write(lab.path("shown.pem"), &pem[begin..]).unwrap();
        let text = Command::new("openssl")
            .args(["x509", "-noout", "-text", "-in"])
            .arg(lab.path("shown.pem"))
            .output()
            .unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        assert!(text.contains(wanted), "{options:?}: {text}");
    }
    assert!(
        lab.is_served(&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]),
        "a client with ECDHE-RSA alone"
    );
}

#[test]
fn clients_that_refuse_the_server() {
    let lab = Lab::new(&[]);
    lab.ca("OTHER-CA", "/CN=Other CA");
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let other = lab.path("OTHER-CA.pem");
    for options in [["-tls1_3", "-CAfile"], ["-tls1_2", "-CAfile"]] {
        let options = [
            options[0],
            "-verify_return_error",
            "-no-CApath",
            "-no-CAstore",
            options[1],
            other.to_str().unwrap(),
        ];
        assert!(!lab.is_served(&options));
        lab.told("ClientAlert", &["UnknownCA", "does not know the CA of this server's certificate"], false);
    }
    let wrong_name = ["-verify_return_error", "-verify_hostname", "kms.example.com"];
    assert!(!lab.is_served(&wrong_name));
    lab.told("ClientAlert", &["BadCertificate", "name in it", "-verify_hostname HOST"], false);
    assert!(lab.is_served(&["-verify_return_error", "-verify_hostname", "localhost"]), "the advice");
}

#[test]
fn what_is_not_tls() {
    let lab =
        Lab::new(&[("", "[limits]\nhandshake_seconds = 1"), ("minimum = \"1.2\"", "minimum = \"1.3\"")]);
    let kmip = RequestMessage::new(kmip_codec::version::V1_4, Vec::new()).to_bytes();
    let mut ssl3 = vec![22, 3, 0, 0, 45, 1, 0, 0, 41, 3, 0];
    ssl3.extend([7; 32]);
    ssl3.extend([0, 0, 2, 0, 0x35, 1, 0]);
    // No reason comes twice in a row: what is told is looked for by its reason.
    for (bytes, reason, words) in [
        (&b""[..], "TooSlow", ["sent nothing until the time was over", "limits.handshake_seconds"]),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PlainHttp", ["HTTP without TLS", "https://"]),
        (&kmip, "PlainKmip", ["KMIP message without TLS", "mutual TLS"]),
        (b"GET /", "PlainHttp", ["HTTP without TLS", "https.listen"]),
        (&ssl3, "OldSsl", ["SSL 3.0", "TLS 1.3"]),
        (b"PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n", "ProxyHeader", ["PROXY protocol", "send-proxy"]),
        (&[0x80, 0x2e, 1, 3, 1, 0, 0, 0], "OldSsl", ["SSL 2.0", "TLS 1.3"]),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "NotTls", ["is not TLS", "KMIP over TLS"]),
        (b"\x16\x03\x01", "TooSlow", ["took too long", "limits.handshake_seconds"]),
    ] {
        let mut peer = TcpStream::connect(&lab.dev().address).unwrap();
        peer.set_read_timeout(Some(NEVER)).unwrap();
        peer.write_all(bytes).unwrap();
        while matches!(peer.read(&mut [0; 64]), Ok(1..)) {}
        lab.told(reason, &words, false);
    }
    assert!(!lab.is_served(&["-tls1_2"]));
    lab.told("TlsVersionDisabled", &["no version of TLS", "tls.minimum"], false);
    drop(TcpStream::connect(&lab.dev().address).unwrap());
    let begin = Instant::now();
    while lab.last().what != "ClosedEarly" {
        assert!(begin.elapsed() < NEVER);
    }
    assert!(lab.last().message.contains("health checks"));
}

/// What comes again and again is counted, and leaves room for what matters.
#[test]
fn health_checks_do_not_push_out_what_matters() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "-days -1", "CA");
    lab.refuses("CertificateExpired", &["CN=one"]);
    for _ in 0..200 {
        drop(TcpStream::connect(&lab.dev().address).unwrap());
    }
    let all = || -> Vec<Exchange> {
        serde_json::from_str(&told(lab.dev().keystead("admin", &["explain", "--client", "", "--json"])))
            .unwrap()
    };
    let begin = Instant::now();
    while all().iter().map(|one| one.times).sum::<u64>() < 201 {
        assert!(begin.elapsed() < NEVER, "{:?}", all());
    }
    assert!(all().iter().any(|one| one.what == "CertificateExpired"));
    assert_eq!(all().len(), 2);
}

/// The client fails by itself: its log says why, and not the CA of this server.
#[test]
fn clients_that_cannot_sign_as_they_should() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let weak = "RSA+SHA1:ECDSA+SHA1";
    assert!(!lab.is_served(&["-tls1_3", "-sigalgs", weak]));
    let last = lab.told("ClientFailed", &["the alert InternalError", "sign with SHA-256 or better"], false);
    assert!(!last.advice.contains("-CAfile"), "{}", last.advice);
    assert!(!lab.is_served(&["-tls1_2", "-client_sigalgs", weak]));
    lab.told("NoCertificate", &["it cannot sign with its key as the server wants it"], false);
    assert!(!lab.is_served(&["-tls1_2", "-sigalgs", weak]));
    lab.told("NoSignatureAlgorithm", &["no signature that this server can make", "SHA-256 or better"], false);
    assert!(lab.is_served(&["-tls1_2", "-client_sigalgs", "ECDSA+SHA256"]), "the advice");
}

/// HTTP/2 alone is not spoken, and that is said.
#[test]
fn another_protocol_than_http_1() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let connect = |offer: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &lab.dev().https, "-CAfile"]).arg(lab.path("CA.pem"));
        command.arg("-cert").arg(lab.path("CLIENT.pem")).arg("-key").arg(lab.path("CLIENT.key")).args(offer);
        command.stdin(Stdio::null()).output().unwrap().status.success()
    };
    assert!(!connect(&["-alpn", "h2"]));
    lab.told("NoApplicationProtocol", &["ALPN", "HTTP/1.1", "curl --http1.1"], false);
    assert!(connect(&["-alpn", "h2,http/1.1"]) && connect(&[]), "the advice");
}
