//! The memory is bounded in every direction, whatever comes.

use keystead::explain::{Bounds, Exchange, Memory, Suspicious, What};
use keystead::pki::Facts;
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { exchanges: 4, clients: 3, bytes: 20_000 };

fn exchange(id: u64, client: u8, length: usize) -> Exchange {
    let client = format!("client {client}");
    Exchange { id, time: id, client, request: "x".repeat(length), whole: true, ..Exchange::default() }
}

proptest! {
    #[test]
    fn it_stays_within_its_bounds(all in prop::collection::vec((0_u8..8, 0_usize..9_000), 1..60)) {
        let memory = Memory::new(BOUNDS, &[1; 32]);
        for (id, (client, length)) in all.iter().enumerate() {
            let id = id as u64;
            memory.keep(exchange(id, *client, *length));
            let (_, clients, bytes) = memory.size();
            prop_assert!(clients <= BOUNDS.clients && bytes <= BOUNDS.bytes, "{clients} clients, {bytes} bytes");
            let name = format!("client {client}");
            prop_assert!(memory.last(Some(&name), 100).len() <= BOUNDS.exchanges);
            prop_assert_eq!(memory.exchange(id).map(|kept| kept.id), Some(id), "the newest is not kept");
        }
        let listed = memory.last(None, 100);
        prop_assert!(listed.is_sorted_by_key(|one| std::cmp::Reverse(one.id)) && listed.iter().all(|one| one.request.is_empty()));
    }
}

#[test]
fn who_floods_pushes_out_its_own() {
    let memory = Memory::new(Bounds { exchanges: 100, ..BOUNDS }, &[1; 32]);
    memory.keep(exchange(0, 0, 10));
    (1..100).for_each(|id| memory.keep(exchange(id, 1, 3_000)));
    assert!(memory.exchange(0).is_some() && memory.exchange(1).is_none());
}

/// Somebody whom TLS turned away, from this address with a certificate of this name.
fn stranger(id: u64, peer: &str, subject: &str) -> Exchange {
    let certificate = Facts { subject: subject.to_owned(), fingerprint: id.to_string(), ..Facts::default() };
    let (peer, client) = (peer.to_owned(), String::new());
    Exchange { peer, client, certificate: Some(certificate), ..exchange(id, 0, 10) }
}

/// A host that was turned away is still told of when others have come by, whatever names and addresses they have.
#[test]
fn strangers_push_out_neither_one_another_nor_clients() {
    let bounds = Bounds { exchanges: 4, clients: 20, bytes: 1 << 20 };
    for (peers, names) in [(1_u64, 20_u64), (100, 1), (100, 100), (1, 1)] {
        let memory = Memory::new(bounds, &[1; 32]);
        memory.keep(exchange(1, 1, 10));
        memory.keep(stranger(2, "10.1.0.1:1", "CN=host"));
        for id in 3..1_000 {
            // An address in IPv6 is as good as all of its network.
            let peer = match peers {
                1 => "10.1.0.1:1".to_owned(),
                _ => format!("[2001:db8:0:{:x}::{id:x}]:1", id % 15),
            };
            memory.keep(stranger(id, &peer, &format!("CN={}", id % names)));
        }
        assert!(memory.exchange(2).is_some(), "{peers} addresses, {names} names");
        assert!(memory.exchange(1).is_some() && memory.exchange(999).is_some());
        let listed = memory.last(Some(""), 10_000);
        assert!(listed.len() <= 16 * 32 && listed.iter().any(|one| one.id == 2), "{}", listed.len());
        assert_eq!(memory.size().1, 1, "clients");
    }
}

#[test]
fn what_is_too_long_for_all_bounds_is_not_kept() {
    let memory = Memory::new(BOUNDS, &[1; 32]);
    memory.keep(exchange(1, 0, BOUNDS.bytes));
    assert_eq!(memory.size(), (0, 0, 0));
}

#[test]
fn odd_exchanges_of_one_kind_are_counted() {
    let memory = Memory::new(BOUNDS, &[1; 32]);
    let what = What::Odd(Suspicious::FoundNothing);
    let again = |time| memory.counted("client 0", what, "Locate", time);
    assert!(!again(1));
    memory.keep(Exchange {
        odd: true,
        what: what.name(),
        operation: "Locate".to_owned(),
        ..exchange(2, 0, 10)
    });
    assert!(again(3) && again(4));
    assert_eq!((memory.last(None, 1)[0].times, memory.last(None, 1)[0].last), (3, 4));
    assert!(!memory.counted("client 1", what, "Locate", 5));
}

#[test]
fn fingerprints_tell_equal_from_different_in_one_run_alone() {
    let (one, two) = (Memory::new(BOUNDS, &[1; 32]), Memory::new(BOUNDS, &[2; 32]));
    assert_eq!(one.fingerprint(b"password"), one.fingerprint(b"password"));
    assert_ne!(one.fingerprint(b"password"), one.fingerprint(b"passwort"));
    assert_ne!(one.fingerprint(b"password"), two.fingerprint(b"password"));
}
