//! Where a server is: a host and a port, as people write them.

use std::fmt;
use std::str::FromStr;

/// The port that is assigned to KMIP.
const KMIP_PORT: u16 = 5696;

/// `host:port`, `[::1]:port`, or a host alone for port 5696.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct ServerAddress {
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = split(text).ok_or_else(|| wrong(text))?;
        let port = match port {
            Some(port) => port.parse().map_err(|_| wrong(text))?,
            None => KMIP_PORT,
        };
        if host.is_empty() || port == 0 || host.contains(char::is_whitespace) {
            return Err(wrong(text));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after {
            "" => Some((host, None)),
            _ => Some((host, Some(after.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port))),
    }
}

fn wrong(text: &str) -> String {
    format!("`{text}` is not a server: write HOST:PORT, for example kms.example.com:5696 or [::1]:5696")
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl<'de> serde::Deserialize<'de> for ServerAddress {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> Option<(String, u16)> {
        text.parse::<ServerAddress>().ok().map(|address| (address.host, address.port))
    }

    #[test]
    fn reads_what_people_write() {
        for (text, host, port) in [
            ("kms:5696", "kms", 5696),
            ("kms.example.com", "kms.example.com", 5696),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:5697", "::1", 5697),
            ("[fe80::2]", "fe80::2", 5696),
            ("::1", "::1", 5696),
        ] {
            assert_eq!(both(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", ":5696", "kms:", "kms:port", "kms:0", "kms:70000", "[::1", "[::1]5696", "k ms:1"] {
            assert_eq!(both(text), None, "{text}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["kms:5696", "[::1]:5697"] {
            assert_eq!(text.parse::<ServerAddress>().map(|address| address.to_string()), Ok(text.to_owned()));
        }
    }
}
