//! Headers that have no room, are not what they should be, or lie elsewhere. What is missing is told before a key is made.

use super::*;
use crate::support::luks::Luks;

fn with(mib: u64, options: &[&str]) -> Host {
    Host::with_volume(|keys, request| keys.answer(request), |folder| Luks::with(folder, mib, options))
}

fn refused_before_a_key_is_made(host: &Host, why: &str) {
    let tokens = host.luks.tokens().len();
    let refused = host.enroll(None);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    assert!(words(&refused).contains(why), "{}", words(&refused));
    assert!(host.keys.states().is_empty(), "{why}: a key was made");
    assert_eq!(host.luks.tokens().len(), tokens, "{why}: a token was written");
}

#[test]
fn a_header_without_room_for_a_keyslot_is_told() {
    let host = with(18, &["--type", "luks2", "--luks2-keyslots-size", "520192"]);
    host.luks.add_keyslot("second");
    refused_before_a_key_is_made(&host, "keyslot area");
    // With one removed there is room.
    let (file, key) = (host.luks.path(), host.luks.key_file.to_str().unwrap());
    let kill = ["luksKillSlot", "--key-file", key, file, "1"];
    assert!(Command::new("cryptsetup").args(kill).status().unwrap().success());
    host.finish("with room");
}

#[test]
fn a_header_without_room_for_a_token_is_told() {
    let host = Host::new();
    for _ in 0..32 {
        host.luks.write_token(&serde_json::json!({ "type": "other", "keyslots": [] }), None);
    }
    refused_before_a_key_is_made(&host, "32 tokens");
    host.luks.cryptsetup(&["token", "remove", "--token-id", "7"]);
    let done = host.enroll(None);
    assert!(done.status.success(), "{}", words(&done));
}

#[test]
fn a_header_without_room_for_metadata_is_told() {
    let host = Host::new();
    for size in [4000, 4000, 2600] {
        let token = serde_json::json!({ "type": "other", "keyslots": [], "blob": "x".repeat(size) });
        host.luks.write_token(&token, None);
    }
    refused_before_a_key_is_made(&host, "metadata area");
    host.luks.cryptsetup(&["token", "remove", "--token-id", "2"]);
    let done = host.enroll(None);
    assert!(done.status.success(), "{}", words(&done));
}

#[test]
fn a_header_with_all_keyslots_taken_is_told() {
    let host = Host::with_volume(|keys, request| keys.answer(request), Luks::roomy);
    for number in 1..32 {
        host.luks.add_keyslot(&format!("passphrase {number}"));
    }
    refused_before_a_key_is_made(&host, "32 keyslots");
}

/// "exit status: 1" was all that was told.
#[test]
fn what_is_wrong_with_a_volume_is_told_in_words() {
    let luks1 = with(18, &["--type", "luks1"]);
    refused_in_words(&luks1, &["LUKS1", "cryptsetup convert"]);
    let host = Host::new();
    std::fs::write(&host.luks.file, vec![0; 1 << 20]).unwrap();
    refused_in_words(&host, &["no LUKS2 header", "--header"]);
    std::fs::remove_file(&host.luks.file).unwrap();
    refused_in_words(&host, &["No such file"]);
}

fn refused_in_words(host: &Host, expected: &[&str]) {
    for told in [host.enroll(None), host.opens()] {
        assert_eq!(told.status.code(), Some(1), "{}", words(&told));
        for word in expected {
            assert!(words(&told).contains(word), "{word}: {}", words(&told));
        }
    }
    assert!(host.keys.states().is_empty());
}

/// What any token of Keystead claims is no person's way in: of another volume, of another form, with servers or without.
#[test]
fn keyslots_of_tokens_that_cannot_be_used_are_no_other_way_in() {
    for token in [
        serde_json::json!({ "type": "keystead", "keyslots": ["0"] }),
        serde_json::json!({ "type": "keystead", "keyslots": ["0"], "v": 9, "blob": 1 }),
        serde_json::json!({ "type": "keystead", "keyslots": ["0"], "v": 1, "uid": "k", "servers": [], "volume": "another",
            "state": "active" }),
        serde_json::json!({ "type": "keystead", "keyslots": ["0"], "v": 1, "uid": "k", "servers": [], "volume": "another",
            "state": "adding" }),
    ] {
        let host = Host::new();
        host.luks.write_token(&token, None);
        refused_before_a_key_is_made(&host, "one way in");
        // A token of another kind claims nothing of that sort.
        host.luks.add_keyslot("a person's");
        let done = host.enroll(None);
        assert!(done.status.success(), "{}", words(&done));
    }
}

#[test]
fn a_volume_with_a_detached_header_is_enrolled_and_opened() {
    let host = Host::new();
    let (header, data) = (host.luks.path().to_owned(), host.folder.path().join("data.img"));
    std::fs::File::create(&data).unwrap().set_len(4 << 20).unwrap();
    let data = data.to_str().unwrap();
    let key = host.luks.key_file.to_str().unwrap();
    let format =
        ["luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
    let format = [&format[..], &["--key-file", key, "--header", &header, data]].concat();
    assert!(Command::new("cryptsetup").args(format).status().unwrap().success());
    let done = host.unlock(&["enroll", data, "--header", &header, "--existing-key-file", key], None);
    assert!(done.status.success(), "{}", words(&done));
    let opens = host.unlock(&["unlock", "--test-passphrase", data, "--header", &header], None);
    assert!(opens.status.success(), "{}", words(&opens));
    let without = host.unlock(&["unlock", "--test-passphrase", data], None);
    assert_eq!(without.status.code(), Some(1));
    assert!(words(&without).contains("--header"), "{}", words(&without));
}
