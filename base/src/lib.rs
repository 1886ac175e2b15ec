//! What every part of Keystead uses, the clients included: texts of others made fit to be shown ([`text`]), files of a configuration
//! ([`regular`]), and the names that somebody may have meant ([`near`]).

pub mod near;
pub mod regular;
pub mod text;
