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
            let name = |folder: &str| Path::new(folder).file_name().unwrap().to_owned();
            symlink(all.join(folder), all.join(above).join("slaves").join(name(folder))).unwrap();
            fs::create_dir_all(all.join(folder).join("holders")).unwrap();
            symlink(all.join(above), all.join(folder).join("holders").join(name(above))).unwrap();
        }
        self
    }

    fn by_uuid(self, name: &str, to: &str) -> Self {
        let links = self.0.path().join("dev/disk/by-uuid");
        fs::create_dir_all(&links).unwrap();
        symlink(format!("../../{to}"), links.join(name)).unwrap();
        self
    }

    fn system(&self) -> System {
        System { root: self.0.path().to_owned() }
    }

    fn folder(&self, number: (u32, u32)) -> Option<PathBuf> {
        self.system().folder(makedev(number.0, number.1))
    }

    fn medium(&self, number: (u32, u32)) -> Medium {
        self.folder(number).map_or_else(Medium::default, |folder| self.system().of_device(&folder, DEPTH_MAX))
    }

    /// Two places of one are one.
    fn now(&self, number: (u32, u32)) -> Now {
        self.system().now_at(self.folder(number).unwrap())
    }
}

/// A disk with a partition, as the letters come.
fn disk(letter: &str, minor: u32, wwid: &str) -> Machine {
    Machine::new().and_disk(letter, minor, wwid)
}

impl Machine {
    fn and_disk(self, letter: &str, minor: u32, wwid: &str) -> Self {
        let files: &[(&str, &str)] = &[("device/wwid", wwid)];
        let folder = format!("pci/ata/block/sd{letter}");
        let machine = self.device((8, minor), &folder, if wwid.is_empty() { &[] } else { files });
        machine.device((8, minor + 2), &format!("{folder}/sd{letter}2"), &[("partition", "2")])
    }
}

fn of_disks(uuid: Option<&str>, part: Option<&str>, disks: &[&str]) -> Medium {
    let (uuid, part) = (uuid.map(str::to_owned), part.map(str::to_owned));
    let disks = disks.iter().map(|disk| (*disk).to_owned()).collect();
    Medium { uuid, part, disks, ..Medium::default() }
}

#[test]
fn a_disk_is_known_by_its_world_wide_number_under_whatever_letter() {
    for number in ["naa.1", "eui.1", "uuid.1"] {
        let (first, renamed) = (disk("a", 0, number), disk("b", 16, number));
        assert_eq!(first.medium((8, 2)), of_disks(None, Some("2"), &[number]));
        assert_eq!(first.medium((8, 2)), renamed.medium((8, 18)));
        assert_eq!(first.medium((8, 0)), of_disks(None, None, &[number]));
    }
    // What a vendor says, who may say the same of every stick, is no number.
    let nvme = "nvme.1234-3030303030303030-47656e65726963-00000001";
    for vendor in ["t10.Generic USB Flash Disk 0123456789AB", nvme, "scsi.1", "naa", "12345", ""] {
        assert_eq!(disk("a", 0, vendor).medium((8, 0)), Medium::default(), "{vendor}");
    }
    assert_eq!(disk("a", 0, "naa.1").medium((9, 9)), Medium::default());
}

#[test]
fn two_devices_are_one_disk_where_the_world_or_multipath_says_so() {
    let two = |one: &str, other: &str| disk("a", 0, one).and_disk("b", 16, other);
    let t10 = "t10.Generic USB Flash Disk 0123456789AB";
    for (machine, are_one) in [
        (two("naa.1", "naa.1"), true),
        (two("naa.1", "naa.2"), false),
        (two(t10, t10), false),
        (two("nvme.1234-30-47-00000001", "nvme.1234-30-47-00000001"), false),
        (two("", ""), false),
        (two(t10, t10).joined(), true),
        (two("naa.1", "naa.1").joined(), true),
    ] {
        for (one, other) in [((8, 0), (8, 16)), ((8, 2), (8, 18))] {
            assert_eq!(machine.now(one) == machine.now(other), are_one, "{one:?}");
            assert!(machine.now(one) == machine.now(one));
        }
        assert!(machine.now((8, 0)) != machine.now((8, 2)), "a partition is not its disk");
        if machine.folder((253, 0)).is_some() {
            assert!(machine.now((253, 0)) == machine.now((8, 0)));
            assert!(machine.now((253, 1)) == machine.now((8, 18)));
            assert_eq!(machine.medium((253, 0)), machine.medium((8, 0)));
            assert_eq!(machine.medium((253, 1)), machine.medium((8, 2)));
        }
    }
}

impl Machine {
    /// Both disks are paths to one.
    fn joined(self) -> Self {
        let paths = ["pci/ata/block/sda", "pci/ata/block/sdb"];
        self.device((253, 0), "virtual/block/dm-0", &[("dm/uuid", "mpath-1"), ("dm/name", "m")])
            .on("virtual/block/dm-0", &paths)
            .device((253, 1), "virtual/block/dm-1", &[("dm/uuid", "part2-mpath-1"), ("dm/name", "m2")])
            .on("virtual/block/dm-1", &["virtual/block/dm-0"])
    }
}

#[test]
fn a_logical_volume_or_an_array_is_its_uuid_and_the_disks_below() {
    let on = |files: &[(&str, &str)], below: &[&str]| {
        let machine = disk("a", 0, "naa.1").and_disk("b", 16, "naa.2");
        machine.device((253, 0), "virtual/block/dm-0", files).on("virtual/block/dm-0", below).medium((253, 0))
    };
    let (a2, b) = ("pci/ata/block/sda/sda2", "pci/ata/block/sdb");
    let of_volume = |disks: &[&str]| of_disks(Some("LVM-group-volume"), None, disks);
    let logical: &[(&str, &str)] = &[("dm/uuid", "LVM-group-volume"), ("dm/name", "v")];
    assert_eq!(on(logical, &[a2]), of_volume(&["naa.1"]));
    assert_eq!(on(logical, &[a2, b]), of_volume(&["naa.1", "naa.2"]));
    assert_eq!(on(&[("md/uuid", "1:2:3:4")], &[a2, b]), of_disks(Some("1:2:3:4"), None, &["naa.1", "naa.2"]));
    assert_eq!(on(&[("md/level", "raid1")], &[a2, b]), of_disks(None, Some("dm-0"), &["naa.1", "naa.2"]));
    // A snapshot is taken: the volume stands on one more layer, and is the same.
    let layered = disk("a", 0, "naa.1")
        .device((253, 1), "virtual/block/dm-1", &[("dm/uuid", "LVM-group-volume-real")])
        .on("virtual/block/dm-1", &[a2])
        .device((253, 0), "virtual/block/dm-0", logical)
        .on("virtual/block/dm-0", &["virtual/block/dm-1"]);
    assert_eq!(layered.medium((253, 0)), of_volume(&["naa.1"]));
    // A logical volume on a partition of an array.
    let deep = disk("a", 0, "naa.1")
        .device((9, 0), "virtual/block/md0", &[("md/uuid", "1")])
        .on("virtual/block/md0", &[a2])
        .device((259, 0), "virtual/block/md0/md0p1", &[("partition", "1")])
        .device((253, 0), "virtual/block/dm-0", logical)
        .on("virtual/block/dm-0", &["virtual/block/md0/md0p1"]);
    assert_eq!(deep.medium((253, 0)), of_volume(&["naa.1"]));
    assert_eq!(deep.medium((259, 0)), of_disks(Some("1"), Some("1"), &["naa.1"]));
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
        machine.medium((7, number))
    };
    assert!(with(0, &one, "0", "0").inode.is_some());
    assert_eq!(with(0, &one, "0", "0"), with(5, &one, "0", "0"));
    for other in [with(0, &two, "0", "0"), with(0, &one, "512", "0"), with(0, &one, "0", "512")] {
        assert_ne!(with(0, &one, "0", "0"), other);
    }
    assert_eq!(with(0, Path::new("/gone (deleted)"), "0", "0"), Medium::default());
    assert!(system.is_one(&one, &one) && !system.is_one(&one, &two));
    let (before, renamed) = (system.medium(&one), folder.path().join("renamed"));
    fs::rename(&one, &renamed).unwrap();
    assert_eq!((before, system.medium(&one)), (system.medium(&renamed), Medium::default()));
    assert_ne!(system.medium(&renamed).inode, system.medium(&two).inode);
}

#[test]
fn a_file_system_that_has_no_number_of_its_own_is_known_by_what_udev_calls_it() {
    let links = |to: &str| disk("a", 0, "").by_uuid("1234-5678", to);
    let named = |machine: &Machine| {
        let folder = machine.folder((8, 2)).unwrap();
        machine.system().named("dev/disk/by-uuid", &folder)
    };
    assert_eq!(named(&links("sda2")).as_deref(), Some("1234-5678"));
    assert_eq!((named(&links("sda1")), named(&disk("a", 0, ""))), (None, None));
}
