//! `keystead client hand-over`: step by step, until nothing is left.

use super::super::protocol::{AdminRequest, HandedOver};
use super::super::{ask_with, confirm, json_line};
use super::ClientCommand;
use crate::client::Error;
use crate::text::printable;
use clap::Args;

/// How much of a name is shown.
const NAME_CHARS: usize = 256;

#[derive(Args, Debug)]
pub struct HandOver {
    /// The owner: a name, or `sha256:` and the fingerprint of a certificate that is called by that
    name: String,
    /// Who owns it afterwards, in the same way
    to: String,
    /// Hand over to a name that nothing here knows
    #[arg(long)]
    unknown: bool,
    /// Do not ask at a terminal
    #[arg(long, short)]
    yes: bool,
}

/// Asks a person, hands over, and tells what went and what stays.
#[allow(clippy::print_stdout, reason = "this is the command line")]
pub fn run(command: &ClientCommand, asked: &HandOver) -> Result<(), Error> {
    let HandOver { name, to, unknown, yes } = asked;
    let [shown, heir] = [name, to].map(|name| printable(name, NAME_CHARS));
    let question =
        format!("hand over everything that {shown:?} owns to {heir:?}? who has that name gets at it");
    if confirm::is_asked(*yes) {
        confirm::must_say_yes(&question)?;
    }
    let settings = command.client.settings()?;
    let mut all = HandedOver { from: name.clone(), to: to.clone(), moved: 0, stay: Vec::new(), next: None };
    loop {
        let (name, to, unknown, after) = (name.clone(), to.clone(), *unknown, all.next.take());
        let request = AdminRequest::ClientHandOver { name, to, unknown, after };
        let step: HandedOver = ask_with(settings.clone(), command.json, &request)?;
        let (moved, mut stay) = (all.moved + step.moved, all.stay);
        stay.extend(step.stay.iter().cloned());
        all = HandedOver { moved, stay, ..step };
        if all.next.is_none() {
            break;
        }
    }
    if command.json {
        println!("{}", json_line(&all));
        return Ok(());
    }
    let [from, to] = [&all.from, &all.to].map(|name| printable(name, NAME_CHARS));
    println!("{from:?} to {to:?}: {} handed over", counted(all.moved));
    for one in &all.stay {
        println!("  stays: {}: {}", printable(&one.object, NAME_CHARS), printable(&one.why, NAME_CHARS));
    }
    Ok(())
}

fn counted(objects: usize) -> String {
    if objects == 1 {
        "1 key or other object".to_owned()
    } else {
        format!("{objects} keys and other objects")
    }
}
