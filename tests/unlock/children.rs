//! cryptsetup, and where it runs: found, hanging, in a place that lacks much.

use super::*;
use crate::support::luks::changed_cryptsetup;
use std::path::Path;

fn is_gone(pid_file: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(pid_file) else { return false };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// Whatever step hangs, the wait ends in time, and nothing of cryptsetup is left.
#[test]
fn a_cryptsetup_that_hangs_is_stopped_in_time() {
    let host = enrolled();
    for step in ["luksDump", "luksUUID", "open"] {
        let pid = host.folder.path().join(format!("pid-{step}"));
        let hang = format!("sleep 600 & echo $! >{}; wait", pid.display());
        let bin = changed_cryptsetup(host.folder.path(), step, &hang);
        let began = Instant::now();
        let late = host.unlock(&["unlock", "--test-passphrase", host.luks.path(), "--wait", "4"], Some(&bin));
        assert_eq!(late.status.code(), Some(5), "{step}: {}", words(&late));
        assert!(words(&late).contains("was stopped"), "{}", words(&late));
        assert!(began.elapsed() < Duration::from_secs(8), "{step}: {:?}", began.elapsed());
        assert!(is_gone(&pid), "{step}: a child is left");
    }
}

/// A child that ignores what it is fed, and one that talks without end.
#[test]
fn a_cryptsetup_that_does_not_read_or_talks_too_much_does_no_harm() {
    let host = enrolled();
    for instead in ["exec sleep 600 <&-", "yes >&2"] {
        let bin = changed_cryptsetup(host.folder.path(), "open", instead);
        let late = host.unlock(&["unlock", "--test-passphrase", host.luks.path(), "--wait", "2"], Some(&bin));
        assert_eq!(late.status.code(), Some(5), "{}", words(&late));
    }
}

/// "No LUKS2 volume" was said of a volume when the program was not found.
#[test]
fn cryptsetup_is_found_where_the_path_does_not_name_it() {
    let host = enrolled();
    for path in ["/nonexistent", "", "relative"] {
        let mut command = host.command(&["unlock", "--test-passphrase", host.luks.path()], None);
        let opens = command.env("PATH", path).output().unwrap();
        assert!(opens.status.success(), "{path}: {}", words(&opens));
    }
    let mut command = host.command(&["unlock", "--test-passphrase", host.luks.path()], None);
    let opens = command.env_remove("PATH").output().unwrap();
    assert!(opens.status.success(), "{}", words(&opens));
}

/// How a shell runs `keystead-unlock` in a folder that has next to no /dev, and /proc where wanted.
fn bare_root(host: &Host, proc: bool) -> String {
    let root = host.folder.path().join("root");
    let (root_text, program) = (root.display().to_string(), env!("CARGO_BIN_EXE_keystead-unlock"));
    for folder in ["usr", "proc", "dev", "etc", "run", "tmp"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for link in ["lib", "lib64", "sbin", "bin"] {
        let _ = std::os::unix::fs::symlink(format!("usr/{link}"), root.join(link));
    }
    std::fs::copy(program, root.join("keystead-unlock")).unwrap();
    let files = ["client.pem", "client.key", "ca.pem", "volume.img", "passphrase"];
    for file in files {
        std::fs::copy(host.folder.path().join(file), root.join(file)).unwrap();
    }
    // cryptsetup wants random numbers, and nothing else of /dev.
    let dev = format!(
        "mount -t tmpfs dev {root_text}/dev && mknod {root_text}/dev/random c 1 8 && mknod {root_text}/dev/urandom c 1 9"
    );
    let proc = if proc { format!("mount -t proc proc {root_text}/proc &&") } else { String::new() };
    format!("{dev} && mount --bind /usr {root_text}/usr && {proc} chroot {root_text} /keystead-unlock")
}

/// An initramfs has no /dev/fd, and may have nothing in /dev at all.
#[test]
fn a_volume_is_enrolled_and_opened_without_dev_fd() {
    for proc in [true, false] {
        let host = Host::new();
        let enter = bare_root(&host, proc);
        let connection =
            format!("--server {} --cert /client.pem --key /client.key --ca /ca.pem", host.fake.address);
        let passphrase = host.folder.path().join("passphrase");
        let run = |what: &str| {
            let script = format!("{enter} {what} {connection} <{}", passphrase.display());
            Command::new("unshare")
                .args(["--mount", "--pid", "--fork", "sh", "-c", &script])
                .output()
                .unwrap()
        };
        // Two keys need a pipe beside standard input, which a process finds under /proc alone.
        let existing = if proc { "-" } else { "/passphrase" };
        let enrolled = run(&format!("enroll /volume.img --existing-key-file {existing}"));
        if words(&enrolled).contains("unshare: ") {
            return support::skip("this needs root, for a mount namespace");
        }
        assert!(enrolled.status.success(), "/proc: {proc}: {}", words(&enrolled));
        let opens = run("unlock --test-passphrase /volume.img");
        assert!(opens.status.success(), "/proc: {proc}: {}", words(&opens));
    }
}
