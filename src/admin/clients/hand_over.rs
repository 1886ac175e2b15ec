//! `keystead client hand-over`: step by step, until nothing is left.

use super::super::protocol::{AdminRequest, HandedOver};
use super::super::{ask_with, confirm, json_line};
use super::ClientCommand;
use crate::client::report::{Report, fail};
use crate::client::{Error, exit};
use crate::output;
use crate::text::printable;
use clap::Args;
use std::process::ExitCode;

/// How much of a name is shown.
const NAME_CHARS: usize = 256;

/// What the exit code says that the server refuses with, of this command.
pub const REFUSED: &str = "the server refused or failed, one side does not accept the other's certificate, no KMIP is spoken there, or \
                           an object stays that should have gone";

#[derive(Args, Debug)]
pub struct HandOver {
    /// The owner: a name, or `sha256:` and the fingerprint of a certificate that is called by that
    name: String,
    /// Who owns it afterwards, in the same way
    to: String,
    /// Hand over to a name that nothing here knows
    #[arg(long)]
    unknown: bool,
    /// Where the new owner has an object of the same name or chosen identifier, call this one otherwise, and tell how
    #[arg(long)]
    rename: bool,
    /// Do not ask at a terminal
    #[arg(long, short)]
    yes: bool,
}

/// Asks a person, hands over, and tells what went and what stays.
pub fn run(command: &ClientCommand, asked: &HandOver) -> ExitCode {
    let mut all = HandedOver { from: asked.name.clone(), to: asked.to.clone(), ..HandedOver::default() };
    let done = every_step(command, asked, &mut all);
    // What went before a step failed is told too: nobody else knows what is called otherwise now.
    let is_begun = done.is_ok() || all.moved > 0 || !all.stay.is_empty();
    if let Err(error) = done.and(if is_begun { tell(command.json, &all) } else { Ok(()) }) {
        return fail(command.json, &error);
    }
    let left = all.stay.iter().filter(|one| !one.login).count();
    if left == 0 {
        return ExitCode::SUCCESS;
    }
    let (stay, listed) = if left == 1 { ("stays", "it is") } else { ("stay", "they are") };
    let message = format!(
        "{} should have gone over and {stay}: {listed} listed with why; --rename moves what stays only for its name or identifier",
        counted(left)
    );
    fail(command.json, Report { kind: "refused", message, code: exit::REFUSED, reason: None })
}

fn every_step(command: &ClientCommand, asked: &HandOver, all: &mut HandedOver) -> Result<(), Error> {
    let [shown, heir] = [&asked.name, &asked.to].map(|name| printable(name, NAME_CHARS));
    let question =
        format!("hand over everything that {shown:?} owns to {heir:?}? who has that name gets at it");
    if confirm::is_asked(asked.yes) {
        confirm::must_say_yes(&question)?;
    }
    let settings = command.client.settings()?;
    loop {
        let request = AdminRequest::ClientHandOver {
            name: asked.name.clone(),
            to: asked.to.clone(),
            unknown: asked.unknown,
            rename: asked.rename,
            after: all.next.take(),
        };
        let step: HandedOver = ask_with(settings.clone(), command.json, &request)?;
        (all.from, all.to, all.next) = (step.from, step.to, step.next);
        all.moved += step.moved;
        all.stay.extend(step.stay);
        all.renamed.extend(step.renamed);
        if all.next.is_none() {
            return Ok(());
        }
    }
}

fn tell(json: bool, all: &HandedOver) -> Result<(), Error> {
    if json {
        return output::say(&json_line(all));
    }
    let shown = |text: &String| printable(text, NAME_CHARS);
    let [from, to] = [&all.from, &all.to].map(shown);
    if all.moved == 0 && all.stay.is_empty() {
        return output::say(&format!("{from:?} to {to:?}: nothing to hand over: {from:?} owns nothing here"));
    }
    output::say(&format!("{from:?} to {to:?}: {} handed over", counted(all.moved)))?;
    for one in &all.renamed {
        let [before, after] = [&one.from, &one.to].map(shown);
        output::say(&format!("  renamed: {}: {before:?} is {after:?} now", shown(&one.object)))?;
    }
    for one in &all.stay {
        output::say(&format!("  stays: {}: {}", shown(&one.object), shown(&one.why)))?;
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
