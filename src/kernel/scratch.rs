//! A buffer that is kept only for its memory: it is empty between two steps, in every clone, and in no digest.
//! Has never heard of what it holds.

use std::hash::{Hash, Hasher};

/// How many buffers are kept: so deep do callers take one while another one is out.
const KEPT_MAX: usize = 4;

/// Reusable buffers.
#[derive(Debug)]
pub struct Scratch<T>(Vec<Vec<T>>);

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
    /// A buffer, empty. Another caller gets another one while it is out.
    pub fn take(&mut self) -> Vec<T> {
        self.0.pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub fn give(&mut self, mut buffer: Vec<T>) {
        buffer.clear();
        if self.0.len() < KEPT_MAX && buffer.capacity() > 0 {
            self.0.push(buffer);
        }
    }
}
