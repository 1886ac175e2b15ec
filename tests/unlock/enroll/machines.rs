//! Machines as `/sys` and `/dev` tell of them, and what a volume may have become between two of them.

/// A block device: its name, which of the two disks of the test it is, its files in sysfs, and the numbers of the disks below it.
pub struct Device(pub &'static str, pub usize, pub &'static [File], pub &'static [&'static str]);

/// A file in sysfs, and what it says.
pub type File = (&'static str, &'static str);

/// A machine as it is at one time: the identity of its hardware, where it is told, and its devices, the last of which is enrolled.
pub struct Machine(pub &'static str, pub &'static [Device]);

/// What the second time is to the first.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Is {
    /// The same volume, or a copy that nothing tells.
    Untold,
    /// Something tells that it is a copy.
    Copied,
    /// Nothing but a copy can be so.
    Proof,
}

use Is::{Copied, Proof, Untold};

/// What a vendor writes on every stick.
pub const T10: &[File] = &[("device/wwid", "t10.Generic USB Flash Disk 0123456789AB")];
/// What the kernel makes of its serial number and its model.
pub const NVME: &[File] = &[("wwid", "nvme.1234-3030303030303030-47656e65726963-00000001")];
pub const ONE: &[File] = &[("device/wwid", "naa.5001")];
pub const TWO: &[File] = &[("device/wwid", "naa.5002")];
pub const LOGICAL: &[File] = &[("dm/uuid", "LVM-group-root")];
pub const SNAPSHOT: &[File] = &[("dm/uuid", "LVM-group-snapshot")];
pub const ARRAY: &[File] = &[("md/uuid", "0a1b2c3d:1111:2222:3333")];

/// A situation: its name, what the volume is then, and the machine first and then.
pub type Situation = (&'static str, Is, Machine, Machine);

pub const SITUATIONS: &[Situation] = &[
    (
        "the same",
        Untold,
        Machine("", &[Device("sda", 0, ONE, &[])]),
        Machine("", &[Device("sda", 0, ONE, &[])]),
    ),
    (
        "renamed",
        Untold,
        Machine("", &[Device("sda", 0, ONE, &[])]),
        Machine("", &[Device("sdb", 0, ONE, &[])]),
    ),
    (
        "renamed, untold",
        Untold,
        Machine("", &[Device("dm-0", 0, &[], &[])]),
        Machine("", &[Device("root", 0, &[], &[])]),
    ),
    (
        "told since",
        Untold,
        Machine("", &[Device("sda", 0, T10, &[])]),
        Machine("h", &[Device("sdb", 0, ONE, &[])]),
    ),
    (
        "not told any more",
        Untold,
        Machine("h", &[Device("sda", 0, ONE, &[])]),
        Machine("", &[Device("sda", 0, T10, &[])]),
    ),
    (
        "a member replaced",
        Untold,
        Machine("h", &[Device("md0", 0, ARRAY, &["naa.1", "naa.2"])]),
        Machine("h", &[Device("md0", 0, ARRAY, &["naa.1", "naa.3"])]),
    ),
    (
        "an array whose UUID is told since, degraded",
        Untold,
        Machine("h", &[Device("md0", 0, &[("md/level", "raid1")], &["naa.1", "naa.2"])]),
        Machine("h", &[Device("md127", 0, ARRAY, &["naa.2"])]),
    ),
    (
        "extended",
        Untold,
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.1"])]),
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.1", "naa.2"])]),
    ),
    (
        "moved to another disk below",
        Untold,
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.1"])]),
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.2"])]),
    ),
    (
        "a copy untold",
        Untold,
        Machine("", &[Device("vda", 0, &[], &[])]),
        Machine("", &[Device("vda", 1, &[], &[])]),
    ),
    (
        "a disk replaced",
        Copied,
        Machine("h", &[Device("sda", 0, ONE, &[])]),
        Machine("h", &[Device("sda", 1, TWO, &[])]),
    ),
    (
        "beside",
        Proof,
        Machine("", &[Device("sda", 0, ONE, &[])]),
        Machine("", &[Device("sda", 0, ONE, &[]), Device("sdb", 1, TWO, &[])]),
    ),
    (
        "twins of one vendor",
        Proof,
        Machine("", &[Device("sda", 0, T10, &[])]),
        Machine("", &[Device("sda", 0, T10, &[]), Device("sdb", 1, T10, &[])]),
    ),
    (
        "a snapshot",
        Proof,
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.1"])]),
        Machine("h", &[Device("root", 0, LOGICAL, &["naa.1"]), Device("snap", 1, SNAPSHOT, &["naa.1"])]),
    ),
    (
        "on another machine",
        Proof,
        Machine("one", &[Device("vda", 0, &[], &[])]),
        Machine("two", &[Device("vda", 1, &[], &[])]),
    ),
    (
        "the mainboard replaced",
        Copied,
        Machine("one", &[Device("sda", 0, ONE, &[])]),
        Machine("two", &[Device("sda", 0, ONE, &[])]),
    ),
    (
        "a virtual machine copied with the numbers of its disks",
        Copied,
        Machine("one", &[Device("sda", 0, ONE, &[])]),
        Machine("two", &[Device("sda", 1, ONE, &[])]),
    ),
    (
        "letters that a backup has changed",
        Untold,
        Machine("h", &[Device("sda", 0, ONE, &[])]),
        Machine("h", &[Device("sda", 1, TWO, &[]), Device("sdb", 0, ONE, &[])]),
    ),
    (
        "the backup, in the place of the first",
        Copied,
        Machine("h", &[Device("sda", 0, ONE, &[])]),
        Machine("h", &[Device("sdb", 0, ONE, &[]), Device("sda", 1, TWO, &[])]),
    ),
    (
        "twins of one vendor, by NVMe",
        Proof,
        Machine("", &[Device("nvme0n1", 0, NVME, &[])]),
        Machine("", &[Device("nvme0n1", 0, NVME, &[]), Device("nvme1n1", 1, NVME, &[])]),
    ),
    (
        "the halves of a mirror that was split",
        Proof,
        Machine("h", &[Device("md0", 0, ARRAY, &["naa.1", "naa.2"])]),
        Machine("h", &[Device("md0", 0, ARRAY, &["naa.1"]), Device("md1", 1, ARRAY, &["naa.2"])]),
    ),
    (
        "a copy on the same disk, in a device without UUID",
        Proof,
        Machine("h", &[Device("md0", 0, &[("md/level", "raid1")], &["naa.1", "naa.2"])]),
        Machine(
            "h",
            &[
                Device("md0", 0, &[("md/level", "raid1")], &["naa.1", "naa.2"]),
                Device("md1", 1, &[("md/level", "raid1")], &["naa.1", "naa.2"]),
            ],
        ),
    ),
    ("a file moved", Untold, Machine("", &[]), Machine("moved", &[])),
    ("a file by a loop device", Untold, Machine("", &[]), Machine("loop", &[])),
];
