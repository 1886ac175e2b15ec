//! The command line of Keystead.

fn main() {}
