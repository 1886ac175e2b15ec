//! The tour of the README, as somebody would paste it, and its list of what is not there yet.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// A section, from its heading to the next one.
fn section(heading: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The blocks of the tour as one script, in a folder of their own and with the programs of this build.
fn tour(folder: &Path) -> String {
    let blocks: Vec<_> = section("A tour of ten minutes").split("\n```\n").skip(1).step_by(2).collect();
    assert_eq!(blocks.len(), 5);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let programs = Path::new(env!("CARGO_BIN_EXE_keystead")).parent().unwrap();
    let changes = [
        ("/tmp", folder.display().to_string()),
        ("cargo build --release\n", String::new()),
        ("$PWD/target/release", programs.display().to_string()),
        ("keystead dev --dir", format!("keystead dev --listen {free} --dir")),
        ("127.0.0.1:5696 KEYSTEAD_CA", format!("{free} KEYSTEAD_CA")),
    ];
    let script = changes.iter().fold(blocks.join("\n"), |script, (from, to)| {
        assert!(script.contains(from), "{from:?} is not in the tour");
        script.replace(from, to)
    });
    // A shell that nobody types into goes on after an error, and leaves its server behind.
    format!("set -e\ntrap 'kill %1 2>/dev/null || true; wait' EXIT\n{script}")
}

/// The server was asked whether it is ready before it had made its CA.
#[test]
fn the_tour_runs_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("bash").args(["-c", &tour(folder.path())]).output().unwrap();
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{said}");
    for told in ["ready: Keystead", "opens keyslot 1", "rotated the master key from epoch 1", "host-7"] {
        assert!(out.contains(told) || said.contains(told), "{told}:\n{out}\n{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the tour cleans up");
}

#[test]
fn what_is_not_there_yet_is_not_there() {
    let commands: Vec<_> = section("What is not there yet").split('`').skip(1).step_by(2).collect();
    assert_eq!(commands.len(), 9);
    for command in commands {
        let (program, name) = command.split_once(' ').unwrap();
        let program = match program {
            "keystead" => env!("CARGO_BIN_EXE_keystead"),
            _ => env!("CARGO_BIN_EXE_keystead-unlock"),
        };
        let output = Command::new(program).args([name, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "`{command}` is there now: take it off the list");
    }
}
