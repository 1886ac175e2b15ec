//! Real clients: what each sends, in its order and layout, against one server over mutual TLS, under the persona that it
//! has; and what it then needs of the answers. Requests are written, and answers read, by code of their own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: it stops where it stands"
)]

mod appliances;
mod databases;
mod others;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod talk;
mod ttlv;

use keystead::pki::Pair;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::dev::Dev;
use support::wire;

/// A client, its persona, and its conversation.
type Client = (&'static str, &'static str, fn(&Dev, &Pair));

const CLIENTS: &[Client] = &[
    ("vcenter", "vmware", appliances::vcenter),
    ("synology", "synology", appliances::synology),
    ("veeam", "veeam", appliances::veeam),
    ("vast", "vast", appliances::vast),
    ("fortigate", "fortigate", appliances::fortigate),
    ("truenas", "standard", appliances::truenas),
    ("db2", "db2", appliances::db2),
    ("mongodb-driver", "mongodb", databases::mongodb_driver),
    ("percona-mongodb", "percona", databases::percona_mongodb),
    ("percona-mysql", "percona", databases::percona_mysql),
    ("pg-tde", "percona", databases::pg_tde),
    ("mysql-enterprise", "standard", databases::mysql_enterprise),
    ("edb-tde", "standard", databases::edb_tde),
    ("scylladb", "standard", databases::scylladb),
    ("ceph", "ceph", others::ceph),
    ("arsenal", "standard", others::arsenal),
    ("cryptctl", "cryptctl", others::cryptctl),
    ("barbican", "barbican", others::barbican),
    ("ezmeral", "standard", others::ezmeral),
];

#[test]
fn every_client_gets_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |(name, persona, _): &Client| format!("[[clients]]\nname = \"{name}\"\npersona = \"{persona}\"\n");
    let entries: String = CLIENTS.iter().map(entry).collect();
    let dev = Dev::configured(&folder.path().join("s"), &[("", &entries)]);
    let ca = wire::ca(&dev);
    // All at once, as in a data centre: none may notice the others.
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let run = |(name, _, talk): &'static Client| {
            let (dev, pair) = (&dev, ca.client(name, 1).unwrap());
            let thread = scope.spawn(move || catch_unwind(AssertUnwindSafe(|| talk(dev, &pair))).is_ok());
            (*name, thread)
        };
        let threads: Vec<_> = CLIENTS.iter().map(run).collect();
        threads.into_iter().filter_map(|(name, thread)| (!thread.join().unwrap()).then_some(name)).collect()
    });
    assert!(failed.is_empty(), "these clients did not get what they need: {failed:?}");
}
