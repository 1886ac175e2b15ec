//! Administrative jobs against themselves.
