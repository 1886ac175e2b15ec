//! What every part of Keystead uses, the clients included: texts of others made fit to be shown ([`text`]), files of a configuration
//! ([`regular`]) with what is wrong in them ([`document`], [`toml_error`]), what certificates say ([`certificate`]), and the names that somebody
//! may have meant ([`near`]).

pub mod certificate;
pub mod document;
pub mod near;
pub mod regular;
pub mod text;
pub mod toml_error;
