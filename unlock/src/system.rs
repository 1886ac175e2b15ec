//! What the system tells of the place of a volume: what that is on, and whether two places are one.
//!
//! ```text
//! partition      -> its disk, and its number           loop device  -> its file
//! logical volume -> its UUID, and the disks below      disk         -> its world-wide number
//! array          -> its UUID, and the disks below      multipath    -> its disk
//! file           -> when it was made, its inode, its file system, and what that is on
//! ```

use super::medium::Medium;
use super::origin::identity;
use rustix::fs::{major, minor, statfs, statvfs};
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Where a disk's folder in sysfs has its number.
const NUMBERS: [&str; 2] = ["wwid", "device/wwid"];
/// How those begin that no two disks of the world have. All others (`t10.`, serial numbers, and `nvme.`, which is made of them) are
/// what a vendor says, who may say the same of many.
const WORLD_WIDE: [&str; 3] = ["naa.", "eui.", "uuid."];
/// How deep devices may stand on each other.
const DEPTH_MAX: u32 = 16;
/// File systems that number a file anew each time that they are mounted (statfs(2)): FAT, exFAT, FUSE.
const WITHOUT_INODES: [u64; 3] = [0x4d44, 0x2011_bab0, 0x6573_5546];

/// Where the system tells of devices.
pub struct System {
    root: PathBuf,
}

/// What is at a place now. Two places of one are one.
#[derive(PartialEq, Eq)]
enum Now {
    File {
        device: u64,
        inode: u64,
    },
    Number(u64),
    /// The folder of the disk, or of what reaches it by several paths, and which partition of it.
    Device(PathBuf, Option<String>),
    /// The world-wide number of the disk, and which partition of it.
    Disk(String, Option<String>),
}

impl System {
    /// This machine.
    pub fn here() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// What the volume at this place is on, as far as that is told.
    pub fn medium(&self, place: &Path) -> Medium {
        let Ok(found) = fs::metadata(place) else { return Medium::default() };
        match found.file_type().is_block_device() {
            true => {
                self.folder(found.rdev()).map_or_else(Medium::default, |it| self.of_device(&it, DEPTH_MAX))
            }
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
        Some(self.folder(found.rdev()).map_or(Now::Number(found.rdev()), |folder| self.now_at(folder)))
    }

    fn now_at(&self, folder: PathBuf) -> Now {
        if let Some((_, file)) = self.whole_file(&folder) {
            return Now::File { device: file.dev(), inode: file.ino() };
        }
        let (disk, part) = whole(&folder).unwrap_or((folder, None));
        let path = if is_multipath(&disk) { linked(&disk, "slaves").into_iter().next() } else { None };
        if let Some(number) = world_wide(path.as_ref().unwrap_or(&disk)) {
            return Now::Disk(number, part);
        }
        let above = linked(&disk, "holders").into_iter().find(|holder| is_multipath(holder));
        Now::Device(above.unwrap_or(disk), part)
    }

    /// The folder of a device in sysfs.
    fn folder(&self, number: u64) -> Option<PathBuf> {
        if number == 0 {
            return None;
        }
        let name = format!("sys/dev/block/{}:{}", major(number), minor(number));
        fs::canonicalize(self.root.join(name)).ok()
    }

    fn of_device(&self, folder: &Path, depth: u32) -> Medium {
        let Some(depth) = depth.checked_sub(1) else { return Medium::default() };
        if let Some((disk, part)) = whole(folder) {
            let on = self.of_device(&disk, depth);
            let parts: Vec<_> = on.part.into_iter().chain(part).collect();
            return Medium { part: Some(parts.join("/")), ..on };
        }
        if folder.join("loop").is_dir() {
            let Some((file, found)) = self.backing_file(folder) else { return Medium::default() };
            let (from, bytes) = shown_part(folder);
            let part = (!is_whole(&from, &bytes)).then(|| format!("{from}+{bytes}"));
            return Medium { part, ..self.of_file(&file, &found, depth) };
        }
        let uuid = ["dm/uuid", "md/uuid"].iter().find_map(|name| identity(&folder.join(name)));
        let mut disks = BTreeSet::new();
        disks_below(folder, depth, &mut disks);
        let has_name = uuid.is_none() && !linked(folder, "slaves").is_empty();
        let part = if has_name { name_of(folder) } else { None };
        Medium { uuid: uuid.filter(|_| !is_multipath(folder)), part, disks, ..Medium::default() }
    }

    fn of_file(&self, place: &Path, found: &Metadata, depth: u32) -> Medium {
        let kind = statfs(place).map_or(0, |system| system.f_type as u64);
        let made = found.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
        let made = made.map(|made| made.as_nanos().to_string());
        let inode = (!WITHOUT_INODES.contains(&kind)).then(|| found.ino().to_string());
        let folder = self.folder(found.dev());
        let below = folder.as_ref().map_or_else(Medium::default, |folder| self.of_device(folder, depth));
        // Some file systems number themselves by the number of their device, which is another one at the next start.
        let numbered = statvfs(place).ok().map(|system| system.f_fsid);
        let numbered = numbered.filter(|number| *number != 0 && *number != found.dev());
        let system = numbered.map(|number| number.to_string());
        let system = system.or_else(|| self.named("dev/disk/by-uuid", folder.as_deref()?));
        Medium { made, inode, system, part: None, ..below }
    }

    /// What udev calls a device in this folder of its.
    fn named(&self, names: &str, folder: &Path) -> Option<String> {
        let name = folder.file_name()?;
        let mut links = fs::read_dir(self.root.join(names)).ok()?.flatten();
        let of_it =
            links.find(|link| fs::read_link(link.path()).is_ok_and(|to| to.file_name() == Some(name)));
        of_it?.file_name().into_string().ok()
    }

    /// The file of a loop device that shows all of it.
    fn whole_file(&self, folder: &Path) -> Option<(PathBuf, Metadata)> {
        let (from, bytes) = shown_part(folder);
        is_whole(&from, &bytes).then(|| self.backing_file(folder))?
    }

    fn backing_file(&self, folder: &Path) -> Option<(PathBuf, Metadata)> {
        let file = PathBuf::from(identity(&folder.join("loop/backing_file"))?);
        let found = fs::metadata(&file).ok()?;
        Some((file, found))
    }
}

/// What a device is called that has no UUID: many may be on one disk.
fn name_of(folder: &Path) -> Option<String> {
    identity(&folder.join("dm/name")).or_else(|| Some(folder.file_name()?.to_string_lossy().into_owned()))
}

/// The folder of the disk, and the number of the partition, where it is one.
fn whole(folder: &Path) -> Option<(PathBuf, Option<String>)> {
    if let Some(number) = identity(&folder.join("partition")) {
        return Some((folder.parent()?.to_owned(), Some(number)));
    }
    let uuid = identity(&folder.join("dm/uuid"))?;
    let (number, of) = uuid.strip_prefix("part")?.split_once('-')?;
    let disk = linked(folder, "slaves").into_iter().next().filter(|_| of.starts_with("mpath-"))?;
    Some((disk, Some(number.to_owned())))
}

/// Whether it is a disk that is reached by several paths, under one name.
fn is_multipath(folder: &Path) -> bool {
    identity(&folder.join("dm/uuid")).is_some_and(|uuid| uuid.starts_with("mpath-"))
}

/// The disks on which a device is, whatever stands in between, as far as they have world-wide numbers.
fn disks_below(folder: &Path, depth: u32, found: &mut BTreeSet<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let disk = whole(folder).map_or_else(|| folder.to_owned(), |(disk, _)| disk);
    let below = linked(&disk, "slaves");
    found.extend(below.is_empty().then(|| world_wide(&disk)).flatten());
    below.iter().for_each(|below| disks_below(below, depth, found));
}

/// The world-wide number of a disk, or of a path to it.
fn world_wide(folder: &Path) -> Option<String> {
    let number = NUMBERS.iter().find_map(|name| identity(&folder.join(name)))?;
    WORLD_WIDE.iter().any(|begin| number.starts_with(begin)).then_some(number)
}

/// The folders of the devices on which a device stands (`slaves`), or that stand on it (`holders`), in one order.
fn linked(folder: &Path, name: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = all.filter_map(|other| fs::canonicalize(other.path()).ok()).collect();
    all.sort();
    all
}

/// Where what a loop device shows of its file begins, and how much of it that is.
fn shown_part(folder: &Path) -> (String, String) {
    let part = |name: &str| identity(&folder.join("loop").join(name)).unwrap_or_default();
    (part("offset"), part("sizelimit"))
}

fn is_whole(offset: &str, limit: &str) -> bool {
    (offset, limit) == ("0", "0")
}

#[cfg(test)]
mod tests;
