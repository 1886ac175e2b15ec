//! Master keys in an HSM.
