//! What Query says of the server: what its operator states, and the profiles that its cases prove.

pub mod profiles;
pub mod server_information;
