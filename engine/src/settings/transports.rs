//! How the server is reached, as far as Query tells.

use serde::Deserialize;

/// Where clients reach KMIP over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Server URI.
    pub uri: Option<String>,
    /// Server Port.
    pub port: u16,
}

impl Place {
    /// Whether the row can stand in an answer; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let https = |uri: &String| uri.starts_with("https://") && uri.ends_with("/kmip");
        match (&self.uri, self.port) {
            (Some(uri), _) if !https(uri) => {
                Err(("uri", "this is no URI of KMIP: write https://HOST:PORT/kmip".to_owned()))
            }
            (_, 0) => Err(("port", "it must be from 1 to 65535: clients cannot reach port 0".to_owned())),
            _ => Ok(()),
        }
    }
}

/// How this server is reached, as far as profiles are about that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transports {
    /// Where KMIP is spoken over HTTPS; none for nowhere.
    pub https: Vec<Place>,
    /// The level of Suite B that TLS has.
    pub suite_b: Option<u16>,
}
