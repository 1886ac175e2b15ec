//! A server, and a folder in which the commands of its advice work as they are written.

use crate::support::dev::{Dev, told};
use keystead::explain::Exchange;
use kmip_codec::message::RequestMessage;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Far longer than any limit here.
pub const NEVER: Duration = Duration::from_secs(30);

/// A folder in which the commands of the advice work as they are written, and a server.
pub struct Lab {
    pub folder: tempfile::TempDir,
    pub dev: Option<Dev>,
}

impl Lab {
    pub fn new(changes: &[(&str, &str)]) -> Self {
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

    pub fn start(&mut self) {
        self.dev = None;
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        self.dev = Some(Dev::logging(&self.path("server"), log));
    }

    pub fn dev(&self) -> &Dev {
        self.dev.as_ref().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Runs a command of a shell in the folder, as the administrator.
    pub fn sh(&self, command: &str) {
        let bin = Path::new(env!("CARGO_BIN_EXE_keystead")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut shell = self.dev().command("sh", "admin");
        let output =
            shell.args(["-ec", command]).env("PATH", path).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A key and a request for it.
    pub fn request(&self, subject: &str) {
        self.sh(&format!(
            "rm -f CLIENT.* ; openssl ecparam -name prime256v1 -genkey -noout -out CLIENT.key; openssl req -new -utf8 -key \
             CLIENT.key -subj '{subject}' -out CLIENT.csr"
        ));
    }

    /// Signs the request with these extensions (none: X.509 v1).
    pub fn sign(&self, extensions: &str, more: &str, ca: &str) {
        let with = if extensions.is_empty() { String::new() } else { "-extfile ext".to_owned() };
        fs::write(self.path("ext"), extensions).unwrap();
        let days = if more.contains("-days") { "" } else { "-days 30" };
        self.sh(&format!(
            "openssl x509 -req -in CLIENT.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial {days} {with} {more} -out CLIENT.pem"
        ));
    }

    /// Another CA.
    pub fn ca(&self, name: &str, subject: &str) {
        self.sh(&format!(
            "printf '[req]\ndistinguished_name=n\n[n]\n' | openssl req -x509 -config /dev/stdin -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj \
             '{subject}' -days 30 -addext basicConstraints=critical,CA:TRUE -keyout {name}.key -out {name}.pem"
        ));
    }

    /// A CA below another.
    pub fn ca_below(&self, name: &str, above: &str) {
        fs::write(self.path("ext"), "basicConstraints=critical,CA:TRUE\n").unwrap();
        self.sh(&format!(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr; openssl x509 -req \
             -in {name}.csr -CA {above}.pem -CAkey {above}.key -CAcreateserial -days 30 -extfile ext -out {name}.pem"
        ));
    }

    /// Whether a client with CLIENT.pem and CLIENT.key is answered. openssl is the client: ours refuses to show some of
    /// these certificates.
    pub fn is_served(&self, options: &[&str]) -> bool {
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
    pub fn last(&self) -> Exchange {
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
    pub fn refuses(&self, reason: &str, words: &[&str]) -> Exchange {
        assert!(!self.is_served(&[]), "{reason}: it was let in");
        self.told(reason, words, true)
    }

    pub fn told(&self, reason: &str, words: &[&str], with_certificate: bool) -> Exchange {
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

    pub fn fingerprint(&self) -> String {
        let pem = fs::read(self.path("CLIENT.pem")).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
        keystead::authenticate::fingerprint(&pem.contents).to_string()
    }

    /// Follows each command of the advice that begins so, one after the other; the client is let in after each.
    pub fn mends(&mut self, last: &Exchange, commands: &[&str]) {
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

/// The extensions of a certificate that a client needs.
pub const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
