//! What stands in a store, as bytes: what the keys of its records begin with ([`keyspace`]), and the formats of the audit
//! ([`audit`]). Here is no store, clock or thread.

pub mod audit;
pub mod keyspace;
