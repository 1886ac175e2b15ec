//! OpenSSL's command line as the party that we did not write.

use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A folder for OpenSSL to work in.
pub struct OpenSsl(TempDir);

impl OpenSsl {
    /// `None`, said loudly, where there is no OpenSSL.
    pub fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_ok() {
            return Some(Self(tempfile::tempdir().unwrap()));
        }
        crate::support::skip("there is no openssl command");
        None
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs a command of words; what it says, or what went wrong.
    pub fn run(&self, command: &str) -> Result<String, String> {
        self.run_words(&command.split(' ').collect::<Vec<_>>())
    }

    pub fn run_words(&self, words: &[&str]) -> Result<String, String> {
        let output = Command::new("openssl").args(words).current_dir(self.0.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout) + &text(&output.stderr));
        }
        Err(text(&output.stderr))
    }

    /// A key (`NAME.pk8`, `NAME.pem`) of this algorithm and a certificate for it (`NAME.der`, `NAME.crt`), signed by
    /// itself or by the key of another name.
    pub fn certificate(&self, name: &str, algorithm: &str, issuer: Option<&str>) {
        self.run(&format!("genpkey -quiet {algorithm} -out {name}.pem")).unwrap();
        self.run(&format!("pkcs8 -topk8 -nocrypt -in {name}.pem -outform DER -out {name}.pk8")).unwrap();
        let subject = format!("/C=CH/O=Example/OU=One/OU=Two/CN={name}");
        let mut words =
            vec!["req", "-x509", "-new", "-key", "KEY", "-subj", &subject, "-days", "30", "-out", "OUT"];
        let (key, out) = (format!("{name}.pem"), format!("{name}.crt"));
        (words[4], words[10]) = (&key, &out);
        let (by, by_key) = issuer.map(|issuer| (format!("{issuer}.crt"), format!("{issuer}.pem"))).unzip();
        if by.is_none() {
            words.extend(["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]);
        }
        if let (Some(by), Some(by_key)) = (&by, &by_key) {
            words.extend(["-CA", by, "-CAkey", by_key, "-addext", "basicConstraints=critical,CA:FALSE"]);
        }
        self.run_words(&words).or_else(|_| self.signed(name, &subject, issuer)).unwrap();
        self.run(&format!("x509 -in {name}.crt -outform DER -out {name}.der")).unwrap();
    }

    /// The same for OpenSSL 3.0, whose `req` cannot sign with another key.
    fn signed(&self, name: &str, subject: &str, issuer: Option<&str>) -> Result<String, String> {
        let issuer = issuer.unwrap_or(name);
        let (key, csr) = (format!("{name}.pem"), format!("{name}.csr"));
        self.run_words(&["req", "-new", "-key", &key, "-subj", subject, "-out", &csr])?;
        self.run(&format!("x509 -req -in {csr} -CA {issuer}.crt -CAkey {issuer}.pem -CAcreateserial -days 30 -out {name}.crt"))
    }
}
