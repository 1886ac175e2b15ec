//! Protocol versions (KMIP 2.1, 9.16).

use std::fmt;

/// A protocol version, major and minor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version {
    /// The major number.
    pub major: u8,
    /// The minor number.
    pub minor: u8,
}

/// KMIP 1.0.
pub const V1_0: Version = Version::new(1, 0);
/// KMIP 1.1.
pub const V1_1: Version = Version::new(1, 1);
/// KMIP 1.2.
pub const V1_2: Version = Version::new(1, 2);
/// KMIP 1.3.
pub const V1_3: Version = Version::new(1, 3);
/// KMIP 1.4.
pub const V1_4: Version = Version::new(1, 4);
/// KMIP 2.0.
pub const V2_0: Version = Version::new(2, 0);
/// KMIP 2.1.
pub const V2_1: Version = Version::new(2, 1);

/// Not a version of the protocol: every row of every version at once, for writing to disk. Attributes stand in
/// their 1.x form, which keeps their indexes.
pub const STORED: Version = Version::new(255, 0);

/// Every version that this codec speaks, oldest first.
pub const VERSIONS: [Version; 7] = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1];

impl Version {
    /// A version from its numbers; not every pair is spoken.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Whether this codec speaks the version.
    pub fn is_spoken(self) -> bool {
        VERSIONS.contains(&self)
    }

    /// The spoken version that answers a peer of this version: the newest one not above it, else the oldest.
    pub fn nearest_spoken(self) -> Self {
        VERSIONS.into_iter().rev().find(|v| *v <= self).unwrap_or(V1_0)
    }

    /// The newest version that is spoken with the same major number; itself where none is.
    pub fn newest_of_major(self) -> Self {
        match self.major {
            1 => V1_4,
            2 => V2_1,
            _ => self,
        }
    }

    /// Whether attributes stand under their own tags (2.x) rather than as name and value (1.x).
    pub fn has_tagged_attributes(self) -> bool {
        self >= V2_0 && self != STORED
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
