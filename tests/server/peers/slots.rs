//! Which connection makes room for which: neither idle certificates nor peers that never finish their handshake keep anybody
//! out, over TTLV and over HTTPS.

use super::{NEVER, is_served, query};
use crate::support::dev::{Dev, told};
use crate::support::http::{media_type, post};
use crate::support::wire::{self, Wire};
use kmip_codec::message::ResponseMessage;
use kmip_codec::wire::Encoding;
use std::fs::File;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

/// A way to the server.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    Ttlv,
    Https,
}

const WAYS: [Way; 2] = [Way::Ttlv, Way::Https];

impl Way {
    fn address(self, dev: &Dev) -> &str {
        match self {
            Self::Ttlv => &dev.address,
            Self::Https => &dev.https,
        }
    }

    /// As this client, from the usual address.
    fn connect(self, dev: &Dev, name: &str) -> Wire {
        self.connect_from("127.0.0.1", dev, name)
    }

    fn connect_from(self, source: &str, dev: &Dev, name: &str) -> Wire {
        let pair = wire::ca(dev).client(name, 1).unwrap();
        let config = wire::settings(dev, Some(&pair), rustls::DEFAULT_VERSIONS);
        wire::connect_over(wire::socket_from(source, self.address(dev)), config)
    }

    fn message(self) -> Vec<u8> {
        match self {
            Self::Ttlv => query(),
            Self::Https => post(media_type(Encoding::Ttlv), &query()),
        }
    }

    fn is_answered(self, wire: &mut Wire) -> bool {
        let answer = match self {
            Self::Ttlv => wire.receive(),
            Self::Https => wire.http_answer().map(|answer| answer.body),
        };
        answer.is_ok_and(|bytes| ResponseMessage::from_bytes(&bytes).is_ok())
    }

    fn is_served(self, wire: &mut Wire) -> bool {
        wire.send(&self.message()).is_ok() && self.is_answered(wire)
    }

    /// Begins a request, and waits until its first half is with the server.
    fn begin(self, dev: &Dev, wire: &mut Wire) {
        let message = self.message();
        wire.send(message.split_at(message.len() / 2).0).unwrap();
        assert!(is_served(&mut wire::connect(dev, "between")));
    }

    fn finish(self, wire: &mut Wire) -> bool {
        let message = self.message();
        wire.send(message.split_at(message.len() / 2).1).is_ok() && self.is_answered(wire)
    }
}

fn served(way: Way, dev: &Dev, name: &str) -> Wire {
    let mut wire = way.connect(dev, name);
    assert!(way.is_served(&mut wire), "{way:?}: {name}");
    wire
}

/// One client with as many idle connections as there may be kept all others out.
#[test]
fn idle_connections_of_one_client_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nconnections = 8\nmessage_seconds = 60")]);
    for way in WAYS {
        let mut lone = served(way, &dev, "lone");
        let mut hog: Vec<Wire> = (0..2).map(|_| served(way, &dev, "hog")).collect();
        // On the oldest a request is under way.
        way.begin(&dev, &mut hog[0]);
        hog.extend((0..30).map(|_| served(way, &dev, "hog")));
        for name in ["one", "two", "three"] {
            let mut other = served(way, &dev, name);
            assert!(way.is_served(&mut other), "{way:?}");
        }
        assert!(way.is_served(&mut lone), "{way:?}: the only connection of a client");
        assert!(way.finish(&mut hog[0]), "{way:?}: the one on which a request was under way");
        let open = hog.iter_mut().map(|wire| usize::from(!wire.is_closed_now())).sum::<usize>();
        assert!((1..=8).contains(&open), "{way:?}: {open}");
    }
}

/// A host that lost its power left as many connections behind as it may have, and could not come in again.
#[test]
fn at_its_cap_a_client_gives_up_what_it_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let place = folder.path().join("dev");
    drop(Dev::configured(&place, &[("", "[limits]\nconnections_per_client = 3\nmessage_seconds = 60")]));
    let dev = Dev::logging(&place, File::create(&log).unwrap());
    for way in WAYS {
        let name = if way == Way::Ttlv { "host" } else { "web" };
        let mut old: Vec<Wire> = (0..3).map(|_| served(way, &dev, name)).collect();
        assert!(way.is_served(&mut old[0]), "now the second is idle longest");
        let new = served(way, &dev, name);
        assert!(old[1].is_closed_now() && !old[0].is_closed_now() && !old[2].is_closed_now(), "{way:?}");
        drop(new);
        let mut busy: Vec<Wire> = (0..3).map(|_| served(way, &dev, name)).collect();
        busy.iter_mut().for_each(|wire| way.begin(&dev, wire));
        assert!(!way.is_served(&mut way.connect(&dev, name)), "{way:?}: one more, and none is idle");
        assert!(way.is_served(&mut served(way, &dev, "other")), "{way:?}");
        assert!(busy.iter_mut().all(|wire| way.finish(wire)), "{way:?}: each is answered");
        assert!(way.is_served(&mut way.connect(&dev, name)), "{way:?}: now they are idle");
    }
    let explained = told(dev.keystead("admin", &["explain", "--client", "", "--json"]));
    let words = ["TooManyConnections", "limits.connections_per_client", "CN=host", "CN=web"];
    assert!(words.iter().all(|word| explained.contains(word)), "{explained}");
    drop(dev);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("closed a new connection: the client has 3 connections"), "{log}");
    assert!(log.contains("closed an idle connection for a new one"), "{log}");
}

/// Peers of one address that never finish their handshake keep nobody of another address waiting.
#[test]
fn pending_handshakes_keep_nobody_of_another_address_out() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nconnections = 12\nhandshake_seconds = 600";
    let dev = Dev::configured(folder.path(), &[("", limits)]);
    let mut early = served(Way::Ttlv, &dev, "early");
    for (way, first) in
        WAYS.into_iter().flat_map(|way| [(way, &b""[..]), (way, b"\x16\x03\x01\x02\x00\x01\x00\x01")])
    {
        let begin = |_| {
            let mut peer = TcpStream::connect(way.address(&dev)).unwrap();
            let _ = peer.write_all(first);
            peer
        };
        let pending: Vec<TcpStream> = (0..50).map(begin).collect();
        for n in 0..20 {
            let mut other = way.connect_from(&format!("127.0.0.{}", 2 + n % 3), &dev, "other");
            assert!(way.is_served(&mut other), "{way:?}, {first:?}: the first try of number {n}");
        }
        assert!(is_served(&mut early), "{way:?}: strangers cost no client its connection");
        // Who comes from their address waits until one of them has had its time.
        let begin = Instant::now();
        while !way.is_served(&mut way.connect(&dev, "good")) {
            assert!(begin.elapsed() < NEVER, "{way:?}: they keep their slots");
        }
        drop(pending);
    }
    let explained = told(dev.keystead("admin", &["explain", "--client", "", "--json"]));
    assert!(explained.contains("TooManyHandshakes"), "{explained}");
}

/// Where connections make room for one another all the time, no slot is lost, and clients go on.
#[test]
fn connections_that_come_and_go_lose_no_slot() {
    let folder = tempfile::tempdir().unwrap();
    let dev =
        Dev::configured(folder.path(), &[("", "[limits]\nconnections_per_client = 2\nconnections = 6")]);
    for way in WAYS {
        let answered: usize = std::thread::scope(|scope| {
            let one = |n: usize| {
                let dev = &dev;
                move || {
                    let asks = |_: &usize| way.is_served(&mut way.connect(dev, &format!("client-{}", n % 3)));
                    (0..15).filter(asks).count()
                }
            };
            let threads: Vec<_> = (0..6).map(|n| scope.spawn(one(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(answered > 45, "{way:?}: {answered}");
        assert!(way.is_served(&mut way.connect(&dev, "after")), "{way:?}: no slot is lost");
    }
}
