//! The servers that the cases need: what an answer says of a server's own configuration (its groups, generators,
//! profiles …) differs between cases, so each such family runs against a server configured for it. The rest, nearly
//! all, share the first.

use super::case::Case;
use super::owner;
use super::support::dev::Dev;
use std::path::Path;

/// A configuration and the cases that want it.
pub struct Setup {
    /// What the folder of the server is called.
    pub name: &'static str,
    /// Which cases run against it; a case runs against the first setup that wants it, from the end of the table.
    wants: fn(&Case) -> bool,
    /// Words of the configuration of `dev` and what they become; words for none are added at its end.
    changes: fn(&[&Case]) -> Vec<(String, String)>,
}

/// Every setup; the first is for all cases that no other wants.
pub const SETUPS: &[Setup] = &[Setup { name: "plain", wants: |_| true, changes: groups_of_two }];

/// The setup of a case, as its place in the table.
pub fn of(case: &Case) -> usize {
    SETUPS.iter().rposition(|setup| (setup.wants)(case)).unwrap_or_default()
}

impl Setup {
    /// Starts the server for these cases, in a folder of its own.
    pub fn start(&self, folder: &Path, cases: &[&Case]) -> Dev {
        let changes = (self.changes)(cases);
        let changes: Vec<_> = changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        Dev::configured(&folder.join(self.name), &changes)
    }
}

/// Puts the two clients of each TC-314 case into one group.
fn groups_of_two(cases: &[&Case]) -> Vec<(String, String)> {
    let pairs = cases.iter().filter(|case| case.family == "TC-314").map(|case| {
        let owner = owner(case);
        format!("[[groups]]\nname = \"{owner}\"\nmembers = [\"{owner}-A\", \"{owner}-B\"]\ndefault = true\n")
    });
    vec![(String::new(), pairs.collect::<Vec<_>>().join("\n"))]
}
