//! What can be measured: one table.

use clap::ValueEnum;

/// What a run does, again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Workload {
    /// Get of a key of the population
    Get,
    /// Get Attributes, all of them, of a key of the population
    GetAttributes,
    /// Locate of a key of the population by its name
    Locate,
    /// Create of an AES key of 256 bits with a name; the keys stay
    Create,
    /// Register of such a key; the keys stay
    Register,
    /// Activate of keys that were made for it beforehand; the keys stay
    Activate,
    /// Encrypt of 64 bytes with AES-GCM under a key of the population
    Encrypt,
    /// Connect, full handshake, Query, close
    Handshake,
    /// Connect, full handshake, Locate by name, Get, close: what a host does that unlocks a volume
    Unlock,
    /// So many clients that unlock at once, each for the first time
    Storm,
    /// So many connections that do nothing: what each costs the server in memory (needs --pid)
    Idle,
    /// 70 % Get, 20 % Locate, 7 % Get Attributes, 3 % Create
    Mixed,
    /// What this machine could do at the most, without a server: TLS echo, handshakes; synced appends with --dir, the HSM
    /// with --hsm
    Limits,
    /// The other end of TLS echo: a process of its own
    #[value(hide = true)]
    EchoServer,
}

/// One exchange with a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Get by identifier.
    Get,
    /// Get Attributes by identifier.
    GetAttributes,
    /// Locate by name.
    Locate,
    /// Create with a name.
    Create,
    /// Register with a name.
    Register,
    /// Activate by identifier.
    Activate,
    /// Encrypt by identifier.
    Encrypt,
    /// Query of what the server says of itself.
    Query,
    /// Bytes there, bytes back: no KMIP.
    Echo,
}

use Operation as Op;

/// How operations follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// On a connection that stays open, each drawn by its share in hundredths.
    Steady(&'static [(u64, Op)]),
    /// All of them on a connection of their own, which is closed behind them.
    Session(&'static [Op]),
}

/// What a host does that unlocks a volume.
pub const UNLOCK: &[Op] = &[Op::Locate, Op::Get];

impl Workload {
    /// What it does; nothing for what is measured in another way.
    pub fn pattern(self) -> Option<Pattern> {
        Some(match self {
            Self::Get => Pattern::Steady(&[(100, Op::Get)]),
            Self::GetAttributes => Pattern::Steady(&[(100, Op::GetAttributes)]),
            Self::Locate => Pattern::Steady(&[(100, Op::Locate)]),
            Self::Create => Pattern::Steady(&[(100, Op::Create)]),
            Self::Register => Pattern::Steady(&[(100, Op::Register)]),
            Self::Activate => Pattern::Steady(&[(100, Op::Activate)]),
            Self::Encrypt => Pattern::Steady(&[(100, Op::Encrypt)]),
            Self::Mixed => {
                Pattern::Steady(&[(70, Op::Get), (20, Op::Locate), (7, Op::GetAttributes), (3, Op::Create)])
            }
            Self::Handshake => Pattern::Session(&[Op::Query]),
            Self::Unlock | Self::Storm => Pattern::Session(UNLOCK),
            Self::Idle | Self::Limits | Self::EchoServer => return None,
        })
    }

    /// The same with echoes in the place of the operations.
    pub fn limit(self) -> Option<Pattern> {
        Some(match self.pattern()? {
            Pattern::Steady(_) => Pattern::Steady(&[(100, Op::Echo)]),
            Pattern::Session([_]) => Pattern::Session(&[Op::Echo]),
            Pattern::Session(_) => Pattern::Session(&[Op::Echo, Op::Echo]),
        })
    }

    /// Whether it asks for keys by identifier or name.
    pub fn needs_population(self) -> bool {
        match self.pattern() {
            Some(Pattern::Steady(mix)) => mix.iter().any(|(_, operation)| operation.is_about_a_key()),
            Some(Pattern::Session(operations)) => {
                operations.iter().any(|operation| operation.is_about_a_key())
            }
            None => false,
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Operation {
    /// Whether it is about a key of the population.
    fn is_about_a_key(self) -> bool {
        matches!(self, Self::Get | Self::GetAttributes | Self::Locate | Self::Encrypt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_hundredths() {
        for workload in Workload::value_variants() {
            if let Some(Pattern::Steady(mix)) = workload.pattern() {
                assert_eq!(mix.iter().map(|(share, _)| share).sum::<u64>(), 100, "{workload:?}");
            }
        }
    }
}
