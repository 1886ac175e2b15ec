//! Machines whose sysfs is a folder of the test.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use super::*;
use rustix::fs::makedev;
use std::os::unix::fs::symlink;

/// A machine with these files in sysfs: the number of each device and its folder, files with their content, and for each device
/// those below it.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("sys/dev/block")).unwrap();
        Self(root)
    }

    fn device(self, number: (u32, u32), folder: &str, files: &[(&str, &str)]) -> Self {
        let path = self.0.path().join("sys/devices").join(folder);
        fs::create_dir_all(&path).unwrap();
        symlink(&path, self.0.path().join(format!("sys/dev/block/{}:{}", number.0, number.1))).unwrap();
        for (name, content) in files {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), format!("{content}\n")).unwrap();
        }
        self
    }

    fn on(self, above: &str, below: &[&str]) -> Self {
        let all = self.0.path().join("sys/devices");
        fs::create_dir_all(all.join(above).join("slaves")).unwrap();
        for folder in below {
            let name = Path::new(folder).file_name().unwrap();
            symlink(all.join(folder), all.join(above).join("slaves").join(name)).unwrap();
        }
        self
    }

    fn by_id(self, name: &str, to: &str) -> Self {
        let links = self.0.path().join("dev/disk/by-id");
        fs::create_dir_all(&links).unwrap();
        symlink(format!("../../{to}"), links.join(name)).unwrap();
        self
    }

    fn identity(&self, number: (u32, u32)) -> Option<String> {
        let system = System { root: self.0.path().to_owned() };
        system.of_device(&system.folder(makedev(number.0, number.1))?, DEPTH_MAX)
    }
}

/// A disk with a partition, as the letters come.
fn disk(letter: &str, minor: u32, wwid: &str) -> Machine {
    let files: &[(&str, &str)] = &[("device/wwid", wwid)];
    let folder = format!("pci/ata/block/sd{letter}");
    let machine = Machine::new().device((8, minor), &folder, if wwid.is_empty() { &[] } else { files });
    machine.device((8, minor + 2), &format!("{folder}/sd{letter}2"), &[("partition", "2")])
}

#[test]
fn a_disk_is_known_under_another_letter_and_a_copy_is_not_it() {
    let (first, renamed) = (disk("a", 0, "naa.1"), disk("b", 16, "naa.1"));
    assert_eq!(first.identity((8, 2)), renamed.identity((8, 18)));
    assert!(first.identity((8, 2)).is_some());
    assert_ne!(first.identity((8, 2)), disk("a", 0, "naa.2").identity((8, 2)));
    assert_ne!(first.identity((8, 2)), first.identity((8, 0)), "a partition is not its disk");
    let none = disk("a", 0, "");
    assert_eq!((none.identity((8, 2)), none.identity((8, 0)), none.identity((9, 9))), (None, None, None));
    let by_id = || disk("a", 0, "").by_id("usb-Stick_42", "sda").by_id("usb-Stick_42-part2", "sda2");
    let other = disk("b", 16, "").by_id("usb-Stick_42", "sdb").by_id("usb-Other", "sda");
    assert_eq!(by_id().identity((8, 2)), other.identity((8, 18)));
    assert_eq!(by_id().identity((8, 2)).as_deref(), Some("usb-Stick_42-part2"));
}

#[test]
fn every_kind_of_number_tells_disks_apart() {
    for files in NUMBERS {
        let with = |value: &str| {
            let all: Vec<_> = files.iter().map(|file| (*file, value)).collect();
            Machine::new().device((254, 0), "virtio/block/vda", &all).identity((254, 0))
        };
        assert!(with("1").is_some() && with("1") == with("1") && with("1") != with("2"), "{files:?}");
        assert_eq!(with(""), None, "{files:?}");
    }
}

/// A machine with a logical volume, which has its number of today, on a disk.
fn logical(minor: u32, uuid: &str, wwid: &str) -> Machine {
    let folder = format!("virtual/block/dm-{minor}");
    let machine = disk("a", 0, wwid).device((253, minor), &folder, &[("dm/uuid", uuid), ("dm/name", "v")]);
    machine.on(&folder, &["pci/ata/block/sda/sda2"])
}

#[test]
fn a_logical_volume_is_known_by_its_uuid_and_by_what_is_below_it() {
    let first = logical(0, "LVM-group-volume", "naa.1").identity((253, 0));
    assert!(first.is_some());
    assert_eq!(first, logical(3, "LVM-group-volume", "naa.1").identity((253, 3)), "numbers change");
    assert_ne!(first, logical(0, "LVM-group-snapshot", "naa.1").identity((253, 0)));
    assert_ne!(first, logical(0, "LVM-group-volume", "naa.2").identity((253, 0)), "a copy of the disk");
    // A snapshot is taken: the volume stands on one more layer, and is the same.
    let layered = disk("a", 0, "naa.1")
        .device((253, 1), "virtual/block/dm-1", &[("dm/uuid", "LVM-group-volume-real")])
        .on("virtual/block/dm-1", &["pci/ata/block/sda/sda2"])
        .device((253, 0), "virtual/block/dm-0", &[("dm/uuid", "LVM-group-volume")])
        .on("virtual/block/dm-0", &["virtual/block/dm-1"]);
    assert_eq!(first, layered.identity((253, 0)));
    let plain = |name: &str| {
        Machine::new().device((253, 0), "virtual/block/dm-0", &[("dm/uuid", ""), ("dm/name", name)])
    };
    assert_ne!(plain("one").identity((253, 0)), plain("two").identity((253, 0)));
}

#[test]
fn the_paths_to_a_disk_are_one_disk() {
    let machine = disk("a", 0, "naa.1")
        .device((8, 16), "pci/ata/block/sdb", &[("device/wwid", "naa.1")])
        .device((253, 0), "virtual/block/dm-0", &[("dm/uuid", "mpath-1"), ("dm/name", "m")])
        .on("virtual/block/dm-0", &["pci/ata/block/sda", "pci/ata/block/sdb"])
        .device((253, 1), "virtual/block/dm-1", &[("dm/uuid", "part2-mpath-1"), ("dm/name", "m2")])
        .on("virtual/block/dm-1", &["virtual/block/dm-0"]);
    assert_eq!(machine.identity((8, 0)), machine.identity((253, 0)));
    assert_eq!(machine.identity((8, 0)), machine.identity((8, 16)));
    assert_eq!(machine.identity((8, 2)), machine.identity((253, 1)));
    let system = System { root: machine.0.path().to_owned() };
    let wwid = |minor: u32| system.wwid(&system.folder(makedev(253, minor)).unwrap(), DEPTH_MAX);
    assert_eq!((wwid(0).as_deref(), wwid(1).as_deref()), (Some("naa.1"), Some("naa.1-part2")));
}

#[test]
fn a_loop_device_is_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, "").unwrap();
        path
    };
    let (one, two) = (file("one"), file("two"));
    let system = System::here();
    let with = |number: u32, file: &Path, offset: &str, limit: &str| {
        let path = file.display().to_string();
        let all = [("loop/backing_file", path.as_str()), ("loop/offset", offset), ("loop/sizelimit", limit)];
        let machine = Machine::new().device((7, number), &format!("virtual/block/loop{number}"), &all);
        machine.identity((7, number))
    };
    assert!(with(0, &one, "0", "0").is_some());
    assert_eq!(with(0, &one, "0", "0"), with(5, &one, "0", "0"));
    assert_ne!(with(0, &one, "0", "0"), with(0, &two, "0", "0"));
    assert_ne!(with(0, &one, "0", "0"), with(0, &one, "512", "0"));
    assert_ne!(with(0, &one, "0", "0"), with(0, &one, "0", "512"));
    assert_eq!(with(0, Path::new("/gone (deleted)"), "0", "0"), None);
    assert!(system.is_one(&one, &one) && !system.is_one(&one, &two));
    let (before, renamed) = (system.identity(&one), folder.path().join("renamed"));
    fs::rename(&one, &renamed).unwrap();
    assert_eq!((before, system.identity(&one)), (system.identity(&renamed), None));
    assert_ne!(system.identity(&renamed), system.identity(&two));
}
