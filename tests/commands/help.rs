//! What `--help` promises: every command tells its exit codes, and keeps to what it tells of wrong usage.

use std::path::Path;
use std::process::Command;

const PROGRAMS: [&str; 2] = [env!("CARGO_BIN_EXE_keystead"), env!("CARGO_BIN_EXE_keystead-unlock")];

fn help(program: &str, command: &[String]) -> String {
    let output = Command::new(program).args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands below this one, as its help lists them.
fn below(help: &str) -> Vec<String> {
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names =
        lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every command with its help, the program itself first.
fn all(program: &str) -> Vec<(Vec<String>, String)> {
    let (mut told, mut left) = (Vec::new(), vec![Vec::new()]);
    while let Some(command) = left.pop() {
        let help = help(program, &command);
        left.extend(below(&help).into_iter().map(|name| [command.clone(), vec![name]].concat()));
        told.push((command, help));
    }
    told
}

/// The help of subcommands told no exit codes, and that of servers left one out.
#[test]
fn every_command_tells_its_exit_codes() {
    let mut count = 0;
    for program in PROGRAMS {
        for (command, help) in all(program) {
            let codes = help.split_once("Exit codes:").map(|(_, codes)| codes.replace('\n', " "));
            let codes = codes.unwrap_or_else(|| panic!("{program} {command:?}: no exit codes in its help"));
            assert!(
                codes.contains("0 ") && codes.contains("2 wrong usage"),
                "{program} {command:?}: {codes}"
            );
            assert!(help.contains("Example: keystead"), "{program} {command:?}: no example in its help");
            let connects = help.contains("--server <HOST:PORT>") && !command.contains(&"password".to_owned());
            assert_eq!(
                connects,
                codes.contains("3 no server could be reached"),
                "{program} {command:?}: {codes}"
            );
            assert_eq!(connects, codes.contains("no KMIP is spoken"), "{program} {command:?}: {codes}");
            let wrong = Command::new(program).args(&command).arg("--no-such-option").output().unwrap();
            assert_eq!(wrong.status.code(), Some(2), "{program} {command:?}");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

/// A help or a version that nobody can read is no success, one whose reader has seen enough is, and who has closed standard output
/// wants none of it.
#[test]
fn a_help_that_cannot_be_written_is_told() {
    for program in PROGRAMS {
        let name = Path::new(program).file_name().unwrap().to_str().unwrap();
        let helps = all(program).into_iter().map(|(command, _)| format!("{} --help", command.join(" ")));
        for arguments in helps.chain(["--version".to_owned()]) {
            for (to, wanted) in [(">/dev/full", 1), (">&-", 0), (">&- 2>&-", 0), ("| head -c 0", 0)] {
                let line = format!("set -o pipefail; {program} {arguments} {to}");
                let run = Command::new("bash").args(["-c", &line]).output().unwrap();
                let told = String::from_utf8_lossy(&run.stderr).into_owned();
                assert_eq!(run.status.code(), Some(wanted), "{line}: {told}");
                let expected = format!("{name}: standard output cannot be written");
                assert_eq!(told.starts_with(&expected), wanted == 1, "{line}: {told}");
            }
        }
    }
}

#[test]
fn every_client_command_tells_where_its_settings_come_from() {
    for program in PROGRAMS {
        for (command, help) in all(program).iter().filter(|(_, help)| help.contains("--server <HOST:PORT>")) {
            let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
            for word in ["env: KEYSTEAD_SERVER", "env: KEYSTEAD_CERT", "its option; this file; its variable"]
            {
                assert!(words.contains(word), "{program} {command:?}: {word}");
            }
        }
    }
}

/// Values that are wrong for whatever is no text or path, and odd for those.
fn odd_values() -> Vec<String> {
    let few = ["", "abc", "-1", "1.5", "0x10", "99999999999999999999999", " 7", "\u{1b}[2J\u{202e}", "٣"];
    few.into_iter().map(str::to_owned).chain(["x".repeat(5000)]).collect()
}

/// Words of libraries, which say nothing to who types a command.
const LIBRARY_WORDS: [&str; 9] = [
    "invalid digit",
    "found in string",
    "cannot parse",
    "docs.rs",
    "invalid type",
    "socket address syntax",
    "is not in 1..",
    "too large to fit",
    "out of range integral",
];

/// Options with a value, as the help shows them: the option, and the name of its value.
fn options(help: &str) -> Vec<(String, String)> {
    let each = help.lines().filter_map(|line| {
        let (option, value) = line.trim_start().split_once(" <")?;
        let option = option.rsplit(' ').next()?.to_owned();
        option.starts_with("--").then(|| (option, value.split('>').next().unwrap().to_owned()))
    });
    each.collect()
}

/// What the usage shows in the place of an argument: `<ID|NAME>`, `[ID]`.
fn arguments(help: &str) -> usize {
    let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
    usage
        .split_whitespace()
        .filter(|word| word.starts_with(['<', '[']) && !word.contains("OPTIONS") && !word.contains("COMMAND"))
        .count()
}

/// Runs it where no server is given, or one that is not there.
fn run(program: &str, arguments: &[String], folder: &Path, server: bool) -> std::process::Output {
    let mut command = Command::new(program);
    for name in ["SERVER", "CA", "CERT", "KEY", "CONFIG"] {
        command.env_remove(format!("KEYSTEAD_{name}"));
    }
    if server {
        command.env("KEYSTEAD_CONFIG", folder.join("client.toml"));
    }
    command.args(arguments).current_dir(folder).stdin(std::process::Stdio::null()).output().unwrap()
}

/// Every command with every option and argument in a wrong form: it ends with 2, or with a code that its help tells where the
/// value may be right; in words of ours, in lines that have an end, and steering nothing.
#[test]
fn wrong_values_are_wrong_usage_in_words_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let pki = crate::support::pki::Pki::new(folder.path());
    let file = |name: &str| pki.path(name).display().to_string();
    let (cert, key, ca) = (file("client.pem"), file("client.key"), file("ca.pem"));
    let config = format!("servers = [\"127.0.0.1:1\"]\ncert = {cert:?}\nkey = {key:?}\nca = {ca:?}\n");
    std::fs::write(folder.path().join("client.toml"), config).unwrap();
    let mut count = 0;
    for program in PROGRAMS {
        for (command, help) in all(program).into_iter().filter(|(_, help)| below(help).is_empty()) {
            let codes = help.split_once("Exit codes:").unwrap().1.replace('\n', " ");
            let told = |code: i32| codes.contains(&format!(" {code} "));
            let serves = matches!(command.first().map(String::as_str), Some("dev" | "serve"));
            for odd in odd_values() {
                let mut lines: Vec<(String, Vec<String>)> = Vec::new();
                for (option, value) in options(&help) {
                    // A server would start in a folder of this name.
                    if !(serves && ["DIR", "FILE"].contains(&value.as_str())) {
                        lines.push((value, vec![format!("{option}={odd}")]));
                    }
                }
                for place in 0..arguments(&help) {
                    let line = (0..=place).map(|at| if at == place { odd.clone() } else { "x".to_owned() });
                    lines.push(("argument".to_owned(), [vec!["--".to_owned()], line.collect()].concat()));
                }
                for (value, more) in lines {
                    let waits = help.contains("--wait <") && !more.concat().contains("--wait");
                    let at_once: &[String] = if waits { &["--wait=0".to_owned()] } else { &[] };
                    let line = [&command[..], at_once, &more].concat();
                    let output = run(program, &line, folder.path(), true);
                    let code = output.status.code().unwrap();
                    let said = [output.stdout, output.stderr].concat();
                    let said = String::from_utf8_lossy(&said);
                    let what = format!(
                        "{command:?} {value} {:?}: {code}: {said}",
                        odd.chars().take(9).collect::<String>()
                    );
                    assert!(told(code) && code != 0 || value == "FILE" && code == 0, "{what}");
                    if is_never_right(&value) {
                        assert_eq!(code, 2, "{what}");
                    }
                    assert!(!LIBRARY_WORDS.iter().any(|word| said.contains(word)), "{what}");
                    assert!(said.len() < 4000 && said.lines().all(|line| line.len() < 2500), "{what}");
                    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{what}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 500, "only {count} wrong values were tried");
}

/// Whether none of the odd values is one.
fn is_never_right(value: &str) -> bool {
    [
        "SECONDS",
        "COUNT",
        "DAYS",
        "LENGTH",
        "ADDR",
        "LEVEL",
        "CURVE",
        "STATE",
        "REASON",
        "OCCURRED",
        "TIME",
        "ALGORITHM",
    ]
    .contains(&value)
}
