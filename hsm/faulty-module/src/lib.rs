//! A PKCS#11 module for tests. It forwards every call to another module, and before and after it does what a script says:
//! returns an error, with or without having done the call, waits, hangs, finds nothing, flips a bit of what comes out.
//!
//! `KEYSTEAD_FAULTY_MODULE` names the module that it forwards to, `KEYSTEAD_FAULTY_SCRIPT` the file with the script, which
//! is read at every call and may be changed at any time (see [`script`]). With
//! `KEYSTEAD_FAULTY_ABORTS` set, a process that runs its exit handlers while a call is under way is aborted.
#![allow(unsafe_code, reason = "a PKCS#11 module is a C border")]
#![allow(non_snake_case, reason = "PKCS#11 names its functions so")]

mod forward;
pub mod script;

pub use script::{Action, SCRIPT};

/// The environment variable that names the module that is forwarded to.
pub const MODULE: &str = "KEYSTEAD_FAULTY_MODULE";

/// The environment variable that makes the end of a process fatal while a call is under way.
pub const ABORTS: &str = "KEYSTEAD_FAULTY_ABORTS";
