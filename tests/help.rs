//! What `--help` promises: every command tells its exit codes, and keeps to what it tells of wrong usage.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

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
            let wrong = Command::new(program).args(&command).arg("--no-such-option").output().unwrap();
            assert_eq!(wrong.status.code(), Some(2), "{program} {command:?}");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
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
