//! The master key is gone from the token while the server runs, or another one is in its place: `ready` says so, what needs
//! it is refused as a failure of the server, the log names the key and what to do, nothing is made in its place, and all
//! works again when it is back.

use super::*;
use std::collections::BTreeMap;
use std::process::Command;

/// How long it may take to serve again.
const HEALED_WITHIN: Duration = Duration::from_secs(5);

/// What becomes of the key.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Deleted,
    /// Deleted, and another one made under its identifier and label.
    Replaced,
}

/// The token of a server, as another process with the PIN sees it.
struct Token {
    folder: PathBuf,
    /// CKA_LABEL and CKA_ID of its one key.
    label: String,
    id: String,
}

impl Token {
    fn of(folder: &Path) -> Self {
        let mut token = Self { folder: folder.to_owned(), label: String::new(), id: String::new() };
        let listed = token.tool(&["--list-objects", "--type", "secrkey"]);
        let field = |name: &str| {
            let mut fields = listed.lines().filter_map(|line| line.trim().strip_prefix(name));
            fields.next().unwrap_or_else(|| panic!("{listed}")).trim().to_owned()
        };
        (token.label, token.id) = (field("label:"), field("ID:"));
        token
    }

    fn tool(&self, args: &[&str]) -> String {
        let read = |file: &str| std::fs::read_to_string(self.folder.join(file)).unwrap();
        let config = read("keystead.toml");
        let module = config.lines().find_map(|line| line.strip_prefix("module = ")).unwrap();
        let mut tool = Command::new("pkcs11-tool");
        tool.env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf"));
        tool.args(["--module", module.trim_matches('"'), "--login", "--pin", read("pin").trim()]).args(args);
        told(tool.output().unwrap())
    }

    /// The files of its objects.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let token = std::fs::read_dir(self.folder.join("tokens")).unwrap().next().unwrap().unwrap().path();
        let paths = std::fs::read_dir(token).unwrap().map(|entry| entry.unwrap().path());
        let objects = paths.filter(|path| path.extension().is_some_and(|end| end == "object"));
        objects.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    fn lose(&self, loss: Loss) {
        self.tool(&["--delete-object", "--type", "secrkey", "--id", &self.id]);
        if matches!(loss, Loss::Replaced) {
            self.tool(&[
                "--keygen",
                "--key-type",
                "AES:32",
                "--id",
                &self.id,
                "--label",
                &self.label,
                "--sensitive",
            ]);
        }
    }

    /// As from the HSM's backup.
    fn put_back(&self, files: &BTreeMap<PathBuf, Vec<u8>>) {
        for other in self.files().keys().filter(|path| !files.contains_key(*path)) {
            std::fs::remove_file(other).unwrap();
        }
        files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    }
}

fn refused_by_the_server(item: &ResponseItem, what: &str) {
    assert_eq!(item.result_reason, Some(ResultReason::InternalServerError), "{what}: {item:?}");
    let message = item.result_message.as_deref().unwrap_or_default();
    assert!(
        message.contains("key-encryption key") && message.contains("its log has the reason"),
        "{what}: {message}"
    );
}

#[test]
fn a_master_key_that_is_lost_is_named_and_used_again_when_it_is_back() {
    for mode in ["strict", "cached"] {
        for loss in [Loss::Deleted, Loss::Replaced] {
            lost_and_back(mode, loss);
        }
    }
}

fn lost_and_back(mode: &str, loss: Loss) {
    let what = format!("{mode}, {loss:?}");
    let folder = tempfile::tempdir().unwrap();
    let changes = [
        ("mode = \"cached\"", format!("mode = \"{mode}\"")),
        ("cache_seconds = 300", "cache_seconds = 1".into()),
    ];
    drop(Dev::configured(folder.path(), &changes.each_ref().map(|(from, to)| (*from, to.as_str()))));
    let log = folder.path().join("log");
    let dev = Dev::logging(folder.path(), std::fs::File::create(&log).unwrap());
    let mut wire = wire::connect(&dev, "one");
    let id = created(&mut wire);
    told(dev.keystead("admin", &["ready"]));
    let token = Token::of(folder.path());
    let files = token.files();
    token.lose(loss);

    let ready = dev.keystead("client", &["ready", "--json"]);
    assert!(!ready.status.success(), "{what}");
    let ready: serde_json::Value = serde_json::from_slice(&ready.stdout).unwrap();
    assert_eq!([&ready["keys"]["ok"], &ready["writes"]["ok"]], [false, true], "{what}: {ready}");
    names_key_and_remedy(ready["keys"]["reason"].as_str().unwrap(), &token, &what);
    // Opened keys are kept for their time and no longer.
    std::thread::sleep(Duration::from_millis(if mode == "cached" { 1100 } else { 0 }));
    for _ in 0..3 {
        refused_by_the_server(&get(&mut wire, &id), &what);
        refused_by_the_server(&ask(&mut wire, Request::Create(key())), &what);
    }
    let rotated = dev.keystead("admin", &["master", "rotate"]);
    assert!(!rotated.status.success(), "{what}");
    names_key_and_remedy(&String::from_utf8(rotated.stderr).unwrap(), &token, &what);
    let status = told(dev.keystead("admin", &["master", "--json", "status"]));
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        [&status["epoch"], &status["rotating_to"]],
        [&serde_json::json!(1), &serde_json::Value::Null],
        "{what}"
    );
    names_key_and_remedy(&std::fs::read_to_string(&log).unwrap(), &token, &what);

    token.put_back(&files);
    let back = Instant::now();
    while get(&mut wire, &id).result_status != ResultStatus::Success {
        assert!(back.elapsed() < HEALED_WITHIN, "{what}: it is not used again");
        std::thread::sleep(Duration::from_millis(10));
    }
    told(dev.keystead("client", &["ready"]));
    told(dev.keystead("admin", &["master", "rotate"]));
    assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success, "{what}");
    drop(dev);
    let dev = Dev::start_quietly(folder.path());
    assert_eq!(get(&mut wire::connect(&dev, "one"), &id).result_status, ResultStatus::Success, "{what}");
}

fn names_key_and_remedy(text: &str, token: &Token, what: &str) {
    for wanted in ["master key of epoch 1", token.label.as_str(), token.id.as_str(), "backup"] {
        assert!(text.contains(wanted), "{what}: {wanted:?} is not in {text}");
    }
}

/// What SoftHSM calls a general error is told by its cause, with what to do, and passes with it.
#[test]
fn the_folder_of_the_tokens_is_named_while_it_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("mode = \"cached\"", "mode = \"strict\"")]);
    let mut wire = wire::connect(&dev, "one");
    let id = created(&mut wire);
    let (tokens, away) = (folder.path().join("tokens"), folder.path().join("away"));
    std::fs::rename(&tokens, &away).unwrap();
    for _ in 0..3 {
        let ready = dev.keystead("client", &["ready", "--json"]);
        assert!(!ready.status.success());
        let ready: serde_json::Value = serde_json::from_slice(&ready.stdout).unwrap();
        let reason = ready["keys"]["reason"].as_str().unwrap();
        for words in [tokens.to_str().unwrap(), "is not there", "Put the folder back", "goes on by itself"] {
            assert!(reason.contains(words), "{words:?} is not in {reason}");
        }
        refused_by_the_server(&get(&mut wire, &id), "no tokens");
    }
    let _ = std::fs::remove_dir_all(&tokens);
    std::fs::rename(&away, &tokens).unwrap();
    let back = Instant::now();
    while get(&mut wire, &id).result_status != ResultStatus::Success {
        assert!(back.elapsed() < HEALED_WITHIN, "it is not used again");
        std::thread::sleep(Duration::from_millis(10));
    }
}
