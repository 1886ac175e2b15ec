//! Memory that cannot be locked: the start says so, once, with what to set; and the server serves.

use super::*;

/// What a server with so many KiB of locked memory has told.
fn told_with(limit: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // Root may lock what it likes, unless that is taken from it.
    let limits = format!(
        "ulimit -l {limit} && if [ $(id -u) = 0 ]; then exec setpriv --bounding-set=-ipc_lock \"$0\" \"$@\"; fi"
    );
    let dev = Dev::limited(&folder.path().join("server"), &limits, std::fs::File::create(&log).unwrap());
    let mut wire = wire::connect(&dev, "one");
    let id = created(&mut wire);
    assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success);
    std::fs::read_to_string(log).unwrap()
}

#[test]
fn too_little_locked_memory_is_told_at_the_start() {
    for limit in ["0", "64"] {
        let log = told_with(limit);
        assert_eq!(log.matches("LimitMEMLOCK=").count(), 1, "{limit}: {log}");
        assert!(log.contains("WARN") && log.contains("swap space"), "{limit}: {log}");
    }
    let enough = told_with("1024");
    assert!(!enough.contains("LimitMEMLOCK="), "{enough}");
}
