//! Whether the server works: tried part by part, and told with the reason. Clients hear no paths and no texts of libraries
//! about the store; the log has those. What is told says what to do.

use super::{Executor, now};
use crate::engine::administration::protocol::{Part, Readiness};
use crate::engine::keyspace;
use crate::engine::need::Need;
use crate::engine::world::{OpenError, Vault as _};
use crate::listen::descriptors;
use crate::store::{self, Order};
use std::ops::ControlFlow;
use tokio::runtime::Handle;

/// How many records are tried before none is said to open: some may be damaged.
const RECORDS_TRIED: usize = 8;

impl Executor {
    /// Tries each part. Blocks for as long as the HSM and the disk take, at most some seconds.
    pub(super) fn readiness(&self) -> Readiness {
        let runtime = Handle::current();
        let told = |tried: Result<(), store::Error>| tried.map_err(|error| error.for_operator()).into();
        let keys = Part::from(self.open_a_record().map_err(|why| match descriptors::are_used_up() {
            // What the HSM says of that is of no use.
            true => format!("{} ({why})", store::Error::NoDescriptor),
            false => why,
        }));
        let writes: Part = told(runtime.block_on(self.database.prove_writes()));
        let audit = if self.durable_reads {
            writes.clone()
        } else {
            told(runtime.block_on(self.database.prove_journal()))
        };
        Readiness {
            ready: keys.ok && writes.ok && audit.ok,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            token: self.hierarchy.describe(),
            uptime_seconds: now().milliseconds().saturating_sub(self.started()) / 1000,
            keys,
            writes,
            audit,
            damaged_records: self.hierarchy.damage().count(),
        }
    }

    /// Opens every key-encryption key of the store in the HSM, whether or not it is open already, and with it a record.
    fn open_a_record(&self) -> Result<(), String> {
        self.hierarchy.prove().map_err(|error| error.to_string())?;
        let mut ring = self.hierarchy.ring_opened_anew().map_err(|error| error.to_string())?;
        let records = self.first_records().map_err(|error| error.for_operator())?;
        for (id, protected) in &records {
            loop {
                match ring.verify(id, protected) {
                    Ok(_) => return Ok(()),
                    Err(OpenError::Need(Need::Kek(kek))) => {
                        ring.add(self.hierarchy.load(kek).map_err(|error| error.to_string())?);
                    }
                    Err(_) => break,
                }
            }
        }
        match records.is_empty() {
            true => Ok(()),
            false => Err("the records of the store do not open with its key-encryption key".to_owned()),
        }
    }

    fn first_records(&self) -> Result<Vec<(String, Vec<u8>)>, store::Error> {
        let (mut records, prefix) = (Vec::new(), keyspace::object(""));
        self.database.snapshot()?.scan(&prefix, Order::Forward, &mut |key, value| {
            let id = key.get(prefix.len()..).unwrap_or_default();
            records.push((String::from_utf8_lossy(id).into_owned(), value.to_vec()));
            if records.len() < RECORDS_TRIED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(records)
    }
}
