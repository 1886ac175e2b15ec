//! The operations, one file each: `Execute` for the request, and nothing that another operation needs.

mod activate;
mod add_attribute;
mod archive;
mod cancel;
mod check;
mod create;
mod create_key_pair;
mod decrypt;
mod delete_attribute;
mod destroy;
mod discover_versions;
mod encrypt;
mod get;
mod get_attribute_list;
mod get_attributes;
mod get_usage_allocation;
mod hash;
mod locate;
mod mac;
mod mac_verify;
mod modify_attribute;
mod obtain_lease;
mod poll;
mod query;
mod re_key;
mod re_key_key_pair;
mod recover;
mod register;
mod revoke;
mod rng_retrieve;
mod rng_seed;
mod set_attribute;
mod sign;
mod signature_verify;

pub use poll::decode_answer;
