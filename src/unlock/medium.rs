//! What a volume is on: a disk, a partition, a logical volume or a file, told by what stays when devices are found in another
//! order or a file is renamed, and what a copy has not.
//!
//! ```text
//! partition      -> its disk, and its number          loop device  -> its file
//! device-mapper  -> its UUID, and the disks below     disk         -> what its maker numbered it with
//! file           -> its inode, when it was made, and what its file system is on
//! ```

use super::origin::identity;
use rustix::fs::{major, minor, statfs, statvfs};
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Files of a disk's folder in sysfs that together number it, the surest first. Those of the first two kinds are world-wide.
const NUMBERS: &[&[&str]] = &[
    &["wwid"],
    &["device/wwid"],
    &["serial"],
    &["device/serial"],
    &["device/cid"],
    &["device/cluster_fsid", "device/pool_id", "device/image_id", "device/snap_id"],
];
/// How many of them are world-wide: two devices with such a number are two paths to one disk.
const WORLD_WIDE: usize = 2;
/// How deep devices may stand on each other.
const DEPTH_MAX: u32 = 16;
/// File systems that number a file anew each time that they are mounted (statfs(2)): FAT, exFAT, FUSE.
const WITHOUT_INODES: [u64; 3] = [0x4d44, 0x2011_bab0, 0x6573_5546];
/// File systems on no one device that are numbered themselves, each snapshot too: Btrfs, ZFS.
const NUMBERED: [u64; 2] = [0x9123_683e, 0x2fc1_2fc1];

/// Where the system tells of devices.
pub struct System {
    root: PathBuf,
}

/// What is at a place now. Two places of one are one.
#[derive(PartialEq, Eq)]
enum Now {
    File { device: u64, inode: u64 },
    Device { number: u64 },
    Disk { wwid: String },
}

impl System {
    /// This machine.
    pub fn here() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// What the volume at this place is on; nothing where that cannot be told.
    pub fn identity(&self, place: &Path) -> Option<String> {
        let found = fs::metadata(place).ok()?;
        match found.file_type().is_block_device() {
            true => self.of_device(&self.folder(found.rdev())?, DEPTH_MAX),
            false => self.of_file(place, &found, DEPTH_MAX),
        }
    }

    /// Whether two places, both there now, are one volume under two names.
    pub fn is_one(&self, one: &Path, other: &Path) -> bool {
        match (self.now(one), self.now(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }

    /// The name of a place that stays as long as it can: that of device-mapper, which numbers its devices anew at each start, and
    /// the file of a loop device.
    pub fn lasting_name(&self, place: &Path) -> PathBuf {
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let Some(folder) = fs::metadata(&place).ok().and_then(|found| self.folder(found.rdev())) else {
            return place;
        };
        if let Some(name) = identity(&folder.join("dm/name")) {
            return Path::new("/dev/mapper").join(name);
        }
        self.whole_file(&folder).map_or(place, |(file, _)| file)
    }

    fn now(&self, place: &Path) -> Option<Now> {
        let found = fs::metadata(place).ok()?;
        if !found.file_type().is_block_device() {
            return Some(Now::File { device: found.dev(), inode: found.ino() });
        }
        let number = found.rdev();
        let Some(folder) = self.folder(number) else { return Some(Now::Device { number }) };
        if let Some((_, file)) = self.whole_file(&folder) {
            return Some(Now::File { device: file.dev(), inode: file.ino() });
        }
        let wwid = self.wwid(&folder, DEPTH_MAX);
        Some(wwid.map_or(Now::Device { number }, |wwid| Now::Disk { wwid }))
    }

    /// The folder of a device in sysfs.
    fn folder(&self, number: u64) -> Option<PathBuf> {
        if number == 0 {
            return None;
        }
        let name = format!("sys/dev/block/{}:{}", major(number), minor(number));
        fs::canonicalize(self.root.join(name)).ok()
    }

    fn of_device(&self, folder: &Path, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some((disk, number)) = partition(folder) {
            return Some(format!("{}-part{number}", self.of_device(&disk, depth)?));
        }
        if let Some(mpath) = self.path_of_multipath(folder) {
            let disk = self.of_device(&mpath.disk, depth)?;
            return Some(
                mpath.partition.map_or_else(|| disk.clone(), |number| format!("{disk}-part{number}")),
            );
        }
        if folder.join("loop").is_dir() {
            let (file, found) = self.backing_file(folder)?;
            let part = |name: &str| identity(&folder.join("loop").join(name)).unwrap_or_default();
            let (from, bytes) = (part("offset"), part("sizelimit"));
            let file = self.of_file(&file, &found, depth)?;
            return Some(if is_whole(&from, &bytes) { file } else { format!("{file}+{from}+{bytes}") });
        }
        let own = ["dm/uuid", "dm/name", "md/uuid"].iter().find_map(|name| identity(&folder.join(name)));
        if own.is_none() && slaves(folder).is_empty() {
            return numbered(folder).map(|(_, number)| number).or_else(|| self.by_id(folder));
        }
        let mut below = BTreeSet::new();
        self.disks_below(folder, depth, &mut below);
        Some(format!("{}@{}", own.unwrap_or_default(), below.into_iter().collect::<Vec<_>>().join(",")))
    }

    /// The disks on which a device of device-mapper or of md is, whatever stands in between.
    fn disks_below(&self, folder: &Path, depth: u32, found: &mut BTreeSet<String>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for below in slaves(folder) {
            match slaves(&below).is_empty() {
                true => found.extend(self.of_device(&below, depth)),
                false => self.disks_below(&below, depth, found),
            }
        }
    }

    /// The world-wide number of a disk, of a path to it or of a partition of it.
    fn wwid(&self, folder: &Path, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some((disk, number)) = partition(folder) {
            return Some(format!("{}-part{number}", self.wwid(&disk, depth)?));
        }
        if let Some(mpath) = self.path_of_multipath(folder) {
            let disk = self.wwid(&mpath.disk, depth)?;
            return Some(
                mpath.partition.map_or_else(|| disk.clone(), |number| format!("{disk}-part{number}")),
            );
        }
        numbered(folder).filter(|(kind, _)| *kind < WORLD_WIDE).map(|(_, number)| number)
    }

    /// The disk of a multipath device, which is the same under another name, or of a partition of one.
    fn path_of_multipath(&self, folder: &Path) -> Option<Multipath> {
        let uuid = identity(&folder.join("dm/uuid"))?;
        let disk = slaves(folder).into_iter().next()?;
        if uuid.starts_with("mpath-") {
            return Some(Multipath { disk, partition: None });
        }
        let (number, rest) = uuid.strip_prefix("part")?.split_once('-')?;
        rest.starts_with("mpath-").then(|| Multipath { disk, partition: Some(number.to_owned()) })
    }

    /// What udev calls a disk that tells no number of its own.
    fn by_id(&self, folder: &Path) -> Option<String> {
        let name = folder.file_name()?;
        let links = fs::read_dir(self.root.join("dev/disk/by-id")).ok()?.flatten();
        let of_it =
            links.filter(|link| fs::read_link(link.path()).is_ok_and(|to| to.file_name() == Some(name)));
        let mut names: Vec<String> = of_it.filter_map(|link| link.file_name().into_string().ok()).collect();
        names.sort();
        names.into_iter().next()
    }

    /// The file of a loop device that shows all of it.
    fn whole_file(&self, folder: &Path) -> Option<(PathBuf, Metadata)> {
        let part = |name: &str| identity(&folder.join("loop").join(name)).unwrap_or_default();
        is_whole(&part("offset"), &part("sizelimit")).then(|| self.backing_file(folder))?
    }

    fn backing_file(&self, folder: &Path) -> Option<(PathBuf, Metadata)> {
        let file = PathBuf::from(identity(&folder.join("loop/backing_file"))?);
        let found = fs::metadata(&file).ok()?;
        Some((file, found))
    }

    fn of_file(&self, place: &Path, found: &Metadata, depth: u32) -> Option<String> {
        let kind = statfs(place).map_or(0, |system| system.f_type as u64);
        let made = found.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
        let made = made.map(|made| made.as_nanos().to_string());
        let inode = (!WITHOUT_INODES.contains(&kind)).then(|| found.ino().to_string());
        if made.is_none() && inode.is_none() {
            return None;
        }
        let on = match self.folder(found.dev()) {
            Some(folder) => self.of_device(&folder, depth),
            None if NUMBERED.contains(&kind) => statvfs(place).ok().map(|system| system.f_fsid.to_string()),
            None => None,
        };
        let told = [inode, made, on].map(Option::unwrap_or_default);
        Some(format!("file {}", told.join(" ")))
    }
}

/// A disk that is reached by several paths.
struct Multipath {
    /// The folder of the first path.
    disk: PathBuf,
    /// Which partition of it.
    partition: Option<String>,
}

/// The folder of the disk, and the number of the partition.
fn partition(folder: &Path) -> Option<(PathBuf, String)> {
    let number = identity(&folder.join("partition"))?;
    Some((folder.parent()?.to_owned(), number))
}

/// Which of [`NUMBERS`] a disk has, and what it says.
fn numbered(folder: &Path) -> Option<(usize, String)> {
    NUMBERS.iter().enumerate().find_map(|(kind, files)| {
        let parts: Option<Vec<String>> = files.iter().map(|file| identity(&folder.join(file))).collect();
        Some((kind, parts?.join(" ")))
    })
}

/// The folders of what a device stands on, in one order.
fn slaves(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder.join("slaves")).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = all.filter_map(|slave| fs::canonicalize(slave.path()).ok()).collect();
    all.sort();
    all
}

fn is_whole(offset: &str, limit: &str) -> bool {
    (offset, limit) == ("0", "0")
}

#[cfg(test)]
mod tests;
