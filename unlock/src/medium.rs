//! What a volume is on, and when that tells that it is a copy: only where both are told, and what was told before is not below it
//! any more. What is not told, or is told in other words, tells nothing.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many disks are noted; of more, one that they have in common is found all the same.
const DISKS_MAX: usize = 8;

/// What a volume is on.
#[derive(Serialize, Deserialize, Clone, Default, PartialEq, Eq, Debug)]
pub struct Medium {
    /// A file: when it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub made: Option<String>,
    /// Its inode, which counts where that is not told: some file systems number their files anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inode: Option<String>,
    /// The file system that the file is in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub system: Option<String>,
    /// The UUID of a logical volume or an array.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uuid: Option<String>,
    /// Which part of that it is: a partition, what a loop device shows of its file, or what a device on others that has no UUID is
    /// called.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub part: Option<String>,
    /// The world-wide numbers of the disks below.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub disks: BTreeSet<String>,
}

/// What two media that were told at different times are to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likeness {
    /// They are one.
    Same,
    /// They are two, of one kind.
    Other,
    /// They may be one.
    Unknown,
}

use Likeness::{Other, Same, Unknown};

impl Medium {
    /// The same with each identity hashed.
    pub fn hashed(self, hash: impl Fn(&str) -> String) -> Self {
        let each = |told: Option<String>| told.as_deref().map(&hash);
        let disks: BTreeSet<String> = self.disks.iter().map(|disk| hash(disk)).collect();
        Self {
            made: each(self.made),
            inode: each(self.inode),
            system: each(self.system),
            uuid: each(self.uuid),
            part: self.part,
            disks: disks.into_iter().take(DISKS_MAX).collect(),
        }
    }

    /// Whether nothing is told of it.
    pub fn is_untold(&self) -> bool {
        *self == Self::default()
    }

    /// What another one is to this.
    ///
    /// A file that is another one in the same file system was copied there; one that is in another file system may have been moved.
    /// A logical volume or an array is known by its UUID, whatever disks it gets; everything else by its disks.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let devices = self.likeness_of_devices(other);
        let is_one_system = self.system.is_some() && self.system == other.system;
        let found = match (self.is_file(), other.is_file(), self.is_same_file(other)) {
            (false, false, _) => devices,
            (true, true, Some(true)) if is_one_system && devices == Other => Other,
            (true, true, Some(true)) if is_one_system => Same,
            (true, true, Some(false)) if is_one_system && devices != Other => Other,
            _ => Unknown,
        };
        if found == Same && self.part != other.part { Unknown } else { found }
    }

    /// Whether another one is this for certain, though a copy is there too: both tell what no two have at the same time.
    ///
    /// Two files may have been made at one time, and no two of one file system have one inode.
    pub fn is_certainly(&self, other: &Self) -> bool {
        let is_one_inode = self.inode.is_some() && self.inode == other.inode;
        self.likeness(other) == Same && (is_one_inode || !self.is_file())
    }

    fn is_file(&self) -> bool {
        self.made.is_some() || self.inode.is_some()
    }

    /// By when both were made, else by their inodes. That one tells when and the other does not is no evidence of two.
    fn is_same_file(&self, other: &Self) -> Option<bool> {
        let told = |one: &Option<String>, two: &Option<String>| Some(one.as_ref()? == two.as_ref()?);
        let is_told_once = self.made.is_some() != other.made.is_some();
        let by_inode = || told(&self.inode, &other.inode).filter(|is_one| *is_one || !is_told_once);
        told(&self.made, &other.made).or_else(by_inode)
    }

    fn likeness_of_devices(&self, other: &Self) -> Likeness {
        let is_told = !self.disks.is_empty() && !other.disks.is_empty();
        match (&self.uuid, &other.uuid) {
            (Some(one), Some(two)) if one == two => Same,
            (Some(_), None) | (None, Some(_)) => Unknown,
            _ if is_told && self.disks.is_disjoint(&other.disks) => Other,
            (None, None) if is_told => Same,
            _ => Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(uuid: &str, part: &str, disks: &[&str]) -> Medium {
        let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let disks = disks.iter().map(|disk| (*disk).to_owned()).collect();
        Medium { uuid: told(uuid), part: told(part), disks, ..Medium::default() }
    }

    fn file(file: &str, system: &str, below: Medium) -> Medium {
        let system = (!system.is_empty()).then(|| system.to_owned());
        Medium { made: Some(file.to_owned()), system, ..below }
    }

    fn with_inode(inode: &str, medium: Medium) -> Medium {
        Medium { inode: Some(inode.to_owned()), ..medium }
    }

    fn told(what: &str, one: &Medium, two: &Medium, likeness: Likeness) {
        assert_eq!((one.likeness(two), two.likeness(one)), (likeness, likeness), "{what}");
        assert!(likeness == Same || !one.is_certainly(two), "{what}");
    }

    #[test]
    fn only_what_is_told_of_both_and_differs_tells_a_copy() {
        let disk = |disk: &str| on("", "", &[disk]);
        for (what, one, two, likeness) in [
            ("a disk", disk("1"), disk("1"), Same),
            ("another disk", disk("1"), disk("2"), Other),
            ("a disk that tells nothing", disk("1"), on("", "", &[]), Unknown),
            ("nothing is told", on("", "", &[]), on("", "", &[]), Unknown),
            ("partitions that were numbered anew", on("", "2", &["1"]), on("", "3", &["1"]), Unknown),
            ("a partition of another disk", on("", "2", &["1"]), on("", "2", &["2"]), Other),
            ("a logical volume that was moved", on("u", "", &["1"]), on("u", "", &["2"]), Same),
            ("one that was extended", on("u", "", &["1"]), on("u", "", &["1", "2"]), Same),
            ("another one on the same disk", on("u", "", &["1"]), on("v", "", &["1"]), Unknown),
            ("another one on another disk", on("u", "", &["1"]), on("v", "", &["2"]), Other),
            ("a disk that became an array", on("u", "", &["1"]), disk("2"), Unknown),
            ("an array that lost a disk", on("", "", &["1", "2"]), disk("1"), Same),
            ("an array whose UUID is told now", on("", "", &["1", "2"]), on("u", "", &["1", "3"]), Unknown),
        ] {
            told(what, &one, &two, likeness);
        }
    }

    #[test]
    fn a_file_is_another_one_only_in_the_same_file_system() {
        let disk = |disk: &str| on("", "", &[disk]);
        for (what, one, two, likeness) in [
            ("a file", file("a", "s", disk("1")), file("a", "s", disk("1")), Same),
            ("a file beside it", file("a", "s", disk("1")), file("b", "s", disk("1")), Other),
            ("the same, of no disk", file("a", "s", on("", "", &[])), file("b", "s", on("", "", &[])), Other),
            ("a file in another file system", file("a", "s", disk("1")), file("b", "t", disk("1")), Unknown),
            ("and on another disk", file("a", "s", disk("1")), file("b", "t", disk("2")), Unknown),
            ("a file system that is not told", file("a", "", disk("1")), file("b", "", disk("1")), Unknown),
            ("a file system's copy", file("a", "s", disk("1")), file("a", "s", disk("2")), Other),
            (
                "a file system on other disks",
                file("a", "s", on("u", "", &["1"])),
                file("a", "s", on("u", "", &["2"])),
                Same,
            ),
            (
                "another part of a file",
                file("a", "s", on("", "1", &[])),
                file("a", "s", on("", "2", &[])),
                Unknown,
            ),
            (
                "a file that was numbered anew",
                with_inode("1", file("a", "s", disk("1"))),
                with_inode("2", file("a", "s", disk("1"))),
                Same,
            ),
            (
                "a file whose making is told since",
                with_inode("1", file("a", "s", disk("1"))),
                with_inode("1", Medium { made: None, ..file("", "s", disk("1")) }),
                Same,
            ),
            (
                "a file whose making is told since, numbered anew",
                with_inode("1", file("a", "s", disk("1"))),
                with_inode("2", Medium { made: None, ..file("", "s", disk("1")) }),
                Unknown,
            ),
            (
                "a file whose making is not told",
                with_inode("1", Medium { made: None, ..file("", "s", disk("1")) }),
                with_inode("2", Medium { made: None, ..file("", "s", disk("1")) }),
                Other,
            ),
            ("a file that became a disk", file("a", "s", disk("1")), disk("1"), Unknown),
        ] {
            told(what, &one, &two, likeness);
        }
    }

    #[test]
    fn it_is_certain_by_what_no_two_have_at_the_same_time() {
        let made_at = |time: &str, inode: &str| with_inode(inode, file(time, "s", on("", "", &[])));
        for (what, one, two, is_certain) in [
            ("a disk", on("", "2", &["1"]), on("", "2", &["1"]), true),
            ("a logical volume", on("u", "", &["1"]), on("u", "", &[]), true),
            ("two arrays without UUID on one disk", on("", "md0", &["1"]), on("", "md1", &["1"]), false),
            ("nothing is told", on("", "", &[]), on("", "", &[]), false),
            ("a file", made_at("t", "1"), made_at("t", "1"), true),
            ("two that were made at one time", made_at("t", "1"), made_at("t", "2"), false),
            ("a file without inode", file("t", "s", on("", "", &[])), file("t", "s", on("", "", &[])), false),
        ] {
            assert_eq!((one.is_certainly(&two), two.is_certainly(&one)), (is_certain, is_certain), "{what}");
        }
    }
}
