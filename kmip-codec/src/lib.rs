//! Bytes to typed KMIP messages and back, for every version.
