//! Where a key was enrolled: the machine, the device, and what that is on. A LUKS UUID alone does not tell a volume, because a copy of an
//! image has the same one, and machines that are made from one image share even what they were made with.

use super::console::shown;
use super::cryptsetup::Volume;
use super::medium::{Likeness, Medium};
use super::system::System;
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
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
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
    /// What the volume is on, hashed; nothing where that could not be told, or an older version enrolled it.
    #[serde(skip_serializing_if = "Medium::is_untold", default)]
    on: Medium,
}

/// This machine, and the volume that is enrolled.
pub struct Here<'a> {
    volume: &'a Volume,
    uuid: &'a str,
    system: System,
    origin: Origin,
}

/// What tells that a volume is a copy of the one that was enrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// Nothing does: it is that one, or it cannot be told.
    Nothing,
    /// It is on another disk, or is another file beside where that one was, on the same machine.
    Medium,
    /// It is on another machine.
    Machine,
    /// That one is here too, at its place, with the same LUKS UUID.
    Beside,
}

/// What the machine of an enrolment is to this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Machine {
    /// This one: both tell the same of themselves.
    This,
    /// Another one: something that both tell differs.
    Other,
    /// Either: one of the two does not tell what the other does.
    Untold,
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
            on: system.medium(volume.device()).hashed(|identity| hash(identity)),
        };
        Self { volume, uuid, system, origin }
    }

    /// What tells that the volume is a copy of the one that was enrolled at these places. An older version noted none.
    pub fn evidence(&self, origins: &[Origin]) -> Evidence {
        let machines: Vec<_> = origins.iter().map(|origin| origin.machine_to(&self.origin)).collect();
        let may_be_here = machines.iter().zip(origins).filter(|(machine, _)| **machine != Machine::Other);
        let here: Vec<_> = may_be_here.map(|(_, origin)| origin).collect();
        let beside = self.beside(&here);
        let likeness: Vec<_> = here.iter().map(|origin| origin.on.likeness(&self.origin.on)).collect();
        judged(&machines, self.is_noted(&here, &beside), !beside.is_empty(), &likeness)
    }

    /// Whether the volume cannot be the one that was enrolled at these places: that one is beside it, or was enrolled on another
    /// machine, and what this is on was not noted there. A mainboard is exchanged, and the volume is the same.
    pub fn is_proof(&self, origins: &[Origin]) -> bool {
        let all: Vec<_> = origins.iter().collect();
        matches!(self.evidence(origins), Evidence::Machine | Evidence::Beside)
            && !self.is_noted(&all, &self.beside(&all))
    }

    /// What others with the same LUKS UUID are on that are at these places now.
    fn beside(&self, enrolled: &[&Origin]) -> Vec<Medium> {
        let places = enrolled.iter().map(|origin| Path::new(&origin.device));
        let others = places.filter(|place| {
            place.exists()
                && !self.system.is_one(place, self.volume.device())
                && self.volume.uuid_at(place).as_deref() == Some(self.uuid)
        });
        others.map(|place| self.system.medium(place).hashed(|identity| hash(identity))).collect()
    }

    /// Whether what the volume is on was noted for certain. Where that is as true of one beside it (the other half of a mirror, the
    /// other file system of a snapshot), the place decides.
    fn is_noted(&self, enrolled: &[&Origin], beside: &[Medium]) -> bool {
        enrolled.iter().any(|origin| {
            origin.on.is_certainly(&self.origin.on)
                && (origin.device == self.origin.device
                    || !beside.iter().any(|other| origin.on.is_certainly(other)))
        })
    }

    /// As an attribute of a key that has none of them.
    pub fn attribute(&self) -> Attribute {
        self.origin.attribute()
    }

    /// What a key with these does not tell of this place.
    pub fn news(&self, origins: &[Origin]) -> Option<Attribute> {
        let is_this =
            |told: &Origin| Origin { name: self.origin.name.clone(), ..told.clone() } == self.origin;
        (!origins.iter().any(is_this)).then(|| self.attribute())
    }
}

/// The machines where a volume was enrolled; and of its places that may be on this one, in order: whether what it is on is noted for
/// certain, whether it is there too at one of them, and what it is on now to what it was on. The last decides where none is the same.
/// Enrolled on another machine and on none that is this one for certain, it came here or was copied.
fn judged(machines: &[Machine], is_noted: bool, is_beside: bool, here: &[Likeness]) -> Evidence {
    match here {
        _ if machines.contains(&Machine::Other) && !machines.contains(&Machine::This) => Evidence::Machine,
        _ if is_noted => Evidence::Nothing,
        _ if is_beside => Evidence::Beside,
        [.., Likeness::Other] if !here.contains(&Likeness::Same) => Evidence::Medium,
        _ => Evidence::Nothing,
    }
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

    /// What the machine is to another one. A machine without an identity of its own is known by its name.
    fn machine_to(&self, other: &Self) -> Machine {
        let has_identity = |origin: &Self| origin.machine != hash(&origin.name);
        let machines = (has_identity(self) == has_identity(other)).then_some((&self.machine, &other.machine));
        let is_hardware_told = self.hardware.is_some() && other.hardware.is_some();
        let is_hardware_other = self.hardware != other.hardware;
        match machines {
            _ if is_hardware_told && is_hardware_other => Machine::Other,
            Some((one, two)) if one != two => Machine::Other,
            Some(_) if !is_hardware_other => Machine::This,
            _ => Machine::Untold,
        }
    }

    /// For people.
    pub fn told(&self, here: &Here<'_>) -> String {
        let machine = match self.machine_to(&here.origin) {
            Machine::This => "this machine".to_owned(),
            Machine::Other => format!("another machine ({})", shown(&self.name)),
            Machine::Untold => format!("a machine that may be this one ({})", shown(&self.name)),
        };
        format!("on {machine}, for {}", shown(&self.device))
    }
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
        let disks = ["disk".to_owned()].into();
        let on = Medium { disks, ..Medium::default() }.hashed(|identity| hash(identity));
        Origin { machine, hardware, name, device, on }
    }

    /// What was told at one time and not at another was taken for another machine.
    #[test]
    fn machines_are_two_where_both_tell_and_differ() {
        use Machine::{Other, This, Untold};
        for (one, two, is) in [
            (origin("m", Some("h")), origin("m", Some("h")), This),
            (origin("m", Some("h")), origin("m", Some("other")), Other),
            (origin("m", Some("h")), origin("other", Some("h")), Other),
            (origin("m", Some("h")), origin("m", None), Untold),
            (origin("m", None), origin("m", None), This),
            (origin("m", None), origin("other", None), Other),
            // An installer has no identity yet, and the name is that of the machine.
            (origin("host", None), origin("m", None), Untold),
            (origin("host", Some("h")), origin("m", Some("h")), Untold),
            (origin("host", Some("h")), origin("m", Some("other")), Other),
            (origin("host", None), origin("host", None), This),
        ] {
            assert_eq!((one.machine_to(&two), two.machine_to(&one)), (is, is), "{one:?} {two:?}");
        }
    }

    /// All that a machine may tell of itself at one time.
    fn tellings(machine: &'static str, hardware: &'static str) -> Vec<Origin> {
        let told = [(machine, Some(hardware)), (machine, None), ("host", Some(hardware)), ("host", None)];
        told.into_iter().map(|(machine, hardware)| origin(machine, hardware)).collect()
    }

    fn evidence(notes: &[Origin], here: &Origin) -> Evidence {
        let machines: Vec<_> = notes.iter().map(|note| note.machine_to(here)).collect();
        judged(&machines, false, false, &[])
    }

    /// An image that did not tell where it was enrolled hid for ever that its copies are on many machines.
    #[test]
    fn the_second_copy_of_an_image_is_asked_about_whatever_the_first_place_told() {
        for machine in ["m1", "baked in"] {
            for image in [origin("host", None), origin("baked in", None), origin("host", Some("builder"))] {
                for first in tellings(machine, "h1") {
                    for second in tellings(if machine == "m1" { "m2" } else { machine }, "h2") {
                        let notes = match evidence(std::slice::from_ref(&image), &first) {
                            Evidence::Nothing => vec![image.clone(), first.clone()],
                            asked => {
                                assert_eq!(asked, Evidence::Machine);
                                continue;
                            }
                        };
                        // Where the machine came to say who it is, it is that one.
                        assert_eq!(evidence(&notes, &first), Evidence::Nothing, "{notes:?}");
                        let is_told = first.machine_to(&second) == Machine::Other;
                        let is_image = image.machine_to(&second) == Machine::This;
                        let found = evidence(&notes, &second);
                        assert!(found == Evidence::Machine || !is_told || is_image, "{notes:?} {second:?}");
                    }
                }
            }
        }
    }

    /// One machine, whatever it tells at three times, is never another one.
    #[test]
    fn a_machine_that_tells_of_itself_at_times_is_never_another_one() {
        let all = tellings("m", "h");
        for one in &all {
            for two in &all {
                for three in &all {
                    assert_eq!(evidence(&[one.clone(), two.clone()], three), Evidence::Nothing);
                }
            }
        }
    }

    #[test]
    fn a_doubt_needs_evidence() {
        use Evidence::{Beside, Nothing};
        use Likeness::{Other, Same, Unknown};
        use Machine::{Other as There, This, Untold};
        for (here, evidence) in [
            (&[Same][..], Nothing),
            (&[Unknown], Nothing),
            (&[Other], Evidence::Medium),
            (&[Same, Other], Nothing),
            (&[Other, Same], Nothing),
            // What an older version noted does not hide what was noted since.
            (&[Unknown, Other], Evidence::Medium),
            // A disk was replaced by one that tells no number, which it tells now.
            (&[Other, Unknown], Nothing),
        ] {
            for machines in [&[This][..], &[Untold], &[Untold, This], &[There, Untold, This]] {
                assert_eq!(judged(machines, false, false, here), evidence, "{here:?}");
                assert_eq!(judged(machines, false, true, here), Beside, "{here:?}");
                assert_eq!(judged(machines, true, true, here), Nothing, "{here:?}");
            }
            for machines in [&[There][..], &[Untold, There]] {
                for (is_noted, is_beside) in [(false, false), (false, true), (true, false), (true, true)] {
                    let found = judged(machines, is_noted, is_beside, here);
                    assert_eq!(found, Evidence::Machine, "{machines:?} {here:?}");
                }
            }
        }
        assert_eq!(judged(&[], false, false, &[]), Nothing);
    }

    #[test]
    fn the_identity_of_a_machine_is_shown_to_nobody() {
        let place = origin("secret", Some("id"));
        let Attribute::ApplicationSpecificInformation(written) = place.attribute() else {
            panic!("another attribute")
        };
        let data = written.data.clone().unwrap();
        assert!(!data.contains("secret") && !data.contains("\"disk\"") && data.len() < 300, "{data}");
        assert_eq!(Origin::read(&written), Some(place));
        for older in [
            r#"{"machine":"m","name":"host","device":"/dev/sda1"}"#,
            r#"{"machine":"m","name":"host","device":"/dev/sda1","medium":"00","number":1}"#,
        ] {
            let older = ApplicationSpecificInformation { data: Some(older.to_owned()), ..written.clone() };
            assert!(Origin::read(&older).unwrap().on.is_untold());
        }
        let other = ApplicationSpecificInformation { namespace: "LUKS".to_owned(), ..written };
        assert!(Origin::read(&other).is_none());
    }
}
