//! Who is turned away before there is a client to speak of: log and `keystead explain` name the certificate and the true
//! cause, and each piece of advice, followed to the letter, lets the client in.

use super::support::dev::{Dev, told};
use keystead::explain::Exchange;
use kmip_codec::message::RequestMessage;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Far longer than any limit here.
const NEVER: Duration = Duration::from_secs(30);

/// A folder in which the commands of the advice work as they are written, and a server.
struct Lab {
    folder: tempfile::TempDir,
    dev: Option<Dev>,
}

impl Lab {
    fn new(changes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server");
        drop(Dev::configured(&place, changes));
        let mut lab = Self { folder, dev: None };
        lab.start();
        for name in ["ca.pem", "ca.key"] {
            let to = name.replace("ca.", "CA.");
            fs::copy(lab.dev().folder.join(name), lab.path(&to)).unwrap();
        }
        lab
    }

    fn start(&mut self) {
        self.dev = None;
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        self.dev = Some(Dev::logging(&self.path("server"), log));
    }

    fn dev(&self) -> &Dev {
        self.dev.as_ref().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Runs a command of a shell in the folder, as the administrator.
    fn sh(&self, command: &str) {
        let bin = Path::new(env!("CARGO_BIN_EXE_keystead")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut shell = self.dev().command("sh", "admin");
        let output =
            shell.args(["-ec", command]).env("PATH", path).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A key and a request for it.
    fn request(&self, subject: &str) {
        self.sh(&format!(
            "rm -f CLIENT.* ; openssl ecparam -name prime256v1 -genkey -noout -out CLIENT.key; openssl req -new -key \
             CLIENT.key -subj '{subject}' -out CLIENT.csr"
        ));
    }

    /// Signs the request with these extensions (none: X.509 v1).
    fn sign(&self, extensions: &str, more: &str, ca: &str) {
        let with = if extensions.is_empty() { String::new() } else { "-extfile ext".to_owned() };
        fs::write(self.path("ext"), extensions).unwrap();
        let days = if more.contains("-days") { "" } else { "-days 30" };
        self.sh(&format!(
            "openssl x509 -req -in CLIENT.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial {days} {with} {more} -out CLIENT.pem"
        ));
    }

    /// Another CA.
    fn ca(&self, name: &str, subject: &str) {
        self.sh(&format!(
            "printf '[req]\ndistinguished_name=n\n[n]\n' | openssl req -x509 -config /dev/stdin -newkey rsa:2048 -nodes -subj \
             '{subject}' -days 30 -addext basicConstraints=critical,CA:TRUE -keyout {name}.key -out {name}.pem"
        ));
    }

    /// A CA below another.
    fn ca_below(&self, name: &str, above: &str) {
        fs::write(self.path("ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
        self.sh(&format!(
            "openssl req -new -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr; openssl x509 -req \
             -in {name}.csr -CA {above}.pem -CAkey {above}.key -CAcreateserial -days 30 -extfile ext -out {name}.pem"
        ));
    }

    /// Whether a client with CLIENT.pem and CLIENT.key is answered. openssl is the client: ours refuses to show some of
    /// these certificates.
    fn is_served(&self, options: &[&str]) -> bool {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &self.dev().address, "-CAfile"]).arg(self.path("CA.pem"));
        // openssl itself would not show what is signed with SHA-1.
        let weak = if options.contains(&"-cipher") { &[][..] } else { &["-cipher", "DEFAULT:@SECLEVEL=0"] };
        command.args(["-quiet", "-no_ign_eof"]).args(options).args(weak);
        if self.path("CLIENT.pem").exists() && !options.contains(&"-anonymous") {
            command.arg("-cert").arg(self.path("CLIENT.pem")).arg("-key").arg(self.path("CLIENT.key"));
            command.arg("-cert_chain").arg(self.path("CLIENT.pem"));
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let query = RequestMessage::new(kmip_codec::version::V1_4, Vec::new()).to_bytes();
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(&query);
        let mut answer = [0; 8];
        let served = child.stdout.take().unwrap().read_exact(&mut answer).is_ok();
        drop(stdin);
        child.kill().unwrap();
        child.wait().unwrap();
        served && answer.starts_with(&[0x42, 0, 0x7b, 1])
    }

    /// The last that was turned away.
    fn last(&self) -> Exchange {
        let begin = Instant::now();
        loop {
            let text = told(self.dev().keystead("admin", &["explain", "--client", "", "--json"]));
            let all: Vec<Exchange> = serde_json::from_str(&text).unwrap();
            if let Some(first) = all.into_iter().next() {
                return first;
            }
            assert!(begin.elapsed() < NEVER, "nobody was turned away\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The client is refused for this reason, in log and explain, and the certificate is named.
    fn refuses(&self, reason: &str, words: &[&str]) -> Exchange {
        assert!(!self.is_served(&[]), "{reason}: it was let in");
        self.told(reason, words, true)
    }

    fn told(&self, reason: &str, words: &[&str], with_certificate: bool) -> Exchange {
        let begin = Instant::now();
        let mut last = self.last();
        while last.what != reason && begin.elapsed() < Duration::from_secs(5) {
            last = self.last();
        }
        assert_eq!(last.what, reason, "{last:?}");
        let text = told(self.dev().keystead("admin", &["explain", &last.id.to_string()]));
        let log = self.log();
        let line = log
            .lines()
            .rev()
            .find(|line| line.contains(&last.id.to_string()))
            .unwrap_or_else(|| panic!("{log}"));
        for word in words {
            assert!(text.contains(word), "{word:?} is not in explain:\n{text}");
            assert!(line.contains(word), "{word:?} is not in the log: {line}");
        }
        if with_certificate {
            let shown = last.certificate.clone().unwrap_or_else(|| panic!("no certificate: {last:?}"));
            let fingerprint = self.fingerprint();
            assert_eq!(shown.fingerprint, fingerprint);
            for part in [&fingerprint, &shown.serial, &shown.issuer] {
                assert!(
                    line.contains(part.as_str()) && text.contains(part.as_str()),
                    "{part} in {line}\n{text}"
                );
            }
        }
        last
    }

    fn fingerprint(&self) -> String {
        let pem = fs::read(self.path("CLIENT.pem")).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
        keystead::gate::fingerprint(&pem.contents).to_string()
    }

    /// Follows each command of the advice that begins so, one after the other; the client is let in after each.
    fn mends(&mut self, last: &Exchange, commands: &[&str]) {
        for beginning in commands {
            let quoted = last.advice.split('`').skip(1).step_by(2);
            let command = quoted.clone().find(|one| one.starts_with(beginning));
            let command = command.unwrap_or_else(|| panic!("no {beginning:?} in {}", last.advice)).to_owned();
            if command.starts_with("keystead client add") {
                fs::remove_file(self.path("CLIENT.pem")).ok();
                fs::remove_file(self.path("CLIENT.key")).ok();
                let command = command.replace("DIR", ".").replace("NAME", "somebody");
                let name = command.split(' ').nth(3).unwrap();
                self.sh(&format!("{command} && mv {name}.pem CLIENT.pem && mv {name}.key CLIENT.key"));
            } else {
                self.sh(&command);
            }
            if command.contains(">> ") && command.contains("ca.pem") {
                self.start();
            }
            assert!(self.is_served(&[]), "{command}: it is not let in: {:?}", self.last());
        }
    }
}

const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";

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
    let last = lab.refuses("CertificateName", &["can be seen"]);
    assert!(!lab.log().contains('\u{1b}'));
    lab.mends(&last, &["keystead client add"]);
}

#[test]
fn no_certificate_and_no_tls_in_common() {
    let mut lab = Lab::new(&[]);
    let says = |lab: &Lab, options: &[&str], reason: &str, words: &[&str]| {
        assert!(!lab.is_served(options), "{reason}");
        lab.told(reason, words, false)
    };
    let last = says(&lab, &[], "NoCertificate", &["showed no certificate", "keystead client add NAME"]);
    lab.mends(&last, &["keystead client add"]);
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    says(&lab, &old, "OldTls", &["TLS 1.1 at most", "TLS 1.2 and 1.3"]);
    assert!(lab.is_served(&["-tls1_2"]), "the advice");
    let suites = ["-tls1_2", "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA"];
    says(&lab, &suites, "NoCipherSuite", &["TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE with AES-GCM"]);
    assert!(lab.is_served(&["-tls1_2", "-cipher", "ECDHE+AESGCM"]), "the advice");
    says(&lab, &["-tls1_3", "-sigalgs", "ed448"], "NoSignatureAlgorithm", &["signature", "SHA-256"]);
    says(&lab, &["-groups", "X448"], "NoGroup", &["group", "X25519"]);
    assert!(lab.is_served(&["-groups", "X25519"]), "the advice");
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
    for (bytes, reason, words) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "PlainHttp", ["HTTP without TLS", "https://"]),
        (b"GET /", "PlainHttp", ["HTTP without TLS", "https.listen"]),
        (&kmip, "PlainKmip", ["KMIP message without TLS", "mutual TLS"]),
        (b"PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n", "ProxyHeader", ["PROXY protocol", "send-proxy"]),
        (&ssl3, "OldSsl", ["SSL 3.0", "TLS 1.3"]),
        (&[0x80, 0x2e, 1, 3, 1, 0, 0, 0], "OldSsl", ["SSL 2.0", "TLS 1.3"]),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "NotTls", ["is not TLS", "KMIP over TLS"]),
        (b"", "TooSlow", ["sent nothing until the time was over", "limits.handshake_seconds"]),
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
