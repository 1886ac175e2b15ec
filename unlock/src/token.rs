//! The LUKS2 token: where the key of a volume is. Nothing in it is secret, and nothing in it is trusted: whoever
//! holds the disk can write it, so certificates and the CA never come from here.

use keystead_base::text::printable;
use keystead_client::ServerAddress;
use serde::Serialize;
use serde_json::Value;

/// The type that cryptsetup shows.
pub const TOKEN_TYPE: &str = "keystead";

/// The only form so far.
const TOKEN_VERSION: u32 = 1;

/// The longest identifier that a key may have.
pub const UID_BYTES_MAX: usize = 255;

/// How much of a wrong value is shown.
const VALUE_CHARS: usize = 40;

/// How many servers of a token are asked: whoever wrote the header does not decide how much work this is.
pub const SERVERS_MAX: usize = 8;

/// A token of ours.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<String>,
    /// The LUKS UUID of the volume that this one is a copy of, where `--new-uuid` has given it, or is giving it, `volume` instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
}

/// How far an enrolment came.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
            copy_of: None,
        }
        .naming(servers)
    }

    /// The same of a copy of the volume with this LUKS UUID.
    pub fn of_copy(self, of: &str) -> Self {
        Self { copy_of: Some(of.to_owned()), ..self }
    }

    /// The same once the key is there.
    pub fn of_key(self, uid: &str) -> Self {
        Self { uid: uid.to_owned(), ..self }
    }

    /// The same with these servers, as many as `unlock` asks.
    pub fn naming(self, servers: &[ServerAddress]) -> Self {
        Self { servers: servers.iter().take(SERVERS_MAX).map(ServerAddress::to_string).collect(), ..self }
    }

    /// The token that an enrolment ends with.
    pub fn active(self, keyslot: &str) -> Self {
        Self { keyslots: vec![keyslot.to_owned()], ..self.finished() }
    }

    /// The same with the keyslots that it has.
    pub fn finished(self) -> Self {
        Self { state: TokenState::Active, enrolment: None, ..self }
    }

    /// Reads a token of ours, field by field, and says what is wrong with each: who finds the key by what is right does not
    /// need the rest. The error says why the key is not found.
    pub fn read(json: &Value) -> Result<(Self, Vec<String>), String> {
        match json.get("v") {
            Some(version) if *version == TOKEN_VERSION => {}
            found => {
                let found = found.map_or_else(|| "missing".to_owned(), shown_value);
                return Err(format!("its form `v` is {found}, and this version knows {TOKEN_VERSION} alone"));
            }
        }
        let mut fields = Fields { json, wrong: Vec::new() };
        let uid = fields.text("uid", "the identifier of a key").filter(|uid| {
            let is_good = is_identifier(uid);
            if !is_good {
                let found = printable(uid, VALUE_CHARS);
                fields.wrong.push(format!("its `uid` is `{found}`, which is no identifier of a key"));
            }
            is_good
        });
        let token = Self {
            kind: TOKEN_TYPE.to_owned(),
            keyslots: fields.texts("keyslots", "[\"1\"]"),
            v: TOKEN_VERSION,
            uid: uid.clone().unwrap_or_default(),
            servers: fields.texts("servers", "[\"kms.example.com:5696\"]"),
            volume: fields.text("volume", "the LUKS UUID of the volume").unwrap_or_default(),
            state: fields.state(),
            enrolment: match json.get("enrolment") {
                None | Some(Value::Null) => None,
                Some(_) => fields.text("enrolment", "the name of an enrolment"),
            },
            copy_of: match json.get("copy_of") {
                None | Some(Value::Null) => None,
                Some(_) => fields.text("copy_of", "the LUKS UUID of the original"),
            },
        };
        match uid {
            Some(_) => Ok((token, fields.wrong)),
            None => Err(fields.wrong.join("; ")),
        }
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

/// The fields of a token as somebody wrote them.
struct Fields<'j> {
    json: &'j Value,
    wrong: Vec<String>,
}

impl Fields<'_> {
    fn is_wrong(&mut self, name: &str, wanted: &str) {
        let found = self.json.get(name).map_or_else(|| "missing".to_owned(), shown_value);
        self.wrong.push(format!("its `{name}` is {found}, and {wanted} is wanted"));
    }

    fn text(&mut self, name: &str, wanted: &str) -> Option<String> {
        let text = self.json.get(name).and_then(Value::as_str).map(str::to_owned);
        if text.is_none() {
            self.is_wrong(name, &format!("a text, {wanted},"));
        }
        text
    }

    /// Those of a list that are texts.
    fn texts(&mut self, name: &str, example: &str) -> Vec<String> {
        let list = self.json.get(name).and_then(Value::as_array);
        let all: Vec<Option<&str>> = list.into_iter().flatten().map(Value::as_str).collect();
        let good: Vec<String> = all.iter().flatten().map(|text| (*text).to_owned()).collect();
        if list.is_none() || good.len() < all.len() {
            self.is_wrong(name, &format!("a list of texts such as {example}"));
        }
        good
    }

    /// A token whose state cannot be read is tried.
    fn state(&mut self) -> TokenState {
        match self.json.get("state").and_then(Value::as_str) {
            Some("active") => TokenState::Active,
            Some("adding") => TokenState::Adding,
            _ => {
                self.is_wrong("state", "`active` or `adding`");
                TokenState::Active
            }
        }
    }
}

/// A value as it may be shown.
fn shown_value(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("`{}`", printable(&text, VALUE_CHARS))
}

/// Whether a text can be the identifier of a key (an empty one stands for none yet).
pub fn is_identifier(text: &str) -> bool {
    text.len() <= UID_BYTES_MAX && printable(text, UID_BYTES_MAX) == text
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
        assert_eq!(Token::read(&serde_json::from_str(promised).unwrap()), Ok((token, Vec::new())));
    }

    fn json() -> Value {
        serde_json::json!({ "type": "keystead", "keyslots": ["1"], "v": 1, "uid": "k", "servers": ["a:1"], "volume": "u",
            "state": "active", "enrolment": "e", "copy_of": "o" })
    }

    /// One wrong field hid the whole token.
    #[test]
    fn what_is_wrong_in_one_field_is_told_and_the_rest_is_read() {
        let odd =
            [Value::Null, 7.into(), true.into(), serde_json::json!([1]), serde_json::json!({ "a": [] })];
        for field in ["keyslots", "v", "uid", "servers", "volume", "state", "enrolment", "copy_of"] {
            for value in odd.iter().cloned().map(Some).chain([None]) {
                let mut json = json();
                match value.clone() {
                    Some(value) => json[field] = value,
                    None => drop(json.as_object_mut().unwrap().remove(field)),
                }
                let told = match Token::read(&json) {
                    Ok((token, wrong)) => {
                        assert!(token.uid == "k" && !["v", "uid"].contains(&field), "{field}");
                        wrong
                    }
                    Err(why) => {
                        assert!(["v", "uid"].contains(&field), "{field}: {why}");
                        vec![why]
                    }
                };
                let may_be_missing =
                    ["enrolment", "copy_of"].contains(&field) && matches!(value, None | Some(Value::Null));
                assert_eq!(told.len(), usize::from(!may_be_missing), "{field} {value:?}: {told:?}");
                assert!(told.iter().all(|why| why.contains(&format!("`{field}`"))), "{told:?}");
            }
        }
        let mixed = serde_json::json!(["a:1", 7, null, "b:2"]);
        let (token, wrong) = Token::read(&{
            let mut json = json();
            json["servers"] = mixed;
            json
        })
        .unwrap();
        assert_eq!((token.servers.as_slice(), wrong.len()), (&["a:1".to_owned(), "b:2".to_owned()][..], 1));
    }

    #[test]
    fn another_form_is_told() {
        let newer = serde_json::json!({ "type": "keystead", "keyslots": [], "v": 2, "blob": "" });
        assert!(Token::read(&newer).unwrap_err().contains("`v` is `2`"));
    }

    #[test]
    fn what_is_foreign_in_it_is_bounded_and_told() {
        let token = |uid: &str, servers: &[&str]| {
            serde_json::json!({ "type": "keystead", "keyslots": [], "v": 1, "uid": uid, "servers": servers,
                "volume": "u", "state": "active" })
        };
        for uid in ["\u{1b}[2J", "a\nb", "a\u{202e}b", "a\u{200b}", &"x".repeat(256)] {
            let why = Token::read(&token(uid, &[])).unwrap_err();
            assert!(why.len() < 120 && !why.contains(char::is_control), "{why}");
        }
        for wide in [serde_json::json!(vec!["x"; 1000]), serde_json::json!({ "\u{1b}[2J": "\u{202e}" })] {
            let mut json = token("k", &[]);
            json["state"] = wide;
            let (_, wrong) = Token::read(&json).unwrap();
            assert!(
                wrong.concat().len() < 120 && !wrong.concat().contains(['\u{1b}', '\u{202e}']),
                "{wrong:?}"
            );
        }
        let many = ["a:1"; 20];
        let (good, bad) = Token::read(&token("k", &many)).unwrap().0.addresses();
        assert_eq!((good.len(), bad.len()), (8, 1));
        let (good, bad) = Token::read(&token("k", &["a:1", "https://b", "\u{9b}x"])).unwrap().0.addresses();
        assert_eq!((good.len(), bad.len()), (1, 2));
        assert!(!bad.concat().contains(char::is_control), "{bad:?}");
    }
}
