//! Volumes with the LUKS UUID of another one: copies of an image, disks that moved.

use super::*;
use crate::support::luks::{metadata, uuid};
use kmip_codec::attributes::Attribute;
use std::path::PathBuf;
use std::process::Output;

/// A copy of the volume, in another file of the same machine.
pub fn copy(host: &Host, name: &str) -> PathBuf {
    let copy = host.folder.path().join(name);
    std::fs::copy(&host.luks.file, &copy).unwrap();
    copy
}

pub fn enroll(host: &Host, file: &std::path::Path, more: &[&str]) -> Output {
    let key_file = host.luks.key_file.to_str().unwrap();
    host.unlock(&[&["enroll", file.to_str().unwrap(), "--existing-key-file", key_file], more].concat(), None)
}

/// The server says that the keys were made on another machine, as it would to that machine's copy.
fn moved(host: &Host) {
    for key in host.keys.0.lock().unwrap().iter_mut() {
        for entry in &mut key.attributes.0 {
            if let Attribute::ApplicationSpecificInformation(information) = &mut entry.attribute {
                let data = information.data.clone().unwrap_or_default();
                if information.namespace == "LUKS-host" {
                    let mut origin: serde_json::Value = serde_json::from_str(&data).unwrap();
                    origin["machine"] = "another".into();
                    origin["name"] = "first-host".into();
                    information.data = Some(origin.to_string());
                }
            }
        }
    }
}

/// The server says that the volume was enrolled on another machine since, on the medium that it was on.
pub fn enrolled_elsewhere_too(host: &Host) {
    for key in host.keys.0.lock().unwrap().iter_mut() {
        let mut more = Vec::new();
        for entry in &key.attributes.0 {
            if let Attribute::ApplicationSpecificInformation(information) = &entry.attribute
                && information.namespace == "LUKS-host"
            {
                let data = information.data.clone().unwrap_or_default();
                let mut origin: serde_json::Value = serde_json::from_str(&data).unwrap();
                origin["machine"] = "another".into();
                origin["name"] = "second-host".into();
                origin["number"] = 1.into();
                let mut second = information.clone();
                second.data = Some(origin.to_string());
                more.push(Attribute::ApplicationSpecificInformation(second));
            }
        }
        more.into_iter().for_each(|attribute| key.attributes.push(attribute));
    }
}

pub fn token_of(file: &std::path::Path) -> Vec<serde_json::Value> {
    metadata(file)["tokens"].as_object().unwrap().values().cloned().collect()
}

pub fn uuid_of(file: &std::path::Path) -> String {
    uuid(file)
}

/// The copy shared the key of the first in silence.
#[test]
fn an_image_that_was_copied_before_is_not_enrolled_with_the_same_key() {
    let host = Host::new();
    let copy = copy(&host, "copy.img");
    host.finish("the first");
    let refused = enroll(&host, &copy, &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
    let told = words(&refused);
    assert!(
        told.contains("--new-uuid") && told.contains("--same-volume") && told.contains("key 0"),
        "{told}"
    );
    assert!(told.contains("this machine") && told.contains(host.luks.path()), "{told}");
    assert!(token_of(&copy).is_empty(), "nothing was written");
    assert_eq!(host.keys.states().len(), 1);
    let own = enroll(&host, &copy, &["--new-uuid"]);
    assert!(own.status.success(), "{}", words(&own));
    assert_eq!(String::from_utf8_lossy(&own.stdout).trim(), "1");
    assert_ne!(uuid_of(&copy), host.luks.uuid());
    let opens = host.unlock(&["unlock", "--test-passphrase", copy.to_str().unwrap()], None);
    assert!(opens.status.success(), "{}", words(&opens));
    // Repeated, with the option and without, it changes nothing more.
    let uuid = uuid_of(&copy);
    for more in [&["--new-uuid"][..], &[]] {
        let again = enroll(&host, &copy, more);
        assert!(again.status.success(), "{}", words(&again));
        assert_eq!((uuid_of(&copy), host.keys.states().len()), (uuid.clone(), 2));
    }
    host.finish_with("the first again", 2);
}

/// Copies of an image that was enrolled have its token too.
#[test]
fn an_image_that_was_copied_afterwards_gets_a_key_of_its_own() {
    let host = Host::new();
    host.finish("the first");
    let copy = copy(&host, "copy.img");
    let refused = enroll(&host, &copy, &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
    let own = enroll(&host, &copy, &["--new-uuid", "--json"]);
    assert!(own.status.success(), "{}", words(&own));
    let told: serde_json::Value = serde_json::from_slice(&own.stdout).unwrap();
    assert_eq!((told["id"].as_str(), told["volume"].as_str()), (Some("1"), Some(uuid_of(&copy).as_str())));
    // What still ties it to the first is told, and removed by people.
    let steps = told["news"].to_string();
    assert!(steps.contains("token remove --token-id 0") && steps.contains("luksKillSlot"), "{steps}");
    assert!(steps.contains("cryptsetup reencrypt"), "{steps}");
    let opens = host.unlock(&["unlock", "--test-passphrase", copy.to_str().unwrap()], None);
    assert!(opens.status.success() && words(&opens).contains("key 1"), "{}", words(&opens));
    host.finish_with("the first is as it was", 2);
}

/// A volume that was enrolled on another machine is a copy, or came here.
#[test]
fn a_volume_of_another_machine_is_asked_about() {
    for more in ["--same-volume", "--new-uuid"] {
        let host = Host::new();
        host.finish("there");
        moved(&host);
        let refused = host.enroll(None);
        assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
        let told = words(&refused);
        assert!(told.contains("another machine (first-host)"), "{told}");
        let uuid = host.luks.uuid();
        let done = enroll(&host, &host.luks.file, &[more]);
        assert!(done.status.success(), "{}", words(&done));
        assert_eq!(host.luks.uuid() == uuid, more == "--same-volume");
        let again = host.enroll(None);
        assert!(again.status.success(), "it is told once: {}", words(&again));
        assert!(host.opens().status.success());
    }
}

/// A token that was removed, as from a restored header: the key is there.
#[test]
fn a_volume_that_lost_its_token_gets_its_key_back() {
    let host = Host::new();
    host.finish("first");
    host.luks.cryptsetup(&["token", "remove", "--token-id", "0"]);
    let refused = host.enroll(None);
    assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
    let done = enroll(&host, &host.luks.file, &["--same-volume"]);
    assert!(done.status.success(), "{}", words(&done));
    host.finish("again");
}

/// Another key of the same UUID that was ended is none to ask about.
#[test]
fn keys_that_have_ended_are_not_asked_about() {
    use kmip_codec::enums::State;
    let host = Host::new();
    let copy = copy(&host, "copy.img");
    host.finish("the first");
    host.keys.0.lock().unwrap().first_mut().unwrap().state = State::Deactivated;
    let done = enroll(&host, &copy, &[]);
    assert!(done.status.success(), "{}", words(&done));
}

/// A key of an older version says nothing of where it was made: a volume that has its token goes on as it did.
#[test]
fn a_volume_of_an_older_version_is_not_asked_about() {
    let host = Host::new();
    host.finish("first");
    for key in host.keys.0.lock().unwrap().iter_mut() {
        key.attributes.0.retain(|entry| match &entry.attribute {
            Attribute::ApplicationSpecificInformation(told) => told.namespace == "LUKS",
            _ => true,
        });
    }
    host.finish("again");
}

/// A volume in a file of another name is the same volume.
#[test]
fn a_volume_that_was_renamed_is_not_asked_about() {
    let mut host = Host::new();
    host.finish("first");
    let renamed = host.folder.path().join("renamed.img");
    std::fs::rename(&host.luks.file, &renamed).unwrap();
    host.luks.file = renamed;
    host.finish("renamed");
}

/// Two volumes of this machine, each enrolled; the second's token is changed to name the first's key.
fn two_volumes() -> (Host, PathBuf, PathBuf) {
    let host = Host::new();
    host.finish("the first");
    let folder = host.folder.path().join("other");
    std::fs::create_dir(&folder).unwrap();
    let other = crate::support::luks::Luks::new(&folder).file;
    let done = enroll(&host, &other, &[]);
    assert!(done.status.success(), "{}", words(&done));
    let first = host.luks.file.clone();
    (host, first, other)
}

pub fn write_token(file: &std::path::Path, token: &serde_json::Value) {
    let json = file.with_extension("json");
    std::fs::write(&json, token.to_string()).unwrap();
    let import = ["token", "import", "--token-id", "0", "--token-replace", "--json-file"];
    let done = Command::new("cryptsetup").args(import).arg(json).arg(file).output().unwrap();
    assert!(done.status.success(), "{}", words(&done));
}

/// The key of another volume, or of none, that a token names was shared in silence.
#[test]
fn a_token_that_names_the_key_of_another_volume_is_asked_about() {
    for of_no_volume in [false, true] {
        let (host, first, other) = two_volumes();
        let mut token = token_of(&other).remove(0);
        token["uid"] = serde_json::json!("0");
        write_token(&other, &token);
        let made_for = if of_no_volume {
            host.keys.0.lock().unwrap()[0]
                .attributes
                .0
                .retain(|entry| !matches!(entry.attribute, Attribute::ApplicationSpecificInformation(_)));
            "no volume".to_owned()
        } else {
            uuid_of(&first)
        };
        let (before, keys) = (std::fs::read(&other).unwrap(), host.keys.states());
        let refused = enroll(&host, &other, &[]);
        let told = words(&refused);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains("token 0") && told.contains("key 0") && told.contains(&made_for), "{told}");
        assert!(told.contains(&uuid_of(&other)) && told.contains("--same-volume"), "{told}");
        assert!(told.contains("token remove --token-id 0"), "{told}");
        assert!(std::fs::read(&other).unwrap() == before && host.keys.states() == keys, "{told}");
        // Whoever wants it may have it, and is not asked again.
        let shared = enroll(&host, &other, &["--same-volume"]);
        assert!(shared.status.success(), "{}", words(&shared));
        let again = enroll(&host, &other, &[]);
        assert!(again.status.success(), "{}", words(&again));
        let opens = host.unlock(&["unlock", "--test-passphrase", other.to_str().unwrap()], None);
        assert!(opens.status.success() && words(&opens).contains("key 0"), "{}", words(&opens));
    }
}

/// The other way out: without its wrong token the volume finds its own key.
#[test]
fn a_wrong_token_that_is_removed_makes_room_for_the_right_key() {
    let (host, _, other) = two_volumes();
    let mut token = token_of(&other).remove(0);
    token["uid"] = serde_json::json!("0");
    write_token(&other, &token);
    let remove = ["token", "remove", "--token-id", "0"];
    assert!(Command::new("cryptsetup").args(remove).arg(&other).status().unwrap().success());
    let done = enroll(&host, &other, &["--same-volume"]);
    assert!(done.status.success(), "{}", words(&done));
    assert_eq!(token_of(&other)[0]["uid"], "1");
}

/// A token without a key, of no enrolment or of another one, hid that the volume is a copy.
#[test]
fn an_empty_token_of_a_copy_does_not_hide_the_question() {
    for enrolment in [serde_json::json!(null), serde_json::json!("another"), serde_json::json!("")] {
        let host = Host::new();
        host.finish("the first");
        let copy = copy(&host, "copy.img");
        let mut token = token_of(&copy).remove(0);
        token["uid"] = serde_json::json!("");
        token["state"] = serde_json::json!("adding");
        token["enrolment"] = enrolment;
        write_token(&copy, &token);
        let refused = enroll(&host, &copy, &[]);
        let told = words(&refused);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains("may be a copy") && host.keys.states().len() == 1, "{told}");
        let own = enroll(&host, &copy, &["--new-uuid"]);
        assert!(own.status.success(), "{}", words(&own));
        assert_eq!(host.keys.states().len(), 2);
        host.finish_with("the first is as it was", 2);
    }
}

/// On the volume itself, `--same-volume` goes on with such a token, and with the key that is there.
#[test]
fn an_empty_token_gets_the_key_of_its_volume_back() {
    let host = Host::new();
    host.finish("first");
    let mut token = token_of(&host.luks.file).remove(0);
    token["uid"] = serde_json::json!("");
    token["state"] = serde_json::json!("adding");
    write_token(&host.luks.file, &token);
    assert_eq!(host.enroll(None).status.code(), Some(2));
    let done = enroll(&host, &host.luks.file, &["--same-volume"]);
    assert!(done.status.success(), "{}", words(&done));
    host.finish("again");
}

/// The way out that the line tells, where a copy of a copy cannot be told from a repetition.
#[test]
fn a_copy_of_a_copy_gets_another_uuid_without_its_token() {
    let host = Host::new();
    let separate = || enroll(&host, &host.luks.file, &["--new-uuid"]);
    assert!(separate().status.success());
    let first = host.luks.uuid();
    let again = separate();
    let told = words(&again);
    assert!(again.status.success() && host.luks.uuid() == first && host.keys.states().len() == 1, "{told}");
    assert!(told.contains("cryptsetup token remove --token-id 0"), "{told}");
    host.luks.cryptsetup(&["token", "remove", "--token-id", "0"]);
    assert!(separate().status.success());
    assert!(host.luks.uuid() != first && host.keys.states().len() == 2);
    assert!(host.opens().status.success());
}
