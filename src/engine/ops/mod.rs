//! The operations, one file each: `Execute` for the request, and nothing that another operation needs.

mod activate;
mod add_attribute;
mod archive;
mod cancel;
mod check;
mod create;
mod create_key_pair;
mod delete_attribute;
mod destroy;
mod discover_versions;
mod get;
mod get_attribute_list;
mod get_attributes;
mod locate;
mod modify_attribute;
mod obtain_lease;
mod poll;
mod query;
mod re_key;
mod re_key_key_pair;
mod recover;
mod register;
mod revoke;
mod set_attribute;

pub use poll::decode_answer;
