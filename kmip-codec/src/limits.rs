//! Every limit of the codec, in one place. A message beyond one of them is refused, never cut.

/// How deep structures may nest. The deepest message of the specification needs 11.
pub const DEPTH_MAX: usize = 32;

/// How many items one message may hold, structures and values together.
pub const ITEMS_MAX: usize = 100_000;

/// The longest message in bytes that is read or written, header included.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The bytes of an item before its value: tag (3), type (1) and length (4).
pub const ITEM_HEADER_BYTES: usize = 8;
