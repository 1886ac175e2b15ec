//! SIGHUP: files and configuration are read again, live connections have the new rules from their next message on, what is
//! wrong is refused whole, and the log says what has changed.

use super::{answer, create, query};
use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use keystead::pki::{Ca, Curve, Pair, make_ca};
use kmip_codec::enums::{ResultReason, ResultStatus};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::GetRequest;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const NEVER: Duration = Duration::from_secs(30);

struct Lab {
    folder: tempfile::TempDir,
    dev: Dev,
}

impl Lab {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server");
        drop(Dev::configured(&place, &[("", more)]));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let dev = Dev::logging(&place, log);
        Self { folder, dev }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dev.folder.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dev.folder.join(name), text).unwrap();
    }

    fn put(&self, name: &str, pair: &Pair) {
        self.write(&format!("{name}.pem"), &pair.certificate);
        self.write(&format!("{name}.key"), &pair.key);
    }

    /// Sends SIGHUP, and waits until the log has something new to say of it.
    fn reload(&self) -> String {
        let before = self.log().len();
        let pid = rustix::process::Pid::from_raw(self.dev.pid()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        let begin = Instant::now();
        loop {
            let new = self.log().get(before..).unwrap_or_default().to_owned();
            if new.contains("SIGHUP: ") && new.ends_with('\n') {
                // One reload writes its lines at once.
                std::thread::sleep(Duration::from_millis(100));
                return self.log().get(before..).unwrap_or_default().to_owned();
            }
            assert!(begin.elapsed() < NEVER, "nothing was read again: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn says(&self, words: &[&str]) {
        let told = self.reload();
        for word in words {
            assert!(told.contains(word), "{word:?} is not in {told}");
        }
    }

    fn is_served(&self, wire: &mut Wire) -> bool {
        let bytes = wire.exchange(&query(V2_1).to_bytes());
        bytes.is_ok_and(|bytes| answer(&bytes).items[0].result_status == ResultStatus::Success)
    }
}

fn reason(wire: &mut Wire) -> Option<ResultReason> {
    answer(&wire.exchange(&query(V2_1).to_bytes()).unwrap()).items[0].result_reason
}

/// The certificate that a server shows, and its kind of key.
fn shown(dev: &Dev) -> Vec<u8> {
    let mut wire = wire::connect(dev, "looker");
    wire.exchange(&query(V2_1).to_bytes()).unwrap();
    wire.0.conn.peer_certificates().unwrap()[0].to_vec()
}

#[test]
fn a_new_server_certificate_is_shown_and_a_bad_one_refused() {
    let lab = Lab::new("");
    let mut live = wire::connect(&lab.dev, "live");
    assert!(lab.is_served(&mut live));
    let (before, ca) = (shown(&lab.dev), wire::ca(&lab.dev));
    lab.says(&["nothing has changed"]);
    lab.put("server", &ca.server().unwrap());
    lab.says(&["tls.certificate: now subject CN=localhost", "SHA-256", "valid until"]);
    let renewed = shown(&lab.dev);
    assert_ne!(renewed, before);
    assert!(lab.is_served(&mut live), "the live connection goes on");

    let good = (lab.read("server.pem"), lab.read("server.key"));
    let back = || {
        lab.write("server.pem", &good.0);
        lab.write("server.key", &good.1);
    };
    lab.write("server.pem", "nothing");
    lab.says(&["nothing was changed", "server.pem", "PEM"]);
    back();
    lab.write("server.key", &lab.read("client.key"));
    lab.says(&["nothing was changed", "belong together"]);
    back();
    lab.put("server", &ca.client("localhost", 30).unwrap());
    lab.says(&["nothing was changed", "clientAuth", "serverAuth"]);
    lab.put("server", &ca.endpoint("localhost", -1).unwrap());
    lab.says(&["nothing was changed", "has expired"]);
    back();
    assert_eq!(shown(&lab.dev), renewed);
    assert!(lab.is_served(&mut live));
    lab.put("server", &ca.endpoint("localhost", 5).unwrap());
    lab.says(&["tls.certificate: now"]);
}

#[test]
fn groups_and_the_ca_hold_for_live_connections() {
    let lab = Lab::new("[[groups]]\nname = \"g\"\nmembers = [\"one\"]\ndefault = true");
    let (mut one, mut two) = (wire::connect(&lab.dev, "one"), wire::connect(&lab.dev, "two"));
    let made = one.exchange(&RequestMessage::new(V2_1, vec![create("a").into()]).to_bytes()).unwrap();
    let Some(Response::Create(made)) = &answer(&made).items[0].response else { panic!() };
    let UniqueIdentifier::Text(id) = &made.unique_identifier else { panic!() };
    let mut gets = |id: &str| {
        let get = GetRequest {
            unique_identifier: Some(UniqueIdentifier::Text(id.to_owned())),
            ..GetRequest::default()
        };
        let message = RequestMessage::new(V2_1, vec![Request::Get(get).into()]);
        answer(&two.exchange(&message.to_bytes()).unwrap()).items[0].result_status == ResultStatus::Success
    };
    assert!(!gets(id));
    let config = lab.read("keystead.toml");
    lab.write("keystead.toml", &config.replace("members = [\"one\"]", "members = [\"one\", \"two\"]"));
    lab.says(&["groups[0].members: [\"one\"] -> [\"one\", \"two\"]"]);
    assert!(gets(id));
    lab.write("keystead.toml", &config);
    lab.says(&["groups[0].members"]);
    assert!(!gets(id));

    let other = make_ca("Other CA", Curve::P256).unwrap();
    let stranger = Ca::from_pem(&other.certificate, &other.key).unwrap().client("stranger", 3).unwrap();
    assert!(wire::connect_with(&lab.dev, Some(&stranger)).exchange(&query(V2_1).to_bytes()).is_err());
    let own = lab.read("ca.pem");
    lab.write("ca.pem", &(own.clone() + &other.certificate));
    lab.says(&["tls.ca: added subject CN=Other CA"]);
    assert!(lab.is_served(&mut one));
    let mut came = wire::connect_with(&lab.dev, Some(&stranger));
    assert!(lab.is_served(&mut came));
    lab.write("ca.pem", &own);
    lab.says(&["tls.ca: taken away subject CN=Other CA"]);
    assert_eq!(reason(&mut came), Some(ResultReason::AuthenticationNotSuccessful));
    assert!(lab.is_served(&mut one));
}

/// The list of the CA: who stands on it is refused from the next message on.
#[test]
fn a_revocation_list_is_read_and_read_again() {
    let lab = Lab::new("");
    let pair = wire::ca(&lab.dev).client("one", 3).unwrap();
    let mut one = wire::connect_with(&lab.dev, Some(&pair));
    let mut two = wire::connect(&lab.dev, "two");
    assert!(lab.is_served(&mut one) && lab.is_served(&mut two));
    lab.write("one.pem", &pair.certificate);
    let sh = |command: &str| {
        let output = Command::new("sh").args(["-ec", command]).current_dir(&lab.dev.folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    sh(
        "printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ncrlnumber=number\n\
        default_crl_days=30\n' > crl.conf; : > index; echo 01 > number; openssl ca -config crl.conf -gencrl -out crl.pem",
    );
    let config = lab.read("keystead.toml");
    lab.write("keystead.toml", &config.replace("ca_key = ", "crl = [\"crl.pem\"]\nca_key = "));
    lab.says(&["tls.crl: not set -> [\"crl.pem\"]", "tls.crl: added"]);
    assert!(lab.is_served(&mut one) && lab.is_served(&mut two));
    sh("openssl ca -config crl.conf -revoke one.pem; openssl ca -config crl.conf -gencrl -out crl.pem");
    lab.says(&["tls.crl: added"]);
    assert_eq!(reason(&mut one), Some(ResultReason::AuthenticationNotSuccessful));
    assert!(wire::connect_with(&lab.dev, Some(&pair)).exchange(&query(V2_1).to_bytes()).is_err());
    assert!(lab.is_served(&mut two) && lab.is_served(&mut wire::connect(&lab.dev, "three")));
    assert!(lab.log().contains("CertificateRevoked"), "{}", lab.log());
    lab.write("crl.pem", "nothing");
    lab.says(&["is left out", "stays in force", "tls.crl", "crl.pem"]);
}

#[test]
fn what_cannot_be_reloaded_is_named_and_what_is_wrong_refused() {
    let lab = Lab::new("[limits]\nconnections = 500");
    let config = lab.read("keystead.toml");
    lab.write("keystead.toml", &config.replace("connections = 500", "connections = 600"));
    lab.says(&["limits.connections: 500 -> 600; it needs a restart to take effect"]);
    lab.write("keystead.toml", &config.replace("connections = 500", "conections = 600"));
    lab.says(&["nothing was changed", "line ", "did you mean \"connections\"?"]);
    lab.write("keystead.toml", &format!("{config}\n[[groups]]\nname = \"a\"\npersona = \"none\"\n"));
    lab.says(&["nothing was changed", "groups[0].persona"]);
    assert!(!lab.log().contains(" DEBUG "));
    lab.write("keystead.toml", &config.replace("level = \"info\"", "level = \"debug\""));
    lab.says(&["log.level: \"info\" -> \"debug\""]);
    assert!(lab.is_served(&mut wire::connect(&lab.dev, "one")));
    let begin = Instant::now();
    while !lab.log().contains("DEBUG") {
        assert!(begin.elapsed() < NEVER, "{}", lab.log());
    }
}

/// A pipe as a file of the configuration once kept SIGHUP from being heard ever again, without a word.
#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_and_the_next_signal_heard() {
    let lab = Lab::new("");
    for name in ["ca.pem", "server.pem", "server.key", "keystead.toml"] {
        let (file, aside) = (lab.dev.folder.join(name), lab.dev.folder.join("aside"));
        fs::rename(&file, &aside).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        lab.says(&["nothing was changed", name, "it is a pipe"]);
        fs::rename(&aside, &file).unwrap();
        lab.says(&["nothing has changed"]);
    }
    assert!(lab.is_served(&mut wire::connect(&lab.dev, "one")));
}

/// Signals come in any number while clients work.
#[test]
fn a_storm_of_signals_disturbs_nobody() {
    let lab = Lab::new("");
    let mut live = wire::connect(&lab.dev, "live");
    for _ in 0..50 {
        let pid = rustix::process::Pid::from_raw(lab.dev.pid()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        assert!(lab.is_served(&mut live));
        assert!(lab.is_served(&mut wire::connect(&lab.dev, "new")));
    }
}

/// A certificate that no client takes, or that soon ends, does not start in silence.
#[test]
fn certificates_are_judged_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("server");
    let dev = Dev::start_quietly(&place);
    let ca = wire::ca(&dev);
    drop(dev);
    for (pair, words) in [
        (ca.endpoint("localhost", 5).unwrap(), &["tls.certificate ends in ", " days, on ", "SIGHUP"][..]),
        (
            ca.endpoint("localhost", -1).unwrap(),
            &["ERROR", "tls.certificate has expired", "no client takes it"],
        ),
        (ca.client("kms.example.com", 90).unwrap(), &["ERROR", "is not for servers", "clientAuth"]),
    ] {
        fs::write(place.join("server.pem"), &pair.certificate).unwrap();
        fs::write(place.join("server.key"), &pair.key).unwrap();
        let log = folder.path().join("log");
        drop(Dev::logging(&place, fs::File::create(&log).unwrap()));
        let told = fs::read_to_string(log).unwrap();
        for word in words {
            assert!(told.contains(word), "{word:?} is not in {told}");
        }
    }
}
