//! What clients are told without asking: of which changes, and which objects they get.

use serde::Deserialize;

/// Whose changes are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToldChanges {
    /// Nobody's.
    None,
    /// Those that the client did not make itself.
    #[default]
    Others,
    /// All.
    All,
}

/// Which objects are put.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Put {
    /// New ones.
    New,
    /// Those that replace another, as Re-key makes them.
    Replaced,
}

/// What one client is told: of its own objects and of those of its groups.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subscription {
    /// The client.
    pub client: String,
    /// The groups that the configuration puts it in.
    pub groups: Vec<String>,
    /// Of which changes.
    pub notify: ToldChanges,
    /// Which objects it gets.
    pub put: Vec<Put>,
}
