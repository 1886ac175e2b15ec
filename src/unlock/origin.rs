//! Where a key was enrolled: the machine, the device, and what that is on. A LUKS UUID alone does not tell a volume, because a copy of an
//! image has the same one, and machines that are made from one image share even what they were made with.

use super::console::shown;
use super::cryptsetup::Volume;
use super::medium::System;
use aws_lc_rs::hmac;
use kmip_codec::attributes::{ApplicationSpecificInformation, Attribute};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The application of the attribute that says where a key was enrolled.
const NAMESPACE: &str = "LUKS-host";
/// What the identity of a machine is hashed with: machine-id(5) asks that it be shown to nobody.
const PURPOSE: &[u8] = b"keystead-unlock: where a volume was enrolled";
/// Bytes of a hash that are kept.
const HASH_BYTES: usize = 16;

/// Where a key was enrolled.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Origin {
    /// A hash of the machine's identity.
    machine: String,
    /// A hash of the identity of its hardware, where it can be read: it differs between virtual machines of one image.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    hardware: Option<String>,
    /// The name of the machine.
    name: String,
    /// The device or file.
    device: String,
    /// A hash of what the volume is on; none where that could not be told, or an older version enrolled it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    medium: Option<String>,
    /// Which of the places of the key this is: the highest is the last.
    #[serde(skip_serializing_if = "is_zero", default)]
    number: u32,
}

/// This machine, and the volume that is enrolled.
pub struct Here<'a> {
    volume: &'a Volume,
    uuid: &'a str,
    system: System,
    origin: Origin,
}

/// What the volume is to one that was enrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    /// It is on the same medium of the same machine.
    Same,
    /// What it is on cannot be compared; it is at the same place of the same machine.
    SamePlace,
    /// It is elsewhere, or on another medium, or nobody can tell.
    Other,
    /// The other one is there too, at its place, with the same LUKS UUID.
    Beside,
}

impl<'a> Here<'a> {
    /// This machine and this volume, of this LUKS UUID.
    pub fn of(volume: &'a Volume, uuid: &'a str) -> Self {
        let read = |places: &[&str]| places.iter().find_map(|place| identity(Path::new(place)));
        let name =
            read(&["/proc/sys/kernel/hostname", "/etc/hostname"]).unwrap_or_else(|| "unknown".to_owned());
        let machine = read(&["/etc/machine-id", "/var/lib/dbus/machine-id"]);
        let hardware = read(&["/sys/class/dmi/id/product_uuid", "/proc/device-tree/serial-number"]);
        let system = System::here();
        let origin = Origin {
            machine: hash(machine.as_ref().unwrap_or(&name)),
            hardware: hardware.as_deref().map(hash),
            name,
            device: system.lasting_name(volume.device()).to_string_lossy().into_owned(),
            medium: system.identity(volume.device()).map(hash),
            number: 0,
        };
        Self { volume, uuid, system, origin }
    }

    /// Whether the volume is the one that was enrolled at these places, as far as this can be told: one of them is this one, and at
    /// none of them the other one is there too. A place without a medium counts where the volume was enrolled last.
    pub fn is_of(&self, origins: &[Origin]) -> bool {
        is_this(origins.iter().map(|origin| (origin.number, self.relation(origin))))
    }

    fn relation(&self, enrolled: &Origin) -> Relation {
        if enrolled.is_same_machine(&self.origin) && self.is_beside(enrolled) {
            return Relation::Beside;
        }
        enrolled.relation(&self.origin)
    }

    /// Whether the volume that was enrolled is there too, at its place, with the same LUKS UUID.
    fn is_beside(&self, enrolled: &Origin) -> bool {
        let place = Path::new(&enrolled.device);
        place.exists()
            && !self.system.is_one(place, self.volume.device())
            && self.volume.uuid_at(place).as_deref() == Some(self.uuid)
    }

    /// As an attribute of a key that has none of them.
    pub fn attribute(&self) -> Attribute {
        self.origin.attribute()
    }

    /// What a key with these does not tell of this place: nothing where its last one is this, or, where nobody has decided
    /// anything, where one of them is.
    pub fn news(&self, origins: &[Origin], is_decided: bool) -> Option<Attribute> {
        let last = origins.iter().max_by_key(|origin| origin.number);
        let is_told = match is_decided {
            true => last.is_some_and(|last| last.is_place(&self.origin)),
            false => origins.iter().any(|origin| match origin.relation(&self.origin) {
                Relation::Same => true,
                Relation::SamePlace => self.origin.medium.is_none(),
                Relation::Other | Relation::Beside => false,
            }),
        };
        let number = last.map_or(0, |last| last.number.saturating_add(1));
        (!is_told).then(|| Origin { number, ..self.origin.clone() }.attribute())
    }
}

/// Of the numbers of places, and what the volume is to each.
fn is_this(all: impl Iterator<Item = (u32, Relation)> + Clone) -> bool {
    let is = |wanted: Relation| all.clone().any(|(_, relation)| relation == wanted);
    let last = all.clone().max_by_key(|(number, _)| *number);
    !is(Relation::Beside) && (is(Relation::Same) || last.is_some_and(|(_, last)| last == Relation::SamePlace))
}

impl Origin {
    fn attribute(&self) -> Attribute {
        let (namespace, data) = (NAMESPACE.to_owned(), serde_json::to_string(self).ok());
        Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation { namespace, data })
    }

    /// From an attribute, where it is one of these.
    pub fn read(information: &ApplicationSpecificInformation) -> Option<Self> {
        let data = information.data.as_ref().filter(|_| information.namespace == NAMESPACE)?;
        serde_json::from_str(data).ok()
    }

    /// What the other one is to this, of what is noted of both.
    fn relation(&self, other: &Self) -> Relation {
        if !self.is_same_machine(other) {
            return Relation::Other;
        }
        match (&self.medium, &other.medium) {
            (Some(one), Some(two)) if one == two => Relation::Same,
            (Some(_), Some(_)) => Relation::Other,
            // The number of a loop device says nothing of its file.
            _ if self.device == other.device && !self.device.starts_with("/dev/loop") => Relation::SamePlace,
            _ => Relation::Other,
        }
    }

    fn is_place(&self, other: &Self) -> bool {
        let place = |origin: &Self| (origin.machine.clone(), origin.hardware.clone(), origin.medium.clone());
        place(self) == place(other) && self.device == other.device
    }

    /// A machine that tells of its hardware at one time and not at the other may be a copy of the first.
    fn is_same_machine(&self, other: &Self) -> bool {
        self.machine == other.machine && self.hardware == other.hardware
    }

    /// For people.
    pub fn told(&self, here: &Here<'_>) -> String {
        let machine = match self.is_same_machine(&here.origin) {
            true => "this machine".to_owned(),
            false => format!("another machine ({})", shown(&self.name)),
        };
        format!("on {machine}, for {}", shown(&self.device))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A file of one line, where it says something.
pub fn identity(place: &Path) -> Option<String> {
    let text = fs::read_to_string(place).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    // What systemd writes into an image that has no identity yet.
    (!text.is_empty() && text != "uninitialized").then(|| text.to_owned())
}

fn hash(identity: impl AsRef<str>) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, identity.as_ref().as_bytes());
    let tag = hmac::sign(&key, PURPOSE);
    hex::encode(tag.as_ref().get(..HASH_BYTES).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn origin(machine: &str, hardware: Option<&str>) -> Origin {
        let (machine, hardware) = (hash(machine), hardware.map(hash));
        let (name, device) = ("host".to_owned(), "/dev/sda1".to_owned());
        Origin { machine, hardware, name, device, medium: Some(hash("disk")), number: 0 }
    }

    fn on(device: &str, medium: Option<&str>) -> Origin {
        Origin { device: device.to_owned(), medium: medium.map(hash), ..origin("m", None) }
    }

    #[test]
    fn machines_of_one_image_are_told_apart_by_their_hardware() {
        let enrolled = origin("m", Some("h"));
        assert!(enrolled.is_same_machine(&origin("m", Some("h"))));
        assert!(!enrolled.is_same_machine(&origin("m", Some("other"))));
        assert!(!enrolled.is_same_machine(&origin("other", Some("h"))));
        assert!(!enrolled.is_same_machine(&origin("m", None)), "nobody can tell");
        assert_eq!(enrolled.relation(&origin("m", Some("other"))), Relation::Other);
    }

    #[test]
    fn what_it_is_on_tells_a_volume_and_not_the_letter_of_the_device() {
        use Relation::{Other, Same, SamePlace};
        for (one, two, relation) in [
            (on("/dev/sda", Some("1")), on("/dev/sda", Some("1")), Same),
            (on("/dev/sda", Some("1")), on("/dev/sdb", Some("1")), Same),
            (on("/dev/sda", Some("1")), on("/dev/sda", Some("2")), Other),
            (on("/dev/vda", None), on("/dev/vda", None), SamePlace),
            (on("/dev/vda", None), on("/dev/vda", Some("1")), SamePlace),
            (on("/dev/vda", None), on("/dev/vdb", None), Other),
            (on("/dev/loop0", None), on("/dev/loop0", None), Other),
        ] {
            assert_eq!((one.relation(&two), two.relation(&one)), (relation, relation), "{one:?} {two:?}");
        }
    }

    /// A place that is no longer there hid that the volume is a copy.
    #[test]
    fn one_that_is_beside_is_a_doubt_whatever_the_other_places_say() {
        use Relation::{Beside, Other, Same, SamePlace};
        for (relations, is) in [
            (&[Same][..], true),
            (&[Same, Other], true),
            (&[Other, Same], true),
            (&[Other], false),
            (&[], false),
            (&[Beside], false),
            (&[Same, Beside], false),
            (&[Beside, Same], false),
            (&[Other, SamePlace], true),
            // It was enrolled elsewhere since.
            (&[SamePlace, Other], false),
            (&[SamePlace, Beside], false),
        ] {
            let all = (0..).zip(relations.iter().copied());
            assert_eq!(is_this(all), is, "{relations:?}");
        }
    }

    #[test]
    fn the_identity_of_a_machine_is_shown_to_nobody() {
        let Attribute::ApplicationSpecificInformation(written) = origin("secret", Some("id")).attribute()
        else {
            panic!("another attribute")
        };
        let data = written.data.clone().unwrap();
        assert!(!data.contains("secret") && !data.contains("disk") && data.len() < 300, "{data}");
        let read = Origin::read(&written).unwrap();
        assert!(read.is_place(&origin("secret", Some("id"))));
        let older = r#"{"machine":"m","name":"host","device":"/dev/sda1"}"#.to_owned();
        let older = Origin::read(&ApplicationSpecificInformation { data: Some(older), ..written.clone() });
        assert_eq!(older.unwrap().medium, None);
        let other = ApplicationSpecificInformation { namespace: "LUKS".to_owned(), ..written };
        assert!(Origin::read(&other).is_none());
    }
}
