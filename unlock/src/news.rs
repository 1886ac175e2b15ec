//! What is told while keys are asked for: a screen full of errors hides the prompt that a person waits for.

use super::console::say;
use super::error::Error;
use keystead_client::{Error as ClientError, ServerAddress, exit};
use std::collections::BTreeSet;

/// How many lines are told while it goes on; a header of many tokens and servers makes no more.
const LINES_MAX: usize = 12;
/// How many places are named at the end.
const NAMED_MAX: usize = 8;

/// Tells each kind of failure of each server once.
#[derive(Default)]
pub struct News {
    told: BTreeSet<(String, String)>,
}

impl News {
    /// Tells a failure, where it is news, and what comes next.
    pub fn tell(&mut self, server: &ServerAddress, error: &Error, next: &str) {
        if self.is_news(server, error) {
            say(format_args!("{error}; {next}"));
        }
    }

    fn is_news(&mut self, server: &ServerAddress, error: &Error) -> bool {
        self.told.len() < LINES_MAX && self.told.insert((server.to_string(), kind(error)))
    }
}

/// What is of one kind need not be told twice, in whatever words.
fn kind(error: &Error) -> String {
    match error {
        Error::Client(ClientError::Unreachable(all)) => {
            all.iter().map(|each| each.cause.kind()).collect::<Vec<_>>().join(" ")
        }
        Error::Client(ClientError::Broken { cause, .. }) => cause.kind().to_owned(),
        Error::Client(ClientError::Refused(refusal)) => refusal.reason_name().to_owned(),
        other => other.to_string(),
    }
}

/// One error of all: what each said, and how often. The weightiest gives the exit code: a word about a key goes before
/// what is wrong on this machine, and that before silence.
pub fn summary(all: impl Iterator<Item = (Error, u32)>) -> Error {
    const WEIGHTS: [u8; 2] = [exit::REFUSED, exit::HERE];
    let (mut said, mut codes, mut more) = (Vec::<(String, u32)>::new(), BTreeSet::new(), 0);
    for (error, times) in all {
        codes.insert(error.exit_code());
        let text = error.to_string();
        if let Some((_, before)) = said.iter_mut().find(|(told, _)| *told == text) {
            *before += times;
        } else if said.len() < NAMED_MAX {
            said.push((text, times));
        } else {
            more += 1;
        }
    }
    let counted =
        |(text, times): (String, u32)| if times > 1 { format!("{text} ({times} times)") } else { text };
    let mut said: Vec<_> = said.into_iter().map(counted).collect();
    said.extend((more > 0).then(|| format!("and {more} more")));
    let weighty = WEIGHTS.into_iter().find(|code| codes.contains(code));
    let code = weighty.or_else(|| codes.first().copied()).unwrap_or(exit::UNREACHABLE);
    Error::NoKey { said: said.join("; "), code }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use keystead_client::{Cause, Unreachable};
    use std::io;

    fn server(port: u16) -> ServerAddress {
        ServerAddress { host: "kms".to_owned(), port }
    }

    fn unreachable(port: u16, cause: Cause) -> Error {
        ClientError::Unreachable(vec![Unreachable { server: server(port), cause }]).into()
    }

    fn connect(words: &str) -> Cause {
        Cause::Connect(io::Error::other(words.to_owned()))
    }

    /// Two errors that took turns were told each time.
    #[test]
    fn each_kind_of_each_server_is_told_once() {
        let mut news = News::default();
        let mut lines = 0;
        for round in 0..50 {
            for port in 1..=2 {
                let each = [
                    connect(&format!("round {round}")),
                    Cause::Late,
                    Cause::Lost(io::ErrorKind::Other.into()),
                ];
                for cause in each {
                    lines += usize::from(news.is_news(&server(port), &unreachable(port, cause)));
                }
            }
        }
        assert_eq!(lines, 6);
    }

    #[test]
    fn lines_have_an_end() {
        let mut news = News::default();
        let told =
            (1..500).filter(|port| news.is_news(&server(*port), &unreachable(*port, Cause::Late))).count();
        assert_eq!(told, LINES_MAX);
    }

    #[test]
    fn the_end_counts_and_weighs() {
        let key = || Error::Key { uid: "k".to_owned(), why: "no".to_owned() };
        let all = vec![(unreachable(1, Cause::Late), 7), (key(), 1), (key(), 1)];
        let told = summary(all.into_iter());
        assert_eq!(told.exit_code(), exit::REFUSED);
        let text = told.to_string();
        assert!(
            text.contains("kms:1") && text.contains("(7 times)") && text.contains("key k: no (2 times)"),
            "{text}"
        );
        let many = (1..=100).map(|port| (unreachable(port, Cause::Late), 1));
        let told = summary(many);
        assert_eq!(told.exit_code(), exit::UNREACHABLE);
        assert!(told.to_string().ends_with("and 92 more"), "{told}");
    }
}
