//! The script: what goes wrong, and when. A line is a function, which of its calls since the script was written, and what
//! happens. Of several lines that fit, the first counts; an empty script lets everything pass.
//!
//! ```text
//! C_Decrypt 1 return 0x30       the first call returns CKR_DEVICE_ERROR without being done
//! C_Decrypt 2- after 0x30       from the second on: done, and its answer lost
//! C_Login * delay 200           every call begins 200 ms late
//! C_FindObjects 1-3 nothing     the first three find nothing
//! C_Decrypt * flip              the first bit of what comes out is flipped
//! C_OpenSession * hang          does not come back before the script is changed
//! C_OpenSession * limit 2       returns CKR_SESSION_COUNT where as many sessions are open
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The environment variable that names the file.
pub const SCRIPT: &str = "KEYSTEAD_FAULTY_SCRIPT";

/// What happens at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// What the other module does.
    Pass,
    /// This code, without the call.
    Return(u64),
    /// The call, then this code.
    After(u64),
    /// The call, of which nothing is found.
    Nothing,
    /// The call, and a flipped bit in what comes out.
    Flip,
    /// The call, later.
    Delay(Duration),
    /// The call, once the script is another one.
    Hang,
    /// The call, where fewer sessions are open.
    Limit(usize),
}

#[derive(Default)]
struct State {
    text: String,
    counts: BTreeMap<&'static str, u64>,
}

static STATE: Mutex<State> = Mutex::new(State { text: String::new(), counts: BTreeMap::new() });

/// How many sessions are open or being opened.
static SESSIONS: Mutex<usize> = Mutex::new(0);

const SESSION_COUNT: u64 = 0xB1;

/// A session is being opened: counted, unless the script has a limit for them.
fn opens(action: Action) -> Action {
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    match action {
        Action::Return(_) => action,
        Action::Limit(limit) if *sessions >= limit => Action::Return(SESSION_COUNT),
        _ => {
            *sessions += 1;
            action
        }
    }
}

/// A session was closed, or not opened after all.
pub fn closed() {
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    *sessions = sessions.saturating_sub(1);
}

/// All sessions are over.
pub fn all_closed() {
    *SESSIONS.lock().unwrap_or_else(PoisonError::into_inner) = 0;
}

fn text() -> String {
    std::env::var_os(SCRIPT).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

/// What happens at this call of a function. Waits where it shall.
pub fn next(function: &'static str) -> Action {
    let text = text();
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if state.text != text {
        *state = State { text: text.clone(), counts: BTreeMap::new() };
    }
    let count = state.counts.entry(function).or_default();
    *count += 1;
    let count = *count;
    drop(state);
    let action = text.lines().find_map(|line| parse(line, function, count)).unwrap_or(Action::Pass);
    match action {
        Action::Delay(time) => std::thread::sleep(time),
        Action::Hang => hang(&text),
        _ => {}
    }
    if function == "C_OpenSession" { opens(action) } else { action }
}

fn hang(script: &str) {
    while text() == script {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The action of a line, if it is about this call.
fn parse(line: &str, function: &str, count: u64) -> Option<Action> {
    let mut words = line.split_whitespace();
    if words.next()? != function || !fits(words.next()?, count)? {
        return None;
    }
    let (what, argument) = (words.next()?, words.next());
    let code = || u64::from_str_radix(argument?.strip_prefix("0x")?, 16).ok();
    Some(match what {
        "return" => Action::Return(code()?),
        "after" => Action::After(code()?),
        "nothing" => Action::Nothing,
        "flip" => Action::Flip,
        "delay" => Action::Delay(Duration::from_millis(argument?.parse().ok()?)),
        "hang" => Action::Hang,
        "limit" => Action::Limit(argument?.parse().ok()?),
        _ => return None,
    })
}

fn fits(when: &str, count: u64) -> Option<bool> {
    if when == "*" {
        return Some(true);
    }
    let Some((first, last)) = when.split_once('-') else { return Some(when.parse() == Ok(count)) };
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    Some((first.parse().ok()?..=last).contains(&count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_its_function_and_its_calls() {
        for (line, wanted) in [
            ("C_Login 2 return 0x30", Some(Action::Return(0x30))),
            ("C_Login 2- after 0xA0", Some(Action::After(0xA0))),
            ("C_Login 1-2 nothing", Some(Action::Nothing)),
            ("C_Login * delay 7", Some(Action::Delay(Duration::from_millis(7)))),
            ("C_Login * limit 3", Some(Action::Limit(3))),
            ("C_Login 3 hang", None),
            ("C_Logout 2 hang", None),
            ("C_Login 2 dance", None),
        ] {
            assert_eq!(parse(line, "C_Login", 2), wanted, "{line}");
        }
    }
}
