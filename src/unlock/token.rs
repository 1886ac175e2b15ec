//! The LUKS2 token: where the key of a volume is. Nothing in it is secret, and nothing in it is trusted: whoever
//! holds the disk can write it, so certificates and the CA never come from here.

use keystead::client::ServerAddress;
use serde::{Deserialize, Serialize};

/// The type that cryptsetup shows.
pub const TOKEN_TYPE: &str = "keystead";

/// The only form so far.
const TOKEN_VERSION: u32 = 1;

/// A token of ours.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Always [`TOKEN_TYPE`].
    #[serde(rename = "type")]
    kind: String,
    /// The keyslots that the key opens; none until one is added.
    pub keyslots: Vec<String>,
    /// The form of the token.
    v: u32,
    /// The key's unique identifier.
    pub uid: String,
    /// The servers of the last enrolment; used where this machine names none.
    pub servers: Vec<String>,
    /// The LUKS UUID of the volume.
    pub volume: String,
    /// How far the enrolment came.
    pub state: TokenState,
}

/// How far an enrolment came.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// The keyslot was added and tried.
    Active,
    /// The keyslot may be missing: a further `enroll` goes on here.
    Adding,
}

impl Token {
    /// The token that an enrolment begins with.
    pub fn adding(uid: String, servers: &[ServerAddress], volume: String) -> Self {
        Self {
            kind: TOKEN_TYPE.to_owned(),
            keyslots: Vec::new(),
            v: TOKEN_VERSION,
            uid,
            servers: Vec::new(),
            volume,
            state: TokenState::Adding,
        }
        .naming(servers)
    }

    /// The same with these servers.
    pub fn naming(self, servers: &[ServerAddress]) -> Self {
        Self { servers: servers.iter().map(ServerAddress::to_string).collect(), ..self }
    }

    /// The token that an enrolment ends with.
    pub fn active(self, keyslot: &str) -> Self {
        Self { keyslots: vec![keyslot.to_owned()], state: TokenState::Active, ..self }
    }

    /// Reads a token of ours; the error says what is wrong with it.
    pub fn read(json: &serde_json::Value) -> Result<Self, String> {
        let version = json.get("v").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(TOKEN_VERSION)) {
            return Err("it is of a form that this version does not know".to_owned());
        }
        Self::deserialize(json).map_err(|error| error.to_string())
    }

    /// The servers that the token names, as far as they are addresses.
    pub fn addresses(&self) -> Vec<ServerAddress> {
        self.servers.iter().filter_map(|server| server.parse().ok()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn has_the_promised_form() {
        let server = "host:5696".parse().unwrap();
        let token = Token::adding("a-b".to_owned(), &[server], "c-d".to_owned()).active("1");
        let text = serde_json::to_string(&token).unwrap();
        let promised = concat!(
            r#"{"type":"keystead","keyslots":["1"],"v":1,"uid":"a-b","servers":["host:5696"],"#,
            r#""volume":"c-d","state":"active"}"#
        );
        assert_eq!(text, promised);
        assert_eq!(Token::read(&serde_json::from_str(promised).unwrap()), Ok(token));
    }

    #[test]
    fn another_form_is_told() {
        let newer = serde_json::json!({ "type": "keystead", "keyslots": [], "v": 2, "blob": "" });
        assert!(Token::read(&newer).unwrap_err().contains("form"));
        let broken = serde_json::json!({ "type": "keystead", "keyslots": [], "v": 1 });
        assert!(Token::read(&broken).unwrap_err().contains("uid"));
    }
}
