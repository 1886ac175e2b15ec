//! What is to be said about the server's own certificates, before clients say it: when they end, what they are for, whether
//! clients can build a chain to a CA, and whether their names are those that clients use.

use crate::pki::{Facts, moment};
use rustls::pki_types::CertificateDer;
use std::net::{IpAddr, SocketAddr};

/// Days before the end of a certificate at which it is told.
const TOLD_AT: [i64; 3] = [30, 7, 1];

const DAY: i64 = 86_400;

/// Something that clients will stumble over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whether no client can take the certificate.
    pub is_fatal: bool,
    /// What it is, and what mends it.
    pub text: String,
}

fn fatal(text: String) -> Finding {
    Finding { is_fatal: true, text }
}

fn odd(text: String) -> Finding {
    Finding { is_fatal: false, text }
}

/// One of the server's certificates with its chain, as the configuration names it.
#[derive(Clone, Debug)]
pub struct Own {
    /// The key of the configuration.
    pub key: &'static str,
    /// The certificate, then those that are sent with it.
    pub chain: Vec<Facts>,
}

impl Own {
    /// Of the certificates in a file.
    pub fn new(key: &'static str, chain: &[CertificateDer<'_>]) -> Self {
        Self { key, chain: chain.iter().map(|one| Facts::of(one)).collect() }
    }

    /// What is to be said, now and where the server listens; the subjects of `tls.ca` are CAs that clients have.
    pub fn judged(&self, now: i64, listening: &[SocketAddr], trusted: &[String]) -> Vec<Finding> {
        let Some(own) = self.chain.first() else { return Vec::new() };
        let key = self.key;
        let mut found = Vec::new();
        if own.validity.1 < now {
            found.push(fatal(format!(
                "{key} has expired on {}: no client takes it; put a new one there",
                moment(own.validity.1)
            )));
        }
        if own.validity.0 > now {
            found.push(fatal(format!(
                "{key} is not valid before {}: is the clock of this machine right?",
                moment(own.validity.0)
            )));
        }
        if !own.is_for("serverAuth") {
            let usages = own.usages.as_deref().unwrap_or_default().join(", ");
            found.push(fatal(format!(
                "{key} is not for servers: its extended key usages are {usages}, and serverAuth is not among them; have it signed \
                 with serverAuth (and clientAuth, where [[endpoints]] are called)"
            )));
        }
        if own.is_ca {
            found.push(fatal(format!("{key} is that of a CA (CA:TRUE), and many clients do not take it: sign one of its own for the server")));
        }
        found.extend(self.chain_ends(trusted));
        found.extend(self.names(own, listening));
        found
    }

    /// A chain that lacks a certificate between the server's and a CA that clients have.
    fn chain_ends(&self, trusted: &[String]) -> Option<Finding> {
        let mut above = self.chain.iter();
        let mut last = above.next()?;
        for next in above {
            if next.subject != last.issuer {
                let text = format!(
                    "{}: the chain is out of order: {} has not issued {}; let each certificate stand behind the one that it has issued",
                    self.key, next.subject, last.subject
                );
                return Some(odd(text));
            }
            last = next;
        }
        // What leads to a CA of clients is whole: servers and clients are mostly of one.
        if last.self_issued || trusted.contains(&last.issuer) || self.chain.len() > 1 {
            return None;
        }
        Some(odd(format!(
            "{} has no chain: it is issued by {}, which is neither in the file nor in tls.ca. Clients that do not have that CA \
             itself refuse it: put the certificates between the two behind it, `cat INTERMEDIATE.pem >> FILE`",
            self.key, last.issuer
        )))
    }

    fn names(&self, own: &Facts, listening: &[SocketAddr]) -> Option<Finding> {
        if own.names.is_empty() {
            return Some(odd(format!(
                "{} has no alternative name, and clients look at no other: have it signed with subjectAltName=DNS:HOST",
                self.key
            )));
        }
        let is_name = |name: &String| name.parse::<IpAddr>().is_err();
        let has = |address: &SocketAddr| own.names.contains(&address.ip().to_string());
        let is_foreign = |address: &&SocketAddr| !address.ip().is_unspecified() && !has(address);
        // A host name may lead anywhere.
        let foreign = listening.iter().find(is_foreign).filter(|_| !own.names.iter().any(is_name))?;
        Some(odd(format!(
            "{} is for {} and not for {}, where the server listens: clients that connect there refuse it",
            self.key,
            own.names.join(", "),
            foreign.ip()
        )))
    }

    /// How many whole days are left.
    pub fn days_left(&self, now: i64) -> i64 {
        self.chain.iter().map(|one| one.validity.1 - now).min().unwrap_or(i64::MAX) / DAY
    }
}

/// The threshold that is to be told of now, where another was told before: each is told once.
pub fn due(days_left: i64, told: Option<i64>) -> Option<i64> {
    let now = TOLD_AT.into_iter().filter(|days| days_left <= *days).min()?;
    (told.is_none_or(|told| now < told)).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(subject: &str, issuer: &str) -> Facts {
        Facts {
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            version: 3,
            self_issued: subject == issuer,
            validity: (0, 100 * DAY),
            names: vec!["kms.example.com".to_owned()],
            ..Facts::default()
        }
    }

    fn said(chain: Vec<Facts>, now: i64, listening: &str) -> Vec<Finding> {
        let own = Own { key: "tls.certificate", chain };
        own.judged(now, &[listening.parse().unwrap()], &["CN=CA".to_owned()])
    }

    #[test]
    fn a_good_certificate_is_not_spoken_of() {
        for chain in [
            vec![facts("CN=a", "CN=CA")],
            vec![facts("CN=a", "CN=between"), facts("CN=between", "CN=elsewhere")],
            vec![facts("CN=a", "CN=a")],
        ] {
            assert_eq!(said(chain, DAY, "0.0.0.0:5696"), []);
        }
        let both = Facts {
            usages: Some(vec!["clientAuth".to_owned(), "serverAuth".to_owned()]),
            ..facts("CN=a", "CN=CA")
        };
        assert_eq!(said(vec![both], DAY, "10.0.0.1:5696"), []);
    }

    #[test]
    fn what_clients_would_stumble_over_is_told() {
        let own = || facts("CN=a", "CN=CA");
        let numbered = |address: &str| vec![Facts { names: vec![address.to_owned()], ..own() }];
        for (chain, now, listening, is_fatal, words) in [
            (vec![own()], 101 * DAY, "0.0.0.0:1", true, "has expired on 1970-04-11"),
            (vec![own()], -DAY, "0.0.0.0:1", true, "is not valid before"),
            (
                vec![Facts { usages: Some(vec!["clientAuth".to_owned()]), ..own() }],
                DAY,
                "0.0.0.0:1",
                true,
                "serverAuth is not among",
            ),
            (vec![Facts { is_ca: true, ..own() }], DAY, "0.0.0.0:1", true, "CA:TRUE"),
            (
                vec![facts("CN=a", "CN=between")],
                DAY,
                "0.0.0.0:1",
                false,
                "has no chain: it is issued by CN=between",
            ),
            (vec![own(), facts("CN=other", "CN=b")], DAY, "0.0.0.0:1", false, "out of order"),
            (vec![Facts { names: Vec::new(), ..own() }], DAY, "0.0.0.0:1", false, "no alternative name"),
            (numbered("10.0.0.1"), DAY, "10.0.0.2:1", false, "is for 10.0.0.1 and not for 10.0.0.2"),
        ] {
            let found = said(chain, now, listening);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].text.contains(words) && found[0].is_fatal == is_fatal, "{words}: {found:?}");
        }
        assert_eq!(said(numbered("10.0.0.1"), DAY, "10.0.0.1:1"), []);
    }

    #[test]
    fn each_threshold_is_told_once() {
        let mut told = None;
        let mut lines = Vec::new();
        for days_left in (0..=40).rev() {
            for _ in 0..24 {
                if let Some(days) = due(days_left, told) {
                    told = Some(days);
                    lines.push(days_left);
                }
            }
        }
        assert_eq!(lines, [30, 7, 1]);
        assert_eq!(due(3, None), Some(7), "a start in between");
    }
}
