//! What the audit has of the hierarchy's keys: every key that becomes the current one, or is retired, has its entry in the
//! commit that makes it so, wherever a rotation is cut off.

use super::*;
use keystead::store::audit_log;

/// Operation, outcome, principal and note of all entries; the chain holds.
fn entries(disk: &Disk) -> Vec<[String; 4]> {
    let mut entries = Vec::new();
    let mut visit = |_, entry: Entry| {
        assert!(entry.time > 0);
        entries.push([entry.operation, entry.outcome, entry.principal, entry.note]);
    };
    audit_log::verify(&*disk.0.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    entries
}

/// What the entries have of an outcome.
fn of<'e>(entries: &'e [[String; 4]], outcome: &str) -> Vec<&'e str> {
    entries.iter().filter(|entry| entry[1] == outcome).map(|entry| entry[3].as_str()).collect()
}

#[test]
fn each_change_of_keys_has_its_entry() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let keys = Arc::new(Software::in_memory());
    let hierarchy = start(folder.path(), &disk, &keys, &endless());
    hierarchy.rotate(&by("alice")).unwrap();
    drop(hierarchy);
    let labels = keys.labels().unwrap();
    let [first, second] = labels.as_slice() else { panic!("{labels:?}") };
    let expected = [
        ["MasterCreate", "Success", "server", &format!("epoch 1, key {first}")],
        ["AuditKeyCreate", "Success", "server", "audit key 1"],
        ["MasterRotate", "Activated", "alice", &format!("epoch 2, key {second}")],
        ["MasterRotate", "Retired", "alice", "epoch 1; key-encryption keys under epoch 2: 1"],
    ];
    assert_eq!(entries(&disk), expected);
}

/// Cut off at the n-th step of a rotation and gone on with at a start; false where it has fewer steps.
fn cut_off_at(step: i64, after: bool) -> bool {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let (keys, what) = (Arc::new(Software::in_memory()), format!("step {step}, after: {after}"));
    drop(start(folder.path(), &disk, &keys, &endless()));
    let fuse = Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after });
    let hierarchy = start(folder.path(), &disk, &keys, &fuse);
    fuse.left.store(step, Ordering::Relaxed);
    let failed = hierarchy.rotate(&by("alice")).is_err();
    drop(hierarchy);
    let before = entries(&disk);
    let is_planned = disk.0.snapshot().unwrap().get(b"vr").unwrap().is_some();
    let hierarchy = start(folder.path(), &disk, &keys, &endless());
    let epoch = hierarchy.status().unwrap().epoch as usize;
    drop(hierarchy);
    let now = entries(&disk);
    assert_eq!(now[..before.len()], before, "{what}");
    assert_eq!(of(&now, "Resumed").len(), usize::from(is_planned), "{what}: {now:?}");
    assert_eq!(of(&now, "Activated").len(), epoch - 1, "{what}: {now:?}");
    assert_eq!(of(&now, "Retired").len(), epoch - 1, "{what}: {now:?}");
    assert!(now[before.len()..].iter().all(|entry| entry[2] == "server"), "{what}: {now:?}");
    failed
}

#[test]
fn a_rotation_that_goes_on_at_a_start_says_so() {
    let mut steps = 0;
    for after in [false, true] {
        steps += (0..).take_while(|step| cut_off_at(*step, after)).count();
    }
    assert!(steps >= 24, "only {steps} steps were cut off");
}

/// A start that cannot go on with it says that too, and why.
#[test]
fn a_rotation_that_cannot_go_on_says_so() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let keys = Arc::new(Meddled::default());
    let open = || {
        let keys = Arc::clone(&keys) as Arc<dyn MasterKeys>;
        Hierarchy::open(database(folder.path(), &disk, &endless()), keys, KekCaching::Strict)
    };
    drop(open().unwrap());
    // Cut off as soon as it is planned.
    for step in 0.. {
        let fuse = Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after: true });
        let hierarchy = start(folder.path(), &disk, &keys.keys, &fuse);
        fuse.left.store(step, Ordering::Relaxed);
        hierarchy.rotate(&by("alice")).unwrap_err();
        if disk.0.snapshot().unwrap().get(b"vr").unwrap().is_some() {
            break;
        }
    }
    keys.refuse_to_make.store(true, Ordering::Relaxed);
    let told = open().err().unwrap().to_string();
    assert_eq!(of(&entries(&disk), "Failed"), [told]);
    keys.refuse_to_make.store(false, Ordering::Relaxed);
    assert_eq!(open().unwrap().status().unwrap().epoch, 2);
    let all = entries(&disk);
    assert_eq!(
        [of(&all, "Resumed").len(), of(&all, "Activated").len(), of(&all, "Retired").len()],
        [2, 1, 1]
    );
}
