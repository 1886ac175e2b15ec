//! Mutations: what a bug, a bad link or an attacker makes of a message.

use super::tree::{Node, STRUCTURE, Value};
use kmip_codec::Tag;
use kmip_codec::sample::Dice;

/// Values that are apt to be the wrong side of a limit.
const NUMBERS: [u32; 10] = [0, 1, 2, 3, 7, 0x80, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX];

/// The message with up to three mutations; the dice say which.
pub fn mutate(message: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..dice.below(4) {
        bytes = match dice.below(3) {
            0 => of_bytes(bytes, dice),
            _ => of_items(&bytes, other, dice).unwrap_or(bytes),
        };
    }
    bytes
}

/// A mutation that knows nothing of items: lengths, types, padding and tags go wrong.
fn of_bytes(mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let at = dice.below(bytes.len());
    match dice.below(4) {
        0 => bytes.truncate(at),
        1 => bytes.extend([0, 0, 0, 0, 0, 0, 0, 0]),
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << dice.below(8)),
        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = dice.number().to_be_bytes()[3]),
    }
    bytes
}

/// A mutation after which the lengths are right.
fn of_items(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut tree = Node::parse(bytes)?;
    let number = dice.below(tree.count());
    let node = tree.nth(number)?;
    match dice.below(8) {
        0 => node.tag = dice.one_of(Tag::ALL)?.0,
        1 => node.kind = u8::try_from(2 + dice.below(10)).ok()?,
        2 => {
            let mut donor = Node::parse(other)?;
            let from = dice.below(donor.count());
            *node = donor.nth(from)?.clone();
        }
        _ => match &mut node.value {
            Value::Items(items) => of_structure(items, dice),
            Value::Bytes(value) => of_value(node.kind, value, dice),
        },
    }
    Some(tree.to_bytes())
}

/// An item too few, too many, or out of place.
fn of_structure(items: &mut Vec<Node>, dice: &mut Dice) {
    let Some(last) = items.len().checked_sub(1) else {
        return items.push(Node { tag: Tag::ALL[0].0, kind: STRUCTURE, value: Value::Items(Vec::new()) });
    };
    let (at, to) = (dice.below(last + 1), dice.below(last + 1));
    match dice.below(4) {
        0 => drop(items.remove(at)),
        1 => items.insert(to, items[at].clone()),
        2 => items.swap(at, to),
        _ => items.clear(),
    }
}

/// Another value of the same type, or one that the type does not have.
fn of_value(kind: u8, value: &mut Vec<u8>, dice: &mut Dice) {
    let number = NUMBERS[dice.below(NUMBERS.len())];
    match (kind, dice.below(4)) {
        (_, 0) => value.push(dice.number().to_be_bytes()[0]),
        (_, 1) => drop(value.pop()),
        (2 | 5 | 10, 2) => *value = number.to_be_bytes().to_vec(),
        // Small numbers are those of enumerations, of versions and of counts.
        (2 | 5 | 10, _) => *value = u32::try_from(dice.below(48)).unwrap_or(0).to_be_bytes().to_vec(),
        (3 | 6 | 9 | 11, _) => *value = u64::from(number).to_be_bytes().to_vec(),
        (_, _) if value.is_empty() => value.extend(b"text"),
        _ => {
            let at = dice.below(value.len());
            value[at] = dice.number().to_be_bytes()[0];
        }
    }
}
