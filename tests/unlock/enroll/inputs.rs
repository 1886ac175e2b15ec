//! Wrong inputs of an enrolment: each is noticed before anything is changed, on the server and in the header.

use super::*;
use crate::support::luks::Luks;
use crate::support::tmpfs::Tmpfs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A wrong input: what is made of the host, the arguments behind `enroll`, and what must come of it.
struct Wrong {
    name: &'static str,
    make: fn(&mut Host) -> Vec<String>,
    input: &'static str,
    code: i32,
    words: &'static str,
}

const HERE: i32 = 1;
const USAGE: i32 = 2;
const CRYPTSETUP: i32 = 5;

const fn wrong(
    name: &'static str,
    make: fn(&mut Host) -> Vec<String>,
    code: i32,
    words: &'static str,
) -> Wrong {
    Wrong { name, make, input: "", code, words }
}

/// `enroll VOLUME --existing-key-file FILE`.
fn with_key_file(host: &Host, file: impl AsRef<Path>) -> Vec<String> {
    args(&[host.luks.path(), "--existing-key-file", file.as_ref().to_str().unwrap()])
}

fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A file of the host's folder.
fn file(host: &Host, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let file = host.folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    file
}

fn of_device(host: &Host, device: &str) -> Vec<String> {
    args(&[device, "--existing-key-file", host.luks.key_file.to_str().unwrap()])
}

const WRONG: &[Wrong] = &[
    wrong("no key file", |host| with_key_file(host, "/nowhere"), HERE, "No such file"),
    wrong("a folder", |host| with_key_file(host, host.folder.path()), HERE, "directory"),
    wrong("an empty key file", |host| with_key_file(host, file(host, "k", "")), HERE, "is empty"),
    wrong("no bytes", |host| with_key_file(host, "/dev/null"), HERE, "is empty"),
    wrong("endless", |host| with_key_file(host, "/dev/zero"), HERE, "8388608"),
    wrong("unreadable", |host| with_key_file(host, "/proc/self/mem"), HERE, "/proc/self/mem"),
    wrong(
        "a wrong key file",
        |host| with_key_file(host, file(host, "k", "x")),
        CRYPTSETUP,
        "opens no keyslot",
    ),
    wrong(
        "a line end too much",
        |host| with_key_file(host, file(host, "k", format!("{PASSPHRASE}\n"))),
        CRYPTSETUP,
        "line end",
    ),
    wrong("too long", |host| with_key_file(host, file(host, "k", vec![7; (8 << 20) + 1])), HERE, "8388608"),
    wrong("nothing typed", |host| args(&[host.luks.path()]), USAGE, "--existing-key-file"),
    Wrong {
        input: "wrong\n",
        ..wrong("a wrong line", |host| args(&[host.luks.path()]), CRYPTSETUP, "opens no keyslot")
    },
    wrong("an empty pipe", |host| with_key_file(host, "-"), HERE, "is empty"),
    Wrong {
        input: "wrong",
        ..wrong("a wrong pipe", |host| with_key_file(host, "-"), CRYPTSETUP, "opens no keyslot")
    },
    wrong(
        "all keyslots taken",
        |host| {
            let (tokens, uuid) = (host.luks.tokens(), host.luks.uuid());
            host.luks = Luks::with(host.folder.path(), 18, &["--type", "luks2", "--uuid", &uuid]);
            tokens.iter().for_each(|token| host.luks.write_token(token, None));
            (1..32).for_each(|number| host.luks.add_keyslot(&format!("passphrase {number}")));
            with_key_file(host, &host.luks.key_file)
        },
        HERE,
        "32 keyslots",
    ),
    wrong(
        "no room for metadata",
        |host| {
            for size in [4000, 4000, 2600] {
                let token = serde_json::json!({ "type": "other", "keyslots": [], "blob": "x".repeat(size) });
                host.luks.write_token(&token, None);
            }
            with_key_file(host, &host.luks.key_file)
        },
        HERE,
        "metadata area",
    ),
    wrong("/dev/null", |host| of_device(host, "/dev/null"), HERE, "a character device"),
    wrong("/dev/zero", |host| of_device(host, "/dev/zero"), HERE, "a character device"),
    wrong(
        "a folder for a volume",
        |host| of_device(host, host.folder.path().to_str().unwrap()),
        HERE,
        "a directory",
    ),
    wrong("no volume", |host| of_device(host, "/nowhere"), HERE, "No such file"),
    wrong(
        "a pipe for a volume",
        |host| {
            let pipe = host.folder.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            of_device(host, pipe.to_str().unwrap())
        },
        HERE,
        "a pipe",
    ),
    wrong(
        "an empty file",
        |host| of_device(host, file(host, "empty", "").to_str().unwrap()),
        HERE,
        "no LUKS2 header",
    ),
    wrong(
        "LUKS1",
        |host| {
            let folder = host.folder.path().join("luks1");
            std::fs::create_dir(&folder).unwrap();
            of_device(host, Luks::with(&folder, 18, &["--type", "luks1"]).path())
        },
        HERE,
        "LUKS1",
    ),
    wrong(
        "damaged in both headers",
        |host| {
            for at in [5000, 21_400] {
                overwrite(&host.luks.file, at, b"\xff\xff");
            }
            with_key_file(host, &host.luks.key_file)
        },
        HERE,
        "no LUKS2 header",
    ),
    wrong(
        "no detached header",
        |host| [of_device(host, host.luks.path()), args(&["--header", "/nowhere"])].concat(),
        HERE,
        "No such file",
    ),
    wrong(
        "a folder for a detached header",
        |host| [of_device(host, host.luks.path()), args(&["--header", "/"])].concat(),
        HERE,
        "a directory",
    ),
    wrong(
        "a re-encryption that is not finished",
        |host| {
            begin_reencryption(&host.luks);
            with_key_file(host, &host.luks.key_file)
        },
        HERE,
        "reencrypt --resume-only",
    ),
];

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    std::fs::File::options().write(true).open(file).unwrap().write_all_at(bytes, at).unwrap();
}

/// A header that says that a re-encryption has begun, of which nothing is done yet.
fn begin_reencryption(luks: &Luks) {
    let key = luks.key_file.to_str().unwrap();
    luks.cryptsetup(&["reencrypt", "-q", "--init-only", "--disable-external-tokens", "--key-file", key]);
}

/// What an interrupted enrolment leaves before it has made a key.
fn begun(host: &Host) {
    let token = serde_json::json!({ "type": "keystead", "keyslots": [], "v": 1, "uid": "", "servers": [],
        "volume": host.luks.uuid(), "state": "adding", "enrolment": "e" });
    host.luks.write_token(&token, None);
}

/// Runs it, and compares the server's keys and the volume's bytes before and after.
fn refused(host: &Host, wrong: &Wrong, args: &[String]) {
    let (keys, bytes) = (host.keys.states(), std::fs::read(&host.luks.file).unwrap());
    let server = host.fake.address.to_string();
    let args: Vec<&str> =
        ["enroll", "--server", &server].into_iter().chain(args.iter().map(String::as_str)).collect();
    let mut command = host.command(&args, None);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // It may have ended before it reads.
    let _ = child.stdin.take().unwrap().write_all(wrong.input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let (name, told) = (wrong.name, words(&output));
    assert_eq!(output.status.code(), Some(wrong.code), "{name}: {told}");
    assert!(told.contains(wrong.words), "{name}: {told}");
    assert_eq!(host.keys.states(), keys, "{name}: a key was made");
    assert!(std::fs::read(&host.luks.file).unwrap() == bytes, "{name}: the header was written");
}

/// A key stayed on the server, a token in the header; what was missing was told with cryptsetup's exit code.
#[test]
fn a_wrong_input_changes_nothing() {
    for wrong in WRONG {
        let mut host = Host::new();
        let args = (wrong.make)(&mut host);
        refused(&host, wrong, &args);
    }
}

#[test]
fn a_wrong_input_changes_nothing_where_an_enrolment_was_interrupted() {
    for wrong in WRONG {
        let mut host = Host::new();
        begun(&host);
        let args = (wrong.make)(&mut host);
        refused(&host, wrong, &args);
    }
}

/// With all of it right, an enrolment goes through: the key file by its name, as a pipe, on standard input.
#[test]
fn what_is_right_is_taken_in_each_form() {
    for with_begun in [false, true] {
        for form in ["$KEY", "<(cat $KEY)", "- <$KEY", "- < <(cat $KEY)"] {
            let host = Host::new();
            if with_begun {
                begun(&host);
            }
            let server = host.fake.address.to_string();
            let enroll = host.command(&["--server", &server, "enroll", host.luks.path()], None);
            let mut bash = Command::new("bash");
            bash.args(["-c", &format!("\"$0\" \"$@\" --existing-key-file {form}")]);
            bash.arg(enroll.get_program()).args(enroll.get_args()).env("KEY", &host.luks.key_file);
            let done = bash.output().unwrap();
            assert!(done.status.success(), "{form}: {}", words(&done));
            host.finish(form);
        }
    }
}

/// What an enrolled volume does not need any more may be gone.
#[test]
fn an_enrolled_volume_needs_no_key_file() {
    let host = Host::enrolled();
    let again = host.unlock(&["enroll", host.luks.path(), "--existing-key-file", "/nowhere"], None);
    assert!(again.status.success() && words(&again).contains("already enrolled"), "{}", words(&again));
}

/// An image with holes, on a file system that is full: the keyslot could not be written after the key was made.
#[test]
fn a_full_file_system_is_noticed_before_a_key_is_made() {
    let mut host = Host::with_volume(|keys, request| keys.answer(request), Luks::roomy);
    let Some(full) = Tmpfs::mount(&host.folder.path().join("small"), 20) else { return };
    let moved = full.folder.join("volume.img");
    std::fs::copy(&host.luks.file, &moved).unwrap();
    host.luks.file = moved;
    let hole = ["--punch-hole", "--offset", "524288", "--length", "16252928"];
    assert!(Command::new("fallocate").args(hole).arg(&host.luks.file).status().unwrap().success());
    let others = full.fill();
    let args = with_key_file(&host, &host.luks.key_file);
    refused(&host, &wrong("full", |_| Vec::new(), HERE, "file system"), &args);
    std::fs::remove_file(others).unwrap();
    host.finish("with room");
}
