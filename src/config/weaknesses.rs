//! What an operator should know of a configuration that works, and of the files that it names: said in the log at start,
//! and when it is read again.

use super::Config;
use crate::regular::open_to_all;

impl Config {
    /// What of it is weak, a sentence each: what is for tests and development alone, and files with secrets that
    /// every user of this machine can read.
    pub fn weaknesses(&self) -> Vec<String> {
        let said = [
            (
                self.objects.weak_keys,
                "weak algorithms are granted to every client (objects.weak_keys = true; docs/cryptography.md lists them): for \
                 development, not for production",
            ),
            (
                self.objects.danger_reuse_one_time_pads,
                "a one-time pad may encrypt more than once, which breaks it (objects.danger_reuse_one_time_pads = true): for \
                 tests alone",
            ),
            (
                self.interop,
                "the operation Interop is served (interop = true), which KMIP forbids in production: for test suites alone",
            ),
        ];
        let said = said.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned());
        let (tls, certify) = (&self.tls, &self.certify);
        let secrets = [
            ("hsm.pin_file", self.hsm.pin_file.as_ref()),
            ("tls.key", Some(&tls.key)),
            ("tls.second_key", tls.second_key.as_ref()),
            ("tls.ca_key", tls.ca_key.as_ref()),
            ("certify.key", certify.key.as_ref()),
        ];
        let open =
            secrets.into_iter().filter_map(|(key, file)| Some(format!("{key}: {}", open_to_all(file?)?)));
        said.chain(open).collect()
    }
}
