//! The LUKS2 token: where the key of a volume is. Nothing in it is secret, and nothing in it is trusted: whoever
//! holds the disk can write it, so certificates and the CA never come from here.

use super::console::shown;
use keystead::client::ServerAddress;
use keystead::text::printable;
use serde::{Deserialize, Serialize};

/// The type that cryptsetup shows.
pub const TOKEN_TYPE: &str = "keystead";

/// The only form so far.
const TOKEN_VERSION: u32 = 1;

/// The longest identifier that a key may have.
pub const UID_BYTES_MAX: usize = 255;

/// How many servers of a token are asked: whoever wrote the header does not decide how much work this is.
const SERVERS_MAX: usize = 8;

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
    /// The key's unique identifier; empty while the key is being made.
    pub uid: String,
    /// The servers of the last enrolment; used where this machine names none.
    pub servers: Vec<String>,
    /// The LUKS UUID of the volume.
    pub volume: String,
    /// How far the enrolment came.
    pub state: TokenState,
    /// The enrolment that is under way: the key that it made has the same name for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enrolment: Option<String>,
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
    /// The token that an enrolment begins with, before it has a key.
    pub fn adding(enrolment: String, servers: &[ServerAddress], volume: String) -> Self {
        Self {
            kind: TOKEN_TYPE.to_owned(),
            keyslots: Vec::new(),
            v: TOKEN_VERSION,
            uid: String::new(),
            servers: Vec::new(),
            volume,
            state: TokenState::Adding,
            enrolment: Some(enrolment),
        }
        .naming(servers)
    }

    /// The same once the key is there.
    pub fn of_key(self, uid: &str) -> Self {
        Self { uid: uid.to_owned(), ..self }
    }

    /// The same with these servers.
    pub fn naming(self, servers: &[ServerAddress]) -> Self {
        Self { servers: servers.iter().map(ServerAddress::to_string).collect(), ..self }
    }

    /// The token that an enrolment ends with.
    pub fn active(self, keyslot: &str) -> Self {
        Self { keyslots: vec![keyslot.to_owned()], state: TokenState::Active, enrolment: None, ..self }
    }

    /// Reads a token of ours; the error says what is wrong with it.
    pub fn read(json: &serde_json::Value) -> Result<Self, String> {
        let version = json.get("v").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(TOKEN_VERSION)) {
            return Err("it is of a form that this version does not know".to_owned());
        }
        let token = Self::deserialize(json).map_err(|error| shown(&error.to_string()))?;
        if !is_identifier(&token.uid) {
            return Err(format!("`{}` is no identifier of a key", printable(&token.uid, 40)));
        }
        Ok(token)
    }

    /// The servers that the token names, and what is wrong with the others.
    pub fn addresses(&self) -> (Vec<ServerAddress>, Vec<String>) {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for server in self.servers.iter().take(SERVERS_MAX) {
            match server.parse() {
                Ok(address) => good.push(address),
                Err(why) => bad.push(why),
            }
        }
        if self.servers.len() > SERVERS_MAX {
            bad.push(format!(
                "it names {} servers, and the first {SERVERS_MAX} are asked",
                self.servers.len()
            ));
        }
        (good, bad)
    }
}

/// Whether a text can be the identifier of a key (an empty one stands for none yet).
pub fn is_identifier(text: &str) -> bool {
    text.len() <= UID_BYTES_MAX && !text.contains(char::is_control)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn has_the_promised_form() {
        let server = "host:5696".parse().unwrap();
        let token = Token::adding("e".to_owned(), &[server], "c-d".to_owned()).of_key("a-b").active("1");
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

    #[test]
    fn what_is_foreign_in_it_is_bounded_and_told() {
        let token = |uid: &str, servers: &[&str]| {
            serde_json::json!({ "type": "keystead", "keyslots": [], "v": 1, "uid": uid, "servers": servers,
                "volume": "u", "state": "active" })
        };
        for uid in ["\u{1b}[2J", "a\nb", &"x".repeat(256)] {
            let why = Token::read(&token(uid, &[])).unwrap_err();
            assert!(why.len() < 100 && !why.contains(char::is_control), "{why}");
        }
        let many = ["a:1"; 20];
        let (good, bad) = Token::read(&token("k", &many)).unwrap().addresses();
        assert_eq!((good.len(), bad.len()), (8, 1));
        let (good, bad) = Token::read(&token("k", &["a:1", "https://b", "\u{9b}x"])).unwrap().addresses();
        assert_eq!((good.len(), bad.len()), (1, 2));
        assert!(!bad.concat().contains(char::is_control), "{bad:?}");
    }
}
