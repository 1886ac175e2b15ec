//! Real clients: what each sends, in its order and layout, against one server over mutual TLS, under the persona that it
//! has; and what it then needs of the answers. Requests are written, and answers read, by code of their own.

mod appliances;
mod databases;
mod others;
mod requests;
mod sequences;
mod talk;
mod ttlv;

use crate::support::dev::Dev;
use crate::support::wire;
use keystead::pki::Pair;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A client, its persona, and its conversation.
type Client = (&'static str, &'static str, fn(&Dev, &Pair));

const CLIENTS: &[Client] = &[
    ("vcenter", "vmware", appliances::vcenter),
    ("synology", "synology", appliances::synology),
    ("veeam", "veeam", appliances::veeam),
    ("vast", "vast", appliances::vast),
    ("fortigate", "fortigate", appliances::fortigate),
    ("truenas", "pykmip", appliances::truenas),
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
    ("kmippp", "percona", sequences::kmippp),
    ("kmippp-too", "standard", sequences::kmippp),
    ("vcenter-9", "vmware", sequences::vcenter_9),
    ("san-array", "standard", sequences::san_array),
    ("rgw-sse-s3", "ceph", sequences::rgw_sse_s3),
    ("indexes", "standard", sequences::indexes),
];

/// Clients under a persona that does not give them what they need.
const MISTAKEN: &[Client] = &[
    ("fortigate", "strict", appliances::fortigate),
    ("ceph", "strict", others::ceph),
    ("cryptctl", "strict", others::cryptctl),
    ("pg-tde", "strict", databases::pg_tde),
    ("barbican", "strict", others::barbican),
    ("barbican-too", "standard", others::barbican),
    ("percona-mysql", "standard", databases::percona_mysql),
    ("kmippp", "strict", sequences::kmippp),
];

#[test]
fn every_client_gets_what_it_needs() {
    let failed = served(CLIENTS);
    let failed: Vec<_> =
        failed.iter().filter_map(|(name, outcome)| outcome.as_ref().err().map(|_| name)).collect();
    assert!(failed.is_empty(), "these clients did not get what they need: {failed:?}");
}

/// A wrong persona never works by half: the client is refused, with a reason.
#[test]
fn a_wrong_persona_fails_loudly() {
    for (name, outcome) in served(MISTAKEN) {
        let told = outcome.expect_err(name);
        assert!(told.contains("reason: Some("), "{name} was not refused, but noticed something: {told}");
    }
}

/// Serves these clients, all at once, as in a data centre: none may notification the others. What each stopped at.
fn served(clients: &'static [Client]) -> Vec<(&'static str, Result<(), String>)> {
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |(name, persona, _): &Client| format!("[[clients]]\nname = \"{name}\"\npersona = \"{persona}\"\n");
    let entries: String = clients.iter().map(entry).collect();
    let dev = Dev::configured(&folder.path().join("s"), &[("", &entries)]);
    let ca = wire::ca(&dev);
    std::thread::scope(|scope| {
        let run = |(name, _, talk): &'static Client| {
            let (dev, pair) = (&dev, ca.client(name, 1).unwrap());
            (*name, scope.spawn(move || catch_unwind(AssertUnwindSafe(|| talk(dev, &pair)))))
        };
        let threads: Vec<_> = clients.iter().map(run).collect();
        let outcome = |thread: std::thread::ScopedJoinHandle<'_, std::thread::Result<()>>| {
            thread.join().unwrap().map_err(|why| why.downcast_ref::<String>().cloned().unwrap_or_default())
        };
        threads.into_iter().map(|(name, thread)| (name, outcome(thread))).collect()
    })
}
