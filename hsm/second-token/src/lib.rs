//! Nothing of its own: its dependency is what is built.
