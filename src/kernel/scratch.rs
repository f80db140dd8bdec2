//! A buffer that is kept only for its memory: it is empty between two steps, in every clone, and in no digest.
//! Has never heard of what it holds.

use std::hash::{Hash, Hasher};

/// A reusable buffer.
#[derive(Debug)]
pub struct Scratch<T>(Vec<T>);

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Scratch(Vec::new())
    }
}

impl<T> Clone for Scratch<T> {
    fn clone(&self) -> Self {
        Scratch::default()
    }
}

impl<T> PartialEq for Scratch<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Scratch<T> {}

impl<T> Hash for Scratch<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> Scratch<T> {
    /// The buffer, empty. While it is out, another caller gets a fresh one.
    pub fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }

    /// Gives the buffer back.
    pub fn give(&mut self, mut buffer: Vec<T>) {
        buffer.clear();
        if buffer.capacity() > self.0.capacity() {
            self.0 = buffer;
        }
    }
}
