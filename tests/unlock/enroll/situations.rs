//! What a volume may have become since it was enrolled, what a person says of it, and what the server answers, each with each, and
//! again. The LUKS UUID changes at most once, and after everything the volume opens with the right certificate.

use super::machines::Is::{Copied, Proof, Untold};
use super::machines::*;
use super::origins::Loop;
use super::*;
use crate::support::fake::Fake;
use crate::support::keys::Keys;
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Condvar, Mutex};

/// What answers an enrolment.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Answer {
    Right,
    /// The server, to the certificate of another client.
    OtherClient,
    OtherServer,
    Down,
}

use Answer::{Down, OtherClient, OtherServer, Right};

/// How many labs there are at a time: a machine has few loop devices, and each lab takes two.
const LABS_MAX: usize = 2;

/// How many more there may be.
static FREE: (Mutex<usize>, Condvar) = (Mutex::new(LABS_MAX), Condvar::new());

/// The place of a lab among those that there may be.
struct Place;

impl Place {
    fn wait_for() -> Self {
        let (free, left) = &FREE;
        let free = free.lock().unwrap_or_else(|stopped| stopped.into_inner());
        let mut free =
            left.wait_while(free, |free| *free == 0).unwrap_or_else(|stopped| stopped.into_inner());
        *free -= 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (free, left) = &FREE;
        *free.lock().unwrap_or_else(|stopped| stopped.into_inner()) += 1;
        left.notify_one();
    }
}

/// A host with two disks, two servers and the keys of another client.
struct Lab {
    host: Host,
    is_other_client: Arc<AtomicUsize>,
    other: Fake,
    disks: [Loop; 2],
    /// Another file system.
    elsewhere: tempfile::TempDir,
    /// Given back last.
    _place: Place,
}

impl Lab {
    fn new() -> Self {
        let place = Place::wait_for();
        let (is_other_client, others) = (Arc::new(AtomicUsize::new(0)), Keys::after(100));
        let asked = is_other_client.clone();
        let host = Host::with(move |keys, request| match asked.load(Ordering::SeqCst) {
            0 => keys.answer(request),
            _ => others.answer(request),
        });
        let keys = Keys::after(200);
        let other = Fake::start(&host.pki, move |request| keys.answer(request));
        let second = host.folder.path().join("second.img");
        let length = std::fs::metadata(&host.luks.file).unwrap().len();
        std::fs::File::create(&second).unwrap().set_len(length).unwrap();
        std::fs::create_dir(host.folder.path().join("dev")).unwrap();
        let disks = [Loop::over(&host.luks.file), Loop::over(&second)];
        let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
        Self { host, is_other_client, other, disks, elsewhere, _place: place }
    }

    /// What is enrolled on this machine, and where its header can be read.
    fn place(&self, Machine(name, devices): &Machine) -> (PathBuf, PathBuf) {
        match (devices.last(), *name) {
            (Some(Device(name, disk, ..)), _) => {
                (self.host.folder.path().join("dev").join(name), self.disks[*disk].0.clone())
            }
            (None, "moved") => (self.elsewhere.path().join("moved"), self.elsewhere.path().join("moved")),
            (None, "loop") => (self.disks[0].0.clone(), self.disks[0].0.clone()),
            (None, _) => (self.host.luks.file.clone(), self.disks[0].0.clone()),
        }
    }

    /// The commands that make this machine of one with a `/sys` and a `/dev` of its own.
    fn script(&self, Machine(hardware, devices): &Machine) -> String {
        let dev = self.host.folder.path().join("dev").display().to_string();
        let mut script = format!(
            "mount -t tmpfs none {dev}; mount -t tmpfs none /sys/class; mkdir -p /sys/class/dmi/id\n"
        );
        if devices.is_empty() {
            return script;
        }
        script += "mount -t tmpfs none /sys/dev/block; cd /sys/dev/block\n";
        if !hardware.is_empty() {
            script += &format!("echo {hardware} > /sys/class/dmi/id/product_uuid\n");
        }
        for Device(name, disk, files, below) in *devices {
            let number = std::fs::metadata(&self.disks[*disk].0).unwrap().rdev();
            let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
            let folder = format!("{major}:{minor}");
            script += &format!("mknod {dev}/{name} b {major} {minor}; mkdir -p {folder}/slaves\n");
            for (file, content) in *files {
                script +=
                    &format!("mkdir -p {folder}/$(dirname {file}); echo '{content}' > {folder}/{file}\n");
            }
            for wwid in *below {
                script += &format!(
                    "mkdir -p {wwid}; echo {wwid} > {wwid}/wwid; ln -sf ../../{wwid} {folder}/slaves/\n"
                );
            }
        }
        script
    }

    fn run(&self, machine: &Machine, answer: Answer, args: &[&str]) -> Output {
        let server = match answer {
            Right | OtherClient => self.host.fake.address.to_string(),
            OtherServer => self.other.address.to_string(),
            Down => "127.0.0.1:1".to_owned(),
        };
        self.is_other_client.store(usize::from(answer == OtherClient), Ordering::SeqCst);
        let command = self.host.command(&[&["--server", &server], args].concat(), None);
        let script = format!("{}exec \"$@\"", self.script(machine));
        let mut inside = Command::new("unshare");
        inside
            .args(["--mount", "sh", "-ec", &script, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        inside.stdin(Stdio::null()).output().unwrap()
    }

    fn enroll(&self, machine: &Machine, answer: Answer, decision: Option<&str>) -> Output {
        let (place, _) = self.place(machine);
        let key = self.host.luks.key_file.to_str().unwrap();
        let mut args = vec!["enroll", place.to_str().unwrap(), "--existing-key-file", key];
        args.extend(decision);
        self.run(machine, answer, &args)
    }

    fn opens(&self, machine: &Machine) -> Output {
        let (place, _) = self.place(machine);
        self.run(machine, Right, &["unlock", "--wait", "5", "--test-passphrase", place.to_str().unwrap()])
    }

    /// The time passes between the first machine and the second.
    fn become_then(&self, Machine(name, devices): &Machine) {
        let all = std::fs::read(&self.disks[0].0).unwrap();
        let copy_to = |place: &Path| {
            let to = std::fs::File::options().write(true).create(true).truncate(false).open(place).unwrap();
            for (at, block) in (0..).step_by(4096).zip(all.chunks(4096)) {
                if block.iter().any(|byte| *byte != 0) || at + 4096 >= all.len() as u64 {
                    to.write_all_at(block, at).unwrap();
                }
            }
            to.sync_all().unwrap();
        };
        if devices.iter().any(|Device(_, disk, ..)| *disk == 1) {
            copy_to(&self.disks[1].0);
        }
        if *name == "moved" && devices.is_empty() {
            copy_to(&self.elsewhere.path().join("moved"));
            std::fs::remove_file(&self.host.luks.file).unwrap();
        }
    }
}

/// How many places the keys of a host have at most.
fn places(host: &Host) -> usize {
    use kmip_codec::attributes::Attribute::ApplicationSpecificInformation;
    let is_place = |attribute: &&kmip_codec::attributes::Attribute| matches!(attribute, ApplicationSpecificInformation(told) if told.namespace == "LUKS-host");
    let keys = host.keys.0.lock().unwrap();
    keys.iter().map(|key| key.attributes.iter().filter(is_place).count()).max().unwrap_or(0)
}

/// The header of a volume, and the LUKS UUID in it.
fn header(place: &Path) -> (Vec<u8>, String) {
    let mut bytes = vec![0; 1 << 15];
    std::fs::File::open(place).unwrap().read_exact(&mut bytes).unwrap();
    let uuid = String::from_utf8_lossy(&bytes[168..204]).into_owned();
    (bytes, uuid)
}

/// A volume that was enrolled in a situation, with `--new-uuid` or without, is enrolled again with these answers of the server.
fn enrolled(situation: &Situation, was_separated: bool, decision: Option<&str>, answers: &[Answer]) {
    let (name, is, first, then) = situation;
    let lab = Lab::new();
    let done = lab.enroll(first, Right, was_separated.then_some("--new-uuid"));
    assert!(done.status.success(), "{name}: {}", words(&done));
    lab.become_then(then);
    let (_, place) = lab.place(then);
    let is_new = decision == Some("--new-uuid");
    let (mut owner, mut is_separated, mut has_changed) = (Right, was_separated, false);
    for (at, answer) in answers.iter().copied().enumerate() {
        let what = format!("{name}, {was_separated}, {decision:?}, {answers:?} at {at}");
        let before = header(&place);
        let is_proof = *is == Proof && answer == owner && !has_changed;
        let acts = is_new && answer != Down && (!is_separated || is_proof);
        let code = match answer {
            Down => 3,
            _ if acts => 0,
            other if other != owner => 4,
            _ if has_changed || *is == Untold || decision == Some("--same-volume") => 0,
            _ => 2,
        };
        let done = lab.enroll(then, answer, decision);
        let told = format!("{what}: {}", words(&done));
        assert_eq!(done.status.code(), Some(code), "{told}");
        let after = header(&place);
        assert_eq!(after.1 != before.1, acts, "{told}");
        if code != 0 {
            assert!(after.0 == before.0, "{told}");
        } else if is_new && !acts {
            assert!(told.contains("already, and key") && told.contains("token remove --token-id"), "{told}");
        }
        if acts {
            (owner, is_separated, has_changed) = (answer, true, true);
        }
        if after.0 != before.0 || at + 1 == answers.len() {
            let opens = lab.opens(then);
            assert!(opens.status.success(), "{what}: {}", words(&opens));
        }
    }
    assert!(places(&lab.host) <= 2, "{name}: {} places", places(&lab.host));
}

/// Each situation with a volume that was enrolled with `--new-uuid` or with one that was not, in turn; with KEYSTEAD_SOAK=1 with
/// both.
fn situations(plain: impl Fn(&Situation), separated: impl Fn(&Situation)) {
    let soak = std::env::var_os("KEYSTEAD_SOAK").is_some();
    for (at, situation) in SITUATIONS.iter().enumerate() {
        if soak || at % 2 == 0 {
            plain(situation);
        }
        if soak || at % 2 == 1 {
            separated(situation);
        }
    }
}

#[test]
fn nothing_is_changed_where_nobody_has_decided() {
    situations(
        |situation| enrolled(situation, false, None, &[Down, Right]),
        |situation| enrolled(situation, true, None, &[Right]),
    );
}

#[test]
fn the_same_volume_keeps_its_uuid_and_its_key_has_no_more_places() {
    situations(
        |situation| enrolled(situation, false, Some("--same-volume"), &[Right, OtherServer, Right]),
        |situation| enrolled(situation, true, Some("--same-volume"), &[Right, Right]),
    );
}

#[test]
fn a_new_uuid_is_given_at_most_once_whatever_the_server_answers() {
    // The other way round: what one test does not try in CI, this one does.
    situations(
        |situation| enrolled(situation, true, Some("--new-uuid"), &[OtherClient, Right, Right]),
        |situation| enrolled(situation, false, Some("--new-uuid"), &[Right, Right, OtherClient, Right]),
    );
}

#[test]
fn a_new_uuid_from_the_wrong_server_leaves_the_volume_open_to_the_right_one() {
    // Which situation it is, the tests above try: here each kind of them does, four times; with KEYSTEAD_SOAK=1 all.
    let most = if std::env::var_os("KEYSTEAD_SOAK").is_some() { SITUATIONS.len() } else { 4 };
    for kind in [Untold, Copied, Proof] {
        for situation in SITUATIONS.iter().filter(|(_, is, ..)| *is == kind).take(most) {
            enrolled(situation, false, Some("--new-uuid"), &[OtherClient, Right, OtherServer, Down]);
        }
    }
}

/// Each run added a place, to the key of two volumes that share it.
#[test]
fn places_that_are_noted_are_not_noted_again() {
    let host = Host::new();
    host.finish("the first");
    let copy = copies::copy(&host, "copy.img");
    for _ in 0..3 {
        for file in [&host.luks.file, &copy] {
            let done = copies::enroll(&host, file, &["--same-volume"]);
            assert!(done.status.success(), "{}", words(&done));
        }
    }
    assert_eq!((places(&host), host.keys.states().len()), (2, 1));
}

const FIRST: &[Device] = &[Device("sda", 0, ONE, &[])];

/// An image is enrolled where the machine does not tell who it is. All its copies shared its key in silence.
#[test]
fn the_second_machine_of_an_image_is_asked_about() {
    let lab = Lab::new();
    let [image, one, two, three] = ["", "one", "two", "three"].map(|hardware| Machine(hardware, FIRST));
    let enroll = |machine: &Machine, decision: Option<&str>, code: i32| {
        let (_, place) = lab.place(machine);
        let before = header(&place);
        let done = lab.enroll(machine, Right, decision);
        assert_eq!(done.status.code(), Some(code), "{}, {decision:?}: {}", machine.0, words(&done));
        assert!(code == 0 || header(&place).0 == before.0, "{}", machine.0);
    };
    for machine in [&image, &one, &one, &image] {
        enroll(machine, None, 0);
    }
    // The numbers of their disks are copied as well.
    for _ in 0..2 {
        enroll(&two, None, 2);
        enroll(&three, None, 2);
    }
    enroll(&two, Some("--same-volume"), 0);
    for machine in [&two, &one, &image] {
        enroll(machine, None, 0);
    }
    enroll(&three, None, 2);
    enroll(&three, Some("--new-uuid"), 0);
    enroll(&three, None, 0);
    assert_eq!(lab.host.keys.states().len(), 2);
}

/// Said to be the same volume while the first is there too, it was asked about again each time, and got another LUKS UUID.
#[test]
fn what_was_said_to_be_the_same_volume_beside_the_first_stays_so() {
    let names = ["beside", "a snapshot", "the halves of a mirror that was split"];
    let beside = SITUATIONS.iter().filter(|(name, ..)| names.contains(name));
    for (name, _, first, then) in beside {
        for was_separated in [false, true] {
            let lab = Lab::new();
            assert!(lab.enroll(first, Right, was_separated.then_some("--new-uuid")).status.success());
            lab.become_then(then);
            let (_, place) = lab.place(then);
            let uuid = header(&place).1;
            let decisions = [None, Some("--same-volume"), None, Some("--new-uuid"), None];
            for (at, decision) in decisions.into_iter().enumerate() {
                if decision == Some("--new-uuid") && !was_separated {
                    continue;
                }
                let done = lab.enroll(then, Right, decision);
                let code = if at == 0 { 2 } else { 0 };
                assert_eq!(done.status.code(), Some(code), "{name}, {decision:?}: {}", words(&done));
                assert_eq!(header(&place).1, uuid, "{name}, {decision:?}: {}", words(&done));
            }
            assert!(lab.opens(then).status.success() && places(&lab.host) == 2, "{name}");
        }
    }
}
