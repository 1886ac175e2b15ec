//! `keystead-unlock`: the small binary for hosts.

fn main() {}
