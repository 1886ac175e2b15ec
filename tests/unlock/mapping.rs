//! Names under /dev/mapper: taken by the same volume, by another, or no names. Device-mapper is played by a
//! `cryptsetup status` that prints what the real one prints.

use super::*;
use crate::support::luks::changed_cryptsetup;

fn status(device: &str, file: &str, mode: &str) -> String {
    format!(
        "cat <<'END'\n/dev/mapper/data is active and is in use.\n  type:    LUKS2\n  cipher:  aes-xts-plain64\n  \
         keysize: 512 bits\n  key location: keyring\n  device:  {device}\n  loop:    {file}\n  sector size:  512\n  \
         offset:  32768 sectors\n  size:    4096 sectors\n  mode:    {mode}\nEND\nexit 0"
    )
}

fn opened(host: &Host, status: &str, more: &[&str]) -> Output {
    let bin = changed_cryptsetup(host.folder.path(), "status", status);
    host.unlock(&[&["unlock", host.luks.path(), "data"], more].concat(), Some(&bin))
}

/// A second run of a unit was a failure.
#[test]
fn a_volume_that_is_open_already_is_done() {
    let host = enrolled();
    // No server is needed to see it.
    host.keys.0.lock().unwrap().clear();
    let done = opened(&host, &status("/dev/loop77", host.luks.path(), "read/write"), &[]);
    assert!(done.status.success(), "{}", words(&done));
    assert!(words(&done).contains("is open already as data"), "{}", words(&done));
    let link = host.folder.path().join("link");
    std::os::unix::fs::symlink(&host.luks.file, &link).unwrap();
    let done = opened(&host, &status("/dev/loop77", link.to_str().unwrap(), "read/write"), &["--readonly"]);
    assert!(done.status.success(), "{}", words(&done));
    let done = opened(&host, &status("/dev/loop77", host.luks.path(), "readonly"), &["--readonly"]);
    assert!(done.status.success(), "{}", words(&done));
    let refused = opened(&host, &status("/dev/loop77", host.luks.path(), "readonly"), &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
}

/// A copy has the same LUKS UUID, and is another volume.
#[test]
fn a_name_that_another_volume_has_is_refused() {
    let host = enrolled();
    let copy = host.folder.path().join("copy.img");
    std::fs::copy(&host.luks.file, &copy).unwrap();
    for other in [copy.to_str().unwrap(), "/nowhere", "/dev/null"] {
        let refused = opened(&host, &status(other, other, "read/write"), &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
        assert!(words(&refused).contains("taken by another volume"), "{}", words(&refused));
    }
}

/// Another process opened it between our look and our opening.
#[test]
fn a_volume_that_is_opened_meanwhile_is_done() {
    let host = enrolled();
    let flag = host.folder.path().join("flag");
    let status = status("/dev/loop77", host.luks.path(), "read/write");
    let script = format!(
        "if [ \"$1\" = status ] && [ -e {0} ]; then {status}; fi\nif [ \"$1\" = status ]; then exit 4; fi\nif [ \"$1\" = open ]; \
         then touch {0}; echo 'Device data already exists.' >&2; exit 5; fi",
        flag.display()
    );
    let bin = wrapped_cryptsetup(host.folder.path(), &script, "");
    let done = host.unlock(&["unlock", host.luks.path(), "data"], Some(&bin));
    assert!(done.status.success(), "{}", words(&done));
}

#[test]
fn what_can_be_no_name_is_wrong_usage() {
    let host = enrolled();
    for name in ["", "..", "control", "/dev/mapper/data", "a\u{1b}[2J", &"x".repeat(200)] {
        let refused = host.unlock(&["unlock", host.luks.path(), "--", name], None);
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", words(&refused));
        assert!(!words(&refused).contains('\u{1b}'), "{}", words(&refused));
    }
}
