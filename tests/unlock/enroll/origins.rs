//! Whether a volume is the one that was enrolled or a copy: files, loop devices and both, moved, copied, replaced. What is the
//! same is never asked about; a copy always is, and `--new-uuid` is always done.

use super::copies::{copy, enroll, uuid_of};
use super::*;
use std::path::{Path, PathBuf};

/// A loop device over a file, until it is dropped.
pub struct Loop(pub PathBuf);

impl Loop {
    pub fn over(file: &Path) -> Self {
        let made = Command::new("losetup").args(["--find", "--show"]).arg(file).output().unwrap();
        assert!(made.status.success(), "loop devices are needed, and root: {}", words(&made));
        Self(String::from_utf8(made.stdout).unwrap().trim().into())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.0).status();
    }
}

/// What a test holds while it enrols at a place.
type Held = (PathBuf, Vec<Loop>);

/// A situation: how the volume is enrolled first, where it is enrolled then, and what that is.
struct Case {
    name: &'static str,
    /// Whether the first enrolment is by a loop device.
    first_by_loop: bool,
    then: fn(&Host, Vec<Loop>) -> Held,
    /// Whether it is the same volume.
    is_same: bool,
}

const fn case(
    name: &'static str,
    first_by_loop: bool,
    then: fn(&Host, Vec<Loop>) -> Held,
    is_same: bool,
) -> Case {
    Case { name, first_by_loop, then, is_same }
}

fn renamed(host: &Host, name: &str) -> PathBuf {
    let to = host.folder.path().join(name);
    std::fs::rename(&host.luks.file, &to).unwrap();
    to
}

fn by_loop(file: &Path, mut held: Vec<Loop>) -> Held {
    held.push(Loop::over(file));
    (held.last().unwrap().0.clone(), held)
}

/// The copy in the place of the first, which is away.
fn in_its_place(host: &Host) -> PathBuf {
    let copy = copy(host, "copy.img");
    renamed(host, "away.img");
    std::fs::rename(copy, &host.luks.file).unwrap();
    host.luks.file.clone()
}

const CASES: &[Case] = &[
    case("a file again", false, |host, _| (host.luks.file.clone(), vec![]), true),
    case("a file renamed", false, |host, _| (renamed(host, "new.img"), vec![]), true),
    case("a file by a loop device", false, |host, held| by_loop(&host.luks.file, held), true),
    case("a loop device's file", true, |host, held| (host.luks.file.clone(), held), true),
    case("a loop device again", true, |_, held| (held[0].0.clone(), held), true),
    case("a second loop device", true, |host, held| by_loop(&host.luks.file, held), true),
    case("a file copied beside", false, |host, _| (copy(host, "copy.img"), vec![]), false),
    case("a copy by a loop device", false, |host, held| by_loop(&copy(host, "copy.img"), held), false),
    case("both by loop devices", true, |host, held| by_loop(&copy(host, "copy.img"), held), false),
    case("a loop device's copy as a file", true, |host, held| (copy(host, "copy.img"), held), false),
    case(
        "the first deleted",
        false,
        |host, _| {
            let copy = copy(host, "copy.img");
            std::fs::remove_file(&host.luks.file).unwrap();
            (copy, vec![])
        },
        false,
    ),
    case(
        "the first away",
        false,
        |host, _| {
            let copy = copy(host, "copy.img");
            renamed(host, "away.img");
            (copy, vec![])
        },
        false,
    ),
    case("the copy in its place", false, |host, _| (in_its_place(host), vec![]), false),
    case(
        "the copy on its loop device",
        true,
        |host, mut held| {
            let copy = copy(host, "copy.img");
            held.clear();
            renamed(host, "away.img");
            by_loop(&copy, held)
        },
        false,
    ),
];

/// A host whose volume is enrolled as the case says, and where it is enrolled then.
fn prepared(case: &Case) -> (Host, Held) {
    let host = Host::new();
    let held = if case.first_by_loop { vec![Loop::over(&host.luks.file)] } else { vec![] };
    let first = held.first().map_or_else(|| host.luks.file.clone(), |device| device.0.clone());
    let done = enroll(&host, &first, &[]);
    assert!(done.status.success(), "{}: {}", case.name, words(&done));
    let place = (case.then)(&host, held);
    (host, place)
}

fn opens(host: &Host, place: &Path) -> bool {
    host.unlock(&["unlock", "--test-passphrase", place.to_str().unwrap()], None).status.success()
}

/// Copies were enrolled in silence where one of the two was a loop device, and where the first was away.
#[test]
fn a_copy_is_asked_about_and_the_same_volume_is_not() {
    for case in CASES {
        let (host, (place, _held)) = prepared(case);
        let uuid = uuid_of(&place);
        let alone = enroll(&host, &place, &[]);
        let told = words(&alone);
        let code = if case.is_same { 0 } else { 2 };
        assert_eq!(alone.status.code(), Some(code), "{}: {told}", case.name);
        assert_eq!(told.contains("may be a copy"), !case.is_same, "{}: {told}", case.name);
        assert!(opens(&host, &place), "{}: to open it asks nothing", case.name);
        assert_eq!((uuid_of(&place), host.keys.states().len()), (uuid.clone(), 1), "{}", case.name);

        // It is that volume: said once.
        let same = enroll(&host, &place, &["--same-volume"]);
        assert!(same.status.success(), "{}: {}", case.name, words(&same));
        let again = enroll(&host, &place, &[]);
        assert!(again.status.success(), "{}: {}", case.name, words(&again));
        assert_eq!((uuid_of(&place), host.keys.states().len()), (uuid, 1), "{}", case.name);
    }
}

/// It was passed over with exit code 0 wherever there was no doubt.
#[test]
fn new_uuid_is_always_done_and_once() {
    for case in CASES {
        // Said to be the same volume before, it is a copy all the same when that is said.
        for decided_before in [false, true].into_iter().take(if case.is_same { 1 } else { 2 }) {
            let (host, (place, _held)) = prepared(case);
            if decided_before {
                assert!(enroll(&host, &place, &["--same-volume"]).status.success());
            }
            let old = uuid_of(&place);
            let own = enroll(&host, &place, &["--new-uuid", "--json"]);
            assert!(own.status.success(), "{}: {}", case.name, words(&own));
            let new = uuid_of(&place);
            assert_ne!(new, old, "{}", case.name);
            let told: serde_json::Value = serde_json::from_slice(&own.stdout).unwrap();
            assert_eq!(
                (told["id"].as_str(), told["volume"].as_str(), told["copy_of"].as_str()),
                (Some("1"), Some(new.as_str()), Some(old.as_str())),
                "{}: {told}",
                case.name
            );
            let left = "still opens it";
            assert!(told["news"].to_string().contains(left), "{}: {told}", case.name);
            for more in [&["--new-uuid"][..], &[]] {
                let again = enroll(&host, &place, more);
                let told = words(&again);
                assert!(again.status.success() && told.contains(left), "{} {more:?}: {told}", case.name);
                let is_told = told.contains("already, and key 1, made") && told.contains("it keeps them");
                assert_eq!(is_told, more == ["--new-uuid"], "{told}");
                assert_eq!((uuid_of(&place), host.keys.states().len()), (new.clone(), 2), "{}", case.name);
            }
            assert!(opens(&host, &place), "{}", case.name);
        }
    }
}

/// A place that was given up counted as this one for ever.
#[test]
fn a_disk_that_was_replaced_does_not_hide_the_copies_of_the_new_one() {
    let host = Host::new();
    host.finish("the old disk");
    let new = copy(&host, "new.img");
    assert!(enroll(&host, &new, &["--same-volume"]).status.success());
    std::fs::remove_file(&host.luks.file).unwrap();
    assert!(enroll(&host, &new, &[]).status.success(), "the new disk is the volume");
    let clone = host.folder.path().join("clone.img");
    std::fs::copy(&new, &clone).unwrap();
    for place in [&clone, &new] {
        let refused = enroll(&host, place, &[]);
        if place == &clone {
            assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
        } else {
            assert!(refused.status.success(), "{}", words(&refused));
        }
    }
    assert!(enroll(&host, &clone, &["--new-uuid"]).status.success());
    assert_eq!(host.keys.states().len(), 2);
    assert!(enroll(&host, &new, &[]).status.success());
}

/// The disk went to another machine, and a copy of it is where it was.
#[test]
fn a_copy_in_the_place_of_a_disk_that_went_to_another_machine_is_asked_about() {
    let host = Host::new();
    host.finish("here");
    copies::enrolled_elsewhere_too(&host);
    let again = enroll(&host, &host.luks.file, &[]);
    assert!(again.status.success(), "it came back: {}", words(&again));
    let place = in_its_place(&host);
    let refused = enroll(&host, &place, &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
    assert!(words(&refused).contains("another machine (second-host)"), "{}", words(&refused));
    assert!(enroll(&host, &place, &["--new-uuid"]).status.success());
    assert_eq!(host.keys.states().len(), 2);
}

/// Each run that was cut off left another LUKS UUID behind.
fn a_new_uuid_is_gone_on_with_that_was_cut_off(after: bool) {
    for at in 1.. {
        let host = Host::new();
        host.finish("the first");
        let copy = copy(&host, "copy.img");
        let old = uuid_of(&copy);
        let bin = killing_cryptsetup(host.folder.path(), at, after);
        let key = host.luks.key_file.to_str().unwrap();
        let args = ["enroll", copy.to_str().unwrap(), "--existing-key-file", key, "--new-uuid"];
        let killed = host.unlock(&args, Some(&bin));
        let between = uuid_of(&copy);
        assert!(opens(&host, &copy), "{at}, {after}: it opens in between");
        let done = enroll(&host, &copy, &["--new-uuid"]);
        assert!(done.status.success(), "{at}, {after}: {}", words(&done));
        let new = uuid_of(&copy);
        assert_ne!(new, old);
        assert!(between == old || between == new, "{at}, {after}: a second LUKS UUID was given");
        let told = words(&killed) + &words(&done);
        assert!(told.contains(&format!("has {new} now")), "{at}, {after}: {told}");
        assert!(words(&done).contains("still opens it"), "{}", words(&done));
        assert_eq!(host.keys.states().len(), 2, "{at}, {after}");
        assert_eq!(copies::token_of(&copy).len(), 2, "{at}, {after}");
        if killed.status.success() {
            assert!(at > 10, "too few calls were seen: {at}");
            break;
        }
    }
}

#[test]
fn a_new_uuid_that_is_cut_off_before_any_call_of_cryptsetup_is_gone_on_with() {
    a_new_uuid_is_gone_on_with_that_was_cut_off(false);
}

#[test]
fn a_new_uuid_that_is_cut_off_after_any_call_of_cryptsetup_is_gone_on_with() {
    a_new_uuid_is_gone_on_with_that_was_cut_off(true);
}

/// The LUKS UUID was changed again at each run whose token could not be written.
#[test]
fn the_uuid_stays_where_the_token_cannot_be_written() {
    let host = Host::new();
    host.finish("the first");
    let copy = copy(&host, "copy.img");
    let (old, key) = (uuid_of(&copy), host.luks.key_file.to_str().unwrap());
    let bin = crate::support::luks::changed_cryptsetup(host.folder.path(), "token", "exit 1");
    for _ in 0..2 {
        let args = ["enroll", copy.to_str().unwrap(), "--existing-key-file", key, "--new-uuid"];
        assert_eq!(host.unlock(&args, Some(&bin)).status.code(), Some(5));
        assert_eq!((uuid_of(&copy), host.keys.states().len()), (old.clone(), 1));
    }
}

/// A copy that is enrolled by another client was told to remove what its original had made, and kept its LUKS UUID.
#[test]
fn a_copy_needs_no_key_of_another_client() {
    for uid in ["0", "another", ""] {
        let host = Host::new();
        host.finish("the first");
        let copy = copy(&host, "copy.img");
        let mut token = copies::token_of(&copy).remove(0);
        token["uid"] = serde_json::json!(uid);
        copies::write_token(&copy, &token);
        host.keys.0.lock().unwrap().clear();
        let old = uuid_of(&copy);
        if !uid.is_empty() {
            let refused = enroll(&host, &copy, &[]);
            assert_eq!(refused.status.code(), Some(4), "{uid}: {}", words(&refused));
            assert!(words(&refused).contains("enroll --new-uuid"), "{}", words(&refused));
        }
        let own = enroll(&host, &copy, &["--new-uuid"]);
        assert!(own.status.success(), "{uid}: {}", words(&own));
        assert_ne!(uuid_of(&copy), old);
        let new = uuid_of(&copy);
        assert!(enroll(&host, &copy, &["--new-uuid"]).status.success());
        assert_eq!((uuid_of(&copy), host.keys.states().len()), (new, 1));
        assert!(opens(&host, &copy));
    }
}

/// Of two tokens the first alone was looked at, whose key the server has not.
#[test]
fn the_token_whose_key_is_there_counts() {
    let host = Host::new();
    host.finish("first");
    let mut token = host.luks.tokens().remove(0);
    token["uid"] = serde_json::json!("gone");
    token["keyslots"] = serde_json::json!([]);
    let good = host.luks.tokens().remove(0);
    host.luks.write_token(&token, Some("0"));
    host.luks.write_token(&good, None);
    let again = host.enroll(None);
    assert!(again.status.success(), "{}", words(&again));
    assert_eq!(host.keys.states().len(), 1);
}

/// Two copies that are enrolled at once: the second got the word of the standard alone.
#[test]
fn a_copy_that_is_enrolled_at_the_same_time_is_told_as_that() {
    use kmip_codec::enums::{ResultReason, State};
    use kmip_codec::operations::Request;
    let host = Host::with(|keys, request| {
        let is_create = matches!(request.items[0].request, Request::Create(_));
        if is_create && keys.states().is_empty() {
            keys.answer(request.clone());
            let mut all = keys.0.lock().unwrap();
            all[0].state = State::Active;
            for entry in &mut all[0].attributes.0 {
                if let kmip_codec::attributes::Attribute::ApplicationSpecificInformation(told) =
                    &mut entry.attribute
                    && told.namespace == "LUKS-enrolment"
                {
                    told.data = Some("the other".to_owned());
                }
            }
            let refused = Err(ResultReason::NonUniqueNameAttribute);
            return Reply::Items(vec![crate::support::keys::done_item(refused)]);
        }
        keys.answer(request)
    });
    let refused = host.enroll(None);
    let told = words(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("may be a copy") && told.contains("--new-uuid"), "{told}");
    let own = enroll(&host, &host.luks.file, &["--new-uuid"]);
    assert!(own.status.success(), "{}", words(&own));
    assert_eq!(host.keys.states().len(), 2);
}

/// With its LUKS UUID changed by hand a volume did not open, and the advice left it with one way in.
#[test]
fn a_volume_whose_uuid_was_changed_opens_and_keeps_another_way_in() {
    let host = Host::new();
    host.finish("first");
    let ours = host.passphrase_file();
    let changed = Command::new("cryptsetup")
        .args(["luksUUID", "--batch-mode", "--uuid", "33333333-3333-4333-8333-333333333333"])
        .arg(&host.luks.file)
        .output()
        .unwrap();
    assert!(changed.status.success(), "{}", words(&changed));
    let opens = host.opens();
    assert!(opens.status.success() && words(&opens).contains("another volume"), "{}", words(&opens));
    // The token is removed, and the passphrase too: what is left is ours, whoever claims it.
    host.luks.cryptsetup(&["token", "remove", "--token-id", "0"]);
    let file = host.luks.path();
    let kill = ["luksKillSlot", "--key-file", ours.to_str().unwrap(), file, "0"];
    assert!(Command::new("cryptsetup").args(kill).status().unwrap().success());
    let refused = host.unlock(&["enroll", file, "--existing-key-file", ours.to_str().unwrap()], None);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    assert!(words(&refused).contains("one way in"), "{}", words(&refused));
}

/// More servers than `unlock` asks were written, and nothing was said.
#[test]
fn more_servers_than_a_token_names_are_told() {
    let host = Host::new();
    let server = host.fake.address.to_string();
    let key = host.luks.key_file.to_str().unwrap();
    let mut args = vec!["enroll", host.luks.path(), "--existing-key-file", key, "--server", &server];
    let others: Vec<String> = (1..=8).map(|port| format!("127.0.0.1:{port}")).collect();
    args.extend(others.iter().flat_map(|other| ["--server", other.as_str()]));
    let done = host.command(&args, None).output().unwrap();
    let told = words(&done);
    assert!(done.status.success() && told.contains("9 are given") && told.contains("127.0.0.1:8"), "{told}");
    assert_eq!(host.luks.tokens()[0]["servers"].as_array().unwrap().len(), 8);
    let opens = host.command(&["unlock", "--test-passphrase", host.luks.path()], None).output().unwrap();
    assert!(opens.status.success(), "{}", words(&opens));
    args.truncate(args.len() - 2);
    let done = host.command(&args, None).output().unwrap();
    assert!(done.status.success() && !words(&done).contains("at most"), "{}", words(&done));
}
