//! The attacks: what the attacker makes beforehand, and what each of its connections does until the end.

use crate::certificates::{all_certificates, many_certificates, one_certificate};
use crate::requests::*;
use crate::site::{Raw, Site, exchange};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// An attack.
pub struct Attack {
    /// What it is called.
    pub name: &'static str,
    /// What stands in the configuration, at its end.
    pub configuration: &'static str,
    /// How many attackers there are beside the one, each with a message of its own.
    pub clients: usize,
    /// How many connections the attacker has at once.
    pub connections: usize,
    /// Whether the good client connects anew for each Get.
    pub comes_anew: bool,
    /// Makes the objects that the attack needs, and the messages that it sends.
    pub prepare: fn(&Site) -> Vec<Vec<u8>>,
    /// What each connection does.
    pub run: fn(&Site, &[Vec<u8>], &AtomicBool),
}

const FEW_PLACES: &str = "[limits]\nconnections = 300\n";

/// The attacker says with a password who it is.
const LOGINS: &str = r#"
[[clients]]
name = "attacker"
persona = "identified"

[[personas]]
name = "identified"
switches = { credentials = "identify" }

[[credentials]]
name = "fred"
username = "fred"
password = "{password}"
clients = ["attacker"]
"#;

/// All of them.
pub const ATTACKS: &[Attack] = &[
    Attack { name: "none", connections: 0, ..REPEATS },
    Attack { name: "containers-of-many-iterations", connections: 70, prepare: containers, ..REPEATS },
    Attack { name: "bodies-announced", connections: 300, run: announce, ..REPEATS },
    Attack { name: "messages-unfinished", connections: 150, run: leave_unfinished, ..REPEATS },
    Attack { name: "long-answers", connections: 8, prepare: long_answers, ..REPEATS },
    Attack { name: "answers-not-read", connections: 60, prepare: long_answer, run: do_not_read, ..REPEATS },
    Attack { name: "locates", connections: 8, prepare: locates, ..REPEATS },
    Attack { name: "batches-of-key-pairs", connections: 8, prepare: key_pairs, ..REPEATS },
    Attack { name: "passwords-stretched", connections: 70, prepare: stretched, ..REPEATS },
    Attack { name: "passwords-stretched-later", connections: 1, prepare: stretched_later, ..REPEATS },
    Attack { name: "logins", configuration: LOGINS, connections: 70, prepare: logins, ..REPEATS },
    Attack { name: "json-of-many-parts", connections: 16, prepare: many_parts, run: post, ..REPEATS },
    Attack { name: "splits-of-long-objects", connections: 16, prepare: splits, ..REPEATS },
    Attack { name: "long-keys", connections: 8, prepare: long_keys, ..REPEATS },
    Attack {
        name: "long-keys-of-20-clients",
        clients: CLIENTS,
        connections: 40,
        prepare: long_keys_of_all,
        run: each,
        ..REPEATS
    },
    Attack { name: "long-passwords", connections: 8, prepare: long_passwords, ..REPEATS },
    Attack { name: "chains-of-certificates", connections: 8, prepare: chains, ..REPEATS },
    Attack { name: "long-attributes", connections: 8, prepare: long_attributes, ..REPEATS },
    Attack { name: "many-attributes", connections: 8, prepare: many_attributes, ..REPEATS },
    Attack { name: "idle-connections", connections: 400, run: stay_idle, ..COMES_ANEW },
    Attack {
        name: "handshakes-of-many-certificates",
        connections: 4,
        prepare: many_certificates,
        run: shake_hands,
        ..REPEATS
    },
    Attack {
        name: "handshakes-of-all-that-may-be-sent",
        connections: 4,
        prepare: all_certificates,
        run: shake_hands,
        ..REPEATS
    },
    Attack {
        name: "handshakes-of-one-certificate",
        connections: 4,
        prepare: one_certificate,
        run: shake_hands,
        ..REPEATS
    },
    Attack { name: "handshakes-not-begun", connections: 400, run: say_nothing, ..COMES_ANEW },
    Attack { name: "handshakes-not-finished", connections: 400, run: say_half, ..COMES_ANEW },
];

const REPEATS: Attack = Attack {
    name: "",
    configuration: "",
    clients: 0,
    connections: 0,
    comes_anew: false,
    prepare: |_| Vec::new(),
    run: repeat,
};

const COMES_ANEW: Attack = Attack { configuration: FEW_PLACES, comes_anew: true, ..REPEATS };

/// How long a connection that the server has closed stays away.
const AGAIN: Duration = Duration::from_secs(1);

/// Sends the messages one after another, again and again, on new connections where the server ends them.
fn repeat(site: &Site, messages: &[Vec<u8>], stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw(&site.kmip) else { continue };
        for message in messages.iter().cycle() {
            if stop.load(Ordering::Relaxed) || exchange(&mut raw, message).is_err() {
                break;
            }
        }
    }
}

/// The same, each connection as one of the other attackers, with the message of that.
fn each(site: &Site, messages: &[Vec<u8>], stop: &AtomicBool) {
    let number = site.number() % messages.len();
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw_as(&format!("attacker-{number}"), &site.kmip) else { continue };
        while !stop.load(Ordering::Relaxed) && exchange(&mut raw, &messages[number]).is_ok() {}
    }
}

/// Sends this beginning, and no more until the server gives up.
fn hold(raw: &mut Raw, bytes: &[u8], stop: &AtomicBool) {
    let _ = raw.sock.set_read_timeout(Some(Duration::from_millis(100)));
    if raw.write_all(bytes).and_then(|()| raw.flush()).is_err() {
        return;
    }
    wait(|| raw.read(&mut [0]), stop);
}

/// Waits until the other side hangs up.
fn wait(mut read: impl FnMut() -> std::io::Result<usize>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match read() {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock) => {}
            Err(_) => return,
        }
    }
}

fn announce(site: &Site, _: &[Vec<u8>], stop: &AtomicBool) {
    let head = "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n\
                Content-Length: 4000000\r\n\r\n";
    let body = [0x42; 150];
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw(&site.https) else { continue };
        hold(&mut raw, &[head.as_bytes(), &body].concat(), stop);
    }
}

fn leave_unfinished(site: &Site, _: &[Vec<u8>], stop: &AtomicBool) {
    let length: u32 = 4 * 1024 * 1024 - 8;
    let mut message = [&[0x42, 0x00, 0x78, 0x01], length.to_be_bytes().as_slice()].concat();
    message.resize(length as usize, 0);
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw(&site.kmip) else { continue };
        hold(&mut raw, &message, stop);
    }
}

fn do_not_read(site: &Site, messages: &[Vec<u8>], stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw(&site.kmip) else { continue };
        if raw.write_all(&messages[0]).and_then(|()| raw.flush()).is_err() {
            continue;
        }
        // The server gives up after `limits.write_seconds`.
        for _ in 0..120 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn post(site: &Site, messages: &[Vec<u8>], stop: &AtomicBool) {
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        messages[0].len()
    );
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut raw) = site.raw(&site.https) else { continue };
        let _ = raw.sock.set_read_timeout(Some(Duration::from_secs(20)));
        let sent = raw.write_all(head.as_bytes()).and_then(|()| raw.write_all(&messages[0]));
        if sent.and_then(|()| raw.flush()).is_ok() {
            let _ = raw.read(&mut [0; 4096]);
        }
    }
}

fn stay_idle(site: &Site, _: &[Vec<u8>], stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(mut raw) = site.raw(&site.kmip) {
            hold(&mut raw, b"", stop);
        }
        std::thread::sleep(AGAIN);
    }
}

/// Shows these certificates, of which none is of a CA of the server, again and again.
fn shake_hands(site: &Site, certificates: &[Vec<u8>], stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(mut raw) = site.raw_with(certificates, &site.kmip) {
            let _ = raw.read(&mut [0]);
        }
    }
}

fn say_nothing(site: &Site, _: &[Vec<u8>], stop: &AtomicBool) {
    say(site, b"", stop);
}

fn say_half(site: &Site, _: &[Vec<u8>], stop: &AtomicBool) {
    // The head of a ClientHello of 512 bytes.
    say(site, &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03], stop);
}

fn say(site: &Site, bytes: &[u8], stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(mut tcp) = TcpStream::connect(&site.kmip) {
            let _ = tcp.set_read_timeout(Some(Duration::from_millis(100)));
            if tcp.write_all(bytes).is_ok() {
                wait(|| tcp.read(&mut [0]), stop);
            }
        }
        std::thread::sleep(AGAIN);
    }
}
