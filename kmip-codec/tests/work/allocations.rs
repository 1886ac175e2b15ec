//! What usual exchanges cost in allocations, by counts: a request becomes its items, and the texts and lists that stand in
//! them; an answer becomes one buffer of its length.

#[path = "../support/exchanges.rs"]
mod exchanges;

use exchanges::Exchange;
use kmip_codec::message::ResponseMessage;

/// How often reading each request allocates, in every version: its list of items, its identifier, its list of attributes,
/// and each of their texts.
const READING: &[(&str, u64)] = &[("get", 2), ("locate", 3), ("get-attributes", 4), ("create", 3)];

#[test]
fn a_request_allocates_what_is_kept_of_it_and_nothing_else() {
    for exchange in exchanges::all() {
        let counted = allocation_counter::measure(|| drop(exchange.read()));
        let most = READING.iter().find(|row| row.0 == exchange.name).map(|row| row.1);
        assert_eq!(Some(counted.count_total), most, "{}", name(&exchange));
    }
}

#[test]
fn an_answer_is_written_into_one_buffer_of_its_length() {
    for exchange in exchanges::all() {
        let length = exchange.response.length();
        let counted = allocation_counter::measure(|| assert_eq!(exchange.write().len(), length));
        assert_eq!(counted.count_total, 1, "{}", name(&exchange));
        assert_eq!(counted.bytes_total, length as u64, "{}", name(&exchange));
    }
}

/// Attributes are found by their names without a copy of those: reading one allocates for its own texts alone.
#[test]
fn names_of_attributes_are_not_allocated() {
    for exchange in exchanges::all().into_iter().filter(|exchange| exchange.name == "get-attributes") {
        let answer = exchange.write();
        let counted = allocation_counter::measure(|| drop(ResponseMessage::from_bytes(&answer)));
        // The list of items, the identifier, the list of attributes as it grows to five, and the one text among them.
        assert_eq!(counted.count_total, 5, "{}", name(&exchange));
    }
}

fn name(exchange: &Exchange) -> String {
    format!("{} in KMIP {}", exchange.name, exchange.version)
}
