//! Every key of the configuration × wrong values: each is refused with the file, line and column, the key, what was found
//! and what is expected. The keys are those that the reader itself names when it meets one that it does not know.

mod keys;

use keys::*;
use keystead::config::Config;
use keystead::engine::rights::persona::SWITCHES;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Value;

struct Lab(tempfile::TempDir);

impl Lab {
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        fs::write(lab.path("there"), "").unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, lab.path("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with every key, where one has another value, or its name is another, or it is not there.
    fn text(&self, section: &str, key: &str, change: Option<(&str, &str)>) -> String {
        let mut text = String::new();
        for (name, keys) in SECTIONS {
            match name.strip_suffix("[]") {
                _ if name.is_empty() => {}
                Some(rows) => text += &format!("\n[[{rows}]]\n"),
                None => text += &format!("\n[{}]\n", name.replace("[]", "")),
            }
            let instead = INSTEAD.iter().find(|row| (row.0, row.1) == (*name, key) && *name == section);
            let left_out = instead.map(|row| row.3);
            let all = keys.iter().copied().filter(|(key, _)| Some(*key) != left_out);
            for (own, value) in all.chain(instead.map(|row| (row.1, row.2))) {
                match change {
                    _ if (*name, own) != (section, key) => text += &format!("{own} = {value}\n"),
                    Some((key, value)) => {
                        text += &format!(
                            "{key} = {}\n",
                            if value.is_empty() { own_value(keys, instead, own) } else { value }
                        );
                    }
                    None => {}
                }
            }
            let is_new = !keys.iter().any(|(own, _)| *own == key) && instead.is_none();
            if let Some((key, value)) = change.filter(|_| *name == section && is_new) {
                text += &format!("{key} = {value}\n");
            }
        }
        text.replace("FILE", "\"there\"").replace("ABSENT", "\"store\"")
    }

    fn read(&self, text: &str) -> Result<Config, String> {
        fs::write(self.path("keystead.toml"), text).unwrap();
        Config::read(&self.path("keystead.toml")).map_err(|error| error.to_string())
    }

    /// What a file with this change is refused for, with its place, which is that of the key in the text.
    fn refused(&self, section: &str, key: &str, change: Option<(&str, &str)>) -> String {
        let text = self.text(section, key, change);
        let Err(error) = self.read(&text) else { panic!("{section}.{key}: {change:?} was taken") };
        let file = self.path("keystead.toml");
        assert!(error.contains(file.to_str().unwrap()), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let place = error.split("line ").nth(1).and_then(|rest| rest.split(':').next());
        let place = place.unwrap_or_else(|| panic!("no line in {error}"));
        let (line, column) = place.split_once(", column ").unwrap();
        let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
        let shown = text.lines().nth(line - 1).unwrap_or_else(|| panic!("{error}"));
        assert!(column <= shown.len() + 1, "{error}");
        if let Some((key, _)) = change {
            assert!(shown.starts_with(key), "{section}.{key}: {error}\nis at {shown:?}");
        }
        error
    }
}

fn own_value<'a>(
    keys: &'a [(&str, &str)],
    instead: Option<&'a (&str, &str, &str, &str)>,
    key: &str,
) -> &'a str {
    keys.iter().find(|row| row.0 == key).map(|row| row.1).or(instead.map(|row| row.2)).unwrap()
}

/// A key as messages name it.
fn full(section: &str, key: &str) -> String {
    let dot = if section.is_empty() { "" } else { "." };
    format!("{}{dot}{key}", section.replace("[]", "[0]"))
}

fn every_key() -> Vec<(&'static str, &'static str, &'static str)> {
    let own = SECTIONS
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |(key, value)| (*section, *key, *value)));
    own.chain(INSTEAD.iter().map(|(section, key, value, _)| (*section, *key, *value))).collect()
}

/// Of other types, empty, negative, huge, misspelt.
fn wrong_values(key: &str, right: &str) -> Vec<String> {
    let path = right.contains("FILE") || right.contains("ABSENT");
    let value = toml::from_str::<toml::Table>(&format!(
        "v = {}",
        right.replace("FILE", "\"there\"").replace("ABSENT", "\"a\"")
    ));
    let own: &[&str] = match value.unwrap().get("v").unwrap() {
        Value::String(_) => &["5", "-1", "true", "[]", "1.5", "{}", "\"\"", "\"  \""],
        Value::Integer(_) => {
            &["\"5\"", "-1", "true", "[]", "1.5", "{}", "9223372036854775807", "99999999999999999999"]
        }
        Value::Boolean(_) => &["\"true\"", "1", "[]", "{}", "\"\""],
        Value::Array(_) => &["\"a\"", "5", "true", "{}", "[5]", "[\"\"]", "[[]]"],
        other => panic!("{key}: {other:?}"),
    };
    let mut all: Vec<String> = own.iter().map(|value| (*value).to_owned()).collect();
    if right.starts_with('"') && !FREE.contains(&key) {
        all.push(right.trim_end_matches('"').to_owned() + "x\"");
    }
    if path && key != "store.path" {
        all.push(
            if right.starts_with('[') { "[\"nowhere/at.all\"]" } else { "\"nowhere/at.all\"" }.to_owned(),
        );
        all.push(if right.starts_with('[') { "[\".\"]" } else { "\".\"" }.to_owned());
        // Who reads such a file may wait for ever.
        for special in ["pipe", "/dev/null"] {
            all.push(if right.starts_with('[') { format!("[{special:?}]") } else { format!("{special:?}") });
        }
    }
    if right.starts_with('[') && !MAY_BE_EMPTY.contains(&key) {
        all.push("[]".to_owned());
    }
    all
}

#[test]
fn every_key_with_a_right_value_is_taken() {
    let lab = Lab::new();
    for (section, key, _) in every_key() {
        let text = lab.text(section, key, Some((key, "")));
        lab.read(&text).unwrap_or_else(|error| panic!("{section}.{key}: {error}"));
    }
}

#[test]
fn every_key_with_a_wrong_value_is_refused_with_its_place() {
    let lab = Lab::new();
    let mut count = 0;
    for (section, key, right) in every_key() {
        let name = full(section, key);
        for wrong in wrong_values(&name, right) {
            // A slot may have any number, and a port of 0 is tried by itself.
            if name == "hsm.slot" && wrong == "9223372036854775807" {
                continue;
            }
            let error = lab.refused(section, key, Some((key, &wrong)));
            // TOML itself has no number so large.
            let found = wrong.trim_matches(|c| "[]\"{}".contains(c));
            let is_toml = wrong.starts_with("999");
            assert!(error.contains(&name) || is_toml, "{name} = {wrong}: {error}");
            let (shows, is_password) = (error.contains(found), name.ends_with("password"));
            let right = if is_password { found.len() < 6 || !shows } else { shows };
            assert!(right || is_toml, "{name} = {wrong}: {error}");
            count += 1;
        }
    }
    println!("{count} wrong values of {} keys", every_key().len());
    assert!(count > 900, "{count}");
}

#[test]
fn keys_that_are_misspelt_or_missing_are_named() {
    let lab = Lab::new();
    for (section, key, right) in every_key() {
        if section.ends_with("registers") {
            continue;
        }
        let misspelt = format!("{key}x");
        let error = lab.refused(section, key, Some((&misspelt, "")));
        let near = if key.len() > 2 { format!("did you mean {key:?}?") } else { String::new() };
        let missing = format!("{}: it is missing", full(section, key));
        assert!(
            error.contains("unknown field") && error.contains(&near) || error.contains(&missing),
            "{error}"
        );
        // One that may be left out has a default, or the other way to say it is asked for.
        if let Err(error) = lab.read(&lab.text(section, key, None)) {
            assert!(
                error.contains("missing") || error.contains("one way"),
                "{section}.{key} {right}: {error}"
            );
        }
    }
}

/// The reader names every key of a table when it meets one that it does not know: each has its samples above.
#[test]
fn no_key_is_forgotten() {
    let lab = Lab::new();
    for (section, keys) in SECTIONS.iter().filter(|(section, _)| !section.ends_with("registers")) {
        let error = lab.refused(section, "q", Some(("qqqqqqqqqq", "1")));
        let known: BTreeSet<&str> = error.split("there are ").nth(1).unwrap().split(", ").collect();
        let own = keys.iter().map(|row| row.0);
        let instead = INSTEAD.iter().filter(|row| row.0 == *section).map(|row| row.1);
        let sections =
            SECTIONS.iter().filter(|_| section.is_empty()).map(|row| row.0.split(['.', '[']).next().unwrap());
        let switches = SWITCHES.iter().filter(|_| section.ends_with("switches")).map(|row| row.name);
        let tried: BTreeSet<&str> =
            own.chain(instead).chain(sections).chain(switches).chain(TABLES.iter().copied()).collect();
        let forgotten: Vec<_> = known.difference(&tried).collect();
        assert!(forgotten.is_empty(), "[{section}]: {forgotten:?} has no sample here");
    }
}

#[test]
fn every_switch_of_a_persona_with_a_wrong_value_is_refused() {
    let lab = Lab::new();
    for switch in SWITCHES {
        for wrong in ["\"nonsense\"", "-1", "[]", "99999999999"] {
            let error = lab.refused("personas[].switches", "q", Some((switch.name, wrong)));
            assert!(error.contains(&format!("personas[0].switches.{}", switch.name)), "{error}");
        }
    }
}

/// Rows that are added to a right file, the key that is named, and why.
const TWICE: &[(&str, &str, &str)] = &[
    ("[[groups]]\nname = \"storage\"\n", "groups[1].name = \"storage\"", "groups[0] has the same"),
    (
        "[[clients]]\nname = \"host-b\"\npersona = \"standard\"\n",
        "clients[1].name",
        "clients[0] has the same",
    ),
    ("[[personas]]\nname = \"lab\"\n", "personas[1].name", "personas[0] has the same"),
    ("[[personas]]\nname = \"vmware\"\n", "personas[1].name", "built-in persona has this name"),
    (
        "[[object_groups]]\nname = \"fresh\"\nalgorithm = \"AES\"\nlength = 128\nusage = [\"Encrypt\"]\n",
        "object_groups[1].name",
        "same",
    ),
    ("[[endpoints]]\nclient = \"host-a\"\n", "endpoints[1].client", "endpoints[0] has the same"),
    (
        "[[credentials]]\nname = \"fred\"\ndevice = \"d\"\npassword = \"HASH\"\n",
        "credentials[1].name",
        "same",
    ),
    (
        "[[credentials]]\nname = \"ann\"\nusername = \"Fred\"\npassword = \"HASH\"\n",
        "credentials[1].username",
        "same",
    ),
    (
        "[[extensions]]\nname = \"b\"\ntag = 5505025\ntype = \"Integer\"\n",
        "extensions[1].tag = 5505025",
        "same",
    ),
    (
        "[[groups]]\nname = \"b\"\nmembers = [\"host-a\"]\ndefault = true\n",
        "groups[1].default = true",
        "\"host-a\" is in the group \"storage\"",
    ),
    (
        "[[groups]]\nname = \"b\"\nmembers = [\"host-a\"]\npersona = \"vmware\"\n",
        "groups[1].persona",
        "cannot have two",
    ),
    (
        "[[groups]]\nname = \"b\"\npersona = \"vmwre\"\n",
        "groups[1].persona = \"vmwre\"",
        "did you mean \"vmware\"?",
    ),
];

/// Words that are put for others in a right file, and the key that is named.
const CONTRADICTIONS: &[(&str, &str, &str)] = &[
    ("minimum = \"1.2\"", "minimum = \"1.3\"", "tls.minimum = \"1.3\""),
    ("[\"127.0.0.1:5697\"]", "[\"127.0.0.1:5696\"]", "https.listen[0] = \"127.0.0.1:5696\""),
    ("second_key = \"there\"\n", "", "tls.second_certificate"),
    ("second_certificate = \"there\"\n", "", "tls.second_key"),
    ("token = \"keystead\"", "token = \"keystead\"\nslot = 1", "hsm.slot = 1"),
    ("pin_file = \"there\"", "pin_file = \"there\"\npin_descriptor = 3", "hsm.pin_file"),
    ("workers = 2", "workers = 2\ndanger_software_keys = \"keys\"", "hsm.token = \"keystead\""),
    ("username = \"Fred\"", "username = \"Fred\"\ndevice = \"d\"", "credentials[0]"),
    ("port = 443", "port = 0", "https.public[0].port = 0"),
    (
        "bytes_in_flight = 268435456",
        "bytes_in_flight = 524288",
        "limits.bytes_in_flight_per_client = 67108864",
    ),
    (
        "message_bytes = 20000\nanswer_bytes = 20000\nchange_bytes = 20000\nbytes_in_flight = 268435456\nbytes_in_flight_per_client = 67108864",
        "message_bytes = 4194304\nbytes_in_flight_per_client = 1048576",
        "limits.bytes_in_flight_per_client = 1048576",
    ),
];

#[test]
fn what_stands_twice_or_contradicts_itself_is_refused() {
    let lab = Lab::new();
    let base = lab.text("", "q", None);
    assert!(lab.read(&base).is_ok());
    for (more, key, words) in TWICE {
        let error = lab.read(&format!("{base}\n{more}").replace("HASH", HASH)).unwrap_err();
        assert!(error.contains(key) && error.contains(words), "{more}: {error}");
        let line = error.split("line ").nth(1).unwrap().split(',').next().unwrap();
        assert!(line.parse::<usize>().unwrap() > base.lines().count(), "{error}");
    }
    for (from, to, key) in CONTRADICTIONS {
        let error = lab.read(&base.replace(from, to)).unwrap_err();
        assert!(error.contains(key), "{to}: {error}");
    }
}

/// As `openssl` prints them; what is misspelt would match no certificate for ever.
#[test]
fn fingerprints_are_brought_into_one_form_or_refused() {
    let lab = Lab::new();
    let hex = FINGERPRINT.strip_prefix("sha256:").unwrap().to_uppercase();
    let pairs: Vec<&str> = (0..32).map(|at| &hex[2 * at..2 * at + 2]).collect();
    let printed = format!("SHA256 Fingerprint={}", pairs.join(":"));
    for (section, key, is_list) in
        [("admin", "names", true), ("groups[]", "members", true), ("clients[]", "name", false)]
    {
        let quoted = |text: &str| if is_list { format!("[{text:?}]") } else { format!("{text:?}") };
        let config = lab.read(&lab.text(section, key, Some((key, &quoted(&printed))))).unwrap();
        let found = match section {
            "admin" => &config.admin.names[0],
            "groups[]" => &config.groups[0].members[0],
            _ => &config.clients[0].name,
        };
        assert_eq!(found, FINGERPRINT);
        for wrong in [
            &printed[..printed.len() - 1],
            &printed.replace("SHA256", "SHA1"),
            &hex,
            "sha256:9ebaa01b…",
            "CN=a",
            " a",
        ] {
            let error = lab.refused(section, key, Some((key, &quoted(wrong))));
            assert!(
                error.contains(&full(section, key)) && (error.contains("match") || error.contains("sha256:")),
                "{error}"
            );
        }
    }
    let error = lab.refused("endpoints[]", "client", Some(("client", &format!("{FINGERPRINT:?}"))));
    assert!(error.contains("name in the certificate"), "{error}");
    let text = lab.text("attestation[]", "client", Some(("client", &format!("{printed:?}"))));
    assert_eq!(lab.read(&text).unwrap().attestation[0].client, FINGERPRINT);
    let text = lab.text("credentials[]", "clients", Some(("clients", &format!("[{printed:?}]"))));
    assert_eq!(lab.read(&text).unwrap().credentials[0].clients[0], FINGERPRINT);
}

#[test]
fn what_is_no_toml_is_told_in_one_line() {
    let lab = Lab::new();
    for (text, place) in [
        ("listen = [\n", "line 1, column 11"),
        ("a = \n", "line 1, column 5"),
        ("[tls]\ncertificate = \"a\nkey = 1\n", "line 2, column"),
        ("[tls]\n[tls]\n", "line 2, column 2"),
        ("x\n", "line 1, column 2"),
        ("", "line 1, column 1"),
    ] {
        let error = lab.read(text).unwrap_err();
        assert!(error.contains(place) && error.lines().count() == 1, "{text:?}: {error}");
    }
    assert!(Path::new(&lab.path("keystead.toml")).exists());
}
