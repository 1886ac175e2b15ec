//! Tokens that are not what they should be in one field: what is right of them is used.

use super::*;
use serde_json::{Value, json};

/// Values of every kind, of which each is wrong for some field.
fn odd() -> Vec<Option<Value>> {
    let deep = (0..20).fold(json!([]), |inner, _| json!([inner]));
    let each = [
        json!(null),
        json!(7),
        json!(true),
        json!([1, null]),
        json!({ "a": { "b": [] } }),
        json!(vec!["x"; 300]),
        deep,
    ];
    each.into_iter().map(Some).chain([None]).collect()
}

/// The volume with one field of its token changed or removed.
fn changed(host: &Host, field: &str, value: &Option<Value>) {
    let mut token = host.luks.tokens().pop().unwrap();
    match value {
        Some(value) => token[field] = value.clone(),
        None => drop(token.as_object_mut().unwrap().remove(field)),
    }
    host.luks.write_token(&token, Some("0"));
}

/// Such a token was passed over even where the server was named, and then "it has no token of Keystead".
#[test]
fn a_token_with_a_wrong_field_opens_by_what_is_right() {
    let host = enrolled();
    let good = host.luks.tokens().pop().unwrap();
    let server = host.fake.address.to_string();
    for field in ["servers", "state", "volume", "enrolment"] {
        for value in odd() {
            host.luks.write_token(&good, Some("0"));
            changed(&host, field, &value);
            let (opens, _) = timed(&host, &["--server", &server]);
            let told = words(&opens);
            assert!(opens.status.success(), "{field} {value:?}: {told}");
            let is_right = match field {
                "enrolment" => matches!(value, None | Some(Value::Null)),
                _ => field == "servers" && value == Some(json!(vec!["x"; 300])),
            };
            let is_told = told.contains("token 0: ") && told.contains(&format!("`{field}`"));
            assert_ne!(is_told, is_right, "{field} {value:?}: {told}");
            assert!(told.len() < 2500, "{}", told.len());
        }
    }
}

/// Where the key itself is not named, the token and the field are, and what to do, which does it.
#[test]
fn a_token_that_cannot_be_used_is_told_with_its_field() {
    for field in ["uid", "v"] {
        for value in odd() {
            let host = enrolled();
            changed(&host, field, &value);
            let refused = host.opens();
            let told = words(&refused);
            assert_eq!(refused.status.code(), Some(1), "{field} {value:?}: {told}");
            assert!(told.contains("token 0: ") && told.contains(&format!("`{field}`")), "{told}");
            assert!(!told.contains("has no token") && told.contains("cryptsetup token remove"), "{told}");
            host.luks.cryptsetup(&["token", "remove", "--token-id", "0"]);
            let key_file = host.luks.key_file.to_str().unwrap();
            let anew = ["enroll", host.luks.path(), "--existing-key-file", key_file, "--same-volume"];
            let done = host.unlock(&anew, None);
            assert!(done.status.success(), "{}", words(&done));
            host.finish("anew");
        }
    }
}

/// Enrolled again, a token is as it should be.
#[test]
fn enrolled_again_a_token_is_right() {
    let host = enrolled();
    let good = host.luks.tokens().pop().unwrap();
    for field in ["servers", "state", "volume", "enrolment"] {
        for value in odd() {
            host.luks.write_token(&good, Some("0"));
            changed(&host, field, &value);
            if field != "enrolment" || value != Some(Value::Null) {
                host.finish(&format!("{field} {value:?}"));
            }
        }
    }
}

/// Tokens whose JSON is unusual, as cryptsetup takes it: large, with one name twice, with what steers a terminal.
#[test]
fn unusual_json_does_no_harm() {
    let host = enrolled();
    let good = host.luks.tokens().pop().unwrap().to_string();
    let server = host.fake.address.to_string();
    let more = |text: &str| format!("{},{text}}}", good.strip_suffix('}').unwrap());
    for json in [
        more(&format!("\"blob\":\"{}\"", "x".repeat(6000))),
        more("\"uid\":\"0\",\"uid\":\"0\""),
        more("\"\\u001b[2J\\u202e\":\"\\u0000\\u009b\""),
        more(&format!("\"deep\":{}{}", "[".repeat(25), "]".repeat(25))),
        more("\"volume\":\"\\u202e\",\"servers\":[\"\\u001b[2J\"]"),
    ] {
        let file = host.folder.path().join("token.json");
        std::fs::write(&file, &json).unwrap();
        let import = [
            "token",
            "import",
            "--disable-external-tokens",
            "--token-id",
            "0",
            "--token-replace",
            "--json-file",
        ];
        let done = Command::new("cryptsetup").args(import).arg(&file).arg(host.luks.path()).output().unwrap();
        assert!(done.status.success(), "{json}: {}", words(&done));
        let (told, _) = timed(&host, &["--server", &server]);
        let is_another = json.contains("\"volume\":\"\\u202e");
        assert_eq!(told.status.success(), !is_another, "{json}: {}", words(&told));
        let told = words(&told);
        assert!(told.len() < 3000 && !told.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{told:?}");
    }
    // Numbers that cryptsetup takes and JSON has not make the header unreadable: the line is told.
    for number in ["1e999", "NaN"] {
        let file = host.folder.path().join("token.json");
        std::fs::write(&file, format!("{{\"type\":\"other\",\"keyslots\":[],\"n\":{number}}}")).unwrap();
        let host = enrolled();
        let import = ["token", "import", "--disable-external-tokens", "--json-file"];
        let done = Command::new("cryptsetup").args(import).arg(&file).arg(host.luks.path()).output().unwrap();
        assert!(done.status.success(), "{}", words(&done));
        let refused = host.opens();
        assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
        assert!(words(&refused).contains(&format!("\"n\":{number}")), "{}", words(&refused));
    }
}

/// A token of another LUKS UUID whose key opens the volume was passed over as soon as there was one of its own, whatever became of that.
#[test]
fn the_key_of_another_volume_is_asked_for_where_its_own_is_of_no_use() {
    let host = enrolled();
    let (server, good) = (host.fake.address.to_string(), host.luks.tokens().pop().unwrap());
    let own = |uid: &str, server: &str| {
        let mut token = good.clone();
        token["uid"] = json!(uid);
        token["servers"] = json!([server]);
        token["keyslots"] = json!([]);
        token
    };
    let folder = host.folder.path().join("another");
    std::fs::create_dir(&folder).unwrap();
    let another = support::luks::Luks::new(&folder);
    let args = ["enroll", another.path(), "--existing-key-file", another.key_file.to_str().unwrap()];
    assert!(host.unlock(&args, None).status.success());
    let mut foreign = good.clone();
    foreign["volume"] = json!("33333333-3333-4333-8333-333333333333");
    host.luks.write_token(&foreign, Some("0"));
    let useless = [own("gone", &server), own("0", "127.0.0.1:1"), own("1", &server)];
    for (at, own) in useless.iter().enumerate() {
        host.luks.write_token(own, (at > 0).then_some("1"));
        let (opens, time) = timed(&host, &["--wait", "60"]);
        let told = words(&opens);
        assert!(opens.status.success() && told.contains("behind the others"), "{own}: {told}");
        assert!(time < Duration::from_secs(30), "{own}: {time:?}");
    }
    // Its own key opens it: the other one is not needed.
    let mut right = own("0", &server);
    right["keyslots"] = json!(["1"]);
    host.luks.write_token(&right, Some("1"));
    assert!(timed(&host, &[]).0.status.success());
}
