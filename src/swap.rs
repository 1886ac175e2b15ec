//! A value that is replaced as a whole while others read it: what SIGHUP reads anew.

use std::sync::{Arc, PoisonError, RwLock};

/// The value of the moment. Whoever took it before keeps what it took.
#[derive(Debug)]
pub struct Swap<T>(RwLock<Arc<T>>);

impl<T> Swap<T> {
    /// Begins with this value.
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// The value of the moment. The lock is held for the copy of a pointer.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is this one.
    pub fn is(&self, value: &Arc<T>) -> bool {
        Arc::ptr_eq(&self.0.read().unwrap_or_else(PoisonError::into_inner), value)
    }

    /// Puts another in its place.
    pub fn set(&self, value: T) {
        self.put(Arc::new(value));
    }

    /// The same with one that others may have already.
    pub fn put(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}
